// A deploy that was begun and did not come to be: nobody is judged for it, and nothing that is told later brings it
// back.
#include <gtest/gtest.h>

#include <algorithm>

#include "analysis/deploy_registry.h"
#include "tests/analysis/scenario.h"

namespace revertd {
namespace {

constexpr int64_t kDeployAt = kDay + 3600;
constexpr int64_t kFrom = kDeployAt - 360;
constexpr int64_t kTo = kDeployAt + 1000;
constexpr char kId[] = "shop-badc0de";

using States = std::vector<VerdictState>;

// Errors rise tenfold while the fleet may run the new version, as long as nobody gives it up.
class AbandonTest : public ::testing::Test {
 protected:
  AbandonTest() {
    std::mt19937_64 random(21);
    TrafficModel shop = Steady(200, 0.002);
    shop.error_rate = [](int64_t second) { return second < kDeployAt + 5 ? 0.002 : 0.02; };
    const TrafficModel mail = Steady(200, 0.002);
    shop_history_ = DrawHistory(shop, kDeployAt - 3600, kFrom, random);
    mail_history_ = DrawHistory(mail, kDeployAt - 3600, kFrom, random);
    streams_ = {Draw("shop", shop, kFrom, kTo, random), Draw("mail", mail, kFrom, kTo, random)};
    Restore(&now_);
  }

  void Restore(Scenario* scenario) const {
    scenario->loop.RestoreHistory("shop", shop_history_, {});
    scenario->loop.RestoreHistory("mail", mail_history_, {});
  }
  void Feed(int64_t from, int64_t to) { now_.Feed(streams_, from, to); }
  static Deploy Begun(int64_t start = kDeployAt) { return DeployOf("shop", start, 0, "badc0de"); }
  StatusOr<Deploy> AbandonAt(int64_t second) { return now_.loop.OnDeployAbandon(kId, second * kSecondNs); }
  Status FinishAt(int64_t second) { return now_.loop.OnDeployFinish(kId, second * kSecondNs); }
  RecordingSink& sink() { return now_.sink; }

  std::vector<HistoryBlock> shop_history_, mail_history_;
  std::vector<Stream> streams_;
  Scenario now_;
};

TEST_F(AbandonTest, ADeployThatNeverFinishedIsNobodysFault) {
  now_.Register(Begun());
  Feed(kFrom, kDeployAt + 60);
  const auto deploy = AbandonAt(kDeployAt + 60);
  ASSERT_TRUE(deploy.ok()) << deploy.status();
  EXPECT_EQ(deploy->id, kId);
  EXPECT_TRUE(now_.loop.OpenWatches().empty());
  Feed(kDeployAt + 60, kTo);
  now_.loop.Finish();
  ASSERT_EQ(sink().States(kId), States{VerdictState::kInconclusive});
  EXPECT_EQ(sink().LastVerdict(kId)->reason, kAbandoned);
  EXPECT_EQ(sink().LastVerdict(kId)->at_ns, (kDeployAt + 60) * kSecondNs);
  EXPECT_TRUE(sink().decisions.empty());
  EXPECT_FALSE(sink().Triggered());
}

TEST_F(AbandonTest, AWatchThatIsOpenEndsAtOnceAndTheFinishIsTakenBack) {
  now_.Register(DeployOf("shop", kDeployAt, kDeployAt + 5, "badc0de"));
  Feed(kFrom, kDeployAt + 8);
  ASSERT_EQ(sink().States(kId), States{VerdictState::kWatching});
  ASSERT_TRUE(AbandonAt(kDeployAt + 8).ok());
  EXPECT_EQ(sink().States(kId), (States{VerdictState::kWatching, VerdictState::kInconclusive}));
  EXPECT_FALSE(sink().deploys.back().finished()) << "who reads the finished ones must not take it for one";
  Feed(kDeployAt + 8, kTo);
  EXPECT_EQ(sink().verdicts.size(), 2U);
  EXPECT_FALSE(sink().Triggered());
}

TEST_F(AbandonTest, ToldTwiceItIsNoChange) {
  now_.Register(Begun());
  ASSERT_TRUE(AbandonAt(kDeployAt + 60).ok());
  ASSERT_TRUE(AbandonAt(kDeployAt + 90).ok());
  ASSERT_TRUE(now_.loop.OnHeadAbandon("shop", "badc0de", (kDeployAt + 95) * kSecondNs).ok());
  EXPECT_EQ(sink().verdicts.size(), 1U);
  EXPECT_EQ(sink().deploys.size(), 1U);
}

TEST_F(AbandonTest, WhoKnowsNoIdNamesTheRevision) {
  now_.Register(Begun());
  EXPECT_EQ(now_.loop.OnHeadAbandon("mail", "badc0de", kDeployAt * kSecondNs).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(now_.loop.OnHeadAbandon("shop", "", kDeployAt * kSecondNs).status().code(), absl::StatusCode::kNotFound);
  const auto deploy = now_.loop.OnHeadAbandon("shop", "badc0de1234567890", (kDeployAt + 60) * kSecondNs);
  ASSERT_TRUE(deploy.ok()) << deploy.status();
  EXPECT_EQ(deploy->id, kId);
}

TEST_F(AbandonTest, WhatCameToBeCannotBeAbandoned) {
  EXPECT_EQ(AbandonAt(kDeployAt).status().code(), absl::StatusCode::kNotFound);
  now_.Register(DeployOf("shop", kDeployAt, kDeployAt + 5, "badc0de"));
  EXPECT_EQ(AbandonAt(kDeployAt - 1).status().code(), absl::StatusCode::kInvalidArgument);
  const int64_t observed = kDeployAt + 5 + now_.config.detect.observe / kSecondNs;
  EXPECT_EQ(AbandonAt(observed).status().code(), absl::StatusCode::kFailedPrecondition);
  Feed(kFrom, kTo);
  ASSERT_TRUE(sink().Triggered());
  const auto refused = AbandonAt(kDeployAt + 60);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(MessageOf(refused.status()), "abandoning the deploy shop-badc0de: it was judged regressed");
  EXPECT_EQ(sink().LastVerdict(kId)->state, VerdictState::kRegressed);
}

TEST_F(AbandonTest, AFinishThatComesAfterwardsIsRefused) {
  now_.Register(Begun());
  ASSERT_TRUE(AbandonAt(kDeployAt + 60).ok());
  EXPECT_EQ(FinishAt(kDeployAt + 70).code(), absl::StatusCode::kFailedPrecondition);
  Deploy whole = Begun();
  whole.finish_ns = (kDeployAt + 50) * kSecondNs;  // told by a slower door; it had ended before it was given up
  EXPECT_EQ(now_.Register(whole).id, kId);
  EXPECT_EQ(sink().deploys.size(), 1U);
  Feed(kFrom, kTo);
  EXPECT_EQ(sink().States(kId), States{VerdictState::kInconclusive});
}

TEST_F(AbandonTest, ASecondTryIsADeployOfItsOwnAndJudged) {
  Deploy first = Begun(kDeployAt - 100);
  first.id.clear();
  const std::string first_id = now_.Register(first).id;
  ASSERT_TRUE(now_.loop.OnDeployAbandon(first_id, (kDeployAt - 50) * kSecondNs).ok());
  Deploy again = first;
  again.start_ns = kDeployAt * kSecondNs;
  const std::string again_id = now_.Register(again).id;
  EXPECT_NE(again_id, first_id);
  ASSERT_TRUE(now_.loop.OnDeployFinish(again_id, (kDeployAt + 5) * kSecondNs).ok());
  Feed(kFrom, kTo);
  EXPECT_EQ(sink().LastVerdict(again_id)->state, VerdictState::kRegressed);
  EXPECT_TRUE(sink().Triggered());
}

// Doors that are told of a deployment's end tell its beginning with it, and a job that is run again has the old one.
TEST_F(AbandonTest, ASecondTryToldWithTheFirstOnesStartIsAnother) {
  Deploy first = Begun();
  first.id.clear();
  const std::string first_id = now_.Register(first).id;
  ASSERT_TRUE(now_.loop.OnDeployAbandon(first_id, (kDeployAt + 2) * kSecondNs).ok());
  EXPECT_EQ(now_.Register(first).id, first_id) << "the start alone is the first one's, told again";
  Deploy whole = first;
  whole.finish_ns = (kDeployAt + 5) * kSecondNs;
  const std::string whole_id = now_.Register(whole).id;
  EXPECT_NE(whole_id, first_id);
  Feed(kFrom, kTo);
  EXPECT_EQ(sink().LastVerdict(whole_id)->state, VerdictState::kRegressed);
}

TEST_F(AbandonTest, ARestartKnowsOfIt) {
  now_.Register(DeployOf("shop", kDeployAt, kDeployAt + 5, "badc0de"));
  Feed(kFrom, kDeployAt + 8);
  ASSERT_TRUE(AbandonAt(kDeployAt + 8).ok());
  Scenario after;
  Restore(&after);
  after.loop.RestoreDeploy(sink().deploys.back(), *sink().LastVerdict(kId), std::nullopt);
  after.Feed(streams_, kFrom, kTo);
  after.loop.Finish();
  EXPECT_TRUE(after.sink.Told().empty());
  EXPECT_TRUE(after.loop.OpenWatches().empty());
  EXPECT_TRUE(after.loop.OnDeployAbandon(kId, kTo * kSecondNs).ok());
  EXPECT_EQ(after.loop.OnDeployFinish(kId, kTo * kSecondNs).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(after.sink.verdicts.empty());
  Feed(kDeployAt + 8, kTo);
  EXPECT_EQ(after.loop.BaselineAt("shop", kDeployAt + 900).reference,
            now_.loop.BaselineAt("shop", kDeployAt + 900).reference);
}

TEST_F(AbandonTest, ARevertThatWasGivenUpHasNoRecoveryToWaitFor) {
  now_.loop.OnRevertPrepared("t", "badc0de");
  now_.Register(DeployOf("shop", kDeployAt, kDeployAt + 5, "badc0de"));
  Feed(kFrom, kDeployAt + 8);
  ASSERT_EQ(sink().recoveries.size(), 1U);
  ASSERT_TRUE(AbandonAt(kDeployAt + 8).ok());
  Feed(kDeployAt + 8, kTo);
  EXPECT_EQ(sink().recoveries.size(), 1U);
  EXPECT_EQ(sink().LastVerdict(kId)->reason, kAbandoned);
}

TEST_F(AbandonTest, ARevertWithAWordOnItsRecoveryCameToBe) {
  now_.loop.OnRevertPrepared("t", "feedface");
  now_.Register(DeployOf("mail", kDeployAt, kDeployAt + 5, "feedface"));
  Feed(kFrom, kDeployAt + 300);
  ASSERT_EQ(sink().recoveries.back().state, RecoveryState::kRecovered);
  const auto refused = now_.loop.OnDeployAbandon("mail-feedface", (kDeployAt + 300) * kSecondNs);
  EXPECT_EQ(MessageOf(refused.status()), "abandoning the deploy mail-feedface: its recovery was judged recovered");
}

// The registry's times, in seconds.
class AbandonedRecord : public ::testing::Test {
 protected:
  static constexpr int64_t kObserve = 900;
  DeployRecord* Register(int64_t start, int64_t finish, const std::string& head) {
    const auto registered = registry_.Register(DeployOf("shop", start, finish, head));
    EXPECT_TRUE(registered.ok()) << registered.status();
    return registered.ok() ? registered->record : nullptr;
  }
  static void Tell(DeployRecord* record, VerdictState state, std::string_view reason, int64_t second) {
    Verdict verdict;
    verdict.state = state;
    verdict.reason = reason;
    verdict.at_ns = second * kSecondNs;
    record->state = state;
    record->told_verdict = verdict;
    record->phase = DeployRecord::Phase::kClosed;
  }
  static void Abandon(DeployRecord* record, int64_t second) {
    Tell(record, VerdictState::kInconclusive, kAbandoned, second);
  }

  DeployRegistry registry_{kObserve};
};

TEST_F(AbandonedRecord, BaselinesLeaveOutItsTimeAndNotMore) {
  DeployRecord* record = Register(10'000, 0, "badc0de");
  EXPECT_GT(registry_.LeftOut("shop").at(0).to, 1'000'000) << "under way";
  Abandon(record, 10'300);
  EXPECT_EQ(registry_.LeftOut("shop"), (std::vector<SecondInterval>{{record->baseline_end(), 10'300}}));
}

TEST_F(AbandonedRecord, TheServiceIsAControlAgainAsAfterAnyDeploy) {
  Abandon(Register(10'000, 0, "badc0de"), 10'300);
  EXPECT_TRUE(registry_.MayBeControl("shop", 9'999));
  EXPECT_FALSE(registry_.MayBeControl("shop", 10'000));
  EXPECT_FALSE(registry_.MayBeControl("shop", 10'300 + kNoControlAfterDeploySeconds - 1));
  EXPECT_TRUE(registry_.MayBeControl("shop", 10'300 + kNoControlAfterDeploySeconds));
}

// The fix that failed to deploy has replaced nothing.
TEST_F(AbandonedRecord, ABadVersionServesUntilOneThatCameToBeTakesOver) {
  DeployRecord* bad = Register(10'000, 10'010, "badc0de");
  Tell(bad, VerdictState::kRegressed, "errors_above_null", 10'100);
  Abandon(Register(11'000, 0, "f1f1f1f"), 11'050);
  EXPECT_GT(registry_.LeftOut("shop").at(0).to, 1'000'000);
  Register(12'000, 12'010, "f2f2f2f");
  EXPECT_EQ(registry_.LeftOut("shop").at(0).to, 12'010);
}

TEST_F(AbandonedRecord, WhatServedBeforeIsNotWhatWasAbandoned) {
  DeployRecord* first = Register(10'000, 10'010, "aaaaaaa");
  Abandon(Register(11'000, 0, "bbbbbbb"), 11'050);
  DeployRecord* last = Register(12'000, 12'010, "ccccccc");
  EXPECT_EQ(registry_.Previous(*last), first);
}

}  // namespace
}  // namespace revertd

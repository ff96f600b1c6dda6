// Follow-ups: a release is judged once more an hour after it, over seconds that somebody saw and that were its own, and
// what is done about it survives a restart.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "analysis/follow_up_desk.h"
#include "tests/analysis/follow_up_fixture.h"

namespace revertd {
namespace {

class FollowUpTest : public FollowUpFixture {};

TEST_F(FollowUpTest, IsOfTheLastObservationBeforeItsTime) {
  for (const char* service : {"shop", "mail"}) Serve(service, Usual());
  Start();
  Feed(kLiveFrom, kDue + 60);
  ExpectHealthyOfWhatEndsAt(kDue);
}

// Its time is in the two hours when nobody looked, and the process after them goes half an hour back.
TEST_F(FollowUpTest, AfterTwoHoursAwayItIsOfTheFirstThatIsSeenAgain) {
  for (const char* service : {"shop", "mail"}) Serve(service, Usual());
  Start();
  Feed(kLiveFrom, kFinish + 1800);
  Restart();
  const int64_t back = kFinish + 9000;
  Feed(back, back + kLength + 60, 1);
  ExpectHealthyOfWhatEndsAt(back + 1 + kLength);
}

TEST_F(FollowUpTest, AfterTwentyMinutesAwayItIsOfTheFirstThatIsSeenAgain) {
  for (const char* service : {"shop", "mail"}) Serve(service, Usual());
  Start();
  Feed(kLiveFrom, kDue - 600);
  Restart();
  Feed(kDue + 600, kDue + 600 + kLength + 60);
  ExpectHealthyOfWhatEndsAt(kDue + 600 + kLength);
}

TEST_F(FollowUpTest, AfterAnHourOfSilenceItIsOfTheFirstThatIsSeenAgainHoweverBatched) {
  for (const char* service : {"shop", "mail"}) Serve(service, Usual());
  for (const int64_t batch : {1, 7, 60, 600}) {
    Start();
    Feed(kLiveFrom, kDue - 1800, batch);
    Feed(kDue + 1800, kDue + 1800 + kLength + 600, batch);
    // All blocks of what it looks at but one are seen.
    ExpectHealthyOfWhatEndsAt(kDue + 1800 + kLength - kHistoryBlockSeconds);
  }
}

TEST_F(FollowUpTest, AServiceThatFellSilentAloneIsSeen) {
  Serve("mail", Usual());
  Serve("shop", Usual());
  std::erase_if(streams_.back().seconds, [](const SecondCounts& counts) { return counts.second >= kDue - 1000; });
  Start();
  Feed(kLiveFrom, kDue + 60);
  EXPECT_EQ(Told().due_ns, kDue * kSecondNs);
  EXPECT_EQ(Told().verdict.state, VerdictState::kInconclusive);
}

TEST_F(FollowUpTest, AFewRequestsAMinuteAreEnoughToBeSeen) {
  Serve("shop", Usual(), 0.08);
  Start();
  Feed(kLiveFrom, kDue + 60);
  EXPECT_EQ(Told().due_ns, kDue * kSecondNs);
}

TEST_F(FollowUpTest, WhatIsFoundTakesTheVerdictBack) {
  Serve("shop", BadFrom(kFinish + 2000));
  Serve("mail", Usual());
  Start();
  Feed(kLiveFrom, kDue + 60);
  EXPECT_EQ(sink().States(kId), (States{VerdictState::kWatching, VerdictState::kHealthy, VerdictState::kRegressed}));
  ASSERT_EQ(sink().triggers.size(), 1U);
  EXPECT_EQ(Told().verdict.state, VerdictState::kRegressed);
}

// What stands in the way may go while the process is another one.
class HeldFollowUpTest : public FollowUpTest {
 protected:
  void FeedUntilItIsCalled() {
    Feed(kLiveFrom, kDue + 60);
    ASSERT_EQ(sink().LastVerdict(kId)->state, VerdictState::kRegressed);
    ASSERT_TRUE(sink().triggers.empty());
  }
  void SetUp() override {
    Serve("shop", BadFrom(kFinish + 2000));
    Serve("mail", Usual());
    Start();
  }
};

TEST_F(HeldFollowUpTest, AHoldIsAskedAgainAfterARestart) {
  now_->facts.kill_switch_on = true;
  FeedUntilItIsCalled();
  ASSERT_EQ(sink().decisions.back().reason, "kill_switch");
  Restart();
  Feed(kDue + 120, kDue + 240);
  ASSERT_EQ(sink().triggers.size(), 1U);
  EXPECT_EQ(sink().triggers[0].deploy_id, kId);
  EXPECT_EQ(sink().decisions.back().kind, DecisionKind::kAct);
  EXPECT_GT(sink().decisions.back().at_ns, (kDue + 120) * kSecondNs) << "as of now, not of what is gone through again";
  const size_t decided = sink().decisions.size();
  Restart();
  Feed(kDue + 240, kDue + 360);
  EXPECT_EQ(sink().decisions.size(), decided) << "it stands";
  EXPECT_EQ(sink().triggers.size(), 1U);
  EXPECT_EQ(sink().follow_ups.size(), 1U);
}

TEST_F(HeldFollowUpTest, ATriggerThatCouldNotBeWrittenIsWrittenAfterARestart) {
  sink().trigger_failures = 1'000'000;
  FeedUntilItIsCalled();
  EXPECT_TRUE(sink().decisions.empty());
  Restart();
  Feed(kDue + 120, kDue + 130);
  EXPECT_EQ(sink().triggers.size(), 1U);
}

TEST_F(HeldFollowUpTest, NothingIsDoneWhileItIsBeingReplaced) {
  now_->facts.kill_switch_on = true;
  FeedUntilItIsCalled();
  now_->facts.kill_switch_on = false;
  const std::string next = Begin(kDue + 60);
  Feed(kDue + 60, kDue + 200);
  EXPECT_TRUE(sink().triggers.empty());
  Abandon(next, kDue + 200);
  Feed(kDue + 200, kDue + 240);
  ASSERT_EQ(sink().triggers.size(), 1U) << "it serves on";
  EXPECT_EQ(sink().triggers[0].deploy_id, kId);
}

// The registry drops what nobody holds once a service has had 512 deploys.
TEST_F(HeldFollowUpTest, IsHeldByTheRegistryAsLongAsItIsAskedFor) {
  now_->facts.kill_switch_on = true;
  FeedUntilItIsCalled();
  const auto begin = [this](int64_t i) {
    return now_->loop.OnDeploy(DeployOf("shop", kDue + 1000 + i, 0, std::to_string(1'000'000 + i)));
  };
  for (int64_t i = 1; i < static_cast<int64_t>(kDeploysKeptPerService); ++i) ASSERT_TRUE(begin(i).ok());
  EXPECT_FALSE(begin(600).ok());
  now_->facts.kill_switch_on = false;
  Feed(kDue + 60, kDue + 120);
  EXPECT_EQ(sink().triggers.size(), 1U);
}

TEST_F(FollowUpTest, ADeployThatCameToNothingEndsNone) {
  for (const char* service : {"shop", "mail"}) Serve(service, Usual());
  Start();
  Feed(kLiveFrom, kFinish + 1200);
  const std::string next = Begin(kFinish + 1200);
  Feed(kFinish + 1200, kFinish + 1500);
  Abandon(next, kFinish + 1500);
  Feed(kFinish + 1500, kDue + 60);
  ExpectHealthyOfWhatEndsAt(kDue);
}

TEST_F(FollowUpTest, NorDoesOneThatEndedItsOwnWatch) {
  for (const char* service : {"shop", "mail"}) Serve(service, Usual());
  Start();
  Feed(kLiveFrom, kFinish + 30);
  const std::string next = Begin(kFinish + 30);
  Feed(kFinish + 30, kFinish + 300);
  Abandon(next, kFinish + 300);
  Feed(kFinish + 300, kDue + 60);
  ExpectHealthyOfWhatEndsAt(kDue);
}

TEST_F(FollowUpTest, WhileTheNextOneIsUnderWayItWaits) {
  for (const char* service : {"shop", "mail"}) Serve(service, Usual());
  Start();
  Feed(kLiveFrom, kDue - 300);
  const std::string next = Begin(kDue - 300);
  Feed(kDue - 300, kDue + 600);
  EXPECT_TRUE(sink().follow_ups.empty()) << "part of what is seen may be the next one's";
  Abandon(next, kDue + 600);
  Feed(kDue + 600, kDue + 600 + kLength + 60);
  ExpectHealthyOfWhatEndsAt(kDue + 600 + kLength);
}

// Whoever told of its finish may still take it back.
TEST_F(FollowUpTest, ANextOneThatIsTakenBackInItsObservationEndsNone) {
  for (const char* service : {"shop", "mail"}) Serve(service, Usual());
  Start();
  Feed(kLiveFrom, kDue - 300);
  const std::string next = now_->Register(DeployOf("shop", kDue - 310, kDue - 300, "def5678")).id;
  Feed(kDue - 300, kDue + 100);
  Abandon(next, kDue + 100);
  Feed(kDue + 100, kDue + 100 + kLength + 60);
  ExpectHealthyOfWhatEndsAt(kDue + 100 + kLength);
}

TEST_F(FollowUpTest, ANextOneThatServesEndsIt) {
  for (const char* service : {"shop", "mail"}) Serve(service, Usual());
  Start();
  Feed(kLiveFrom, kDue - 300);
  const std::string next = Begin(kDue - 300);
  Feed(kDue - 300, kDue + 600);
  EXPECT_TRUE(now_->loop.OnDeployFinish(next, (kDue + 600) * kSecondNs).ok());
  Feed(kDue + 600, kDue + 3000);
  EXPECT_TRUE(sink().follow_ups.empty());
}

Verdict Healthy(const std::string& service) {
  Verdict verdict;
  verdict.deploy_id = service + "-abc1234";
  verdict.service = service;
  verdict.state = VerdictState::kHealthy;
  verdict.reason = "not_worse";
  verdict.at_ns = (FollowUpFixture::kFinish + 60) * kSecondNs;
  return verdict;
}

TEST_F(FollowUpTest, WhatIsMuchTooLateIsToldOnceAndNotRun) {
  config_.detect.follow_ups = {kHourNs, 4 * kHourNs};
  Serve("shop", Usual());
  Start(false);
  const Deploy old = DeployOf("shop", kFinish - 12 * kHour, kFinish - 12 * kHour, "abc1234");
  sink().OnDeploy(old);
  sink().OnVerdict(Healthy("shop"));
  now_->loop.RestoreDeploy(old, Healthy("shop"), std::nullopt);
  Feed(kFinish + kHour, kFinish + kHour + 20);
  EXPECT_EQ(Told().verdict.reason, kFollowUpTooLate);
  EXPECT_EQ(Told().verdict.state, VerdictState::kInconclusive);
  EXPECT_EQ(Told().after_ns, kHourNs);
  EXPECT_EQ(Told().due_ns, (kFinish - 11 * kHour) * kSecondNs);
  EXPECT_EQ(Told().verdict.at_ns, (kFinish + kHour + 10) * kSecondNs);
  Restart();
  Feed(kFinish + kHour + 20, kFinish + kHour + 20 + kLength + 40);
  ASSERT_EQ(sink().follow_ups.size(), 2U);
  EXPECT_EQ(sink().follow_ups[1].after_ns, 4 * kHourNs);
  EXPECT_NE(sink().follow_ups[1].verdict.reason, kFollowUpTooLate) << "nine hours late: still worth a look";
}

class ManyFollowUps : public FollowUpTest {
 protected:
  static constexpr int kServices = 9;
  ManyFollowUps() {
    config_.detect.follow_ups = {kHourNs, kHourNs + kSecondNs};
    for (int i = 0; i < kServices; ++i) names_.push_back("service" + std::to_string(i));
    for (const std::string& name : names_) Serve(name, Usual(), 20);
    Start(false);
  }
  // Second by second: how many were told in the busiest one.
  size_t BusiestSecond(int64_t from, int64_t to) {
    size_t busiest = 0;
    for (int64_t second = from; second < to; ++second) {
      const size_t before = sink().follow_ups.size();
      Feed(second, second + 1, 1);
      busiest = std::max(busiest, sink().follow_ups.size() - before);
    }
    return busiest;
  }
  std::vector<std::string> names_;
};

TEST_F(ManyFollowUps, OfOneSecondTakeTurns) {
  for (const std::string& name : names_) now_->Register(DeployOf(name, kFinish - 10, kFinish, "abc1234"));
  Feed(kLiveFrom, kDue - 10);
  EXPECT_EQ(BusiestSecond(kDue - 10, kDue + 20), size_t{kFollowUpsPerSecond});
  ASSERT_EQ(sink().follow_ups.size(), size_t{2 * kServices});
  for (const FollowUp& told : sink().follow_ups) {
    EXPECT_EQ(told.due_ns, kFinish * kSecondNs + told.after_ns) << "and yet each is of its own time";
  }
}

TEST_F(ManyFollowUps, ThatAreLateAreNotRunAllAtOnce) {
  for (const std::string& name : names_) {
    now_->loop.RestoreDeploy(DeployOf(name, kFinish - 10, kFinish, "abc1234"), Healthy(name), std::nullopt);
  }
  const int64_t back = kDue + 2000;
  Feed(back, back + kLength - 10);
  EXPECT_EQ(BusiestSecond(back + kLength - 10, back + kLength + 30), size_t{kFollowUpsPerSecond});
  EXPECT_EQ(sink().follow_ups.size(), size_t{2 * kServices});
  std::map<TimeNs, int> due;
  for (const FollowUp& told : sink().follow_ups) {
    EXPECT_EQ(told.verdict.state, VerdictState::kHealthy);
    EXPECT_LE(++due[told.due_ns], kFollowUpsPerSecond) << "whoever waits long finds its seconds gone";
  }
}

// A full queue only asks: errors that come later are another matter.
TEST_F(FollowUpTest, ErrorsAreToldWhereAQueueWasToldBefore) {
  Serve("shop", BadFrom(kFinish + 2100));
  Start(false);
  Verdict queue = Healthy("shop");
  queue.state = VerdictState::kAmbiguous;
  queue.reason = "saturation_above_null";
  queue.evidence.emplace_back().signal = "saturation";
  Decision triage;
  triage.kind = DecisionKind::kTriage;
  triage.reason = "ambiguous";
  triage.at_ns = queue.at_ns;
  now_->loop.RestoreDeploy(DeployOf("shop", kFinish - 10, kFinish, "abc1234"), queue, triage);
  Feed(kFinish + 2000, kDue + 60);
  ASSERT_EQ(sink().States(kId), States{VerdictState::kAmbiguous});
  EXPECT_EQ(sink().verdicts.back().reason, kNoControlForSignal);
  ASSERT_EQ(sink().decisions.size(), 1U);
  EXPECT_EQ(sink().decisions[0].kind, DecisionKind::kTriage);
}

}  // namespace
}  // namespace revertd

// A push or a merge says that something is about to be deployed: its finish is a guess, which whoever saw the rollout
// corrects, and which takes nothing back from them.
#include <gtest/gtest.h>

#include "analysis/deploy_registry.h"
#include "tests/analysis/scenario.h"

namespace revertd {
namespace {

constexpr int64_t kPushAt = kDay + 3600;
constexpr int64_t kFrom = kPushAt - 360;
constexpr int64_t kServesAt = kPushAt + 300;
constexpr int64_t kTo = kServesAt + 1000;

Deploy Pushed(std::string_view head = "badc0de") {
  Deploy deploy = DeployOf("shop", kPushAt, kPushAt, std::string(head));
  deploy.id.clear();
  deploy.finish_guessed = true;
  return deploy;
}
Deploy Told(int64_t finish) {
  Deploy deploy = DeployOf("shop", kPushAt + 20, finish, "badc0de");
  deploy.id.clear();
  return deploy;
}

// The new version serves five minutes after its push, and is ten times worse than the old one.
class GuessedFinishTest : public ::testing::Test {
 protected:
  GuessedFinishTest() {
    std::mt19937_64 random(22);
    TrafficModel shop = Steady(200, 0.002);
    const TrafficModel mail = Steady(200, 0.002);
    now_.loop.RestoreHistory("shop", DrawHistory(shop, kPushAt - 3600, kFrom, random), {});
    now_.loop.RestoreHistory("mail", DrawHistory(mail, kPushAt - 3600, kFrom, random), {});
    shop.error_rate = [](int64_t second) { return second < kServesAt ? 0.002 : 0.02; };
    streams_ = {Draw("shop", shop, kFrom, kTo, random), Draw("mail", mail, kFrom, kTo, random)};
  }
  void Feed(int64_t from, int64_t to) { now_.Feed(streams_, from, to); }

  std::vector<Stream> streams_;
  Scenario now_;
};

TEST_F(GuessedFinishTest, TheRolloutsOwnWordIsWhatIsJudgedBy) {
  const auto pushed = now_.loop.OnDeploy(Pushed());
  ASSERT_TRUE(pushed.ok());
  Feed(kFrom, kPushAt + 60);
  ASSERT_EQ(now_.loop.OpenWatches().size(), 1U);
  const auto begun = now_.loop.OnDeploy(Told(0));
  ASSERT_TRUE(begun.ok());
  EXPECT_EQ(begun->id, pushed->id);
  EXPECT_FALSE(begun->finished());
  Feed(kPushAt + 60, kServesAt + 10);
  const auto done = now_.loop.OnDeploy(Told(kServesAt));
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->finish_ns, kServesAt * kSecondNs);
  EXPECT_FALSE(done->finish_guessed);
  Feed(kServesAt + 10, kTo);
  ASSERT_NE(now_.sink.LastVerdict(pushed->id), nullptr);
  const Verdict verdict = *now_.sink.LastVerdict(pushed->id);
  EXPECT_EQ(verdict.state, VerdictState::kRegressed);
  ASSERT_FALSE(verdict.evidence.empty());
  EXPECT_GE(verdict.evidence.front().onset_ns, kServesAt * kSecondNs);
}

TEST_F(GuessedFinishTest, AFinishByIdCorrectsItToo) {
  const auto pushed = now_.loop.OnDeploy(Pushed());
  ASSERT_TRUE(pushed.ok());
  Feed(kFrom, kServesAt + 10);
  ASSERT_TRUE(now_.loop.OnDeployFinish(pushed->id, kServesAt * kSecondNs).ok());
  ASSERT_TRUE(now_.loop.OnDeployFinish(pushed->id, (kServesAt + 5) * kSecondNs).ok());  // the first word stands
  Feed(kServesAt + 10, kServesAt + 20);
  ASSERT_EQ(now_.loop.OpenWatches().size(), 1U);
  EXPECT_EQ(now_.loop.OpenWatches()[0].deploy.finish_ns, kServesAt * kSecondNs);
}

TEST_F(GuessedFinishTest, AGuessEndsNothingThatSomebodyHasBegun) {
  const auto begun = now_.loop.OnDeploy(Told(0));
  ASSERT_TRUE(begun.ok());
  const auto pushed = now_.loop.OnDeploy(Pushed());
  ASSERT_TRUE(pushed.ok());
  EXPECT_EQ(pushed->id, begun->id);
  EXPECT_FALSE(pushed->finished());
}

TEST_F(GuessedFinishTest, AGuessCorrectsNoGuessAndNoFinish) {
  ASSERT_TRUE(now_.loop.OnDeploy(Told(kPushAt + 30)).ok());
  Deploy later = Pushed();
  later.finish_ns += 60 * kSecondNs;
  EXPECT_EQ(now_.loop.OnDeploy(later)->finish_ns, (kPushAt + 30) * kSecondNs);
}

// A rollout of an hour, whose tool tells of its end alone.
TEST_F(GuessedFinishTest, TheEndOfALongRolloutFindsItsBeginning) {
  const auto begun = now_.loop.OnDeploy(Told(0));
  ASSERT_TRUE(begun.ok());
  Deploy ended = Told(kPushAt + 3600);
  ended.start_ns = ended.finish_ns;
  const auto done = now_.loop.OnDeploy(ended);
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->id, begun->id);
  EXPECT_EQ(done->finish_ns, (kPushAt + 3600) * kSecondNs);
}

// A second try of the same commit fails: the first one serves on, and is watched on.
TEST_F(GuessedFinishTest, WhatWasSeenToServeIsNotTakenBackByItsHead) {
  const auto told = now_.loop.OnDeploy(Told(kPushAt + 30));
  ASSERT_TRUE(told.ok());
  Feed(kFrom, kPushAt + 60);
  EXPECT_FALSE(now_.loop.OnHeadAbandon("shop", "badc0de", (kPushAt + 60) * kSecondNs).ok());
  EXPECT_EQ(now_.loop.OpenWatches().size(), 1U);
  EXPECT_TRUE(now_.loop.OnDeployAbandon(told->id, (kPushAt + 60) * kSecondNs).ok());  // its own id may
}

TEST_F(GuessedFinishTest, AGuessIsTakenBackByItsHead) {
  ASSERT_TRUE(now_.loop.OnDeploy(Pushed()).ok());
  Feed(kFrom, kPushAt + 60);
  EXPECT_TRUE(now_.loop.OnHeadAbandon("shop", "badc0de", (kPushAt + 60) * kSecondNs).ok());
  EXPECT_TRUE(now_.loop.OpenWatches().empty());
}

// A failure that is delivered late is of the try that had begun by then.
TEST_F(GuessedFinishTest, AFailureOfBeforeTakesNothingBack) {
  ASSERT_TRUE(now_.loop.OnDeploy(Told(0)).ok());
  EXPECT_FALSE(now_.loop.OnHeadAbandon("shop", "badc0de", (kPushAt - 60) * kSecondNs).ok());
}

TEST_F(GuessedFinishTest, ADeployWithoutACommitIsGivenUpWithoutOne) {
  Deploy begun = Told(0);
  begun.head.clear();
  ASSERT_TRUE(now_.loop.OnDeploy(begun).ok());
  EXPECT_TRUE(now_.loop.OnHeadAbandon("shop", "", (kPushAt + 60) * kSecondNs).ok());
  EXPECT_FALSE(now_.loop.OnHeadAbandon("mail", "", (kPushAt + 60) * kSecondNs).ok());
}

// A merge queue lands two in one second.
TEST_F(GuessedFinishTest, TwoCommitsOfOneSecondAreTwoDeploys) {
  const auto first = now_.loop.OnDeploy(Pushed("badc0de1"));
  const auto second = now_.loop.OnDeploy(Pushed("feedbee2"));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(first->id, second->id);
  EXPECT_EQ(second->head, "feedbee2");
}

}  // namespace
}  // namespace revertd

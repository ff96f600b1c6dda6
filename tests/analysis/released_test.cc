// What a release under way answers for and undoes itself, and what becomes of it once the release is over, or dead.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "analysis/follow_up_desk.h"
#include "tests/analysis/follow_up_fixture.h"

namespace revertd {
namespace {

// A release may end, or be killed, long after the watch of the deploy that it was to undo.
class ReleasedTest : public FollowUpFixture {
 protected:
  static constexpr int64_t kWatched = kFinish + kLength + 60;  // the deploy's own watch is over
  void SetUp() override {
    Serve("shop", BadFrom(kFinish));
    Serve("mail", Usual());
    Start();
    now_->facts.release_in_charge = "r1";
    Feed(kLiveFrom, kWatched);
    ASSERT_EQ(sink().LastVerdict(kId)->state, VerdictState::kRegressed);
    ASSERT_EQ(sink().decisions.size(), 1U);
    ASSERT_EQ(sink().decisions.back().reason, kReleaseInCharge);
  }
  // The release goes back, and says what it undoes itself.
  void TellInRelease() {
    RollbackTrigger trigger;
    trigger.id = MakeTriggerId("shop", "abc1234", (kFinish - 10) * kSecondNs);
    trigger.service = "shop";
    trigger.repo = "shop";
    trigger.head = "abc1234";
    trigger.state = TriggerState::kInRelease;
    trigger.reason = "release r1: regressed";
    ASSERT_TRUE(sink().OnTrigger(trigger).ok());
    now_->loop.OnTrigger(trigger);
  }
  // Its trigger, now as the gate wrote it.
  void ExpectTakenOverWithin20SecondsOf(int64_t second, TriggerState state, std::string_view reason) {
    ASSERT_EQ(sink().triggers.size(), 2U);
    const RollbackTrigger& taken = sink().triggers[1];
    EXPECT_EQ(taken.id, sink().triggers[0].id);
    EXPECT_EQ(taken.state, state);
    EXPECT_EQ(taken.reason, reason);
    EXPECT_EQ(taken.deploy_id, kId) << "the guards of what nobody asked for hold";
    EXPECT_EQ(taken.evidence.signal, "errors");
    EXPECT_GT(taken.created_ns, second * kSecondNs);
    EXPECT_LE(taken.created_ns, (second + 20) * kSecondNs);
    EXPECT_EQ(sink().decisions.back().trigger_id, taken.id);
    EXPECT_EQ(sink().decisions.back().reason, reason);
  }
  void ExpectUndoneWithin20SecondsOf(int64_t second) {
    ASSERT_EQ(sink().triggers.size(), 1U);
    EXPECT_EQ(sink().triggers[0].deploy_id, kId);
    EXPECT_EQ(sink().decisions.back().kind, DecisionKind::kAct);
    EXPECT_GT(sink().decisions.back().at_ns, second * kSecondNs);
    EXPECT_LE(sink().decisions.back().at_ns, (second + 20) * kSecondNs);
  }
};

TEST_F(ReleasedTest, WhatAReleaseHeldIsDecidedOnceItIsOver) {
  Feed(kWatched, kWatched + 600);
  EXPECT_EQ(sink().decisions.size(), 1U) << "told once";
  now_->facts.release_in_charge.clear();
  Feed(kWatched + 600, kWatched + 630);
  ExpectUndoneWithin20SecondsOf(kWatched + 600);
  Feed(kWatched + 630, kWatched + 700);
  EXPECT_EQ(sink().decisions.size(), 2U) << "it stands";
}

TEST_F(ReleasedTest, AlsoAfterARestart) {
  Restart();
  now_->facts.release_in_charge = "r1";
  Feed(kWatched, kWatched + 300);
  now_->facts.release_in_charge.clear();
  Feed(kWatched + 300, kWatched + 330);
  ExpectUndoneWithin20SecondsOf(kWatched + 300);
}

TEST_F(ReleasedTest, ADeployThatWasReplacedMeanwhileIsLeftAlone) {
  now_->Register(DeployOf("shop", kWatched + 10, kWatched + 20, "def5678"));
  Feed(kWatched, kWatched + 60);
  now_->facts.release_in_charge.clear();
  Feed(kWatched + 60, kWatched + 120);
  for (const RollbackTrigger& trigger : sink().triggers) EXPECT_NE(trigger.deploy_id, kId);
  EXPECT_EQ(sink().LastVerdict(kId)->state, VerdictState::kRegressed);
}

TEST_F(ReleasedTest, WhatItMeantToUndoIsItsOwnForAsLongAsItIsInCharge) {
  TellInRelease();
  Feed(kWatched, kWatched + 1800);
  EXPECT_EQ(sink().triggers.size(), 1U);
  EXPECT_EQ(sink().decisions.size(), 1U) << "nothing new to tell";
}

TEST_F(ReleasedTest, WhatItMeantToUndoAndDidNotIsUndoneOnceItIsGone) {
  TellInRelease();
  Feed(kWatched, kWatched + 600);
  now_->facts.release_in_charge.clear();
  Feed(kWatched + 600, kWatched + 630);
  ExpectTakenOverWithin20SecondsOf(kWatched + 600, TriggerState::kPending, "mode_push");
  EXPECT_EQ(sink().decisions.back().kind, DecisionKind::kAct);
  now_->facts.release_in_charge = "r1";
  Feed(kWatched + 630, kWatched + 700);
  EXPECT_EQ(sink().triggers.size(), 2U) << "it stands, also where the release is resumed";
  EXPECT_EQ(sink().decisions.size(), 2U);
}

TEST_F(ReleasedTest, OrProposedWhereThatIsTheMode) {
  now_->config.services[0].mode = Mode::kPropose;
  TellInRelease();
  now_->facts.release_in_charge.clear();
  Feed(kWatched, kWatched + 30);
  ExpectTakenOverWithin20SecondsOf(kWatched, TriggerState::kProposed, kModePropose);
  EXPECT_EQ(sink().decisions.back().kind, DecisionKind::kPropose);
}

TEST_F(ReleasedTest, OrToldWhereNothingIsToBeDone) {
  now_->config.services[0].mode = Mode::kAlert;
  TellInRelease();
  Feed(kWatched, kWatched + 30);
  EXPECT_EQ(sink().decisions.size(), 1U);
  now_->facts.release_in_charge.clear();
  Feed(kWatched + 30, kWatched + 60);
  EXPECT_EQ(sink().decisions.back().kind, DecisionKind::kTriage);
  EXPECT_EQ(sink().decisions.back().reason, "uncalibrated");
  EXPECT_EQ(sink().triggers.size(), 1U);
}

TEST_F(ReleasedTest, WhatItMeantToUndoIsTakenOverAlsoAfterARestart) {
  TellInRelease();
  Restart();
  now_->facts.release_in_charge = "r1";
  Feed(kWatched, kWatched + 300);
  EXPECT_EQ(sink().triggers.size(), 1U);
  now_->facts.release_in_charge.clear();
  Feed(kWatched + 300, kWatched + 330);
  ExpectTakenOverWithin20SecondsOf(kWatched + 300, TriggerState::kPending, "mode_push");
  Restart();
  Feed(kWatched + 330, kWatched + 400);
  EXPECT_EQ(sink().triggers.size(), 2U) << "it stands";
  EXPECT_EQ(sink().decisions.size(), 2U);
}

// When the process ends it is the kill switch that holds; the release was killed long before.
TEST_F(ReleasedTest, AlsoWhereSomethingElseHeldItWhenAskedLast) {
  TellInRelease();
  now_->facts.release_in_charge.clear();
  now_->facts.kill_switch_on = true;
  Feed(kWatched, kWatched + 60);
  ASSERT_EQ(sink().decisions.back().reason, "kill_switch");
  Restart();
  Feed(kWatched + 60, kWatched + 90);
  ExpectTakenOverWithin20SecondsOf(kWatched + 60, TriggerState::kPending, "mode_push");
}

TEST_F(ReleasedTest, ATakeoverThatCouldNotBeWrittenIsWrittenLater) {
  TellInRelease();
  now_->facts.release_in_charge.clear();
  sink().trigger_failures = 25;
  Feed(kWatched, kWatched + 20, 1);
  EXPECT_EQ(sink().triggers.size(), 1U);
  EXPECT_EQ(sink().decisions.size(), 1U) << "told only once it is written";
  Feed(kWatched + 20, kWatched + 60, 1);
  ExpectTakenOverWithin20SecondsOf(kWatched + 20, TriggerState::kPending, "mode_push");
}

TEST_F(ReleasedTest, WhatItHasUndoneIsLeftAlone) {
  TellInRelease();
  now_->loop.OnRevertPrepared(sink().triggers[0].id, "feedface");
  const Deploy revert = now_->Register(DeployOf("shop", kWatched + 10, kWatched + 20, "feedface"));
  ASSERT_EQ(revert.kind, DeployKind::kRevert);
  Feed(kWatched, kWatched + 60);
  now_->facts.release_in_charge.clear();
  Feed(kWatched + 60, kWatched + 300);
  EXPECT_EQ(sink().triggers.size(), 1U);
  EXPECT_EQ(sink().decisions.size(), 1U);
}

TEST_F(ReleasedTest, NothingIsDoneWhileItsRevertIsRolledOut) {
  TellInRelease();
  now_->loop.OnRevertPrepared(sink().triggers[0].id, "feedface");
  now_->Register(DeployOf("shop", kWatched + 10, 0, "feedface"));
  Feed(kWatched, kWatched + 60);
  now_->facts.release_in_charge.clear();
  Feed(kWatched + 60, kWatched + 300);
  EXPECT_EQ(sink().triggers.size(), 1U);
}

// The deploy is watched still when the release dies.
TEST_F(FollowUpFixture, ADyingReleaseLeavesAWatchedDeployToTheGate) {
  Serve("shop", BadFrom(kFinish));
  Serve("mail", Usual());
  Start();
  now_->facts.release_in_charge = "r1";
  RollbackTrigger trigger;
  trigger.id = MakeTriggerId("shop", "abc1234", (kFinish - 10) * kSecondNs);
  trigger.state = TriggerState::kInRelease;
  now_->loop.OnTrigger(trigger);
  Feed(kLiveFrom, kFinish + 600);
  ASSERT_EQ(sink().LastVerdict(kId)->state, VerdictState::kRegressed);
  ASSERT_TRUE(sink().triggers.empty());
  ASSERT_EQ(sink().decisions.back().reason, kReleaseInCharge);
  now_->facts.release_in_charge.clear();
  Feed(kFinish + 600, kFinish + 620);
  ASSERT_EQ(sink().triggers.size(), 1U);
  EXPECT_EQ(sink().triggers[0].id, trigger.id);
  EXPECT_EQ(sink().triggers[0].state, TriggerState::kPending);
}

}  // namespace
}  // namespace revertd

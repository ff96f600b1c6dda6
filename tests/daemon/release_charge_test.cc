// A release says through the inbox that it answers for a service, and the gate holds for as long as it does: until it
// says that it is over, or until its lease runs out, which a dead process cannot prolong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/service_table.h"
#include "daemon/gate_facts.h"
#include "daemon/inbox.h"
#include "store/database.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;

constexpr TimeNs kNow = 1'795'255'200 * kSecondNs;

class ReleaseCharge : public ::testing::Test {
 protected:
  ReleaseCharge() {
    config_.guard.kill_switch = folder_.Path("STOP");
    auto state = StateStore::Open(folder_.Path("state.db"), StateStore::Access::kOwner);
    EXPECT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
    auto executor = ExecutorStore::Open(folder_.Path("executor.db"), ExecutorStore::Access::kOwner);
    EXPECT_TRUE(executor.ok()) << executor.status();
    executor_ = *std::move(executor);
    sink_ = std::make_unique<StoreSink>(state_.get(), &printer_, [] {});
    loop_ = std::make_unique<AnalysisLoop>(
        config_, services_, [](const Deploy&) { return GateFacts{}; }, sink_.get());
  }

  static InboxMessage ChargeMessage(const std::string& release, TimeNs until, const std::string& service = "shop") {
    InboxMessage message;
    message.kind = InboxMessage::Kind::kReleaseCharge;
    message.deploy.service = service;
    message.deploy.finish_ns = until;
    message.text = release;
    return message;
  }
  static Deploy Begun() {
    Deploy deploy;
    deploy.id = "d";
    deploy.service = "shop";
    deploy.repo = "repo";
    deploy.head = "abc1234";
    deploy.start_ns = kNow;
    return deploy;
  }
  void Post(const std::vector<InboxMessage>& messages) {
    const Status status = state_->Together([&] {
      for (const InboxMessage& message : messages) REVERTD_RETURN_IF_ERROR(state_->Post(message));
      return OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
  }
  // One round's.
  void Take(TimeNs now) {
    const Status status = TakeInbox(state_.get(), loop_.get(), sink_.get(), now);
    EXPECT_TRUE(status.ok()) << status;
  }
  // What the sidecar said of it, taken up at `now`.
  std::string Tell(const std::string& release, TimeNs until, TimeNs now, const std::string& service = "shop") {
    Post({ChargeMessage(release, until, service)});
    ::testing::internal::CaptureStderr();
    Take(now);
    EXPECT_TRUE(state_->Peek(1)->empty()) << "it blocks the line";
    return ::testing::internal::GetCapturedStderr();
  }
  GateFacts FactsAt(TimeNs now, const std::string& service = "shop") const {
    Deploy deploy;
    deploy.service = service;
    deploy.repo = "repo";
    return ReadGateFacts(config_, *state_, executor_.get(), now, deploy);
  }
  std::string InChargeAt(TimeNs now, const std::string& service = "shop") const {
    const GateFacts facts = FactsAt(now, service);
    EXPECT_FALSE(facts.kill_switch_on) << facts.kill_switch_reason;
    return facts.release_in_charge;
  }

  const TestFolder folder_;
  Config config_;
  ServiceTable services_{16};
  EventPrinter printer_{STDOUT_FILENO};
  std::unique_ptr<StateStore> state_;
  std::unique_ptr<ExecutorStore> executor_;
  std::unique_ptr<StoreSink> sink_;
  std::unique_ptr<AnalysisLoop> loop_;
};

TEST_F(ReleaseCharge, IsOfItsServiceAndEndsWithItsLease) {
  EXPECT_EQ(InChargeAt(kNow), "");
  EXPECT_EQ(Tell("r1", kNow + kMinuteNs, kNow), "");
  EXPECT_EQ(InChargeAt(kNow), "r1");
  EXPECT_EQ(InChargeAt(kNow + kMinuteNs - 1), "r1");
  EXPECT_EQ(InChargeAt(kNow + kMinuteNs), "");
  EXPECT_EQ(InChargeAt(kNow, "mail"), "");
}

TEST_F(ReleaseCharge, IsRenewedAndEndedByTheReleaseItself) {
  Tell("r1", kNow + kMinuteNs, kNow);
  Tell("r1", kNow + 3 * kMinuteNs, kNow + 30 * kSecondNs);
  EXPECT_EQ(InChargeAt(kNow + 2 * kMinuteNs), "r1");
  EXPECT_EQ(Tell("r1", 0, kNow + kMinuteNs), "");
  EXPECT_EQ(InChargeAt(kNow + kMinuteNs), "");
  EXPECT_FALSE(state_->ReadCharge("shop")->has_value());
}

TEST_F(ReleaseCharge, IsCutToTheLongestLease) {
  Tell("r1", kNow + 24 * kHourNs, kNow);
  EXPECT_EQ(InChargeAt(kNow + kChargeMax - 1), "r1");
  EXPECT_EQ(InChargeAt(kNow + kChargeMax), "");
}

// Written by a clock that was six hours ahead.
TEST_F(ReleaseCharge, OneThatNoLeaseCouldReachIsNone) {
  Tell("r1", kNow + 6 * kHourNs, kNow + 6 * kHourNs - kChargeMax);
  EXPECT_EQ(InChargeAt(kNow + 6 * kHourNs - kChargeMax), "r1");
  EXPECT_EQ(InChargeAt(kNow), "");
  EXPECT_EQ(Tell("r2", kNow + kMinuteNs, kNow), "");
  EXPECT_EQ(InChargeAt(kNow), "r2");
}

TEST_F(ReleaseCharge, AnotherReleaseTakesItOverOnceItRanOutOrIsOver) {
  Tell("r1", kNow + kMinuteNs, kNow);
  EXPECT_THAT(Tell("r2", kNow + 5 * kMinuteNs, kNow + 1), HasSubstr("release r1 answers for service shop"));
  EXPECT_THAT(Tell("r2", 0, kNow + 1), HasSubstr("what release r2 says of it changes nothing"));
  EXPECT_EQ(InChargeAt(kNow + 2), "r1");
  EXPECT_EQ(Tell("r2", kNow + 5 * kMinuteNs, kNow + kMinuteNs), "") << "it ran out";
  EXPECT_EQ(InChargeAt(kNow + kMinuteNs), "r2");
  Tell("r2", 0, kNow + 2 * kMinuteNs);
  EXPECT_EQ(Tell("r1", kNow + 5 * kMinuteNs, kNow + 2 * kMinuteNs), "") << "it is over";
  EXPECT_EQ(InChargeAt(kNow + 2 * kMinuteNs), "r1");
}

// The sidecar was away for longer than the lease.
TEST_F(ReleaseCharge, OneThatRanOutInTheInboxIsNone) {
  Tell("r1", kNow + kMinuteNs, kNow + kHourNs);
  EXPECT_EQ(InChargeAt(kNow + kHourNs), "");
}

// The release renewed it every minute while the sidecar was down, and other things were told meanwhile.
TEST_F(ReleaseCharge, HoweverMuchWaitsItIsKnownInTheFirstRound) {
  std::vector<InboxMessage> waiting;
  for (int i = 0; i < 1100; ++i) {
    InboxMessage other;
    other.kind = InboxMessage::Kind::kEvent;
    other.event.kind = "push";
    other.event.key = "github:" + std::to_string(i);
    other.event.text = "{}";
    if (i % 10 == 0) waiting.push_back(other);
    waiting.push_back(ChargeMessage("r1", kNow + (i - 1099 + 10) * kMinuteNs));
    waiting.push_back(ChargeMessage("r1", kNow + (i - 1099 + 10) * kMinuteNs, "mail"));
  }
  Post(waiting);
  Take(kNow);
  EXPECT_EQ(InChargeAt(kNow), "r1");
  EXPECT_EQ(InChargeAt(kNow + kChargeMax - 1, "mail"), "r1");
  EXPECT_TRUE(state_->PeekCharges(1)->empty());
  EXPECT_FALSE(state_->Peek(1)->empty()) << "the rest takes its turn";
}

TEST_F(ReleaseCharge, WhatWaitsIsTakenInItsOrder) {
  Post({ChargeMessage("r1", kNow - kMinuteNs), ChargeMessage("r1", kNow + kMinuteNs), ChargeMessage("r1", 0),
        ChargeMessage("r2", kNow - kMinuteNs), ChargeMessage("r2", kNow + kMinuteNs),
        ChargeMessage("r3", kNow + kMinuteNs, "mail"), ChargeMessage("r3", 0, "mail")});
  Take(kNow);
  EXPECT_EQ(InChargeAt(kNow), "r2");
  EXPECT_EQ(InChargeAt(kNow, "mail"), "");
}

TEST_F(ReleaseCharge, OneThatRanOutUndoesNoneThatHolds) {
  Tell("r1", kNow + 5 * kMinuteNs, kNow);
  Tell("r1", kNow - kMinuteNs, kNow);
  EXPECT_EQ(InChargeAt(kNow), "r1") << "a clock was set back";
  Tell("r2", kNow - kMinuteNs, kNow);
  EXPECT_EQ(InChargeAt(kNow), "r1");
}

TEST_F(ReleaseCharge, WhereItCannotBeWrittenNothingElseIsTaken) {
  InboxMessage deploy;
  deploy.deploy = Begun();
  Post({deploy, ChargeMessage("r1", kNow + kMinuteNs)});
  const auto database = Database::Open(folder_.Path("state.db"), Database::Access::kReadWrite);
  ASSERT_TRUE(database.ok()) << database.status();
  ASSERT_TRUE((*database)->RunScript("breaking it", "ALTER TABLE charges RENAME TO gone").ok());
  EXPECT_FALSE(TakeInbox(state_.get(), loop_.get(), sink_.get(), kNow).ok());
  EXPECT_EQ(state_->Peek(10)->size(), 2U);
  ASSERT_TRUE((*database)->RunScript("mending it", "ALTER TABLE gone RENAME TO charges").ok());
  Take(kNow);
  EXPECT_EQ(InChargeAt(kNow), "r1");
  EXPECT_TRUE(state_->ReadDeploy("d")->has_value());
}

TEST_F(ReleaseCharge, AMessageWithoutServiceOrReleaseIsSaidAndDropped) {
  EXPECT_THAT(Tell("", kNow + kMinuteNs, kNow), HasSubstr("without a service or without the release's id"));
  EXPECT_THAT(Tell("r1", kNow + kMinuteNs, kNow, ""), HasSubstr("without a service or without the release's id"));
  EXPECT_EQ(InChargeAt(kNow), "");
}

// On its way back the release says what it undoes itself.
class InRelease : public ReleaseCharge {
 protected:
  InRelease() {
    EXPECT_TRUE(state_->WriteDeploy(Begun()).ok());
    trigger_.id = "t";
    trigger_.service = "shop";
    trigger_.repo = "repo";
    trigger_.head = "abc1234";
    trigger_.state = TriggerState::kInRelease;
    trigger_.reason = "release r1: regressed";
    trigger_.created_ns = kNow + kMinuteNs;
  }
  void Judge(VerdictState state, TimeNs at_ns, const std::string& signal) {
    Verdict verdict;
    verdict.deploy_id = "d";
    verdict.service = "shop";
    verdict.state = state;
    verdict.at_ns = at_ns;
    verdict.evidence.emplace_back().signal = signal;
    verdict.evidence.emplace_back().signal = "another";
    EXPECT_TRUE(state_->WriteVerdict(verdict).ok());
  }
  RollbackTrigger Ask(const RollbackTrigger& trigger) {
    InboxMessage message;
    message.kind = InboxMessage::Kind::kRevertAsked;
    message.trigger = trigger;
    Post({message});
    Take(kNow);
    const auto read = state_->ReadTrigger(trigger.id);
    EXPECT_TRUE(read.ok() && read->has_value()) << read.status();
    return read.ok() && read->has_value() ? **read : RollbackTrigger{};
  }
  RollbackTrigger trigger_;
};

TEST_F(InRelease, WhatItUndoesForAVerdictHasItsEvidence) {
  Judge(VerdictState::kWatching, kNow + 1, "");
  Judge(VerdictState::kRegressed, kNow + 2, "errors");
  const RollbackTrigger written = Ask(trigger_);
  EXPECT_EQ(written.evidence.signal, "errors");
  EXPECT_EQ(written.state, TriggerState::kInRelease);
  EXPECT_EQ(written.reason, "release r1: regressed");
}

TEST_F(InRelease, WhatItUndoesForAnotherStepHasNone) {
  Judge(VerdictState::kHealthy, kNow + 1, "errors");
  EXPECT_EQ(Ask(trigger_).evidence.signal, "");
}

TEST_F(InRelease, NorHasOneOfAnotherHeadOrService) {
  Judge(VerdictState::kRegressed, kNow + 1, "errors");
  trigger_.head = "def5678";
  EXPECT_EQ(Ask(trigger_).evidence.signal, "");
  trigger_.id = "u";
  trigger_.head = "abc1234";
  trigger_.service = "mail";
  EXPECT_EQ(Ask(trigger_).evidence.signal, "");
}

TEST_F(InRelease, NorHasWhatAPersonAsksFor) {
  Judge(VerdictState::kRegressed, kNow + 1, "errors");
  trigger_.state = TriggerState::kPending;
  EXPECT_EQ(Ask(trigger_).evidence.signal, "");
}

// The gate took over what a dead release had left; then the release is resumed and says it again.
TEST_F(InRelease, WhatWasTakenOverFromItIsToldAndStays) {
  Ask(trigger_);
  RollbackTrigger taken = trigger_;
  taken.deploy_id = "d";
  taken.state = TriggerState::kPending;
  taken.reason = "mode_push";
  taken.created_ns = kNow + kHourNs;
  ASSERT_TRUE(sink_->OnTrigger(taken).ok());
  EXPECT_EQ(*state_->ReadTriggerIds("repo", TriggerState::kPending), std::vector<std::string>{"t"});
  const RollbackTrigger stands = Ask(trigger_);
  EXPECT_EQ(stands.state, TriggerState::kPending);
  EXPECT_EQ(stands.deploy_id, "d");
  std::vector<std::string> told;
  const auto events = state_->ReadEventsOfTrigger("t");
  ASSERT_TRUE(events.ok()) << events.status();
  for (const Event& event : *events) told.push_back(event.key);
  EXPECT_THAT(told, ::testing::ElementsAre("trigger:t:in_release", "trigger:t"));
}

// The release halted, its lease ran out, the sidecar proposed it; then a person says that it stays.
TEST_F(InRelease, APersonsWordOnItReachesWhatWasTakenOverToo) {
  for (const TriggerState state : {TriggerState::kProposed, TriggerState::kPending}) {
    RollbackTrigger taken = trigger_;
    taken.id = "t-" + std::string(NameOf(state));
    taken.state = state;
    ASSERT_TRUE(sink_->OnTrigger(taken).ok());
    RollbackTrigger left = trigger_;
    left.id = taken.id;
    left.state = TriggerState::kDismissed;
    left.reason = "left by ada";
    EXPECT_EQ(Ask(left).state, TriggerState::kDismissed);
  }
}

TEST_F(ReleaseCharge, TheGateIsClosedWhereItCannotBeRead) {
  const auto database = Database::Open(folder_.Path("state.db"), Database::Access::kReadWrite);
  ASSERT_TRUE(database.ok()) << database.status();
  ASSERT_TRUE((*database)->RunScript("breaking it", "ALTER TABLE charges RENAME TO gone").ok());
  const GateFacts facts = FactsAt(kNow);
  EXPECT_TRUE(facts.kill_switch_on);
  EXPECT_THAT(facts.kill_switch_reason, HasSubstr("releases cannot be read"));
}

}  // namespace
}  // namespace revertd

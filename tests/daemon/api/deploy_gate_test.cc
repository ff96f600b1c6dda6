#include "daemon/api/deploy_gate.h"

#include <gtest/gtest.h>

namespace revertd {
namespace {

Deploy Release(bool is_finished = true) {
  Deploy deploy;
  deploy.id = "checkout-1";
  deploy.service = "checkout";
  deploy.start_ns = kSecondNs;
  if (is_finished) deploy.finish_ns = 2 * kSecondNs;
  return deploy;
}

GateQuestion Of(Deploy deploy) {
  GateQuestion question;
  question.deploy = std::move(deploy);
  return question;
}

GateQuestion Judged(VerdictState state, std::string reason) {
  GateQuestion question;
  question.deploy = Release();
  question.verdict.emplace();
  question.verdict->state = state;
  question.verdict->reason = std::move(reason);
  return question;
}

TEST(DeployGate, OnlyAHealthyVerdictPasses) {
  const GateAnswer answer = AnswerGate(Judged(VerdictState::kHealthy, "as_before"));
  EXPECT_EQ(answer.pass, GatePass::kPass);
  EXPECT_EQ(answer.reason, "as_before");
  EXPECT_TRUE(answer.is_final);
}

TEST(DeployGate, ARegressionFails) {
  const GateAnswer answer = AnswerGate(Judged(VerdictState::kRegressed, "errors_above_null"));
  EXPECT_EQ(answer.pass, GatePass::kFail);
  EXPECT_EQ(answer.reason, "errors_above_null");
  EXPECT_TRUE(answer.is_final);
}

// Too little traffic: waiting longer brings nothing, and nothing says that it is well.
TEST(DeployGate, AnInconclusiveWatchIsUndecidedForGood) {
  const GateAnswer answer = AnswerGate(Judged(VerdictState::kInconclusive, "observation_ended"));
  EXPECT_EQ(answer.pass, GatePass::kUndecided);
  EXPECT_TRUE(answer.is_final);
}

TEST(DeployGate, WhatIsStillWatchedIsWaitedFor) {
  for (const VerdictState state : {VerdictState::kWatching, VerdictState::kAmbiguous}) {
    const GateAnswer answer = AnswerGate(Judged(state, "two_suspects"));
    EXPECT_EQ(answer.pass, GatePass::kUndecided) << NameOf(state);
    EXPECT_FALSE(answer.is_final) << NameOf(state);
  }
}

TEST(DeployGate, SaysWhyThereIsNoVerdict) {
  EXPECT_EQ(AnswerGate({}).reason, "deploy_not_taken_up_yet");
  EXPECT_EQ(AnswerGate(Of(Release(/*is_finished=*/false))).reason, "deploy_not_finished");
  EXPECT_EQ(AnswerGate(Of(Release())).reason, "no_verdict_yet");
  EXPECT_FALSE(AnswerGate(Of(Release())).is_final);
}

// However healthy it looks so far.
TEST(DeployGate, ARevertedCommitThatComesBackFails) {
  GateQuestion question = Judged(VerdictState::kHealthy, "as_before");
  question.brings_reverted_back = true;
  const GateAnswer answer = AnswerGate(question);
  EXPECT_EQ(answer.pass, GatePass::kFail);
  EXPECT_EQ(answer.reason, "reverted_commit_deployed_again");
}

// A push is no rollout: nobody knows whose health it is.
TEST(DeployGate, AGuessedFinishPassesNothing) {
  GateQuestion question = Judged(VerdictState::kHealthy, "as_before");
  question.deploy->finish_guessed = true;
  EXPECT_EQ(AnswerGate(question).pass, GatePass::kUndecided);
  EXPECT_EQ(AnswerGate(question).reason, "rollout_not_seen");
  EXPECT_FALSE(AnswerGate(question).is_final);
  question.verdict->state = VerdictState::kRegressed;
  EXPECT_EQ(AnswerGate(question).pass, GatePass::kFail);
}

TEST(DeployGate, ARevertIsJudgedByItsRecovery) {
  GateQuestion question;
  question.deploy = Release();
  question.deploy->kind = DeployKind::kRevert;
  EXPECT_FALSE(AnswerGate(question).is_final);
  const auto after = [&](RecoveryState state) {
    question.recovery.emplace();
    question.recovery->state = state;
    return AnswerGate(question);
  };
  EXPECT_EQ(after(RecoveryState::kRecovered).pass, GatePass::kPass);
  EXPECT_EQ(after(RecoveryState::kNotRecovered).pass, GatePass::kFail);
  EXPECT_EQ(after(RecoveryState::kUndecided).pass, GatePass::kUndecided);
  EXPECT_TRUE(after(RecoveryState::kUndecided).is_final);
  EXPECT_FALSE(after(RecoveryState::kWatching).is_final);
}

}  // namespace
}  // namespace revertd

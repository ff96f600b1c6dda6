#include "daemon/api/deploy_gate.h"

namespace revertd {
namespace {

GateAnswer OfRelease(const GateQuestion& question) {
  if (!question.verdict) {
    return {GatePass::kUndecided, question.deploy->finished() ? "no_verdict_yet" : "deploy_not_finished", false};
  }
  const Verdict& verdict = *question.verdict;
  switch (verdict.state) {
    case VerdictState::kHealthy: return {GatePass::kPass, verdict.reason, true};
    case VerdictState::kRegressed: return {GatePass::kFail, verdict.reason, true};
    case VerdictState::kInconclusive: return {GatePass::kUndecided, verdict.reason, true};
    // The suspicion may still be settled either way while it is watched.
    case VerdictState::kAmbiguous:
    case VerdictState::kWatching: break;
  }
  return {GatePass::kUndecided, verdict.reason, false};
}

GateAnswer OfRevert(const GateQuestion& question) {
  if (!question.recovery) return {GatePass::kUndecided, "no_verdict_yet", false};
  switch (question.recovery->state) {
    case RecoveryState::kRecovered: return {GatePass::kPass, "recovered", true};
    case RecoveryState::kNotRecovered: return {GatePass::kFail, "not_recovered", true};
    case RecoveryState::kUndecided: return {GatePass::kUndecided, "undecided", true};
    case RecoveryState::kWatching: break;
  }
  return {GatePass::kUndecided, "watching", false};
}

}  // namespace

std::string_view NameOf(GatePass pass) {
  switch (pass) {
    case GatePass::kPass: return "pass";
    case GatePass::kFail: return "fail";
    case GatePass::kUndecided: break;
  }
  return "undecided";
}

GateAnswer AnswerGate(const GateQuestion& question) {
  if (!question.deploy) return {GatePass::kUndecided, "deploy_not_taken_up_yet", false};
  if (question.brings_reverted_back) return {GatePass::kFail, "reverted_commit_deployed_again", true};
  GateAnswer answer = question.deploy->kind == DeployKind::kRevert ? OfRevert(question) : OfRelease(question);
  // Only a push was told of: what looks healthy may be the old version.
  if (answer.pass == GatePass::kPass && question.deploy->finish_guessed)
    return {GatePass::kUndecided, "rollout_not_seen", false};
  return answer;
}

}  // namespace revertd

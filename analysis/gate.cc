#include "analysis/gate.h"

#include "analysis/rules.h"
#include "base/trigger.h"

namespace revertd {
namespace {

struct Ruling {
  DecisionKind kind;
  std::string_view reason;
};

// Of the signal that decided, whose evidence stands first.
bool HasControl(const Verdict& verdict) {
  return !verdict.evidence.empty() && !verdict.evidence.front().control.empty();
}

// What keeps a verdict from being more than a person's case, whatever the mode.
std::optional<Ruling> WhyTriage(const Verdict& verdict, bool would_act) {
  if (verdict.state != VerdictState::kRegressed) return Ruling{DecisionKind::kTriage, "ambiguous"};
  if (IsByRule(verdict)) return std::nullopt;  // its owner's choice: it needs neither
  if (!verdict.calibrated && !HasControl(verdict)) return Ruling{DecisionKind::kTriage, "uncalibrated_without_control"};
  // Nothing but a person follows: an alert is the word for a calibrated verdict, and this one asks for a second look.
  if (!verdict.calibrated && !would_act) return Ruling{DecisionKind::kTriage, "uncalibrated"};
  return std::nullopt;
}

// The order is the guarantee: what a person switched off comes first, what would act comes last.
Ruling RuleOn(const Verdict& verdict, const Deploy& deploy, Mode mode,
              const std::optional<RollbackBefore>& rollback_before, const GateFacts& facts, const Config& config) {
  const GuardConfig& guard = config.guard;
  const bool would_act = mode == Mode::kPush || mode == Mode::kPropose;
  if (facts.kill_switch_on) return {DecisionKind::kHold, "kill_switch"};
  if (mode == Mode::kObserve) return {DecisionKind::kHold, "mode_observe"};
  if (const auto triage = WhyTriage(verdict, would_act)) return *triage;
  const DurationNs age = verdict.at_ns - deploy.finish_ns;
  if (mode == Mode::kAlert) return {DecisionKind::kAlert, "mode_alert"};
  // Two that undo beside one another undo too much; people were told by now, where that is all that is wanted.
  if (!facts.release_in_charge.empty()) return {DecisionKind::kHold, kReleaseInCharge};
  // What the rollback did not mend, this deploy need not have broken: reverting further only hides it.
  if (rollback_before && rollback_before->not_recovered) return {DecisionKind::kTriage, "rollback_did_not_recover"};
  if (deploy.head.empty() || config.FindRepo(deploy.repo) == nullptr) return {DecisionKind::kTriage, "no_commit"};
  // What has served for hours is undone by a person's word.
  const bool is_young = age <= guard.commit_age_push;
  const bool may_push = mode == Mode::kPush && is_young && !facts.base_is_unclear;
  if (would_act && !may_push && age > guard.commit_age_propose) return {DecisionKind::kHold, "deploy_too_old"};
  if (rollback_before && verdict.at_ns - rollback_before->finish_ns < guard.cooldown) {
    return {DecisionKind::kHold, "cooldown"};
  }
  if (facts.source_stale) return {DecisionKind::kHold, "source_stale"};
  if (facts.revert_in_flight) return {DecisionKind::kHold, "revert_in_flight"};
  if (may_push && facts.pushes_today >= guard.pushes_per_day) return {DecisionKind::kHold, "limit_pushes_per_day"};
  if (!may_push && facts.proposals_today >= guard.proposals_per_day) {
    return {DecisionKind::kHold, "limit_proposals_per_day"};
  }
  if (may_push) return {DecisionKind::kAct, "mode_push"};
  if (mode == Mode::kPropose) return {DecisionKind::kPropose, kModePropose};
  return {DecisionKind::kPropose, is_young ? kBaseUnclear : kTooOldToPush};
}

}  // namespace

Decision DecideOn(const Verdict& verdict, const Deploy& deploy, const std::optional<RollbackBefore>& rollback_before,
                  const GateFacts& facts, const Config& config) {
  const ServiceConfig* service = config.FindService(deploy.service);
  const Mode mode = service != nullptr ? service->mode : Mode::kAlert;
  const Ruling ruling = RuleOn(verdict, deploy, mode, rollback_before, facts, config);
  Decision decision;
  decision.deploy_id = deploy.id;
  decision.service = deploy.service;
  decision.kind = ruling.kind;
  decision.reason = ruling.reason;
  decision.at_ns = verdict.at_ns;
  if (ruling.kind == DecisionKind::kAct || ruling.kind == DecisionKind::kPropose) {
    decision.trigger_id = MakeTriggerId(deploy.service, deploy.head, deploy.start_ns);
  }
  return decision;
}

bool MayPass(const Decision& decision) {
  return decision.kind == DecisionKind::kHold && decision.reason != "mode_observe" &&
         decision.reason != "deploy_too_old";
}

}  // namespace revertd

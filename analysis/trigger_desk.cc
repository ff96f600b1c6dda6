#include "analysis/trigger_desk.h"

#include <utility>

#include "base/check.h"

namespace revertd {
namespace {

bool NeedsTrigger(const Decision& decision) {
  return decision.kind == DecisionKind::kAct || decision.kind == DecisionKind::kPropose;
}

// What the decision was when its trigger was written; said again where a restart came between the two. A release's is
// the release's to carry out.
void DecideByTrigger(const RollbackTrigger& trigger, Decision* decision) {
  decision->trigger_id = trigger.id;
  decision->reason = trigger.reason;
  switch (trigger.state) {
    case TriggerState::kPending: decision->kind = DecisionKind::kAct; break;
    case TriggerState::kProposed: decision->kind = DecisionKind::kPropose; break;
    case TriggerState::kDismissed:
      decision->kind = DecisionKind::kTriage;
      decision->reason = "trigger_dismissed";
      break;
    case TriggerState::kInRelease:
      decision->kind = DecisionKind::kHold;
      decision->reason = kReleaseInCharge;
      break;
  }
}

}  // namespace

TriggerDesk::TriggerDesk(const Config& config, const DeployRegistry& registry, ReadGateFacts facts, AnalysisSink* sink)
    : config_(config), registry_(registry), facts_(std::move(facts)), sink_(sink) {
  REVERTD_CHECK(sink_ != nullptr && facts_ != nullptr);
}

void TriggerDesk::Know(const RollbackTrigger& trigger) { triggers_.insert_or_assign(trigger.id, trigger); }

const RollbackTrigger* TriggerDesk::Find(std::string_view id) const {
  const auto found = triggers_.find(id);
  return found == triggers_.end() ? nullptr : &found->second;
}

const RollbackTrigger* TriggerDesk::FindOf(const Deploy& deploy) const {
  return deploy.head.empty() ? nullptr : Find(MakeTriggerId(deploy.service, deploy.head, deploy.start_ns));
}

bool TriggerDesk::IsInRelease(const Deploy& deploy) const {
  const RollbackTrigger* known = FindOf(deploy);
  return known != nullptr && known->state == TriggerState::kInRelease;
}

bool TriggerDesk::Due(const Verdict& verdict, int64_t second, const DecisionTrack& track) const {
  if (!track.told || track.asked_for != verdict.state) return second >= track.next_ask_second;
  return MayPass(*track.told) && second >= track.next_ask_second;
}

std::optional<RollbackBefore> TriggerDesk::RollbackBeforeOf(const DeployRecord& record) const {
  const DeployRecord* previous = registry_.Previous(record);
  if (previous == nullptr || previous->deploy.kind != DeployKind::kRevert) return std::nullopt;
  return RollbackBefore{.finish_ns = previous->deploy.finish_ns,
                        .not_recovered = previous->recovery == RecoveryState::kNotRecovered};
}

// What was serving before, by the deploys that are known; empty: none is.
std::string TriggerDesk::ServedBefore(const DeployRecord& record) const {
  const DeployRecord* previous = registry_.Previous(record);
  return previous != nullptr && previous->deploy.finished() ? previous->deploy.head : "";
}

// A push tells of the commits that it brought, and the rollout may bring more; whoever tells of a rollout knows what it
// takes the place of, and of a deploy that nobody told us. A version that never served cannot be gone back to.
std::string TriggerDesk::BaseOf(const DeployRecord& record) const {
  const ServiceConfig* service = config_.FindService(record.deploy.service);
  const bool is_by_version = service != nullptr && service->rollback == RollbackBy::kVersion;
  const std::string served = ServedBefore(record);
  const bool tells_another = BaseIsUnclear(record) && !is_by_version;
  return served.empty() || tells_another ? record.deploy.base : served;
}

// The head's first parent, say, need never have served; or else a deploy in between was never told. One of the two
// words is wrong, and by it either too much is undone or too little.
bool TriggerDesk::BaseIsUnclear(const DeployRecord& record) const {
  const std::string& told = record.deploy.base;
  const std::string served = ServedBefore(record);
  if (told.empty() || served.empty() || record.deploy.finish_guessed) return false;
  return !told.starts_with(served) && !served.starts_with(told);
}

Decision TriggerDesk::Decide(const DeployRecord& record, const Verdict& verdict) const {
  const Deploy& deploy = record.deploy;
  const RollbackTrigger* known = FindOf(deploy);
  if (known == nullptr || IsInRelease(deploy)) {
    GateFacts facts = facts_(deploy);
    facts.base_is_unclear = BaseIsUnclear(record);
    const bool is_left_to_it = known != nullptr && !facts.release_in_charge.empty();
    if (!is_left_to_it) return DecideOn(verdict, deploy, RollbackBeforeOf(record), facts, config_);
  }
  Decision decision;
  decision.deploy_id = deploy.id;
  decision.service = deploy.service;
  decision.at_ns = verdict.at_ns;
  DecideByTrigger(*known, &decision);
  return decision;
}

bool TriggerDesk::WriteTrigger(const DeployRecord& record, const Verdict& verdict, const Decision& decision) {
  if (Find(decision.trigger_id) != nullptr && !IsInRelease(record.deploy)) return true;
  RollbackTrigger trigger;
  trigger.id = decision.trigger_id;
  trigger.deploy_id = record.deploy.id;
  trigger.service = record.deploy.service;
  trigger.repo = record.deploy.repo;
  trigger.base = BaseOf(record);
  trigger.head = record.deploy.head;
  trigger.state = decision.kind == DecisionKind::kAct ? TriggerState::kPending : TriggerState::kProposed;
  trigger.reason = decision.reason;
  trigger.created_ns = decision.at_ns;
  if (!verdict.evidence.empty()) trigger.evidence = verdict.evidence.front();
  if (!sink_->OnTrigger(trigger).ok()) return false;
  Know(trigger);
  return true;
}

void TriggerDesk::Step(const DeployRecord& record, const Verdict& verdict, int64_t second, DecisionTrack* track) {
  if (verdict.state != VerdictState::kRegressed && verdict.state != VerdictState::kAmbiguous) return;
  if (!Due(verdict, second, *track)) return;
  Verdict now = verdict;
  now.at_ns = (second + 1) * kSecondNs;
  const Decision decision = Decide(record, now);
  track->trigger_unwritten = NeedsTrigger(decision) && !WriteTrigger(record, verdict, decision);
  if (track->trigger_unwritten) {
    track->next_ask_second = second + 1;
    return;
  }
  track->next_ask_second = second + kAskAgainSeconds;
  track->asked_for = verdict.state;
  const bool told = track->told && track->told->kind == decision.kind && track->told->reason == decision.reason;
  if (told) return;
  track->told = decision;
  sink_->OnDecision(decision);
}

}  // namespace revertd

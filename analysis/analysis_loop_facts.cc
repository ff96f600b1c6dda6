// The half of AnalysisLoop that takes facts: what is known from before a restart, and deploys as they are told of.
#include <algorithm>
#include <utility>

#include "analysis/analysis_loop.h"

namespace revertd {

void AnalysisLoop::RestoreHistory(std::string_view service, const std::vector<HistoryBlock>& blocks,
                                  const std::vector<SecondCounts>& seconds) {
  series_[std::string(service)].Restore(blocks, seconds);
}

void AnalysisLoop::RestoreShadow(std::string_view service, const ShadowResult& result) {
  shadows_.Restore(service, result);
}

void AnalysisLoop::RestoreDeploy(const Deploy& deploy, const std::optional<Verdict>& last_verdict,
                                 const std::optional<Decision>& last_decision) {
  const auto registered = registry_.Register(deploy);
  if (!registered.ok() || !registered->changed) return;  // a row that no registration could have written
  DeployRecord* record = registered->record;
  record->told_verdict = last_verdict;
  record->told_decision = last_decision;
  if (last_verdict) record->state = last_verdict->state;
  if (record->abandoned()) {
    record->phase = DeployRecord::Phase::kClosed;
    return;
  }
  const auto recovery = restored_recovery_.find(record->deploy.id);
  if (recovery != restored_recovery_.end()) {
    record->recovery = recovery->second.state;
    record->recovery_told = true;
  }
  waiting_.push_back(record);
}

void AnalysisLoop::RestoreFollowUp(std::string_view deploy_id, DurationNs after_ns) {
  if (DeployRecord* record = registry_.Find(deploy_id)) record->follow_ups_done.push_back(after_ns);
}

void AnalysisLoop::RestoreTrigger(const RollbackTrigger& trigger) { desk_.Know(trigger); }

void AnalysisLoop::RestoreRecovery(const Recovery& recovery) {
  restored_recovery_.insert_or_assign(recovery.deploy_id, recovery);
  if (DeployRecord* record = registry_.Find(recovery.deploy_id)) {
    record->recovery = recovery.state;
    record->recovery_told = true;
  }
}

void AnalysisLoop::RestoreRevertPrepared(std::string_view trigger_id, std::string_view sha) {
  prepared_.insert_or_assign(std::string(sha), std::string(trigger_id));
}

bool AnalysisLoop::AdoptPreparedRevert(Deploy* deploy) const {
  for (const auto& [sha, trigger_id] : prepared_) {
    if (!SameRevision(sha, deploy->head)) continue;
    if (deploy->kind == DeployKind::kRevert && deploy->trigger_id == trigger_id) return false;
    deploy->kind = DeployKind::kRevert;
    deploy->trigger_id = trigger_id;
    return true;
  }
  return false;
}

StatusOr<Deploy> AnalysisLoop::OnDeploy(Deploy deploy) {
  if (deploy.repo.empty()) {
    const ServiceConfig* service = config_.FindService(deploy.service);
    if (service != nullptr) deploy.repo = service->repo;
  }
  AdoptPreparedRevert(&deploy);
  const auto registered = registry_.Register(std::move(deploy));
  if (!registered.ok()) return registered.status();
  DeployRecord* record = registered->record;
  const bool is_known = record->phase != DeployRecord::Phase::kWaiting ||
                        std::find(waiting_.begin(), waiting_.end(), record) != waiting_.end();
  if (!is_known) waiting_.push_back(record);
  if (registered->corrected) WatchAnew(record);
  if (registered->changed) sink_->OnDeploy(record->deploy);
  return record->deploy;
}

// What was seen before the true finish was the old version's.
void AnalysisLoop::WatchAnew(DeployRecord* record) {
  if (record->phase != DeployRecord::Phase::kOpen) return;
  std::erase_if(open_, [record](const OpenWatch& watch) { return watch.record == record; });
  record->phase = DeployRecord::Phase::kWaiting;
  waiting_.push_back(record);
}

Status AnalysisLoop::OnDeployFinish(std::string_view id, TimeNs finish_ns) {
  DeployRecord* record = registry_.Find(id);
  if (record == nullptr) return NotFound("finishing a deploy: no deploy has the id " + std::string(id));
  if (DeployRegistry::CorrectFinish(record, finish_ns)) {
    WatchAnew(record);
    sink_->OnDeploy(record->deploy);
    return OkStatus();
  }
  if (record->deploy.finished()) return OkStatus();  // told twice; the first word stands
  if (record->abandoned()) {
    return FailedPrecondition("finishing the deploy " + std::string(id) +
                              ": it was abandoned; a second try is a deploy of its own");
  }
  if (finish_ns < record->deploy.start_ns) {
    return InvalidArgument("finishing the deploy " + std::string(id) + ": it would finish before it started");
  }
  record->deploy.finish_ns = finish_ns;
  sink_->OnDeploy(record->deploy);
  return OkStatus();
}

StatusOr<Deploy> AnalysisLoop::OnDeployAbandon(std::string_view id, TimeNs at_ns) {
  DeployRecord* record = registry_.Find(id);
  if (record == nullptr) return NotFound("abandoning a deploy: no deploy has the id " + std::string(id));
  return Abandon(record, at_ns);
}

StatusOr<Deploy> AnalysisLoop::OnHeadAbandon(std::string_view service, std::string_view head, TimeNs at_ns) {
  DeployRecord* record = registry_.FindGivenUp(service, head, at_ns);
  if (record == nullptr) {
    return NotFound("abandoning a deploy of " + std::string(service) + ": none of " +
                    (head.empty() ? std::string("no commit") : std::string(head)) + " is under way");
  }
  return Abandon(record, at_ns);
}

StatusOr<Deploy> AnalysisLoop::Abandon(DeployRecord* record, TimeNs at_ns) {
  if (record->abandoned()) return record->deploy;
  REVERTD_RETURN_IF_ERROR(registry_.MayBeAbandoned(*record, at_ns));
  Verdict verdict;
  const auto watch =
      std::find_if(open_.begin(), open_.end(), [record](const OpenWatch& one) { return one.record == record; });
  if (watch != open_.end() && watch->release) verdict = watch->release->Current(watch->next_second - 1);
  if (watch != open_.end()) open_.erase(watch);
  std::erase(waiting_, record);
  record->phase = DeployRecord::Phase::kClosed;
  verdict.deploy_id = record->deploy.id;
  verdict.service = record->deploy.service;
  verdict.state = VerdictState::kInconclusive;
  verdict.reason = kAbandoned;
  verdict.power = 0;
  // Two doors may disagree about when; while it was thought to serve, it may have served.
  verdict.at_ns = std::max(at_ns, record->deploy.finish_ns);
  // The deploy first: after a kill between the two this is told again, after the verdict it would not be.
  if (record->deploy.finished()) {
    record->deploy.finish_ns = 0;
    sink_->OnDeploy(record->deploy);
  }
  record->state = verdict.state;
  record->told_verdict = verdict;
  sink_->OnVerdict(verdict);
  return record->deploy;
}

void AnalysisLoop::OnRevertPrepared(std::string_view trigger_id, std::string_view sha) {
  RestoreRevertPrepared(trigger_id, sha);
  // The deploy may have been told of first; a watch that already judges it as a release is given up.
  const auto adopt = [this](DeployRecord* record) {
    const bool adopted = AdoptPreparedRevert(&record->deploy);
    if (adopted) sink_->OnDeploy(record->deploy);
    return adopted;
  };
  for (DeployRecord* record : waiting_) adopt(record);
  std::erase_if(open_, [this, &adopt](OpenWatch& watch) {
    if (!adopt(watch.record)) return false;
    watch.record->phase = DeployRecord::Phase::kWaiting;
    waiting_.push_back(watch.record);
    return true;
  });
}

void AnalysisLoop::OnTrigger(const RollbackTrigger& trigger) { desk_.Know(trigger); }

}  // namespace revertd

#include "actions/lock_watch.h"

#include "actions/notices.h"
#include "actions/revert_plan.h"
#include "actions/step.h"
#include "base/json_writer.h"
#include "base/strings.h"

namespace revertd {

StatusOr<std::vector<LockWatch::Lock>> LockWatch::ReadLocks() const {
  StatusOr<std::vector<Incident>> incidents = journal_->ReadOpenIncidents();
  if (!incidents.ok()) return incidents.status();
  std::vector<Lock> locks;
  for (const Incident& incident : *incidents) {
    StatusOr<std::optional<RollbackTrigger>> trigger = state_->ReadTrigger(incident.trigger_id);
    if (!trigger.ok()) return trigger.status();
    const StatusOr<std::optional<JournalRow>> revert = ReadRevert(*journal_, incident.trigger_id);
    if (!revert.ok()) return revert.status();
    if (!trigger->has_value() || !revert->has_value()) continue;
    locks.push_back({**trigger, (*revert)->detail, (*revert)->finished_ns});
  }
  return locks;
}

StatusOr<std::optional<std::string>> LockWatch::BringsBack(const RepoConfig& repo, const Deploy& deploy,
                                                           const Lock& lock) {
  const auto holds = [&](std::string_view commit) { return git_->IsAncestor(repo, commit, deploy.head); };
  StatusOr<bool> guilty = holds(lock.trigger.head);
  if (!guilty.ok()) return guilty.status();
  if (!*guilty) return std::optional<std::string>();
  StatusOr<bool> revert = holds(lock.revert);
  if (!revert.ok()) return revert.status();
  if (!*revert) return std::optional<std::string>("without its revert " + lock.revert);
  StatusOr<std::vector<GitCommit>> since =
      git_->ReadCommits(repo, {.since = lock.revert, .until = deploy.head, .limit = kCommitsSinceMax});
  if (!since.ok()) return since.status();
  const GitCommit* reapply = FindStandingRevert(*since, lock.revert);
  return reapply == nullptr ? std::optional<std::string>() : "by " + reapply->sha;
}

Status LockWatch::Tell(const Deploy& deploy, const Lock& lock, std::string_view how) {
  StatusOr<std::optional<AuditHead>> told = journal_->FindAudit(kRevertedCommitDeployedAgain, deploy.id);
  if (!told.ok()) return told.status();
  if (told->has_value()) return OkStatus();
  return journal_->Together([&]() -> Status {
    JsonWriter json;
    json.BeginObject().Field("trigger", lock.trigger.id).Field("commit", lock.trigger.head).Field("how", how);
    REVERTD_RETURN_IF_ERROR(
        journal_->Audit(kRevertedCommitDeployedAgain, deploy.id, json.EndObject().text(), clock_->Now()));
    StatusOr<AuditHead> head = journal_->ReadAuditHead();
    if (!head.ok()) return head.status();
    Notice notice;
    notice.key = deploy.id;
    notice.event = kRevertedCommitDeployedAgain;
    notice.service = deploy.service;
    notice.severity = Notice::Severity::kCritical;
    notice.summary = Printable(deploy.service + ": deploy " + deploy.id + " brings back " + lock.trigger.head +
                               ", which was reverted and whose post-mortem is open");
    notice.facts = {{"trigger", lock.trigger.id}, {"commit", lock.trigger.head}, {"how", std::string(how)}};
    notice.audit_head = head->text();
    notice.at_ns = clock_->Now();
    return notifier_->Tell(notice);
  });
}

Status LockWatch::Look(const Deploy& deploy, const std::vector<Lock>& locks) {
  for (const Lock& lock : locks) {
    const bool concerns = deploy.kind == DeployKind::kRelease && deploy.repo == lock.trigger.repo &&
                          deploy.id != lock.trigger.deploy_id && deploy.start_ns > lock.reverted_ns;
    const RepoConfig* repo = config_->FindRepo(lock.trigger.repo);
    if (!concerns || repo == nullptr || !IsRevision(deploy.head)) continue;
    StatusOr<std::optional<std::string>> known = git_->FindCommit(*repo, deploy.head);
    if (!known.ok()) return known.status();
    if (!known->has_value()) {
      StatusOr<std::optional<std::string>> fetched = git_->FetchBranch(*repo);
      if (!fetched.ok()) return fetched.status();
      known = git_->FindCommit(*repo, deploy.head);
      if (!known.ok()) return known.status();
      if (!known->has_value()) continue;  // of another branch
    }
    StatusOr<std::optional<std::string>> how = BringsBack(*repo, deploy, lock);
    if (!how.ok()) return how.status();
    if (how->has_value()) REVERTD_RETURN_IF_ERROR(Tell(deploy, lock, **how));
  }
  return OkStatus();
}

Status LockWatch::RunOnce() {
  const TimeNs monotonic = clock_->Monotonic();  // a clock that is set back may not stop the looking
  if (monotonic < next_look_ns_) return OkStatus();
  next_look_ns_ = monotonic + kLookEvery;
  const TimeNs now = clock_->Now();
  StatusOr<std::vector<Lock>> locks = ReadLocks();
  if (!locks.ok()) return locks.status();
  if (locks->empty()) return OkStatus();
  StatusOr<std::vector<Deploy>> deploys = state_->ReadDeploys(now - kToldLate);
  if (!deploys.ok()) return deploys.status();
  Status first_failure;
  std::map<std::string, TimeNs, std::less<>> looked;
  for (const Deploy& deploy : *deploys) {
    const auto before = looked_.find(deploy.id);
    const bool is_due = before == looked_.end() || (before->second != 0 && before->second <= now);
    if (!is_due) {
      looked.insert(*before);
      continue;
    }
    const Status status = Look(deploy, *locks);
    if (!status.ok() && first_failure.ok()) first_failure = status;
    looked.emplace(deploy.id, status.ok() ? 0 : now + kRetryWait);
  }
  looked_ = std::move(looked);
  return first_failure;
}

}  // namespace revertd

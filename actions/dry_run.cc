#include "actions/dry_run.h"

#include <optional>
#include <utility>

#include "actions/guards.h"
#include "base/strings.h"

namespace revertd {

StatusOr<DryRun> DryRunRevert(const Config& config, const RollbackTrigger& trigger, Git* git, const Clock* clock) {
  DryRun dry_run;
  if (auto hold = RefuseRequest(trigger, config)) {
    dry_run.refusal = hold->reason;
    dry_run.detail = hold->detail;
    return dry_run;
  }
  RollbackTrigger dated = trigger;
  if (dated.created_ns == 0) dated.created_ns = clock->Now();
  const RepoConfig& repo = *config.FindRepo(trigger.repo);
  const std::vector<std::string>& paths = config.FindService(trigger.service)->paths;
  StatusOr<std::optional<std::string>> branch_head = git->FetchBranch(repo);
  if (!branch_head.ok()) return branch_head.status();
  StatusOr<PlanFacts> facts =
      ReadPlanFacts(dated, repo, {.branch_head = branch_head->value_or(""), .service_paths = paths}, git);
  if (!facts.ok()) return facts.status();
  PlanAnswer answer = PlanRevert(dated, *facts);
  if (const auto* refusal = std::get_if<PlanRefusal>(&answer)) {
    dry_run.refusal = refusal->reason;
    dry_run.detail = refusal->detail;
    return dry_run;
  }
  if (const auto* adoption = std::get_if<PlanAdoption>(&answer)) {
    dry_run.refusal = "already_reverted";
    dry_run.detail = "by " + adoption->sha;
    return dry_run;
  }
  dry_run.plan = std::get<RevertPlan>(std::move(answer));
  StatusOr<CommitAnswer> revert = git->Revert(repo, dry_run.plan.order);
  if (!revert.ok()) return revert.status();
  if (revert->kind != CommitAnswer::Kind::kCommitted) {
    const bool conflict = revert->kind == CommitAnswer::Kind::kConflict;
    dry_run.refusal = conflict ? "conflict" : "empty_change";
    dry_run.detail = conflict ? Join(revert->conflicts, ", ") : dry_run.plan.head;
    return dry_run;
  }
  dry_run.tree = revert->tree;
  StatusOr<std::string> diffstat = git->DiffStat(repo, dry_run.plan.order.onto, revert->sha);
  if (!diffstat.ok()) return diffstat.status();
  dry_run.diffstat = *std::move(diffstat);
  return dry_run;
}

StatusOr<RemoteCheck> CheckRemote(const RepoConfig& repo, Git* git) {
  RemoteCheck check;
  StatusOr<std::string> version = git->Version();
  if (!version.ok()) return version.status();
  check.git_version = *std::move(version);
  StatusOr<std::optional<std::string>> head = git->FetchBranch(repo);
  if (!head.ok()) return head.status();
  check.branch_head = head->value_or("");
  if (check.branch_head.empty()) {
    check.detail = "the remote has no branch " + repo.branch;
    return check;
  }
  // Its own head onto itself: the remote's receiving side and our right to it are asked, and there is nothing to send.
  StatusOr<PushAnswer> push = git->Push(repo, check.branch_head, check.branch_head, true);
  if (!push.ok()) {
    check.detail = std::string(MessageOf(push.status()));
    return check;
  }
  check.push_allowed = push->accepted;
  check.detail = push->detail;
  return check;
}

}  // namespace revertd

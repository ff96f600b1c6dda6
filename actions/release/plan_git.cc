#include "actions/release/plan_git.h"

#include <utility>

#include "actions/release/pin_revision.h"
#include "base/strings.h"

namespace revertd {
namespace {

Hold HoldOf(const Status& status) {
  const std::string words(MessageOf(status));
  switch (status.code()) {
    case absl::StatusCode::kNotFound: return {"git_missing", words};
    case absl::StatusCode::kUnavailable: return {"remote_unreachable", words};
    default: return {"git_failed", words};
  }
}

}  // namespace

GitPlan GitPlanner::Plan(const ReleaseStep& step) {
  GitPlan plan;
  const RepoConfig& repo = *config_.FindRepo(config_.FindService(step.service)->repo);
  const Status status = Fill(repo, step, &plan);
  if (!status.ok()) plan.refusal = HoldOf(status);
  return plan;
}

Status GitPlanner::Fill(const RepoConfig& repo, const ReleaseStep& step, GitPlan* plan) {
  auto remote = remotes_.find(repo.name);
  if (remote == remotes_.end()) remote = remotes_.emplace(repo.name, CheckRemote(repo, git_)).first;
  if (!remote->second.ok()) return remote->second.status();
  const RemoteCheck& check = *remote->second;
  if (check.branch_head.empty()) {
    plan->refusal = Hold{"no_branch", check.detail};
    return OkStatus();
  }
  plan->target_head = heads_.try_emplace(repo.name, check.branch_head).first->second;
  auto pinned = PinRevision(repo, step, git_);
  if (!pinned.ok()) return pinned.status();
  if (auto* refusal = std::get_if<Hold>(&*pinned)) {
    plan->refusal = std::move(*refusal);
    return OkStatus();
  }
  plan->source_head = std::get<std::string>(*std::move(pinned));
  // Of a pull request the forge pushes.
  if (step.promote.by == PromoteBy::kMerge && !check.push_allowed) {
    plan->refusal = Hold{"push_not_allowed", repo.branch + ": " + check.detail};
  }
  return MakeMerge(repo, step, plan);
}

Status GitPlanner::MakeMerge(const RepoConfig& repo, const ReleaseStep& step, GitPlan* plan) {
  const CommitRange range = {.since = plan->target_head, .until = plan->source_head, .limit = kPlanCommitsMax};
  const auto commits = git_->ReadCommits(repo, range);
  if (!commits.ok()) return commits.status();
  plan->commits = static_cast<int64_t>(commits->size());
  auto lost = FindLostReverts(repo, plan->target_head, plan->source_head, git_);
  if (!lost.ok()) return lost.status();
  plan->lost_reverts = *std::move(lost);
  const std::string message = "Promote " + step.promote.source + " to " + repo.branch + ": " + step.name +
                              "\n\nPlanned for release " + file_.id + ", never pushed.";
  auto merge = git_->Merge(repo, {plan->target_head, plan->source_head, message, now_});
  if (!merge.ok()) return merge.status();
  if (merge->kind == CommitAnswer::Kind::kConflict) {
    plan->conflicts = std::move(merge->conflicts);
    plan->refusal = Hold{"conflict", Join(plan->conflicts, ", ")};
    return OkStatus();
  }
  if (merge->kind == CommitAnswer::Kind::kEmpty) return OkStatus();
  plan->merge = std::move(merge->sha);
  plan->tree = std::move(merge->tree);
  heads_[repo.name] = plan->merge;
  auto diffstat = git_->DiffStat(repo, plan->target_head, plan->merge);
  if (!diffstat.ok()) return diffstat.status();
  plan->diffstat = *std::move(diffstat);
  if (repo.protected_paths.empty()) return OkStatus();
  auto touched = git_->ChangedPaths(repo, plan->target_head, plan->merge, repo.protected_paths);
  if (!touched.ok()) return touched.status();
  plan->is_protected = *std::move(touched);
  return OkStatus();
}

}  // namespace revertd

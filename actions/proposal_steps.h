// The steps of a rollback by pull request: opened with the evidence, then watched until a person (or the forge itself)
// merges or closes it. `revertd trigger approve` merges it.
//
// Thread contract: the executor's thread. Every step may be repeated: the branch's name is made of the trigger's id,
// and a branch or pull request of it that is there already is taken up.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actions/git_steps.h"
#include "actions/step.h"

namespace revertd {

// What people read in the pull request. Pure; Markdown in which no name can forge anything.
std::string ProposalTitle(std::string_view revert_message);
std::string ProposalBody(const RollbackTrigger& trigger, std::string_view revert_message, std::string_view diffstat,
                         const std::vector<std::string>& changed_again);
// "revertd/" and the trigger's id.
std::string ProposalBranch(const RollbackTrigger& trigger);

class ProposalSteps {
 public:
  // The forge is asked this often whether it was merged: a person's decision, and limits are per hour.
  static constexpr DurationNs kPollEvery = 20 * kSecondNs;
  // Polls until a merge that the forge tells of must be on the branch that git shows.
  static constexpr int kMergeChecksMax = 6;

  ProposalSteps(const ExecutorTools& tools, GitSteps* git) : tools_(tools), git_(git) {}

  StatusOr<StepAnswer> Propose(const RollbackTrigger& trigger, const RepoConfig& repo);
  StatusOr<StepAnswer> AwaitMerge(const RollbackTrigger& trigger, const RepoConfig& repo, Route route, TimeNs begun_ns);
  // A draft that brings the change back, for its author to mend. A kindness: whatever happens, the rollback goes on.
  StatusOr<StepAnswer> OfferReapply(const RollbackTrigger& trigger, const RepoConfig& repo);

 private:
  struct Branch {
    std::string sha;  // of the remote's branch, read back
    std::optional<Hold> hold;
  };
  StatusOr<std::optional<Branch>> TakeUpBranch(const RollbackTrigger& trigger, const RepoConfig& repo);
  StatusOr<Branch> PushBranch(const RollbackTrigger& trigger, const RepoConfig& repo, const RevertPlan& plan);
  StatusOr<StepAnswer> OpenRequest(const RollbackTrigger& trigger, const RepoConfig& repo, const RevertPlan& plan,
                                   const std::string& sha, Forge* forge);
  StatusOr<StepAnswer> Opened(const RollbackTrigger& trigger, const RepoConfig& repo, const PullRequest& request,
                              const std::string& sha, Forge* forge);
  std::string Decorate(const RollbackTrigger& trigger, const ForgeConfig& config, int64_t number, Forge* forge);
  // A pull request of ours that waits for its merge.
  struct Open {
    int64_t number = 0;
    std::string sha;  // what we have put there
    Route route = Route::kPropose;
    TriggerState state = TriggerState::kProposed;  // of the trigger, now
    TimeNs begun_ns = 0;
  };
  StatusOr<StepAnswer> Poll(const RollbackTrigger& trigger, const RepoConfig& repo, const Open& open);
  StatusOr<StepAnswer> VerifyMerge(const RollbackTrigger& trigger, const RepoConfig& repo, const PullRequest& request,
                                   const std::string& ours);
  StatusOr<StepAnswer> Approve(const RepoConfig& repo, const PullRequest& request, const std::string& ours,
                               Forge* forge);
  StatusOr<StepAnswer> Expire(const RepoConfig& repo, const PullRequest& request, bool approved, Forge* forge);

  const ExecutorTools& tools_;
  GitSteps* const git_;
  StatusOr<std::string> Reapply(const RollbackTrigger& trigger, const RepoConfig& repo, Forge* forge);

  std::map<std::string, TimeNs, std::less<>> next_poll_ns_;  // by trigger
  std::map<std::string, int, std::less<>> merges_not_seen_;  // by trigger: polls
};

}  // namespace revertd

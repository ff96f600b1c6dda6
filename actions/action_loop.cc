#include "actions/action_loop.h"

#include <algorithm>
#include <vector>

namespace revertd {

ActionLoop::ActionLoop(const Config& config, StateStore* state, ExecutorStore* journal, RevertExecutor* executor,
                       const Clock* /*clock*/)
    : config_(config), state_(state), journal_(journal), executor_(executor) {}

// A proposed one waits for `trigger approve`; as a pull request where there is a forge.
bool ActionLoop::MayBegin(const RollbackTrigger& trigger) const {
  if (trigger.state == TriggerState::kPending) return true;
  const RepoConfig* repo = config_.FindRepo(trigger.repo);
  const ServiceConfig* service = config_.FindService(trigger.service);
  return trigger.state == TriggerState::kProposed && repo != nullptr && repo->forge && service != nullptr &&
         service->rollback == RollbackBy::kRevert;
}

StatusOr<bool> ActionLoop::RunOnce() {
  StatusOr<std::vector<RollbackTrigger>> triggers = state_->ReadTriggers();
  if (!triggers.ok()) return triggers.status();
  StatusOr<std::vector<std::string>> journalled = journal_->ReadTriggerIds();
  if (!journalled.ok()) return journalled.status();
  const auto begun = [&journalled](const RollbackTrigger& trigger) {
    return std::find(journalled->begin(), journalled->end(), trigger.id) != journalled->end();
  };

  // Begun ones first: each holds its repo until it ends.
  std::stable_partition(triggers->begin(), triggers->end(), begun);
  std::set<std::string> busy_repos;
  bool advanced = false;
  Status first_failure;
  for (const RollbackTrigger& trigger : *triggers) {
    if (ended_.contains(trigger.id)) continue;
    // One that was begun goes on whatever else the repo does; a dismissed one is ended by its guards.
    if (!begun(trigger) && (busy_repos.contains(trigger.repo) || !MayBegin(trigger))) continue;
    StatusOr<RevertExecutor::Progress> progress = executor_->Advance(trigger);
    // To where it waits, so that what others' remotes and forges take is waited for once and not at every step.
    for (int step = 1; step < kStepsAtOnce && progress.ok() && *progress == RevertExecutor::Progress::kAdvanced;
         ++step) {
      advanced = true;
      progress = executor_->Advance(trigger);
    }
    if (progress.ok() && *progress == RevertExecutor::Progress::kEnded) {
      ended_.insert(trigger.id);
      continue;
    }
    // One that waits for a person, perhaps for days, holds up no other.
    if (!progress.ok() || *progress != RevertExecutor::Progress::kParked) busy_repos.insert(trigger.repo);
    if (!progress.ok()) {
      if (first_failure.ok()) first_failure = progress.status();
    } else if (*progress == RevertExecutor::Progress::kAdvanced) {
      advanced = true;
    }
  }
  if (!first_failure.ok()) return first_failure;
  return advanced;
}

}  // namespace revertd

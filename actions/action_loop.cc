#include "actions/action_loop.h"

#include <algorithm>
#include <vector>

namespace revertd {

ActionLoop::ActionLoop(const Config& /*config*/, StateStore* state, ExecutorStore* journal, RevertExecutor* executor,
                       const Clock* /*clock*/)
    : state_(state), journal_(journal), executor_(executor) {}

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
    if (ended_.contains(trigger.id) || busy_repos.contains(trigger.repo)) continue;
    // A proposed one waits for a person; a dismissed one that was begun is ended by its guards.
    if (!begun(trigger) && trigger.state != TriggerState::kPending) continue;
    StatusOr<RevertExecutor::Progress> progress = executor_->Advance(trigger);
    if (progress.ok() && *progress == RevertExecutor::Progress::kEnded) {
      ended_.insert(trigger.id);
      continue;
    }
    busy_repos.insert(trigger.repo);
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

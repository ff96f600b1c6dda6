// ActionLoop: which trigger is advanced when. Unfinished ones of the journal come first; one is in flight for each
// repo, from its first journal row to its last, but for those that wait for a person to merge a pull request.
//
// Thread contract: one thread, the executor's. RunOnce never waits for anything but git and the disk.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "actions/revert_executor.h"
#include "base/clock.h"
#include "base/status.h"
#include "config/config.h"
#include "store/executor_store.h"
#include "store/state_store.h"

namespace revertd {

class ActionLoop {
 public:
  ActionLoop(const Config& config, StateStore* state, ExecutorStore* journal, RevertExecutor* executor,
             const Clock* clock);

  // More than a rollback has steps.
  static constexpr int kStepsAtOnce = 16;

  // Advances every trigger that may run to where it waits. true: something advanced, call again at once; false:
  // nothing to do now. A failed status is the first of this round; the other triggers were served all the same, and
  // the failed one is tried again later.
  StatusOr<bool> RunOnce();

 private:
  bool MayBegin(const RollbackTrigger& trigger) const;

  const Config config_;
  StateStore* const state_;
  ExecutorStore* const journal_;
  RevertExecutor* const executor_;
  std::set<std::string, std::less<>> ended_;  // known to need nothing more, so that their journal is not read again
};

}  // namespace revertd

// What the executor's tests share: both real stores in a sandbox, a sidecar played by the test, and a run to the end.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actions/action_loop.h"
#include "actions/revert_executor.h"
#include "store/executor_store.h"
#include "store/state_store.h"
#include "tests/actions/sandbox.h"

namespace revertd {

class RecordedEvents final : public ExecutorEvents {
 public:
  void OnStep(const ExecutorEvent& event) override { events.push_back(event); }
  std::vector<ExecutorEvent> events;
};

// Both stores, opened as the sidecar (owner of state.db) and the executor (owner of executor.db) do.
struct Stores {
  std::unique_ptr<StateStore> sidecar;
  std::unique_ptr<StateStore> state;
  std::unique_ptr<ExecutorStore> journal;
};
Stores OpenStores(const Sandbox& sandbox);

// Plays the sidecar: takes its inbox; the SHA of a prepared revert that stands on the remote, or that a command of ours
// has deployed, becomes a finished deploy and a recovery of that state.
void PlaySidecar(Sandbox* sandbox, StateStore* state, const RollbackTrigger& trigger, RecoveryState recovery,
                 TimeNs now_ns);

// Runs a loop until the trigger's journal says nothing more will happen, or `rounds_max` rounds have passed; plays the
// sidecar and advances the clock in between.
void RunToTheEnd(Sandbox* sandbox, const RollbackTrigger& trigger, const Config& config, Git* git, TestClock* clock,
                 ExecutorEvents* events, const FaultPoint& fault_point, int rounds_max,
                 const ExecutorOutside& outside = {}, const std::function<void()>& between_rounds = nullptr);

// "STEP OUTCOME" of every row, in order.
std::vector<std::string> Outcomes(const Sandbox& sandbox, const std::string& trigger_id);

}  // namespace revertd

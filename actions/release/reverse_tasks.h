// The tasks of the way back: a step is undone, production says so, and at the end what was undone has recovered.
//
// A git step is undone by the executor of rollbacks (revert_executor.h) under the trigger id that the sidecar itself
// would use: whoever reverts first, the other adopts it. Its own rows stand in the same journal under that id.
//
// Thread contract: the runner's.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "actions/release/deploy_tasks.h"
#include "actions/release/release_tasks.h"
#include "actions/release/release_tools.h"
#include "actions/revert_executor.h"

namespace revertd {

// What a reverse task needs of the rows forward.
struct ReverseOrder {
  const ReleaseStep* step = nullptr;
  Promotion promotion;
  ReleaseBreach breach;
  TimeNs breached_ns = 0;
  Evidence evidence;  // of the broken step's verdict; without a signal: it has none
};

class ReverseTasks {
 public:
  // The detector's word on a recovery comes within its observation; beyond that plus this much, nobody watches.
  static constexpr DurationNs kRecoverySlack = 5 * kMinuteNs;
  // More than a rollback has steps.
  static constexpr int kStepsAtOnce = 16;
  // A pull request that undoes a step and is open for longer is a person's.
  static constexpr DurationNs kMergedSoon = 5 * kMinuteNs;

  // events: of the executor's own rows. fault_point: as RevertExecutor's, names "STEP/reversed:ROW.PLACE".
  ReverseTasks(const ReleaseTools& tools, ExecutorEvents* events, FaultPoint fault_point);

  // "done"; "irreversible"; "command_failed"; or the executor's own reason.
  StatusOr<TaskAnswer> Reverse(const ReverseOrder& order, bool is_resumed);
  // "done"; "command_not_undone"; or as DeployTasks.
  StatusOr<TaskAnswer> Verify(const ReverseOrder& order, TimeNs begun_ns, bool is_resumed);
  // Of the step that broke, by its evidence: "done", "not_recovered" or "undecided". Of any other "done".
  StatusOr<TaskAnswer> AwaitRecovery(const ReverseOrder& order, TimeNs begun_ns);

  RollbackTrigger TriggerOf(const ReverseOrder& order) const;
  Status TellSidecar(const RollbackTrigger& trigger);

 private:
  StatusOr<TaskAnswer> Revert(const ReverseOrder& order, bool is_resumed);
  StatusOr<TaskAnswer> RunCommand(const ReverseOrder& order, bool is_resumed);
  Status AcceptAsProposal(const RollbackTrigger& trigger);
  // What the branch holds without what was promoted, whoever undid it: their revert, or else its head. Empty: no
  // branch.
  StatusOr<std::string> FindUndone(const ReverseOrder& order);
  // The rollback's row of its last step that is not done is opened again, where a person asks for another try.
  Status TryAgain(const RollbackTrigger& trigger);

  const ReleaseTools& tools_;
  DeployTasks deploy_;
  std::string step_at_hand_;
  std::set<std::string, std::less<>> told_;                  // triggers that the sidecar was told of
  std::set<std::string, std::less<>> tried_again_;           // triggers, once in a process's life
  std::set<std::string, std::less<>> asked_whether_undone_;  // resumed commands whose `verify` said no
  RevertExecutor executor_;
};

}  // namespace revertd

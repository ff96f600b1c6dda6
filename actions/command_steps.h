// The steps that touch production: the drain command, the version command, the deploy of the revert (seen, or by the
// deploy command), and the detector's word on what followed.
//
// Thread contract: the executor's thread. Commands run beside it (command_runner.h), so every step here answers at
// once.
#pragma once

#include <set>
#include <string>

#include "actions/git_steps.h"
#include "actions/step.h"

namespace revertd {

class CommandSteps {
 public:
  // The detector's word comes within its observation; beyond that plus this much, nobody watches any more.
  static constexpr DurationNs kRecoverySlack = 30 * kMinuteNs;

  CommandSteps(const ExecutorTools& tools, GitSteps* git) : tools_(tools), git_(git), started_ns_(tools.clock->Now()) {}

  // What a failing drain says stands in the detail; it never keeps a broken version in production.
  StatusOr<StepAnswer> Drain(const RollbackTrigger& trigger, const RepoConfig& repo, Route route, TimeNs begun_ns);
  StatusOr<StepAnswer> SwitchVersion(const RollbackTrigger& trigger, const RepoConfig& repo, TimeNs begun_ns);
  StatusOr<StepAnswer> AwaitDeploy(const RollbackTrigger& trigger, Route route, TimeNs begun_ns);
  StatusOr<StepAnswer> AwaitRecovery(const RollbackTrigger& trigger, TimeNs begun_ns);

 private:
  CommandWords WordsFor(const RollbackTrigger& trigger, std::string_view good) const;
  // Runs it, and tells the sidecar of a deploy of `good` at its begin and its end.
  StatusOr<StepAnswer> Deploy(const RollbackTrigger& trigger, const CommandConfig& command, std::string_view good);
  Status TellOfDeploy(const RollbackTrigger& trigger, std::string_view good, bool finished);
  // Everything is asked before the first run; of a run that an earlier process began, whose half may be done, only what
  // stops any act.
  StatusOr<std::optional<Hold>> MayRun(const RollbackTrigger& trigger, const RepoConfig& repo, Route route,
                                       TimeNs begun_ns);
  StatusOr<std::string> ShaInProduction(const RollbackTrigger& trigger, Route route);

  const ExecutorTools& tools_;
  GitSteps* const git_;
  const TimeNs started_ns_;                      // of this process
  std::set<std::string, std::less<>> deployed_;  // triggers whose command ended well in this process's life
};

// The id of the deploy that a command of ours makes.
std::string RollbackDeployId(const RollbackTrigger& trigger);

}  // namespace revertd

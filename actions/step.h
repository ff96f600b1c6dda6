// What the steps of a rollback have in common: their answers, the tools they act with, and which step follows which.
// The steps themselves: git_steps.h (plan, revert, push), proposal_steps.h (pull requests), command_steps.h (the user's
// own commands, and waiting for production).
//
// Thread contract: NextStep and its neighbours are pure; the tools belong to the executor's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "actions/command_runner.h"
#include "actions/forge.h"
#include "actions/git.h"
#include "base/clock.h"
#include "base/status.h"
#include "base/trigger.h"
#include "config/config.h"
#include "store/executor_store.h"
#include "store/state_store.h"

namespace revertd {

inline constexpr std::string_view kDone = "done";
// The one outcome beside it after which it may go on: as a pull request.
inline constexpr std::string_view kPushRejected = "push_rejected";

// What stands in front of a status that a forge and not git has answered: FailureOf names the outcome by it.
inline constexpr std::string_view kForge = "the forge";

// How a rollback reaches production. Chosen when the trigger is accepted and kept in that row, so that no change of the
// configuration turns a rollback that is under way into another kind.
enum class Route {
  kPush,     // a revert, pushed to the branch
  kPropose,  // a revert, as a pull request
  kVersion,  // the last good version, by the user's command
};
std::string_view NameOf(Route route);
std::optional<Route> RouteNamed(std::string_view name);

// In their order.
std::vector<std::string_view> StepsOf(Route route);
// Of accepted; a trigger that is not accepted yet, or by an older version of the program, is pushed.
Route RouteOf(const std::vector<JournalRow>& rows);
// The step that is due: the furthest that has a row, if it is not finished, else the one after it. nullopt: the
// rollback has ended. Steps before it without a row are of a later version of the program than the one that passed
// there. A push that the remote refused goes on as a proposal where the row of that was begun with the push's end.
std::optional<std::string_view> NextStep(const std::vector<JournalRow>& rows);
const JournalRow* FindRow(const std::vector<JournalRow>& rows, std::string_view step);  // nullptr: it has none

struct Finished {
  std::string outcome;  // kDone: the next step follows; else a named reason, and the rollback ends
  std::string detail;
};
struct Waiting {
  bool for_a_person = false;  // perhaps for days: others of the repo need not wait
};
using StepAnswer = std::variant<Finished, Waiting>;

using OpenForge = std::function<StatusOr<std::unique_ptr<Forge>>(const ForgeConfig&)>;

struct ExecutorTools {
  const Config* config;
  StateStore* state;
  ExecutorStore* journal;
  Git* git;
  const Clock* clock;
  OpenForge open_forge;     // empty: no forge can be reached
  CommandRunner* commands;  // nullptr: no command can be run
};

// The verified row of the revert that a rollback has made, its detail the commit; nullopt: it has made none.
StatusOr<std::optional<JournalRow>> ReadRevert(const ExecutorStore& journal, std::string_view trigger_id);
// The detail of a step that is done.
StatusOr<std::string> DetailOf(const ExecutorTools& tools, const RollbackTrigger& trigger, std::string_view step);
// A deploy of `sha` is this trigger's rollback; durable in the sidecar's inbox before it returns.
Status TellSidecar(const ExecutorTools& tools, const RollbackTrigger& trigger, std::string_view sha);

}  // namespace revertd

// RunDryRelease: what a release would meet now: every merge made in the private mirror and undone again, every push
// rehearsed, every question put once. Nothing is journalled, no store is written, no command of a promotion runs.
//
// Thread contract: one thread, that of the tools. It takes as long as the questions do.
#pragma once

#include <functional>
#include <string>

#include "actions/release/release_plan.h"
#include "actions/release/step_watch.h"
#include "actions/running_revision.h"
#include "base/clock.h"
#include "base/status.h"

namespace revertd {

struct DryRunTools {
  PlanTools plan;
  RunningRevision* running;
  AskHealth ask_health;
  std::vector<std::string> command_environment;  // of the conditions; without secrets
};

// One JSON object, {"event":"dry_run","step","task",...}. Tasks forward: "schedule" (earliest_ns: by the windows'
// minima, soaks and freeze windows, as if nobody had to approve), "promote", "push", "verify", "running", "health",
// "condition", "verdict"; then on the way back, the newest step first, "reverse".
using DryRunAccept = std::function<Status(const std::string& json)>;

// true: everything that can be tried now went well. `plan` is of the same tools.
StatusOr<bool> RunDryRelease(const DryRunTools& tools, const ReleasePlan& plan, TimeNs now, const DryRunAccept& accept);

}  // namespace revertd

// The guards that need the repository or the executor's own journal: asked when the revert is planned and again right
// before the push. Those that need traffic, mode and limits alone are analysis/gate's; what both could ask is asked
// again here, because the executor treats a trigger as a request from outside.
//
// Thread contract: AskGuards and RefuseRequest are pure. ReadKillSwitch looks at the file system.
// All guards fail closed: a fact that could not be read is a reason to hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "actions/revert_plan.h"
#include "base/clock.h"
#include "base/trigger.h"
#include "config/config.h"

namespace revertd {

// A named reason for not acting, and what a person needs beside it.
struct Hold {
  std::string reason;
  std::string detail;
};

// Whether the request is one that this executor serves at all: bad_trigger_id, service_not_configured,
// repo_not_configured, repo_of_another_service, bad_revision, bad_remote, mode_does_not_act.
std::optional<Hold> RefuseRequest(const RollbackTrigger& trigger, const Config& config);

enum class KillSwitch { kOff, kOn, kUnreadable };
// The file exists: on. Only its clean absence is off. An empty path means that none is configured: off.
KillSwitch ReadKillSwitch(const std::string& path);

struct GuardFacts {
  KillSwitch kill_switch = KillSwitch::kUnreadable;
  bool dismissed = false;  // a person said no since
  TimeNs now_ns = 0;
  TimeNs deploy_finish_ns = 0;  // of a person's own rollback: when it was asked for; 0: of any age
  int64_t pushes_today = 0;     // pushed in the 24 hours before now
  bool automatic = true;        // a detector's trigger, not a person's own
};

// In this order: kill_switch, kill_switch_unreadable, dismissed, deploy_too_old, pushes_per_day, then the plan's own
// refusal.
std::optional<Hold> AskGuards(const GuardFacts& facts, const GuardConfig& limits, const PlanAnswer& plan);

}  // namespace revertd

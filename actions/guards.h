// The guards that need the repository, the forge or the executor's own journal: asked when the revert is planned and
// again right before the act. Those that need traffic, mode and limits alone are analysis/gate's; what both could ask
// is asked again here, because the executor treats a trigger as a request from outside.
//
// Thread contract: AskGuards, IsFixed and RefuseRequest are pure. ReadKillSwitch looks at the file system.
// All guards fail closed: a fact that could not be read is a reason to hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actions/revert_plan.h"
#include "base/clock.h"
#include "base/sinks.h"
#include "base/trigger.h"
#include "config/config.h"

namespace revertd {

// A named reason for not acting, and what a person needs beside it.
struct Hold {
  std::string reason;
  std::string detail;
};

// Whether the request is one that this executor serves at all: bad_trigger_id, service_not_configured,
// repo_not_configured, repo_of_another_service, bad_revision, bad_remote, mode_does_not_act, repo_alert_only.
std::optional<Hold> RefuseRequest(const RollbackTrigger& trigger, const Config& config);

enum class KillSwitch { kOff, kOn, kUnreadable };
// The file exists: on. Only its clean absence is off. An empty path means that none is configured: off.
KillSwitch ReadKillSwitch(const std::string& path);

// Requests and errors of the service, of all ages, in the newest seconds of the bad version.
struct RecentErrors {
  int64_t requests = 0;
  int64_t errors = 0;
};
RecentErrors SumOf(const std::vector<SecondCounts>& seconds);
// Whether the errors are over: their rate is back within the practical null, and so few of them had a chance below
// 1 % (Poisson) even at the lower end of what the evidence says. Only of the signal "errors" of a whole service; any
// other is never called fixed.
bool IsFixed(const Evidence& evidence, const RecentErrors& recent);

struct GuardFacts {
  KillSwitch kill_switch = KillSwitch::kUnreadable;
  bool dismissed = false;  // a person said no since
  TimeNs now_ns = 0;
  TimeNs deploy_finish_ns = 0;  // of a person's own rollback: when it was asked for; 0: of any age
  bool proposes = false;        // by a pull request, which a person looks at
  bool reverts = true;          // commits of the branch; false: the last good version is deployed again
  int64_t pushes_today = 0;     // pushed or switched in the 24 hours before now
  int64_t proposals_today = 0;  // the same, of pull requests
  bool automatic = true;        // IsAutomatic
  std::string overdue;          // trigger of a post-mortem of this service that is past its due date; empty: none
  std::string opted_out;        // a pull request of the deploy that has the opt-out label; empty: none
  std::string persons_revert;   // a pull request of somebody that reverts it, open or given up; empty: none
  std::string newer_deploy;     // of the service, begun after the guilty one; empty: none
  RecentErrors recent;
  Evidence evidence;
};

// What stops any act at any moment: kill_switch, kill_switch_unreadable, dismissed.
std::optional<Hold> AskHardStops(const GuardFacts& facts, const GuardConfig& limits);

// In this order: kill_switch, kill_switch_unreadable, dismissed, deploy_too_old, pushes_per_day or proposals_per_day,
// post_mortem_overdue, opted_out_label, revert_in_flight_by_person, already_fixed, newer_deploy (of a version), then
// the plan's own refusal, then merged_dependants (of a push). A person's own rollback is asked the first four and the
// plan's.
std::optional<Hold> AskGuards(const GuardFacts& facts, const GuardConfig& limits, const PlanAnswer& plan);

}  // namespace revertd

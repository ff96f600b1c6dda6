// What runs against what was deployed: which revisions a service may run, by the deploys that are known.
//
// Pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actions/drift/drift_finding.h"
#include "base/clock.h"
#include "base/deploy.h"

namespace revertd {

// A deploy that did not end for longer is none that is under way any more.
inline constexpr DurationNs kUnderWayMax = 24 * kHourNs;

struct DeployedState {
  // The finished one that finished last; none where that one has no head. A guessed one only where all are: a push to
  // a repo of many services is told of for each of them, and most do not get it.
  std::optional<Deploy> newest;
  // Heads: the newest's, and while a deploy is under way those before and after it; and the guessed ones since then.
  std::vector<std::string> may_run;
  bool may_run_any = false;  // one of these has no head (a version, or what a command undid), so nothing is compared
};
// deploys: of all services, oldest first. Under way is what has begun within kUnderWayMax and not finished, or finished
// less than `grace` ago.
DeployedState DeployedStateOf(const std::vector<Deploy>& deploys, std::string_view service, TimeNs now_ns,
                              DurationNs grace);

// nullopt: it may run that.
std::optional<DriftFinding> JudgeRunning(std::string_view service, std::string_view running,
                                         const DeployedState& state);
DriftFinding RunningUnknown(std::string_view service, std::string_view why);
// The newest deploy's head is not on the branch.
DriftFinding DeployedNotOnBranch(const Deploy& deploy, std::string_view branch);

}  // namespace revertd

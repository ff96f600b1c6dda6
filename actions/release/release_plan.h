// PlanRelease: what a release would do, step by step and back, and every reason that is known now why it could not.
// Nothing is changed but the private mirrors.
//
// Thread contract: one thread, that of the tools.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actions/git.h"
#include "actions/release/freeze.h"
#include "actions/step.h"
#include "base/clock.h"
#include "base/status.h"
#include "config/config.h"
#include "config/release.h"
#include "store/executor_store.h"
#include "store/state_store.h"

namespace revertd {

struct PlannedStep {
  const ReleaseStage* stage = nullptr;
  const ReleaseStep* step = nullptr;
  // Of git alone; empty of a command.
  std::string repo = {};
  std::string branch = {};
  std::string source = {};
  std::string source_head = {};             // what would be promoted
  std::string target_head = {};             // onto what: the branch after the release's earlier steps
  std::string merge = {};                   // the commit that was made in the mirror; empty: none
  std::string tree = {};                    // its tree
  std::vector<std::string> conflicts = {};  // paths
  int64_t commits = 0;
  std::string diffstat = {};
  bool nothing_to_promote = false;
  // For people: one line an action.
  std::vector<std::string> promote = {};
  std::vector<std::string> inverse = {};
  std::string guard = {};
};

struct PlanProblem {
  std::string step;    // empty: of the whole release
  std::string reason;  // named
  std::string detail;

  bool operator==(const PlanProblem&) const = default;
};

// Refusals: git_missing, git_failed, remote_unreachable, no_branch, push_not_allowed, revision_not_found,
// revision_not_on_source, conflict, missing_inverse, missing_credentials, no_forge, forge_unreachable,
// program_not_found, sidecar_not_running, rollback_under_way, deploy_under_way, other_release, kill_switch.
// Warnings: lost_reverts, protected_path, nothing_to_promote, irreversible, watched_by_time_alone, taken_for_deployed,
// frozen, missing_credentials (of a channel).
struct ReleasePlan {
  std::vector<PlannedStep> steps;          // in their order
  std::vector<std::string> reverse_order;  // what is undone where the last step breaks, in that order
  std::vector<std::string> irreversible;   // steps
  std::vector<PlanProblem> refusals;
  std::vector<PlanProblem> warnings;
  std::optional<Frozen> frozen;
};

// All outlive the call.
struct PlanTools {
  const Config* config;
  const ReleaseFile* file;
  const StateStore* state;        // nullptr: no sidecar has made it yet
  const ExecutorStore* executor;  // the executor's own journal; nullptr: there is none yet
  Git* git;
  OpenForge open_forge;                  // empty: no forge can be reached
  std::vector<std::string> environment;  // in which programs are looked up
};

// A deploy that began longer ago than this and has no end is one that nobody finished.
inline constexpr DurationNs kDeployUnderWayMax = kHourNs;

// A failed status: a store cannot be read.
StatusOr<ReleasePlan> PlanRelease(const PlanTools& tools, TimeNs now);

}  // namespace revertd

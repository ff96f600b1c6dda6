// DryRunRevert: the same plan and the same revert without journal and push, for `revertd revert --dry-run`; and
// CheckRemote, for `revertd check`. Both use the private mirror, so they also warm it.
//
// Thread contract: one thread for each Git. Nothing leaves the machine but questions.
#pragma once

#include <string>
#include <vector>

#include "actions/git.h"
#include "actions/revert_plan.h"
#include "base/clock.h"
#include "base/status.h"
#include "base/trigger.h"
#include "config/config.h"

namespace revertd {

struct DryRun {
  std::string refusal;  // empty: it would be done; else the named reason, also "conflict" and "empty_change"
  std::string detail;
  RevertPlan plan;   // where there is one
  std::string tree;  // of the revert; its commit would differ in one trailer, the audit trail's head
  std::string diffstat;
};
StatusOr<DryRun> DryRunRevert(const Config& config, const RollbackTrigger& trigger, Git* git, const Clock* clock);

struct RemoteCheck {
  std::string git_version;
  std::string branch_head;    // empty: the remote has no such branch
  bool push_allowed = false;  // as far as a rehearsal can tell: hooks of the remote have not run
  std::string detail;         // not allowed: the remote's words
};
// A failed status: git is missing or the remote cannot be reached.
StatusOr<RemoteCheck> CheckRemote(const RepoConfig& repo, Git* git);

}  // namespace revertd

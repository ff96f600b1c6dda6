// Whether a commit that a rollback undid is back on the branch while it is locked out. What a rollback undid is until
// its post-mortem is closed; what a release undid, of which there is none, until somebody deploys it knowingly.
// LockWatch (actions/lock_watch.h) tells of the deploy that brings the former back; this of the branch, before anybody
// deploys it.
//
// Pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actions/drift/drift_finding.h"
#include "actions/git.h"
#include "base/clock.h"
#include "base/deploy.h"

namespace revertd {

struct UndoneCommit {
  std::string trigger_id;
  std::string service;
  std::string repo;
  std::string commit;           // the guilty revision
  std::string revert;           // full SHA, verified on the branch when it was pushed or merged
  bool has_post_mortem = true;  // open; else a release undid it
  TimeNs undone_ns = 0;         // when the revert was verified
};

struct BranchHolds {
  bool commit = false;
  bool revert = false;
  std::vector<GitCommit> since_revert;  // newest first; where it holds both
};

// The commit that brought it back: the standing revert of its revert; where the branch lost the revert, it itself.
// nullopt: it is not back.
std::optional<std::string> BroughtBackBy(const UndoneCommit& undone, const BranchHolds& holds);
// Whether such a deploy, where it holds the commit that brought it back, says that it is back on purpose.
bool EndsLock(const Deploy& deploy, const UndoneCommit& undone);
DriftFinding ReturnedCommit(const UndoneCommit& undone, const std::string& by, std::string_view branch);

}  // namespace revertd

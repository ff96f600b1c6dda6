// RevertPlan: what a rollback of one deploy does to the branch, and the state that it expects there; and PlanRevert,
// the pure planner. ReadPlanFacts is the rim that asks git.
//
// Thread contract: PlanRevert is a pure function; ReadPlanFacts is bound to its Git.
// Invariants of a plan: 1. it is made for exactly one head of the branch; 2. its commits are the deploy's line from
// head back to base, newest first, or those of the line that are the failing service's, where the others change no path
// of theirs; 3. a merge keeps the side that holds the base, found in
// the history and not assumed to be the first parent; 4. the message carries the trigger's id.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "actions/git.h"
#include "base/trigger.h"

namespace revertd {

// A deploy of more commits than this is no single change that a machine should undo.
inline constexpr size_t kRangeCommitsMax = 500;
// Commits read on top of the deploy to find what undid it already; a branch that moved on further is a person's case.
inline constexpr size_t kCommitsSinceMax = 5000;

// What one commit of the line changes, against the side that stays.
struct LineChange {
  std::string sha;
  std::vector<std::string> paths;
  bool of_service = false;  // one of them is the failing service's
};

struct PlanFacts {
  std::string branch;
  std::string branch_head;  // empty: the remote has no such branch
  std::string base;         // full; empty: not found, or none was given and the head has no parent
  std::string head;         // full; empty: not found
  bool head_on_branch = false;
  bool base_before_head = false;                 // base is an ancestor of head, or head itself
  std::vector<GitCommit> range;                  // all of base..head, newest first, at most kRangeCommitsMax + 1
  std::vector<GitCommit> since;                  // all of head..branch_head, newest first, at most kCommitsSinceMax + 1
  std::vector<std::string> descendants_of_base;  // those of `range` that hold the base
  // Of `range`: (commit, the older commit that it undid), each verified to be in the base's history.
  std::vector<std::pair<std::string, std::string>> reverts_in_range;
  std::vector<std::string> protected_touched;  // by commits of `range`
  // Of every commit from head to base, where the service has paths of its own in the repo and there are several.
  std::vector<LineChange> changes;
  MixedRange mixed_range = MixedRange::kWhole;
  std::vector<std::string> changed_again;  // paths that the range changed, and commits since then too
  std::string audit_head;                  // "SEQ:HASH" of the trigger's own row; empty: no trailer
};

struct RevertPlan {
  std::string trigger_id;
  std::string branch;
  std::string head;                        // the guilty revision, full
  RevertOrder order;                       // order.onto is the head of the branch that the plan expects
  std::vector<std::string> left_alone;     // commits of the range that are not the service's, provably apart
  std::vector<std::string> changed_again;  // PlanFacts::changed_again
};

// A named reason for not doing it: branch_not_found, commit_not_on_branch, base_not_in_history, empty_range,
// range_too_long, history_too_long, already_reverted, is_a_revert, opted_out, protected_path, range_not_of_service,
// range_not_apart.
struct PlanRefusal {
  std::string reason;
  std::string detail;
};

// The branch holds this trigger's revert already: it was pushed before, and the answer was lost.
struct PlanAdoption {
  std::string sha;
};

using PlanAnswer = std::variant<RevertPlan, PlanRefusal, PlanAdoption>;

PlanAnswer PlanRevert(const RollbackTrigger& trigger, const PlanFacts& facts);

// What ReadPlanFacts is told beside the trigger.
struct PlanRequest {
  std::string branch_head = {};                 // what FetchBranch answered; empty for no branch
  std::vector<std::string> service_paths = {};  // ServiceConfig::paths
  std::string audit_head = {};
};
// The trigger's revisions are valid (IsRevision).
StatusOr<PlanFacts> ReadPlanFacts(const RollbackTrigger& trigger, const RepoConfig& repo, const PlanRequest& request,
                                  Git* git);

// A detector's trigger and not a person's own: only the former obeys footers, labels, protected paths and limits.
bool IsAutomatic(const RollbackTrigger& trigger);
// The commits that `message` says it undoes: git's own "This reverts commit SHA" and our trailer "Reverts: SHA".
std::vector<std::string> RevertedBy(std::string_view message);
// The newest of `commits` (newest first) that says it undoes `sha`, and that none of them undid in its turn: a revert
// of a revert brings the commit back. nullptr: none.
const GitCommit* FindStandingRevert(const std::vector<GitCommit>& commits, std::string_view sha);
// Whether `message` has the trailer line "Revertd-Trigger: ID".
bool HasTriggerTrailer(std::string_view message, std::string_view trigger_id);
// The commit message of a revert of `line` (newest first), which must not be empty.
std::string RevertMessage(const RollbackTrigger& trigger, const std::vector<GitCommit>& line,
                          const std::vector<RevertStep>& steps, std::string_view audit_head);

}  // namespace revertd

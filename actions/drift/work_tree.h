// WorkTree: a checkout that production runs from, asked by the real git, and left exactly as it is: no index is
// refreshed, no lock taken, no object fetched, no program of its configuration run (hooks, fsmonitor, filters).
//
// Thread contract: one object, one thread. Every run has a time limit.
#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actions/git.h"
#include "actions/process.h"
#include "base/status.h"

namespace revertd {

struct ChangedPath {
  std::string state;  // "changed", "staged", "staged and changed", "unmerged", "untracked"
  std::string path;   // from the work tree's root, as git has it; an untracked folder ends in /

  bool operator==(const ChangedPath&) const = default;
};

struct WorkTreeFacts {
  std::string path;
  std::string head;                     // full SHA; empty: no commit yet
  std::string branch;                   // empty: HEAD is no branch
  std::vector<std::string> operations;  // under way: "rebase", "merge", ...
  std::vector<ChangedPath> changed;
  bool changed_cut = false;  // there are more than git may list
  // Changed on the disk alone, and in the repository in another form (git-lfs): only the program that a filter names
  // could compare them, and it is not run.
  int64_t not_compared = 0;
};

class WorkTree {
 public:
  static constexpr DurationNs kTimeLimit = kMinuteNs;

  // environment: of this process; scrubbed here. stop: may be null; true: the time of every run is over.
  WorkTree(std::string path, const std::vector<std::string>& environment, const std::atomic<bool>* stop);

  // FailedPrecondition: no such folder, not the root of a work tree, not ours (git's safe.directory), or git could not
  // read it; in git's words. NotFound: git is not installed.
  StatusOr<WorkTreeFacts> Read();
  // The newest commits that its HEAD holds.
  StatusOr<std::vector<GitCommit>> ReadNewest(size_t limit);

 private:
  StatusOr<std::string> Run(std::vector<std::string> arguments, bool* cut = nullptr, std::string standard_input = "");
  StatusOr<std::string> FindGitFolder();
  Status TurnFiltersOff();
  Status LeaveOutFiltered(WorkTreeFacts* facts);

  const std::string path_;
  std::vector<std::string> environment_;
  const std::atomic<bool>* const stop_;
  std::set<std::string, std::less<>> filters_;  // by name, those that are configured
};

// Of `git status --porcelain=v2 --branch -z --no-renames`: head, branch and changed.
Status ParseWorkTreeStatus(std::string_view text, WorkTreeFacts* facts);

}  // namespace revertd

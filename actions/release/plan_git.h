// GitPlanner: what the git steps of a release would do, made in the private mirrors as it would be made now. Nothing
// leaves the machine but questions.
//
// Thread contract: that of its Git.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actions/dry_run.h"
#include "actions/git.h"
#include "actions/guards.h"
#include "actions/release/lost_reverts.h"
#include "base/clock.h"
#include "config/config.h"
#include "config/release.h"

namespace revertd {

struct GitPlan {
  std::string source_head;                // what is promoted, full; empty: not found
  std::string target_head;                // what it is promoted onto: the branch after the release's earlier steps
  std::string merge;                      // the commit that is made; empty: none
  std::string tree;                       // its tree
  std::vector<std::string> conflicts;     // paths
  std::vector<std::string> is_protected;  // paths of RepoConfig::protected_paths that it brings
  std::vector<LostRevert> lost_reverts;
  int64_t commits = 0;  // at most kPlanCommitsMax
  std::string diffstat;
  // Why it cannot be made: git_missing, git_failed, remote_unreachable, no_branch, push_not_allowed,
  // revision_not_found, revision_not_on_source, conflict.
  std::optional<Hold> refusal;
};

inline constexpr size_t kPlanCommitsMax = 10'000;

class GitPlanner {
 public:
  GitPlanner(const Config& config, const ReleaseFile& file, Git* git, TimeNs now)
      : config_(config), file_(file), git_(git), now_(now) {}

  // The step promotes by git, and its service has a repo. In the order of the release: steps of one repo stand upon one
  // another.
  GitPlan Plan(const ReleaseStep& step);

 private:
  Status Fill(const RepoConfig& repo, const ReleaseStep& step, GitPlan* plan);
  Status MakeMerge(const RepoConfig& repo, const ReleaseStep& step, GitPlan* plan);

  const Config& config_;
  const ReleaseFile& file_;
  Git* const git_;
  const TimeNs now_;
  std::map<std::string, StatusOr<RemoteCheck>, std::less<>> remotes_;  // by repo
  std::map<std::string, std::string, std::less<>> heads_;              // by repo, after the steps so far
};

}  // namespace revertd

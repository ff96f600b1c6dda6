#include "actions/release/lost_reverts.h"

#include <optional>

#include "actions/revert_plan.h"

namespace revertd {
namespace {

// Whether merging the source would be expected to bring it: the source holds it, or what it merged.
StatusOr<bool> IsOfSource(const RepoConfig& repo, const GitCommit& undone, const std::string& source_head, Git* git) {
  StatusOr<bool> holds = git->IsAncestor(repo, undone.sha, source_head);
  for (size_t i = 1; holds.ok() && !*holds && i < undone.parents.size(); ++i) {
    holds = git->IsAncestor(repo, undone.parents[i], source_head);
  }
  return holds;
}

}  // namespace

StatusOr<std::vector<LostRevert>> FindLostReverts(const RepoConfig& repo, const std::string& target_head,
                                                  const std::string& source_head, Git* git) {
  const auto commits = git->ReadCommits(repo, {.since = source_head, .until = target_head, .limit = kCommitsSinceMax});
  if (!commits.ok()) return commits.status();
  std::vector<LostRevert> lost;
  size_t asked = 0;
  for (const GitCommit& commit : *commits) {
    for (const std::string& named : RevertedBy(commit.message)) {
      if (++asked > kLostRevertsMax) return lost;
      const auto found = git->FindCommit(repo, named);
      if (!found.ok()) return found.status();
      if (!found->has_value() || FindStandingRevert(*commits, **found) != &commit) continue;
      const auto undone = git->ReadCommits(repo, {.since = "", .until = **found, .limit = 1});
      if (!undone.ok()) return undone.status();
      if (undone->empty()) continue;
      const auto of_source = IsOfSource(repo, undone->front(), source_head, git);
      if (!of_source.ok()) return of_source.status();
      if (*of_source) lost.push_back({**found, std::string(SubjectOf(undone->front())), commit.sha});
    }
  }
  return lost;
}

}  // namespace revertd

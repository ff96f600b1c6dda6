// BranchLineReader: the branch's own line and where the deploys' revisions stand on it, asked of the mirror.
//
// Thread contract: one object, one thread, one look.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actions/drift/unexplained_commits.h"
#include "actions/git.h"
#include "config/config.h"

namespace revertd {

class BranchLineReader {
 public:
  // Commits of the branch's own line that are looked at, the newest: at a merge every ten minutes two weeks of them.
  static constexpr size_t kLineMax = 2000;

  // Both outlive it.
  BranchLineReader(const RepoConfig* repo, Git* git) : repo_(repo), git_(git) {}

  // head: of the branch, fetched. Fills in the line and the places of those deploys that stand on it.
  StatusOr<LineFacts> Read(std::string_view head, const std::vector<DeployedWords>& deploys);

 private:
  using Place = std::optional<size_t>;  // nullopt: it holds nothing of what is known of the line
  StatusOr<Place> FindPlace(std::string_view head, const std::string& revision);
  StatusOr<Place> AskPlace(std::string_view head, const std::string& revision);

  const RepoConfig* const repo_;
  Git* const git_;
  std::vector<GitCommit> line_;
  std::map<std::string, Place, std::less<>> places_;  // by revision as it was written
};

}  // namespace revertd

// Lost reverts: changes of the branch that is promoted which were undone on the branch of production. Git counts them
// as merged, so that merging the branch once more does not bring them back, and nobody is told.
//
// Thread contract: the Git's own.
#pragma once

#include <string>
#include <vector>

#include "actions/git.h"
#include "base/status.h"

namespace revertd {

struct LostRevert {
  std::string undone;   // the commit, or the merge that brought it
  std::string subject;  // of it
  std::string revert;   // the commit on the target that undid it and still stands
};

// More reverts than these on top of the source are no question for a machine.
inline constexpr size_t kLostRevertsMax = 100;

// Of the mirror as it was fetched. Newest first. Both heads are full.
StatusOr<std::vector<LostRevert>> FindLostReverts(const RepoConfig& repo, const std::string& target_head,
                                                  const std::string& source_head, Git* git);

}  // namespace revertd

// What the list of commits in a push's body tells; GitHub, Gitea and GitLab write it alike. Pure, any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "daemon/doors/json_body.h"
#include "daemon/doors/told.h"

namespace revertd {

// GitLab and GitHub's older servers list 20 commits and no more; of a list that long nobody knows what it left out.
inline constexpr size_t kPushedCommitsMax = 20;
// GitHub names no more files of one commit than these.
inline constexpr size_t kCommitFilesMax = 3'000;

// Takes paths, title and URL from `commits`, and says in all_paths whether the list is whole: told's commit stands in
// it, its length is `total` (where the body says one) and below the limits, and nothing was thrown away. A push that
// makes a branch or deletes one has no list that could be whole. Wants told's commit, base and is_forced.
void TakePushedCommits(const JsonField& commits, std::optional<int64_t> total, Told* told);

}  // namespace revertd

// What git prints, read: its lists, its commits, its reasons. GitProgram's own.
//
// Pure, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "actions/git.h"
#include "base/status.h"

namespace revertd {

inline constexpr size_t kGitWordsBytesMax = 1000;  // of git's own words that we repeat

// The line of git's words that says why, without the password that a URL may hold. Where git itself only knows that
// the line went dead, the one before it is ssh's and says why.
std::string WhyIn(const std::string& words, const RepoConfig& repo);
std::vector<std::string> SplitAtNul(std::string_view text);
// Of `git log -z --format=%H%x00%P%x00%ct%x00%B`.
StatusOr<std::vector<GitCommit>> ParseCommits(std::string_view text);

}  // namespace revertd

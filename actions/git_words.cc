#include "actions/git_words.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "base/strings.h"

namespace revertd {
namespace {

constexpr uint64_t kSecondsMax = 9'000'000'000;  // what is said to be of the year 2255 or later has no date

}  // namespace

std::string WhyIn(const std::string& words, const RepoConfig& repo) {
  std::string_view best;
  std::string_view before;
  for (std::string_view line : Split(words, '\n')) {
    line = Trim(line);
    if (line.empty()) continue;
    const bool says_why = line.starts_with("fatal:") || line.starts_with("error:") || line.starts_with("ssh:");
    const bool dead_line = line == "fatal: Could not read from remote repository." && !before.empty();
    if (best.empty() || says_why) best = dead_line ? before : line;
    if (says_why) break;
    before = line;
  }
  std::string why(best.substr(0, kGitWordsBytesMax));
  const std::string shown = WithoutPassword(repo.url);
  if (shown != repo.url && !repo.url.empty()) {
    for (size_t at = why.find(repo.url); at != std::string::npos; at = why.find(repo.url, at + shown.size())) {
      why.replace(at, repo.url.size(), shown);
    }
  }
  return why;
}

std::vector<std::string> SplitAtNul(std::string_view text) {
  std::vector<std::string> parts;
  for (std::string_view part : Split(text, '\0')) parts.emplace_back(part);
  if (!parts.empty() && parts.back().empty()) parts.pop_back();
  return parts;
}

StatusOr<std::vector<GitCommit>> ParseCommits(std::string_view text) {
  const std::vector<std::string> fields = SplitAtNul(text);
  if (fields.size() % 4 != 0) return Internal("reading commits: git log answered in an unknown form");
  std::vector<GitCommit> commits;
  for (size_t i = 0; i < fields.size(); i += 4) {
    GitCommit commit;
    commit.sha = fields[i];
    for (std::string_view parent : Split(fields[i + 1], ' ')) {
      if (!parent.empty()) commit.parents.emplace_back(parent);
    }
    const std::optional<uint64_t> seconds = ParseUnsigned(fields[i + 2]);
    if (seconds && *seconds <= kSecondsMax) commit.committed_ns = static_cast<TimeNs>(*seconds) * kSecondNs;
    commit.message = std::string(Trim(fields[i + 3]));
    commits.push_back(std::move(commit));
  }
  return commits;
}

}  // namespace revertd

#include "actions/git_words.h"

#include <utility>

#include "base/strings.h"

namespace revertd {

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
  if (fields.size() % 3 != 0) return Internal("reading commits: git log answered in an unknown form");
  std::vector<GitCommit> commits;
  for (size_t i = 0; i < fields.size(); i += 3) {
    GitCommit commit;
    commit.sha = fields[i];
    for (std::string_view parent : Split(fields[i + 1], ' ')) {
      if (!parent.empty()) commit.parents.emplace_back(parent);
    }
    commit.message = std::string(Trim(fields[i + 2]));
    commits.push_back(std::move(commit));
  }
  return commits;
}

}  // namespace revertd

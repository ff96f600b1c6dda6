#include "daemon/doors/pushed_commits.h"

#include <algorithm>
#include <utility>

#include "daemon/doors/told_words.h"

namespace revertd {

void TakePushedCommits(const JsonField& commits, std::optional<int64_t> total, Told* told) {
  const std::vector<JsonField> list = commits.Items();
  bool lists_the_head = false;
  bool lists_all_files = true;
  std::vector<std::string> paths;
  for (const JsonField& commit : list) {
    const size_t before = paths.size();
    for (const std::string_view key : {"added", "modified", "removed"}) {
      for (const JsonField& path : commit[key].Items()) paths.push_back(path.Text());
      lists_all_files = lists_all_files && commit[key].IsThere();
    }
    lists_all_files = lists_all_files && paths.size() - before < kCommitFilesMax;
    if (told->commit.empty() || commit["id"].Revision() != told->commit) continue;
    lists_the_head = true;
    told->title = FirstLine(commit["message"].Text());
    told->url = commit["url"].Text();
  }
  const bool whole_count = list.size() < kPushedCommitsMax && (!total || *total == static_cast<int64_t>(list.size()));
  told->all_paths = lists_the_head && lists_all_files && whole_count && !told->is_forced && !told->base.empty();
  if (!told->all_paths) return;
  std::sort(paths.begin(), paths.end());
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  told->paths = std::move(paths);
}

}  // namespace revertd

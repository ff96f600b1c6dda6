#include "actions/drift/work_tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <utility>

#include "actions/git_settings.h"
#include "actions/git_words.h"
#include "base/strings.h"

namespace revertd {
namespace {

// Beside the settings of every git of ours. Optional locks: `status` would write a refreshed index. Protocols: a
// partial clone would fetch what it lacks.
constexpr std::string_view kOnlyLook[] = {"GIT_OPTIONAL_LOCKS=0", "GIT_ALLOW_PROTOCOL=none"};

// What stands in the git folder while it is under way.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kOperations = {
    {{"rebase-merge", "rebase"},
     {"rebase-apply", "rebase or am"},
     {"MERGE_HEAD", "merge"},
     {"CHERRY_PICK_HEAD", "cherry-pick"},
     {"REVERT_HEAD", "revert"},
     {"BISECT_LOG", "bisect"}}};

// "1 XY SUB MODE MODE MODE OBJECT OBJECT PATH"; "u" has one mode and one object more. The path may hold blanks.
constexpr size_t kWordsOfChanged = 8;
constexpr size_t kWordsOfUnmerged = 10;

std::string_view AfterWords(std::string_view entry, size_t words) {
  for (size_t i = 0; i < words && !entry.empty(); ++i) {
    entry.remove_prefix(std::min(entry.find(' '), entry.size() - 1) + 1);
  }
  return entry;
}

bool Exists(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0;
}

}  // namespace

Status ParseWorkTreeStatus(std::string_view text, WorkTreeFacts* facts) {
  for (const std::string& entry : SplitAtNul(text)) {
    const std::string_view line = entry;
    if (line.starts_with("# branch.oid ")) {
      const std::string_view head = AfterWords(line, 2);
      facts->head = IsRevision(head) ? head : "";  // "(initial)"
    } else if (line.starts_with("# branch.head ")) {
      const std::string_view branch = AfterWords(line, 2);
      facts->branch = branch == "(detached)" ? "" : branch;
    } else if (line.starts_with("? ")) {
      facts->changed.push_back({"untracked", std::string(line.substr(2))});
    } else if (line.starts_with("u ")) {
      facts->changed.push_back({"unmerged", std::string(AfterWords(line, kWordsOfUnmerged))});
    } else if (line.starts_with("1 ") && line.size() > 4) {
      const std::string_view state = line[2] == '.' ? "changed" : line[3] == '.' ? "staged" : "staged and changed";
      facts->changed.push_back({std::string(state), std::string(AfterWords(line, kWordsOfChanged))});
    } else if (!line.starts_with("# ")) {
      return Internal("reading a work tree: git status answered in an unknown form");
    }
  }
  return OkStatus();
}

WorkTree::WorkTree(std::string path, const std::vector<std::string>& environment, const std::atomic<bool>* stop)
    : path_(std::move(path)), environment_(GitEnvironment(environment)), stop_(stop) {
  environment_.insert(environment_.end(), std::begin(kOnlyLook), std::end(kOnlyLook));
}

StatusOr<std::string> WorkTree::Run(std::vector<std::string> arguments, bool* cut, std::string standard_input) {
  ProcessSpec spec;
  spec.program = "git";
  spec.arguments = GitArguments();
  spec.arguments.insert(spec.arguments.end(), {"-C", path_});
  std::move(arguments.begin(), arguments.end(), std::back_inserter(spec.arguments));
  spec.environment = environment_;
  spec.time_limit_ns = kTimeLimit;
  spec.stop = stop_;
  spec.standard_input = std::move(standard_input);
  StatusOr<ProcessResult> result = RunProcess(spec);
  if (!result.ok()) return result.status();
  if (result->timed_out) return Unavailable("git did not end within its time limit");
  if (result->exit_code != 0) return FailedPrecondition(WhyIn(result->standard_error, RepoConfig{}));
  if (result->output_cut && cut == nullptr) return FailedPrecondition("git answered more than we keep");
  if (cut != nullptr) *cut = result->output_cut;
  return std::move(result->standard_output);
}

// A folder below the root, or one that merely stands in somebody's work tree, is not what was configured.
StatusOr<std::string> WorkTree::FindGitFolder() {
  StatusOr<std::string> text = Run({"rev-parse", "--show-cdup", "--absolute-git-dir"});
  if (!text.ok()) return text.status();
  const size_t line_end = text->find('\n');
  if (line_end != 0) return FailedPrecondition("it is a folder within a work tree, and not its root");
  return std::string(Trim(std::string_view(*text).substr(1)));
}

// A filter is a program that the tree's own configuration names: its owner need not be ours, and production is no place
// to find out. By the environment, for a filter's name may hold what `-c` takes for its own.
Status WorkTree::TurnFiltersOff() {
  constexpr std::string_view kPrefix = "filter.";
  StatusOr<std::string> names = Run({"config", "--null", "--name-only", "--list"});
  if (!names.ok()) return names.status();
  for (const std::string& name : SplitAtNul(*names)) {
    const size_t dot = name.rfind('.');
    if (!name.starts_with(kPrefix) || dot < kPrefix.size()) continue;  // filter..clean is that of the empty name
    filters_.insert(name.substr(kPrefix.size(), dot - kPrefix.size()));
  }
  size_t count = 0;
  for (const std::string& filter : filters_) {
    for (std::string_view setting : {".clean=", ".smudge=", ".process=", ".required=false"}) {
      const size_t equals = setting.find('=');
      const std::string number = std::to_string(count++);
      environment_.push_back("GIT_CONFIG_KEY_" + number + "=" + std::string(kPrefix) + filter +
                             std::string(setting.substr(0, equals)));
      environment_.push_back("GIT_CONFIG_VALUE_" + number + std::string(setting.substr(equals)));
    }
  }
  environment_.push_back("GIT_CONFIG_COUNT=" + std::to_string(count));
  return OkStatus();
}

Status WorkTree::LeaveOutFiltered(WorkTreeFacts* facts) {
  std::string paths;
  for (const ChangedPath& changed : facts->changed) {
    if (changed.state == "changed" && paths.size() + changed.path.size() < kStandardInputBytesMax) {
      paths += changed.path + '\0';
    }
  }
  if (filters_.empty() || paths.empty()) return OkStatus();
  StatusOr<std::string> text = Run({"check-attr", "-z", "--stdin", "filter"}, nullptr, std::move(paths));
  if (!text.ok()) return text.status();
  std::set<std::string, std::less<>> filtered;
  const std::vector<std::string> words = SplitAtNul(*text);  // path, "filter", its value
  for (size_t i = 0; i + 2 < words.size(); i += 3) {
    if (filters_.contains(words[i + 2])) filtered.insert(words[i]);
  }
  facts->not_compared = static_cast<int64_t>(std::erase_if(facts->changed, [&filtered](const ChangedPath& changed) {
    return changed.state == "changed" && filtered.contains(changed.path);
  }));
  return OkStatus();
}

StatusOr<WorkTreeFacts> WorkTree::Read() {
  StatusOr<std::string> git_folder = FindGitFolder();
  if (!git_folder.ok()) return git_folder.status();
  if (filters_.empty()) REVERTD_RETURN_IF_ERROR(TurnFiltersOff());
  WorkTreeFacts facts;
  facts.path = path_;
  // Of a submodule what is checked out counts, and not its own files: it is a work tree with a configuration of its
  // own.
  StatusOr<std::string> text = Run({"status", "--porcelain=v2", "--branch", "-z", "--no-renames", "--no-ahead-behind",
                                    "--untracked-files=normal", "--ignored=no", "--ignore-submodules=dirty"},
                                   &facts.changed_cut);
  if (!text.ok()) return text.status();
  if (facts.changed_cut) text->resize(text->rfind('\0') + 1);
  REVERTD_RETURN_IF_ERROR(ParseWorkTreeStatus(*text, &facts));
  REVERTD_RETURN_IF_ERROR(LeaveOutFiltered(&facts));
  for (const auto& [file, operation] : kOperations) {
    if (Exists(*git_folder + "/" + std::string(file))) facts.operations.emplace_back(operation);
  }
  return facts;
}

StatusOr<std::vector<GitCommit>> WorkTree::ReadNewest(size_t limit) {
  StatusOr<std::string> text = Run({"log", "-z", "--topo-order", "--format=%H%x00%P%x00%ct%x00%B",
                                    "--max-count=" + std::to_string(limit), "HEAD", "--"});
  if (!text.ok()) return text.status();
  return ParseCommits(*text);
}

}  // namespace revertd

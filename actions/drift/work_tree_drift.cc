#include "actions/drift/work_tree_drift.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/strings.h"

namespace revertd {
namespace {

constexpr size_t kShaDigits = 10;

DriftFinding Of(std::string_view kind, const std::string& path, const std::string& repo, const std::string& text) {
  DriftFinding finding;
  finding.kind = kind;
  finding.subject = Printable(path);
  finding.key = DriftKey(kind, path);
  finding.text = Printable(path + ": " + text);
  finding.area = WorkTreeArea(path);
  finding.repo = repo;
  return finding;
}

// "3 paths", "1 path".
std::string Counted(size_t count, std::string_view what, bool more = false) {
  return (more ? "more than " : "") + std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

// "changed a.txt; untracked b/; and 3 others".
std::string ChangedText(const std::vector<ChangedPath>& changed) {
  std::string text;
  const size_t named = std::min(changed.size(), kDriftNamedMax);
  for (size_t i = 0; i < named; ++i) text += (i == 0 ? "" : "; ") + changed[i].state + " " + Printable(changed[i].path);
  if (changed.size() > named) text += "; and " + std::to_string(changed.size() - named) + " others";
  return text;
}

}  // namespace

std::vector<DriftFinding> JudgeWorkTree(const WorkTreeFacts& facts, const RepoConfig& repo) {
  std::vector<DriftFinding> findings;
  const NoticeFact head = {"head", facts.head};
  if (!facts.operations.empty()) {
    const std::string operations = Join(facts.operations, ", ");
    findings.push_back(Of(drift::kWorkTreeOperation, facts.path, repo.name, "a " + operations + " is under way"));
    findings.back().facts = {{"operation", operations}, head};
  }
  if (!facts.changed.empty() || facts.changed_cut) {
    const std::string changed = ChangedText(facts.changed);
    const std::string count = Counted(facts.changed.size(), "path", facts.changed_cut);
    const bool is_one = facts.changed.size() == 1 && !facts.changed_cut;
    findings.push_back(Of(drift::kDirtyWorkTree, facts.path, repo.name,
                          count + (is_one ? " is" : " are") + " not as committed: " + changed));
    findings.back().facts = {{"paths", changed}, head};
  }
  if (facts.branch.empty()) {
    findings.push_back(Of(drift::kDetachedWorkTree, facts.path, repo.name,
                          "its HEAD is no branch, but the commit " + facts.head.substr(0, kShaDigits)));
    findings.back().facts = {{"branch expected", repo.branch}, head};
  } else if (facts.branch != repo.branch) {
    findings.push_back(Of(drift::kWorkTreeOffBranch, facts.path, repo.name,
                          "it is on branch " + facts.branch + ", and not on " + repo.branch));
    findings.back().facts = {{"branch", Printable(facts.branch)}, {"branch expected", repo.branch}, head};
  }
  for (DriftFinding& finding : findings) finding.commit = facts.head;
  return findings;
}

std::vector<DriftFinding> JudgeAhead(const WorkTreeFacts& facts, const RepoConfig& repo,
                                     const std::vector<GitCommit>& ahead) {
  if (ahead.empty()) return {};
  std::string commits;
  const size_t named = std::min(ahead.size(), kDriftNamedMax);
  for (size_t i = 0; i < named; ++i) {
    commits += (i == 0 ? "" : "; ") + ahead[i].sha.substr(0, kShaDigits) + " " + std::string(SubjectOf(ahead[i]));
  }
  const bool more = ahead.size() > named;
  DriftFinding finding = Of(drift::kWorkTreeAhead, facts.path, repo.name,
                            Counted(named, "commit", more) + " of its HEAD " + (named == 1 && !more ? "is" : "are") +
                                " not on " + repo.branch + " of the remote: " + commits);
  finding.area = AheadArea(facts.path);
  finding.facts = {{"commits", Printable(commits)}, {"head", facts.head}};
  finding.commit = facts.head;
  return {std::move(finding)};
}

DriftFinding UnreadableWorkTree(const WorkTreeConfig& work_tree, const Status& why) {
  const std::string words(MessageOf(why));
  DriftFinding finding =
      Of(drift::kWorkTreeUnreadable, work_tree.path, work_tree.repo, "the work tree cannot be read: " + words);
  finding.facts = {{"why", Printable(words)}};
  finding.area.clear();  // whether it still stands is known at every scan
  return finding;
}

}  // namespace revertd

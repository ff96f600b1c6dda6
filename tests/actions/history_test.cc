// Real histories (line-hashed, not part of this tree): the planner and the revert in a work tree must give what plain
// `git revert` gave on them: the same tree, a conflict on the same paths, or an empty change. Every fourth row of the
// smallest history; all rows of all histories where REVERTD_ALL_HISTORIES is set.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "actions/git_program.h"
#include "actions/revert_plan.h"
#include "base/strings.h"
#include "tests/actions/sandbox.h"

namespace revertd {
namespace {

// The text after `"key": ` of one flat JSON line, up to `end`.
std::string FieldOf(const std::string& line, const std::string& key, const std::string& start, char end) {
  const std::string mark = "\"" + key + "\": " + start;
  const size_t at = line.find(mark);
  if (at == std::string::npos) return "";
  const size_t from = at + mark.size();
  return line.substr(from, line.find(end, from) - from);
}

// The recording keeps so many paths of a conflict and drops the rest (no row has more, rows of real size do).
constexpr size_t kRecordedPathsMax = 20;

struct Row {
  std::string base, target, outcome, tree;
  std::vector<std::string> conflicts;
};

Row ParseRow(const std::string& line) {
  Row row;
  row.base = FieldOf(line, "base", "\"", '"');
  row.target = FieldOf(line, "target", "\"", '"');
  row.outcome = FieldOf(line, "outcome", "\"", '"');
  row.tree = FieldOf(line, "tree", "\"", '"');
  const std::string conflicts = FieldOf(line, "conflicts", "[", ']');
  for (std::string_view path : Split(conflicts, ',')) {
    path = Trim(path);
    if (path.size() > 2) row.conflicts.emplace_back(path.substr(1, path.size() - 2));
  }
  return row;
}

std::string DataFolder() {
  const char* set = std::getenv("REVERTD_SHARED_DATA");
  return (set != nullptr ? std::string(set) : std::string(REVERTD_SOURCE_DIR) + "/../shared/data") + "/git";
}

// The plan where there is one. A real history also holds reverts and the reverted, which the planner rightly refuses;
// the revert itself is then compared all the same, against the first parent as in the recording.
RevertOrder OrderFor(const Row& row, const RepoConfig& repo, Git* git, std::map<std::string, int>* refusals) {
  RollbackTrigger trigger;
  trigger.id = "history";
  trigger.head = row.target;
  auto facts = ReadPlanFacts(trigger, repo, {.branch_head = row.base}, git);
  EXPECT_TRUE(facts.ok()) << MessageOf(facts.status());
  const PlanAnswer answer = PlanRevert(trigger, *facts);
  if (const auto* plan = std::get_if<RevertPlan>(&answer)) return plan->order;
  const auto* refusal = std::get_if<PlanRefusal>(&answer);
  EXPECT_NE(refusal, nullptr);
  ++(*refusals)[refusal == nullptr ? "adopted" : refusal->reason];
  const auto target = git->ReadCommits(repo, {.since = "", .until = row.target, .limit = 1});
  return {.onto = row.base, .steps = {{row.target, target->front().parents.size() > 1 ? 1 : 0}}, .message = "x\n"};
}

void ReplayHistory(const std::string& name, size_t every) {
  Sandbox sandbox;
  TestClock clock;
  GitProgram git = sandbox.MakeGit(&clock);
  RepoConfig repo = sandbox.Repo();
  repo.url = "file://" + sandbox.root + "/history.git";
  sandbox.GitIn(sandbox.root, {"clone", "--quiet", "--bare", DataFolder() + "/" + name + ".bundle", "history.git"});
  std::ifstream lines(DataFolder() + "/" + name + ".replay.jsonl");
  std::map<std::string, int> refusals;
  std::map<std::string, int> compared;
  std::string line;
  for (size_t number = 0; std::getline(lines, line); ++number) {
    if (number % every != 0) continue;
    const Row row = ParseRow(line);
    SCOPED_TRACE(name + " row " + std::to_string(number) + " target " + row.target);
    sandbox.GitIn(sandbox.root + "/history.git", {"update-ref", "refs/heads/production", row.base});
    const auto head = git.FetchBranch(repo);
    ASSERT_TRUE(head.ok()) << MessageOf(head.status());
    ASSERT_EQ(**head, row.base);
    const auto answer = git.Revert(repo, OrderFor(row, repo, &git, &refusals));
    ASSERT_TRUE(answer.ok()) << MessageOf(answer.status());
    ++compared[row.outcome];
    if (row.outcome == "clean") {
      EXPECT_EQ(answer->kind, CommitAnswer::Kind::kCommitted);
      EXPECT_EQ(answer->tree, row.tree);
    } else if (row.outcome == "conflict") {
      EXPECT_EQ(answer->kind, CommitAnswer::Kind::kConflict);
      std::vector<std::string> conflicts = answer->conflicts;  // sorted, as git lists them
      if (row.conflicts.size() == kRecordedPathsMax) conflicts.resize(std::min(conflicts.size(), kRecordedPathsMax));
      EXPECT_EQ(conflicts, row.conflicts);
    } else {
      EXPECT_EQ(row.outcome, "empty");
      EXPECT_EQ(answer->kind, CommitAnswer::Kind::kEmpty);
    }
  }
  EXPECT_GT(compared["clean"], 0);
  EXPECT_GT(compared["conflict"], 0);
  for (const auto& [reason, count] : refusals) {
    EXPECT_TRUE(reason == "is_a_revert" || reason == "already_reverted") << reason;
    testing::Test::RecordProperty(name + "_" + reason, count);
  }
  for (const auto& [outcome, count] : compared) testing::Test::RecordProperty(name + "_" + outcome, count);
  EXPECT_TRUE(sandbox.LeftOvers().empty());
}

TEST(RealHistories, RevertAsGitDid) {
  if (!std::filesystem::exists(DataFolder())) GTEST_SKIP() << "no shared data: the real histories were NOT replayed";
  if (std::getenv("REVERTD_ALL_HISTORIES") == nullptr) return ReplayHistory("h-leveldb", 4);
  for (const char* name : {"h-leveldb", "h-goscm", "h-ninja"}) ReplayHistory(name, 1);
}

}  // namespace
}  // namespace revertd

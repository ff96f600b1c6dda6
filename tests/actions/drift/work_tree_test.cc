// Work trees as git really keeps them: what is wrong with one is seen, and nothing of it is touched.
#include "actions/drift/work_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "actions/drift/work_tree_drift.h"
#include "base/digest.h"
#include "tests/actions/sandbox.h"

namespace revertd {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class WorkTreeTest : public ::testing::Test {
 protected:
  WorkTreeFacts Read(const std::string& path) {
    auto facts = WorkTree(path, sandbox_.Environment(), nullptr).Read();
    EXPECT_TRUE(facts.ok()) << facts.status();
    return facts.ok() ? *facts : WorkTreeFacts{};
  }
  WorkTreeFacts Read() { return Read(sandbox_.clone); }
  Status WhyNot(const std::string& path) { return WorkTree(path, sandbox_.Environment(), nullptr).Read().status(); }
  std::vector<std::string> Kinds() {
    std::vector<std::string> kinds;
    for (const DriftFinding& finding : JudgeWorkTree(Read(), sandbox_.Repo())) kinds.push_back(finding.kind);
    return kinds;
  }
  void WriteInClone(const std::string& name, const std::string& text) { WriteFile(sandbox_.clone + "/" + name, text); }
  // Path, kind, time of change and content of everything below `folder`.
  static std::map<std::string, std::string> Listing(const std::string& folder) {
    std::map<std::string, std::string> listing;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      struct stat status {};
      EXPECT_EQ(::lstat(entry.path().c_str(), &status), 0);
      listing[entry.path()] = std::to_string(status.st_mode) + " " + std::to_string(status.st_mtim.tv_sec) + "." +
                              std::to_string(status.st_mtim.tv_nsec) + " " + std::to_string(status.st_ino) + " " +
                              (entry.is_regular_file() ? Sha256Hex(ReadFile(entry.path())) : "");
    }
    return listing;
  }
  // A script that leaves the mark behind.
  std::string Trap() {
    const std::string path = sandbox_.root + "/trap";
    WriteFile(path, "#!/bin/sh\ntouch '" + mark_ + "'\ncat\n");
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }

  Sandbox sandbox_;
  const std::string mark_ = sandbox_.root + "/program-ran";
};

TEST_F(WorkTreeTest, ACleanOneHasNothingToTell) {
  WriteInClone(".gitignore", "*.log\ncache/\n");
  sandbox_.Git({"add", "--all"});
  sandbox_.Git({"commit", "--quiet", "--message=ignore"});
  WriteInClone("app.log", "x\n");
  WriteInClone("cache/a", "x\n");
  const WorkTreeFacts facts = Read();
  EXPECT_EQ(facts.branch, "production");
  EXPECT_EQ(facts.head, sandbox_.Git({"rev-parse", "HEAD"}));
  EXPECT_THAT(facts.changed, IsEmpty());
  EXPECT_THAT(Kinds(), IsEmpty());
}

TEST_F(WorkTreeTest, EveryWayToBeDirtyIsNamed) {
  sandbox_.Commit("both.txt", "1\n", "both");
  sandbox_.Commit("with blanks \xc3\xa4.txt", "1\n", "blanks");
  sandbox_.Commit("gone.txt", "1\n", "gone");
  WriteInClone("base.txt", "changed\n");
  WriteInClone("both.txt", "2\n");
  WriteInClone("staged.txt", "new\n");
  WriteInClone("with blanks \xc3\xa4.txt", "2\n");
  sandbox_.Git({"add", "both.txt", "staged.txt"});
  WriteInClone("both.txt", "3\n");
  WriteInClone("new/file.txt", "untracked\n");
  fs::remove(sandbox_.clone + "/gone.txt");
  EXPECT_THAT(
      Read().changed,
      UnorderedElementsAre(ChangedPath{"changed", "base.txt"}, ChangedPath{"staged and changed", "both.txt"},
                           ChangedPath{"staged", "staged.txt"}, ChangedPath{"changed", "with blanks \xc3\xa4.txt"},
                           ChangedPath{"changed", "gone.txt"}, ChangedPath{"untracked", "new/"}));
  const auto findings = JudgeWorkTree(Read(), sandbox_.Repo());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].kind, "dirty_work_tree");
  EXPECT_EQ(findings[0].key, "dirty_work_tree:" + sandbox_.clone);
  EXPECT_THAT(findings[0].text, HasSubstr("6 paths are not as committed: "));
}

TEST_F(WorkTreeTest, NoMoreThanTenPathsAreNamed) {
  for (int i = 0; i < 13; ++i) WriteInClone("new-" + std::to_string(i), "x");
  const auto findings = JudgeWorkTree(Read(), sandbox_.Repo());
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_THAT(findings[0].text, HasSubstr("13 paths are not as committed: untracked new-0; "));
  EXPECT_THAT(findings[0].text, HasSubstr("; and 3 others"));
}

TEST_F(WorkTreeTest, AHeadThatIsNoBranchAndOneOfAnotherAreTold) {
  sandbox_.Git({"checkout", "--quiet", "--detach"});
  EXPECT_THAT(Kinds(), ElementsAre("detached_work_tree"));
  sandbox_.Git({"checkout", "--quiet", "-b", "hotfix/1"});
  EXPECT_THAT(Kinds(), ElementsAre("work_tree_off_branch"));
  EXPECT_EQ(Read().branch, "hotfix/1");
}

TEST_F(WorkTreeTest, AnOperationUnderWayIsNamed) {
  sandbox_.Git({"checkout", "--quiet", "-b", "other"});
  sandbox_.Commit("base.txt", "other\n", "other");
  sandbox_.Git({"checkout", "--quiet", "production"});
  sandbox_.Commit("base.txt", "mine\n", "mine");
  ProcessSpec merge;  // whose conflict is a failure of git's
  merge.program = "git";
  merge.arguments = {"-c", "user.name=A Person", "-c", "user.email=person@example.com", "merge", "--quiet", "other"};
  merge.working_directory = sandbox_.clone;
  merge.environment = sandbox_.Environment();
  ASSERT_EQ(RunProcess(merge)->exit_code, 1);
  const WorkTreeFacts facts = Read();
  EXPECT_THAT(facts.operations, ElementsAre("merge"));
  EXPECT_THAT(facts.changed, ElementsAre(ChangedPath{"unmerged", "base.txt"}));
  EXPECT_THAT(Kinds(), UnorderedElementsAre("work_tree_operation", "dirty_work_tree"));
}

TEST_F(WorkTreeTest, ALinkedWorkTreeAndALinkToOneAreReadToo) {
  const std::string linked = sandbox_.root + "/linked";
  sandbox_.Git({"worktree", "add", "--quiet", "-b", "release", linked});
  WriteFile(linked + "/x", "x");
  EXPECT_EQ(Read(linked).branch, "release");
  EXPECT_EQ(Read(linked).changed.size(), 1U);
  fs::create_symlink(sandbox_.clone, sandbox_.root + "/current");
  EXPECT_EQ(Read(sandbox_.root + "/current").branch, "production");
}

TEST_F(WorkTreeTest, WhatIsNoneIsSaid) {
  EXPECT_TRUE(absl::IsFailedPrecondition(WhyNot(sandbox_.root + "/gone")));
  EXPECT_THAT(std::string(MessageOf(WhyNot(sandbox_.root + "/gone"))), HasSubstr("No such file or directory"));
  fs::create_directories(sandbox_.root + "/plain");
  EXPECT_THAT(std::string(MessageOf(WhyNot(sandbox_.root + "/plain"))), HasSubstr("not a git repository"));
  EXPECT_TRUE(absl::IsFailedPrecondition(WhyNot(sandbox_.remote))) << "bare";
  fs::create_directories(sandbox_.clone + "/below");
  EXPECT_THAT(std::string(MessageOf(WhyNot(sandbox_.clone + "/below"))), HasSubstr("not its root"));
}

TEST_F(WorkTreeTest, OneOfAnotherUserIsSaid) {
  if (::chown((sandbox_.clone + "/.git").c_str(), 1, 1) != 0 || ::chown(sandbox_.clone.c_str(), 1, 1) != 0) {
    GTEST_SKIP() << "only root can give a folder away";
  }
  const Status why = WhyNot(sandbox_.clone);
  EXPECT_TRUE(absl::IsFailedPrecondition(why));
  EXPECT_THAT(std::string(MessageOf(why)), HasSubstr("dubious ownership"));
}

TEST_F(WorkTreeTest, NothingOfItIsTouched) {
  for (int i = 0; i < 5; ++i) sandbox_.Commit("f" + std::to_string(i), "x\n", "x");
  // Each looks changed by its times, which `git status` would write down in the index.
  for (int i = 0; i < 5; ++i)
    fs::last_write_time(sandbox_.clone + "/f" + std::to_string(i), fs::file_time_type::clock::now());
  WriteInClone("base.txt", "changed\n");
  const auto before = Listing(sandbox_.clone);
  EXPECT_THAT(Read().changed, ElementsAre(ChangedPath{"changed", "base.txt"}));
  ASSERT_TRUE(WorkTree(sandbox_.clone, sandbox_.Environment(), nullptr).ReadNewest(10).ok());
  EXPECT_EQ(Listing(sandbox_.clone), before);
  sandbox_.Git({"status"});
  EXPECT_NE(Listing(sandbox_.clone), before) << "a person's own git does write: the trap works";
}

TEST_F(WorkTreeTest, NoProgramOfItsConfigurationRuns) {
  sandbox_.Commit("data.bin", "one\n", "data");
  sandbox_.Commit(".gitattributes", "*.bin filter=odd=name.x\n", "attributes");
  const std::string trap = Trap();
  sandbox_.Git({"config", "filter.odd=name.x.clean", trap});
  sandbox_.Git({"config", "filter.odd=name.x.required", "true"});
  sandbox_.Git({"config", "core.fsmonitor", trap});
  sandbox_.Git({"config", "core.hooksPath", sandbox_.root});
  WriteInClone("data.bin", "two\n");
  WriteInClone("base.txt", "changed\n");
  const WorkTreeFacts facts = Read();
  EXPECT_FALSE(fs::exists(mark_));
  EXPECT_EQ(facts.not_compared, 1);
  EXPECT_THAT(facts.changed, ElementsAre(ChangedPath{"changed", "base.txt"}));
  sandbox_.Git({"status"});
  EXPECT_TRUE(fs::exists(mark_)) << "a person's own git does run them: the trap works";
}

TEST_F(WorkTreeTest, NorDoesTheFilterWithoutAName) {
  sandbox_.Commit("data.bin", "one\n", "data");
  sandbox_.Commit(".gitattributes", "*.bin filter=\n", "attributes");
  const std::string trap = Trap();
  sandbox_.Git({"config", "filter..clean", trap});
  WriteInClone("data.bin", "two\n");
  Read();
  EXPECT_FALSE(fs::exists(mark_));
  sandbox_.Git({"status"});
  EXPECT_TRUE(fs::exists(mark_)) << "a person's own git does run it: the trap works";
}

TEST_F(WorkTreeTest, OneWithoutACommitIsRead) {
  const std::string empty = sandbox_.root + "/empty";
  sandbox_.GitIn(sandbox_.root, {"init", "--quiet", "--initial-branch=production", empty});
  const WorkTreeFacts facts = Read(empty);
  EXPECT_EQ(facts.head, "");
  EXPECT_EQ(facts.branch, "production");
}

TEST(WorkTreeStatus, WhatIsNotUnderstoodIsNoCleanTree) {
  WorkTreeFacts facts;
  EXPECT_FALSE(ParseWorkTreeStatus(std::string_view("# branch.oid (initial)\0x y\0", 27), &facts).ok());
  EXPECT_FALSE(ParseWorkTreeStatus(std::string_view("2 R. N... 1 2 3 a b R100 x\0y\0", 29), &facts).ok());
}

}  // namespace
}  // namespace revertd

// Histories and contents that are seldom and legal: the plan's revert must give the tree that plain `git revert` gives
// in a person's clone, or exactly the tree from before, and nothing that a tree or a configuration names may run.
#include <gtest/gtest.h>

#include <filesystem>

#include "actions/dry_run.h"
#include "tests/actions/sandbox.h"

namespace revertd {
namespace {

namespace fs = std::filesystem;

class OddHistoryTest : public testing::Test {
 protected:
  std::string Head() { return sandbox_.Git({"rev-parse", "HEAD"}); }
  std::string TreeOf(const std::string& revision) { return sandbox_.Git({"rev-parse", revision + "^{tree}"}); }
  void CommitAll(const std::string& message) {
    sandbox_.Git({"add", "--all"});
    sandbox_.Git({"commit", "--quiet", "--message=" + message});
  }
  // What revertd would make of a deploy of base..head. Empty base: head alone.
  DryRun Undo(const std::string& head, const std::string& base) {
    sandbox_.Publish();
    auto dry_run = DryRunRevert(sandbox_.MakeConfig(), sandbox_.TriggerFor(head, base), &git_, &clock_);
    EXPECT_TRUE(dry_run.ok()) << MessageOf(dry_run.status());
    EXPECT_TRUE(sandbox_.LeftOvers().empty());
    return dry_run.ok() ? *std::move(dry_run) : DryRun{};
  }
  std::string TreeAfter(const std::string& head, const std::string& base) {
    const DryRun dry_run = Undo(head, base);
    EXPECT_EQ(dry_run.refusal, "") << dry_run.detail;
    return dry_run.tree;
  }
  // The tree that a person gets who reverts that one commit by hand.
  std::string TreeByHand(const std::string& sha) {
    sandbox_.Git({"checkout", "--quiet", "--detach"});
    sandbox_.Git({"revert", "--no-edit", sha});
    const std::string tree = TreeOf("HEAD");
    sandbox_.Git({"checkout", "--quiet", "production"});
    return tree;
  }

  Sandbox sandbox_;
  TestClock clock_;
  GitProgram git_ = sandbox_.MakeGit(&clock_);
  const std::string first_ = Head();
};

TEST_F(OddHistoryTest, AnOctopusKeepsTheSideOfTheBase) {
  for (const std::string name : {"a", "b", "c"}) {
    sandbox_.Git({"checkout", "--quiet", "-b", name, first_});
    sandbox_.Commit(name + ".txt", name, "work on " + name);
  }
  sandbox_.Git({"checkout", "--quiet", "production"});
  sandbox_.Git({"merge", "--quiet", "--no-ff", "--message=All of them", "a", "b", "c"});
  const std::string octopus = Head();
  sandbox_.Commit("later.txt", "stays\n", "later");
  const DryRun dry_run = Undo(octopus, "");
  ASSERT_EQ(dry_run.refusal, "") << dry_run.detail;
  EXPECT_EQ(dry_run.plan.order.steps[0].mainline, 1);
  sandbox_.Git({"rm", "--quiet", "a.txt", "b.txt", "c.txt"});
  EXPECT_EQ(dry_run.tree, sandbox_.Git({"write-tree"}));
}

TEST_F(OddHistoryTest, CrissCrossMergesAreUndoneAlongTheBranch) {
  sandbox_.Git({"checkout", "--quiet", "-b", "x"});
  const std::string x1 = sandbox_.Commit("x.txt", "1\n", "x1");
  sandbox_.Git({"checkout", "--quiet", "production"});
  const std::string p1 = sandbox_.Commit("p.txt", "1\n", "p1");
  sandbox_.Git({"merge", "--quiet", "--no-ff", "--message=x1 into production", x1});
  const std::string middle = Head();
  sandbox_.Git({"checkout", "--quiet", "x"});
  sandbox_.Git({"merge", "--quiet", "--no-ff", "--message=p1 into x", p1});
  sandbox_.Commit("x.txt", "1\n2\n", "x2");
  sandbox_.Git({"checkout", "--quiet", "production"});
  sandbox_.Commit("p.txt", "1\n2\n", "p2");
  sandbox_.Git({"merge", "--quiet", "--no-ff", "--message=x2 into production", "x"});
  const std::string head = Head();
  EXPECT_EQ(TreeAfter(head, middle), TreeOf(middle));
  EXPECT_EQ(TreeAfter(head, first_), TreeOf(first_));
}

TEST_F(OddHistoryTest, SeveralMergesOfOneDeployAreUndoneNewestFirst) {
  const std::string base = sandbox_.MergeOf("before", "before.txt", "stays\n");
  for (const std::string name : {"a", "b", "c"}) sandbox_.MergeOf(name, "shared.txt", name + "\n");
  const DryRun dry_run = Undo(Head(), base);
  ASSERT_EQ(dry_run.refusal, "") << dry_run.detail;
  EXPECT_EQ(dry_run.plan.order.steps.size(), 3U);
  EXPECT_EQ(dry_run.tree, TreeOf(base));
}

TEST_F(OddHistoryTest, ADeployThatUndidItselfHasNothingToUndo) {
  const std::string bad = sandbox_.Commit("bad.txt", "bad\n", "bad");
  sandbox_.Git({"revert", "--no-edit", bad});
  EXPECT_EQ(Undo(Head(), first_).refusal, "empty_change");
}

TEST_F(OddHistoryTest, ADeployThatBringsItsOwnChangeBackIsUndoneWhole) {
  const std::string bad = sandbox_.Commit("bad.txt", "bad\n", "bad");
  sandbox_.Git({"revert", "--no-edit", bad});
  sandbox_.Git({"revert", "--no-edit", "HEAD"});
  EXPECT_EQ(TreeAfter(Head(), first_), TreeOf(first_));
}

TEST_F(OddHistoryTest, ADeployThatBringsAnOlderChangeBackIsAPersons) {
  const std::string old = sandbox_.Commit("old.txt", "old\n", "old");
  sandbox_.Git({"revert", "--no-edit", old});
  const std::string base = Head();
  sandbox_.Git({"revert", "--no-edit", base});
  EXPECT_EQ(Undo(Head(), base).refusal, "is_a_revert");
}

TEST_F(OddHistoryTest, ASubmodulesBumpIsUndoneWithoutTheSubmodule) {
  WriteFile(sandbox_.clone + "/.gitmodules",
            "[submodule \"lib\"]\n path = lib\n url = file://" + sandbox_.root + "/nowhere.git\n");
  sandbox_.Git({"add", ".gitmodules"});
  const auto point_to = [this](const std::string& sha) {
    sandbox_.Git({"update-index", "--add", "--cacheinfo", "160000," + sha + ",lib"});
    sandbox_.Git({"commit", "--quiet", "--message=lib is " + sha});
    return Head();
  };
  const std::string base = point_to(std::string(40, '1'));
  const std::string bump = point_to(std::string(40, '2'));
  EXPECT_EQ(TreeAfter(bump, ""), TreeOf(base));
}

TEST_F(OddHistoryTest, ARenameWithAnEditIsUndoneUnderLaterEdits) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "line " + std::to_string(i) + "\n";
  sandbox_.Commit("old_name.txt", text, "a file");
  fs::remove(sandbox_.clone + "/old_name.txt");
  const std::string bad = sandbox_.Commit("new_name.txt", "edited " + text, "renamed and edited");
  sandbox_.Commit("new_name.txt", "edited " + text + "and more\n", "later, at the other end");
  WriteFile(sandbox_.root + "/user/.gitconfig", "[merge]\n renames = false\n[diff]\n renames = false\n");
  const std::string tree = TreeAfter(bad, "");
  fs::remove(sandbox_.root + "/user/.gitconfig");
  EXPECT_EQ(tree, TreeByHand(bad));
}

TEST_F(OddHistoryTest, AModeAndALinkAreUndone) {
  sandbox_.Commit("run.sh", "#!/bin/sh\n", "a script");
  const std::string base = sandbox_.Commit("target.txt", "text\n", "a file");
  fs::permissions(sandbox_.clone + "/run.sh", fs::perms::owner_all);
  fs::remove(sandbox_.clone + "/target.txt");
  fs::create_symlink("run.sh", sandbox_.clone + "/target.txt");
  CommitAll("may be run, and is a link now");
  EXPECT_EQ(TreeAfter(Head(), ""), TreeOf(base));
}

TEST_F(OddHistoryTest, LineEndsAreMovedByteForByte) {
  sandbox_.Commit("raw.txt", "one\r\ntwo\r\nmixed\n", "committed as it is");
  const std::string base = sandbox_.Commit(".gitattributes", "*.txt text eol=crlf\n*.c ident\n", "rules came later");
  sandbox_.Commit("raw.txt", "one\r\ntwo\r\nmixed\nBAD\n", "bad");
  const std::string bad = Head();
  sandbox_.Commit("id.c", "/* $Id$ */\n", "later");
  WriteFile(sandbox_.root + "/user/.gitconfig", "[core]\n autocrlf = true\n eol = crlf\n");
  const std::string tree = TreeAfter(bad, "");
  fs::remove(sandbox_.root + "/user/.gitconfig");
  EXPECT_EQ(sandbox_.GitIn(sandbox_.state_directory + "/mirrors/shop.git", {"rev-parse", tree + ":raw.txt"}),
            sandbox_.Git({"rev-parse", base + ":raw.txt"}));
  EXPECT_EQ(sandbox_.GitIn(sandbox_.state_directory + "/mirrors/shop.git", {"rev-parse", tree + ":id.c"}),
            sandbox_.Git({"rev-parse", "HEAD:id.c"}));
}

// git-lfs is configured as its installer does it, and not installed: only the pointers move.
TEST_F(OddHistoryTest, LargeFilesAreUndoneByTheirPointers) {
  const auto pointer = [](char digit) {
    return "version https://git-lfs.github.com/spec/v1\noid sha256:" + std::string(64, digit) + "\nsize 12345\n";
  };
  sandbox_.Commit(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n", "large files");
  const std::string base = sandbox_.Commit("large.bin", pointer('1'), "first");
  const std::string bad = sandbox_.Commit("large.bin", pointer('2'), "bad");
  WriteFile(sandbox_.root + "/user/.gitconfig",
            "[filter \"lfs\"]\n clean = no-git-lfs clean -- %f\n smudge = no-git-lfs smudge -- %f\n"
            " process = no-git-lfs filter-process\n required = true\n");
  const DryRun dry_run = Undo(bad, "");
  EXPECT_EQ(dry_run.refusal, "") << dry_run.detail;
  fs::remove(sandbox_.root + "/user/.gitconfig");
  EXPECT_EQ(dry_run.tree, TreeOf(base));
}

TEST_F(OddHistoryTest, NothingThatATreeOrAConfigurationNamesIsRun) {
  const std::string mark = sandbox_.root + "/it-ran";
  const std::string trap = sandbox_.root + "/trap";
  WriteFile(trap, "#!/bin/sh\ntouch " + mark + "\ncat\n");
  fs::permissions(trap, fs::perms::owner_all);
  sandbox_.Commit(".gitattributes", "* filter=trap diff=trap\n", "rules");
  const std::string base = sandbox_.Commit("file.txt", "good\n", "good");
  WriteFile(sandbox_.root + "/user/.gitconfig",
            "[filter \"trap\"]\n clean = " + trap + "\n smudge = " + trap + "\n[diff \"trap\"]\n command = " + trap +
                "\n textconv = " + trap + "\n[diff]\n external = " + trap + "\n[core]\n fsmonitor = " + trap +
                "\n editor = " + trap + "\n pager = " + trap + "\n[sequence]\n editor = " + trap +
                "\n[pager]\n log = " + trap + "\n diff = " + trap + "\n[alias]\n revert = !" + trap + "\n");
  const std::string bad = sandbox_.Commit("file.txt", "bad\n", "bad");
  ASSERT_TRUE(fs::exists(mark)) << "the trap does not work";
  sandbox_.Publish();
  fs::remove(mark);
  const auto dry_run = DryRunRevert(sandbox_.MakeConfig(), sandbox_.TriggerFor(bad, ""), &git_, &clock_);
  ASSERT_TRUE(dry_run.ok()) << MessageOf(dry_run.status());
  EXPECT_EQ(dry_run->refusal, "") << dry_run->detail;
  EXPECT_FALSE(fs::exists(mark));
  fs::remove(sandbox_.root + "/user/.gitconfig");
  EXPECT_EQ(dry_run->tree, TreeOf(base));
}

}  // namespace
}  // namespace revertd

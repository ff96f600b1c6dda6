#include "actions/git_program.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "tests/actions/sandbox.h"

namespace revertd {
namespace {

namespace fs = std::filesystem;

RevertOrder OrderOf(const std::string& onto, const std::string& sha, int mainline) {
  return {.onto = onto, .steps = {{sha, mainline}}, .message = "Revert\n\nwhy\n", .date_ns = 1'763'700'000 * kSecondNs};
}

TEST(GitWords, OnlyHexadecimalNamesAreRevisions) {
  EXPECT_TRUE(IsRevision("abcdef0"));
  EXPECT_TRUE(IsRevision(std::string(64, 'a')));
  for (const char* bad : {"", "abcdef", "--upload-pack=x", "HEAD", "production", "abcdef0 ", "abcdef0^", "abcdefg"}) {
    EXPECT_FALSE(IsRevision(bad)) << bad;
  }
  EXPECT_FALSE(IsRevision(std::string(65, 'a')));
}

TEST(GitWords, EncodedNamesAreSafeAndDifferent) {
  std::set<std::string> encoded;
  const std::vector<std::string> names = {"shop", "../shop", "-shop", "a.lock", "a..b",
                                          "a/b",  "a=2Fb",   "sh op", "a\nb"};
  for (const std::string& name : names) {
    const std::string safe = EncodeName(name);
    EXPECT_EQ(safe.find_first_of("./ \n~^:?*[\\"), std::string::npos) << safe;
    EXPECT_NE(safe.front(), '-');
    encoded.insert(safe);
  }
  EXPECT_EQ(encoded.size(), names.size());
  EXPECT_EQ(EncodeName("shop-2_x"), "shop-2_x");
}

TEST(GitWords, PasswordsAreNotShown) {
  EXPECT_EQ(WithoutPassword("https://me:secret@example.com/a:b@c"), "https://***@example.com/a:b@c");
  EXPECT_EQ(WithoutPassword("https://ghp_secret@github.com/acme/shop"), "https://***@github.com/acme/shop");
  EXPECT_EQ(WithoutPassword("HTTP://ghp_secret@github.com/acme/shop"), "HTTP://***@github.com/acme/shop");
  EXPECT_EQ(WithoutPassword("ssh://git@github.com/acme/shop"), "ssh://git@github.com/acme/shop");
  EXPECT_EQ(WithoutPassword("ssh://git:secret@github.com/acme/shop"), "ssh://git:***@github.com/acme/shop");
  EXPECT_EQ(WithoutPassword("https://example.com:8080/x@y"), "https://example.com:8080/x@y");
  EXPECT_EQ(WithoutPassword("git@github.com:acme/shop.git"), "git@github.com:acme/shop.git");
}

class GitProgramTest : public testing::Test {
 protected:
  Sandbox sandbox_;
  TestClock clock_;
  GitProgram git_ = sandbox_.MakeGit(&clock_);
  RepoConfig repo_ = sandbox_.Repo();
};

TEST_F(GitProgramTest, FetchesTheBranchAndItsHistory) {
  const std::string head = sandbox_.MergeOf("feature", "new.txt", "x\n");
  sandbox_.Publish();
  const auto fetched = git_.FetchBranch(repo_);
  ASSERT_TRUE(fetched.ok()) << MessageOf(fetched.status());
  EXPECT_EQ(*fetched, head);
  const auto commits = git_.ReadCommits(repo_, {.since = "", .until = head, .limit = 10});
  ASSERT_TRUE(commits.ok());
  ASSERT_EQ(commits->size(), 3U);
  EXPECT_EQ(commits->front().message, "Merge feature");
  EXPECT_EQ(commits->front().parents.size(), 2U);
  EXPECT_TRUE(commits->back().parents.empty());
}

TEST_F(GitProgramTest, SaysWhichWorldFailed) {
  EXPECT_EQ(*git_.FetchBranch(repo_), std::nullopt) << "an empty remote has no such branch";
  EXPECT_EQ(*git_.ReadRemoteBranch(repo_), std::nullopt);
  repo_.url = "file://" + sandbox_.root + "/gone.git";
  const auto gone = git_.FetchBranch(repo_);
  EXPECT_TRUE(absl::IsUnavailable(gone.status()));
  EXPECT_NE(MessageOf(gone.status()).find("gone.git"), std::string_view::npos);
  EXPECT_TRUE(absl::IsUnavailable(git_.ReadRemoteBranch(repo_).status()));

  GitProgram nowhere(sandbox_.state_directory, {"PATH="}, &clock_);
  EXPECT_TRUE(absl::IsNotFound(nowhere.Version().status()));
  EXPECT_EQ(MessageOf(nowhere.Version().status()), "git is not installed (looked in PATH)");
}

TEST_F(GitProgramTest, SameOrderGivesTheSameCommitAnywhere) {
  const std::string bad = sandbox_.Commit("base.txt", "one\nBAD\nthree\n", "bad");
  sandbox_.Publish();
  ASSERT_TRUE(git_.FetchBranch(repo_).ok());
  const auto first = git_.Revert(repo_, OrderOf(bad, bad, 0));
  const auto again = git_.Revert(repo_, OrderOf(bad, bad, 0));
  GitProgram elsewhere(sandbox_.root + "/other-state", sandbox_.Environment(), &clock_);
  ASSERT_TRUE(elsewhere.FetchBranch(repo_).ok());
  const auto other = elsewhere.Revert(repo_, OrderOf(bad, bad, 0));
  ASSERT_TRUE(first.ok()) << MessageOf(first.status());
  ASSERT_EQ(first->kind, CommitAnswer::Kind::kCommitted);
  EXPECT_EQ(first->sha, again->sha);
  EXPECT_EQ(first->sha, other->sha);
  EXPECT_EQ(first->tree, sandbox_.Git({"rev-parse", bad + "~1^{tree}"}));
  EXPECT_TRUE(sandbox_.LeftOvers().empty());
  const auto commit = sandbox_.GitIn(sandbox_.state_directory + "/mirrors/shop.git",
                                     {"log", "-1", "--format=%an <%ae> %cn %at %ct", first->sha});
  EXPECT_EQ(commit, "revertd <revertd@localhost> revertd 1763700000 1763700000");
}

TEST_F(GitProgramTest, TheUsersIdentityIsUsedWhereItIsWhole) {
  const std::string bad = sandbox_.Commit("base.txt", "BAD\n", "bad");
  sandbox_.Publish();
  ASSERT_TRUE(git_.FetchBranch(repo_).ok());
  const std::string mirror = sandbox_.state_directory + "/mirrors/shop.git";
  WriteFile(sandbox_.root + "/user/.gitconfig", "[user]\n name = Deploy Bot\n");
  auto half = git_.Revert(repo_, OrderOf(bad, bad, 0));
  ASSERT_TRUE(half.ok()) << MessageOf(half.status());
  EXPECT_EQ(sandbox_.GitIn(mirror, {"log", "-1", "--format=%an", half->sha}), "revertd");
  WriteFile(sandbox_.root + "/user/.gitconfig", "[user]\n name = Deploy Bot\n email = bot@example.com\n");
  auto whole = git_.Revert(repo_, OrderOf(bad, bad, 0));
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(sandbox_.GitIn(mirror, {"log", "-1", "--format=%an %ce", whole->sha}), "Deploy Bot bot@example.com");
}

TEST_F(GitProgramTest, ConflictNamesThePathsAndLeavesNothing) {
  const std::string bad = sandbox_.Commit("base.txt", "one\nBAD\nthree\n", "bad");
  const std::string later = sandbox_.Commit("base.txt", "one\nBAD, but loved\nthree\n", "later");
  sandbox_.Publish();
  ASSERT_TRUE(git_.FetchBranch(repo_).ok());
  const auto answer = git_.Revert(repo_, OrderOf(later, bad, 0));
  ASSERT_TRUE(answer.ok()) << MessageOf(answer.status());
  EXPECT_EQ(answer->kind, CommitAnswer::Kind::kConflict);
  EXPECT_EQ(answer->conflicts, std::vector<std::string>{"base.txt"});
  EXPECT_TRUE(sandbox_.LeftOvers().empty());
}

TEST_F(GitProgramTest, NoHookOfAnyConfigurationRuns) {
  const std::string mark = sandbox_.root + "/hook-ran";
  const std::string hooks = sandbox_.root + "/hooks";
  for (const char* name : {"post-checkout", "pre-commit", "commit-msg", "prepare-commit-msg", "post-commit", "pre-push",
                           "reference-transaction"}) {
    WriteFile(hooks + "/" + name, "#!/bin/sh\ntouch " + mark + "\n");
    fs::permissions(hooks + "/" + name, fs::perms::owner_all);
  }
  WriteFile(sandbox_.root + "/user/.gitconfig",
            "[core]\n hooksPath = " + hooks + "\n[init]\n templateDir = " + sandbox_.root + "/template\n");
  WriteFile(sandbox_.root + "/template/hooks/post-checkout", "#!/bin/sh\ntouch " + mark + "\n");
  fs::permissions(sandbox_.root + "/template/hooks/post-checkout", fs::perms::owner_all);
  // The person's own git does run them: a mark shows that the trap works.
  const std::string bad = sandbox_.Commit("base.txt", "BAD\n", "bad");
  ASSERT_TRUE(fs::exists(mark));
  sandbox_.Publish();
  fs::remove(mark);

  ASSERT_TRUE(git_.FetchBranch(repo_).ok());
  const auto answer = git_.Revert(repo_, OrderOf(bad, bad, 0));
  ASSERT_TRUE(answer.ok()) << MessageOf(answer.status());
  const auto pushed = git_.Push(repo_, bad, answer->sha, true);
  ASSERT_TRUE(pushed.ok());
  EXPECT_TRUE(pushed->accepted);
  EXPECT_FALSE(fs::exists(mark));
}

TEST_F(GitProgramTest, TheCallersGitVariablesDoNotReachGit) {
  sandbox_.Publish();
  std::vector<std::string> environment = sandbox_.Environment();
  for (const char* trap :
       {"GIT_DIR=/nowhere", "GIT_WORK_TREE=/nowhere", "GIT_INDEX_FILE=/nowhere", "GIT_OBJECT_DIRECTORY=/nowhere",
        "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=core.bare", "GIT_CONFIG_VALUE_0=nonsense"}) {
    environment.emplace_back(trap);
  }
  GitProgram git(sandbox_.state_directory, environment, &clock_);
  const auto fetched = git.FetchBranch(repo_);
  ASSERT_TRUE(fetched.ok()) << MessageOf(fetched.status());
  EXPECT_EQ(*fetched, sandbox_.RemoteHead());
}

TEST_F(GitProgramTest, ADeadGitsLockFilesAreSwept) {
  const std::string bad = sandbox_.Commit("base.txt", "BAD\n", "bad");
  sandbox_.Publish();
  ASSERT_TRUE(git_.FetchBranch(repo_).ok());
  const std::string mirror = sandbox_.state_directory + "/mirrors/shop.git";
  sandbox_.Commit("base.txt", "BAD BAD\n", "more");
  sandbox_.Publish();
  for (const char* name :
       {"/refs/remotes/origin/production.lock", "/packed-refs.lock", "/config.lock", "/objects/pack/tmp_pack_a1B2c3"}) {
    WriteFile(mirror + name, "");
  }
  WriteFile(sandbox_.state_directory + "/worktrees/shop/revert/left", "x");
  const auto fetched = git_.FetchBranch(repo_);
  ASSERT_TRUE(fetched.ok()) << MessageOf(fetched.status());
  EXPECT_EQ(*fetched, sandbox_.RemoteHead());
  EXPECT_TRUE(sandbox_.LeftOvers().empty());
  EXPECT_FALSE(fs::exists(mirror + "/objects/pack/tmp_pack_a1B2c3"));
}

TEST_F(GitProgramTest, AMirrorThatAKilledInitLeftHalfMadeIsMadeAgain) {
  sandbox_.Publish();
  const std::string mirror = sandbox_.state_directory + "/mirrors/shop.git";
  WriteFile(mirror + ".new/HEAD", "ref: refs/heads/master\n");
  const auto fetched = git_.FetchBranch(repo_);
  ASSERT_TRUE(fetched.ok()) << MessageOf(fetched.status());
  EXPECT_EQ(*fetched, sandbox_.RemoteHead());
  EXPECT_FALSE(fs::exists(mirror + ".new"));
}

TEST_F(GitProgramTest, AHeldMirrorIsWaitedForAndThenNamed) {
  sandbox_.Publish();
  const MirrorPaths paths = MirrorPathsOf(sandbox_.state_directory, "shop");
  auto held = MirrorLock::Take(paths, &clock_);
  ASSERT_TRUE(held.ok());
  const TimeNs before = clock_.Now();
  const auto fetched = git_.FetchBranch(repo_);
  EXPECT_TRUE(absl::IsUnavailable(fetched.status()));
  EXPECT_GE(clock_.Now() - before, MirrorLock::kWaitMax);
  held->reset();
  EXPECT_TRUE(git_.FetchBranch(repo_).ok());
}

TEST_F(GitProgramTest, PushMovesTheBranchOnlyFromTheExpectedHead) {
  const std::string bad = sandbox_.Commit("base.txt", "BAD\n", "bad");
  sandbox_.Publish();
  ASSERT_TRUE(git_.FetchBranch(repo_).ok());
  const auto revert = git_.Revert(repo_, OrderOf(bad, bad, 0));
  ASSERT_TRUE(revert.ok());
  const auto rehearsed = git_.Push(repo_, bad, revert->sha, true);
  ASSERT_TRUE(rehearsed.ok());
  EXPECT_TRUE(rehearsed->accepted);
  EXPECT_EQ(sandbox_.RemoteHead(), bad);

  const std::string moved = sandbox_.Commit("other.txt", "x\n", "somebody was faster");
  sandbox_.Publish();
  const auto stale = git_.Push(repo_, bad, revert->sha, false);
  ASSERT_TRUE(stale.ok()) << MessageOf(stale.status());
  EXPECT_FALSE(stale->accepted);
  EXPECT_FALSE(stale->detail.empty());
  EXPECT_EQ(sandbox_.RemoteHead(), moved);
  // A head that ours does not descend from is our own mistake and never reaches the remote, lease or not.
  ASSERT_TRUE(git_.FetchBranch(repo_).ok());
  EXPECT_FALSE(git_.Push(repo_, moved, revert->sha, false).ok());
  EXPECT_EQ(sandbox_.RemoteHead(), moved);
}

TEST_F(GitProgramTest, ARejectionCarriesTheRemotesWords) {
  const std::string bad = sandbox_.Commit("base.txt", "BAD\n", "bad");
  sandbox_.Publish();
  sandbox_.WriteHook("pre-receive", "echo 'frozen until Monday' >&2; exit 1");
  ASSERT_TRUE(git_.FetchBranch(repo_).ok());
  const auto revert = git_.Revert(repo_, OrderOf(bad, bad, 0));
  ASSERT_TRUE(revert.ok());
  const auto pushed = git_.Push(repo_, bad, revert->sha, false);
  ASSERT_TRUE(pushed.ok()) << MessageOf(pushed.status());
  EXPECT_FALSE(pushed->accepted);
  EXPECT_NE(pushed->detail.find("frozen until Monday"), std::string::npos) << pushed->detail;
}

TEST_F(GitProgramTest, AMergeHasBothParentsWhereTheBranchCouldBeMovedToo) {
  const std::string onto = sandbox_.Git({"rev-parse", "production"});
  sandbox_.Git({"checkout", "--quiet", "-b", "main"});
  const std::string other = sandbox_.Commit("new.txt", "new\n", "new");
  sandbox_.Git({"push", "--quiet", sandbox_.remote, "production", "main"});
  RepoConfig source = repo_;
  source.branch = "main";
  ASSERT_TRUE(git_.FetchBranch(repo_).ok());
  ASSERT_TRUE(git_.FetchBranch(source).ok());
  const MergeOrder order = {onto, other, "Promote\n\nRevertd-Release: r", 1'763'700'000 * kSecondNs};
  const auto merge = git_.Merge(repo_, order);
  ASSERT_TRUE(merge.ok()) << MessageOf(merge.status());
  ASSERT_EQ(merge->kind, CommitAnswer::Kind::kCommitted);
  EXPECT_EQ(git_.Merge(repo_, order)->sha, merge->sha) << "the same order is the same commit";
  const auto commits = git_.ReadCommits(repo_, {.since = "", .until = merge->sha, .limit = 1});
  ASSERT_TRUE(commits.ok());
  EXPECT_EQ(commits->front().parents, (std::vector<std::string>{onto, other}));
  EXPECT_EQ(commits->front().message, order.message);
  EXPECT_EQ(git_.Merge(repo_, {other, onto, "m", 0})->kind, CommitAnswer::Kind::kEmpty);
  const auto line = git_.ReadCommits(repo_, {.since = "", .until = merge->sha, .first_parents = true, .limit = 9});
  ASSERT_TRUE(line.ok());
  for (const GitCommit& commit : *line) EXPECT_NE(commit.sha, other);
}

TEST_F(GitProgramTest, AMergesConflictNamesThePaths) {
  sandbox_.Git({"checkout", "--quiet", "-b", "main"});
  const std::string theirs = sandbox_.Commit("base.txt", "theirs\n", "theirs");
  sandbox_.Git({"checkout", "--quiet", "production"});
  const std::string ours = sandbox_.Commit("base.txt", "ours\n", "ours");
  sandbox_.Git({"push", "--quiet", sandbox_.remote, "production", "main"});
  RepoConfig source = repo_;
  source.branch = "main";
  ASSERT_TRUE(git_.FetchBranch(repo_).ok());
  ASSERT_TRUE(git_.FetchBranch(source).ok());
  const auto merge = git_.Merge(repo_, {ours, theirs, "m", 0});
  ASSERT_TRUE(merge.ok()) << MessageOf(merge.status());
  EXPECT_EQ(merge->kind, CommitAnswer::Kind::kConflict);
  EXPECT_EQ(merge->conflicts, std::vector<std::string>{"base.txt"});
}

TEST_F(GitProgramTest, ThePreparedCommitIsFoundAgain) {
  const std::string bad = sandbox_.Commit("base.txt", "BAD\n", "bad");
  sandbox_.Publish();
  ASSERT_TRUE(git_.FetchBranch(repo_).ok());
  EXPECT_EQ(*git_.FindCommit(repo_, "0000000000"), std::nullopt);
  EXPECT_EQ(**git_.FindCommit(repo_, bad.substr(0, 10)), bad);
  EXPECT_FALSE(git_.ReadPrepared(repo_, "x")->has_value());
  const std::string id = "shop.example.com-1..2 ~^:.lock";
  ASSERT_TRUE(git_.KeepPrepared(repo_, id, bad).ok());
  const auto kept = git_.ReadPrepared(repo_, id);
  ASSERT_TRUE(kept.ok());
  ASSERT_TRUE(kept->has_value());
  EXPECT_EQ((*kept)->sha, bad);
}

}  // namespace
}  // namespace revertd

// The hooks of `revertd guard install` as git runs them: what a person may do with the production branch, and what not.
#include "actions/guard_hooks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "actions/process.h"
#include "actions/revert_plan.h"
#include "base/strings.h"
#include "tests/actions/guard_fixture.h"

namespace revertd {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Allowed in a branch's name by git, and each of them something to a shell.
constexpr char kOddBranch[] = "it's/$(touch${IFS}pwned)`id`\"&;|<>(){}!#%=-x";

StatusOr<ProcessResult> RunHere(const std::string& program, const std::vector<std::string>& arguments) {
  ProcessSpec spec;
  spec.program = program;
  spec.arguments = arguments;
  spec.environment = OwnEnvironment();
  return RunProcess(spec);
}

TEST(GuardHooks, AreKnownByTheirMarker) {
  for (const bool is_bare : {false, true}) {
    for (const GuardHook& hook : MakeGuardHooks(is_bare, "production")) {
      EXPECT_EQ(GuardVersionOf(hook.text), kGuardVersion) << hook.name;
    }
  }
  EXPECT_EQ(GuardVersionOf("#!/bin/sh\n# revertd-guard version 7\nexit 0\n"), 7);
  EXPECT_EQ(GuardVersionOf("#!/bin/sh\necho '# revertd-guard version 1'\n"), std::nullopt);
  EXPECT_EQ(GuardVersionOf("#!/bin/sh\n# revertd-guard version 1x\n"), std::nullopt);
  EXPECT_EQ(GuardVersionOf("#!/bin/sh\n# revertd-guard version 99999999999\n"), std::nullopt);
  EXPECT_EQ(GuardVersionOf(""), std::nullopt);
}

TEST(GuardHooks, AShellReadsAQuotedTextBack) {
  for (const std::string text : {"production", kOddBranch, "", "two\nlines", "'''"}) {
    const auto echoed = RunHere("sh", {"-c", "printf %s " + QuoteForShell(text)});
    ASSERT_TRUE(echoed.ok());
    EXPECT_EQ(echoed->standard_output, text);
  }
}

TEST_F(GuardTest, HooksArePlainShell) {
  const auto there = CheckProgram("shellcheck", OwnEnvironment());
  if (!there.ok()) GTEST_SKIP() << "no shellcheck here";
  for (const bool is_bare : {false, true}) {
    for (const GuardHook& hook : MakeGuardHooks(is_bare, "it's/production")) {
      WriteFile(sandbox_.root + "/hook", hook.text);
      const auto checked = RunHere("shellcheck", {"-s", "sh", sandbox_.root + "/hook"});
      ASSERT_TRUE(checked.ok());
      EXPECT_EQ(checked->exit_code, 0) << hook.name << "\n" << checked->standard_output;
    }
  }
}

TEST_F(GuardTest, NobodyCommitsToProduction) {
  const std::string head = sandbox_.Git({"rev-parse", "HEAD"});
  const std::string side = Side("feature", "feature.txt");
  Install(sandbox_.clone);
  const Answer commit = TryCommit();
  EXPECT_NE(commit.exit_code, 0);
  EXPECT_THAT(commit.words, AllOf(HasSubstr("production is guarded: a commit made on it is refused"),
                                  HasSubstr("revertd release run"), HasSubstr("REVERTD_GUARD_OVERRIDE")));
  EXPECT_NE(Try(sandbox_.clone, {"commit", "--quiet", "--allow-empty", "--no-verify", "--message=x"}).exit_code, 0);
  EXPECT_NE(Try(sandbox_.clone, {"commit", "--quiet", "--amend", "--message=x"}).exit_code, 0);

  const Answer merge = Try(sandbox_.clone, {"merge", "--quiet", "--no-ff", "--no-edit", "feature"});
  EXPECT_NE(merge.exit_code, 0);
  EXPECT_THAT(merge.words, HasSubstr("a merge into it"));
  sandbox_.Git({"merge", "--abort"});
  EXPECT_NE(Try(sandbox_.clone, {"cherry-pick", side}).exit_code, 0);
  Try(sandbox_.clone, {"cherry-pick", "--abort"});
  EXPECT_NE(Try(sandbox_.clone, {"revert", "--no-edit", head}).exit_code, 0);
  Try(sandbox_.clone, {"revert", "--abort"});
  sandbox_.Git({"reset", "--quiet", "--hard"});
  WriteFile(sandbox_.root + "/one.patch", sandbox_.Git({"format-patch", "--stdout", "-1", side}) + "\n");
  EXPECT_NE(Try(sandbox_.clone, {"am", sandbox_.root + "/one.patch"}).exit_code, 0);
  Try(sandbox_.clone, {"am", "--abort"});
  const Answer rebase = Try(sandbox_.clone, {"rebase", "feature"});
  EXPECT_NE(rebase.exit_code, 0);
  EXPECT_THAT(rebase.words, HasSubstr("a rebase of it"));
  EXPECT_EQ(sandbox_.Git({"rev-parse", "production"}), head);
  EXPECT_FALSE(fs::exists(log_));
}

TEST_F(GuardTest, TheClientDoesNotPushProduction) {
  Install(sandbox_.clone);
  const Answer push = TryPush({"production"});
  EXPECT_NE(push.exit_code, 0);
  EXPECT_THAT(push.words, HasSubstr("a push to it is refused"));
  EXPECT_NE(TryPush({"HEAD:refs/heads/production", "HEAD:refs/heads/other"}).exit_code, 0);
  EXPECT_EQ(TryPush({"HEAD:refs/heads/other", "HEAD:refs/heads/productions", "HEAD:refs/tags/production"}).exit_code,
            0);
  EXPECT_EQ(TryPush({"HEAD:refs/heads/other"}).exit_code, 0) << "nothing to push is nothing to refuse";
}

TEST_F(GuardTest, APushOfARevisionWithBlanksInItsNameIsSeen) {
  Install(sandbox_.clone);
  const Answer push = TryPush({"production@{1 hour ago}:refs/heads/production"});
  EXPECT_NE(push.exit_code, 0);
  EXPECT_THAT(push.words, HasSubstr("a push to it is refused"));
  EXPECT_EQ(TryPush({"production@{1 hour ago}:refs/heads/other"}).exit_code, 0);
  const std::string sha = sandbox_.Git({"rev-parse", "HEAD"});
  const Answer allowed = Try(
      sandbox_.clone, {"push", "--quiet", "file://" + sandbox_.remote, "production@{1 hour ago}:refs/heads/production"},
      {"REVERTD_GUARD_OVERRIDE=the shop is down"});
  EXPECT_EQ(allowed.exit_code, 0) << allowed.words;
  EXPECT_THAT(ReadFile(log_), HasSubstr("(refs/heads/production " + std::string(sha.size(), '0') + " " + sha + ")"));
}

TEST_F(GuardTest, OtherBranchesAreFree) {
  Install(sandbox_.clone);
  sandbox_.Git({"checkout", "--quiet", "-b", "feature"});
  const std::string work = sandbox_.Commit("a.txt", "a\n", "work");
  sandbox_.Git({"checkout", "--quiet", "-b", "other", "HEAD~1"});
  sandbox_.Commit("b.txt", "b\n", "other work");
  sandbox_.Git({"merge", "--quiet", "--no-ff", "--no-edit", "feature"});
  sandbox_.Git({"reset", "--quiet", "--hard", "HEAD~1"});
  sandbox_.Git({"rebase", "--quiet", "feature"});
  sandbox_.Git({"cherry-pick", "--allow-empty", "--keep-redundant-commits", work});
  sandbox_.Git({"checkout", "--quiet", "--detach", "production"});
  EXPECT_EQ(TryCommit().exit_code, 0);
}

TEST_F(GuardTest, AnOverrideNeedsAReasonAndIsRecordedOnce) {
  const std::string head = sandbox_.Git({"rev-parse", "HEAD"});
  Install(sandbox_.clone);
  EXPECT_NE(TryCommit({"REVERTD_GUARD_OVERRIDE="}).exit_code, 0);
  EXPECT_NE(TryCommit({"REVERTD_GUARD_OVERRIDE= \t\n"}).exit_code, 0);
  const Answer allowed = TryCommit({"REVERTD_GUARD_OVERRIDE=the shop\nis down $(id)"});
  EXPECT_EQ(allowed.exit_code, 0) << allowed.words;
  EXPECT_THAT(allowed.words, HasSubstr("allowed, and recorded in "));
  const std::string log = ReadFile(log_);
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
  EXPECT_THAT(log,
              AllOf(HasSubstr("Z\tA Person <person@example.com>\ta commit made on it (refs/heads/production after " +
                              head + ")\tthe shop is down $(id)\n")));

  Side("feature", "feature.txt");
  EXPECT_EQ(
      Try(sandbox_.clone, {"merge", "--quiet", "--no-edit", "--no-ff", "feature"}, {"REVERTD_GUARD_OVERRIDE=late"})
          .exit_code,
      0);
  EXPECT_EQ(Try(sandbox_.clone, {"push", "--quiet", "file://" + sandbox_.remote, "production"},
                {"REVERTD_GUARD_OVERRIDE=later"})
                .exit_code,
            0);
  const std::string after = ReadFile(log_);
  EXPECT_EQ(std::ranges::count(after, '\n'), 3) << after;
  EXPECT_THAT(after, AllOf(HasSubstr("\ta merge into it ("), HasSubstr(")\tlate\n"), HasSubstr("\ta push to it ("),
                           HasSubstr(")\tlater\n")));
}

TEST_F(GuardTest, WhatCannotBeRecordedIsNotAllowed) {
  Install(sandbox_.clone);
  fs::create_directory(log_);
  const Answer refused = TryCommit({"REVERTD_GUARD_OVERRIDE=now"});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.words, HasSubstr("could not be recorded"));
}

TEST_F(GuardTest, TheLogIsBounded) {
  Install(sandbox_.clone);
  WriteFile(log_, std::string(1024 * 1024 + 1, 'x'));
  EXPECT_EQ(TryCommit({"REVERTD_GUARD_OVERRIDE=" + std::string(5000, 'y')}).exit_code, 0);
  EXPECT_LT(fs::file_size(log_), 1000U);
  EXPECT_GT(fs::file_size(log_ + ".1"), 1024U * 1024U);
}

TEST_F(GuardTest, TheServerTakesOnlyWhatCarriesATrailer) {
  sandbox_.Publish();
  EXPECT_THAT(Install(sandbox_.remote), ElementsAre("written pre-receive", "set receive.advertisePushOptions"));
  const std::string head = sandbox_.RemoteHead();
  sandbox_.Commit("a.txt", "a\n", "straight to production");
  const Answer direct = TryPush({"production"});
  EXPECT_NE(direct.exit_code, 0);
  EXPECT_THAT(direct.words, AllOf(HasSubstr("(straight to production) has no trailer"), HasSubstr("forge"),
                                  HasSubstr("revertd release run")));
  EXPECT_NE(TryPush({"production", "production:other"}).exit_code, 0);
  EXPECT_EQ(sandbox_.RemoteHead(), head);
  EXPECT_EQ(TryPush({"production:other"}).exit_code, 0);

  // One without a trailer is enough, wherever it stands on the branch's own line.
  sandbox_.Commit("b.txt", "b\n", "promoted\n\nRevertd-Release: r1.checkout\n");
  EXPECT_NE(TryPush({"production"}).exit_code, 0);
  sandbox_.Git({"reset", "--quiet", "--hard", head});
  for (const char* bad : {"x\n\nRevertd-Release: \n", "x\n\n> Revertd-Trigger: a\n", "Revertd-Release", ""}) {
    sandbox_.Git({"commit", "--quiet", "--allow-empty", "--allow-empty-message", std::string("--message=") + bad});
    EXPECT_NE(TryPush({"production"}).exit_code, 0) << bad;
    sandbox_.Git({"reset", "--quiet", "--hard", head});
  }
  // What a merge brings is not on that line.
  Side("feature", "feature.txt");
  sandbox_.Git({"merge", "--quiet", "--no-ff", "--message=Promote\n\nRevertd-Release: r1.checkout\n", "feature"});
  sandbox_.Commit("c.txt", "c\n", "Revert \"x\"\n\nRevertd-Trigger: checkout-1\nReverts: " + head);
  const Answer carried = TryPush({"production", "feature"});
  EXPECT_EQ(carried.exit_code, 0) << carried.words;
  EXPECT_EQ(sandbox_.RemoteHead(), sandbox_.Git({"rev-parse", "HEAD"}));
}

TEST_F(GuardTest, AnotherNameOfTheBranchIsGuardedToo) {
  sandbox_.Publish();
  Install(sandbox_.remote);
  sandbox_.GitIn(sandbox_.remote, {"symbolic-ref", "refs/heads/master", "refs/heads/production"});
  const std::string head = sandbox_.RemoteHead();
  sandbox_.Commit("a.txt", "a\n", "straight to production");
  const Answer direct = TryPush({"production:master"});
  EXPECT_NE(direct.exit_code, 0);
  EXPECT_THAT(direct.words, HasSubstr("has no trailer"));
  EXPECT_EQ(sandbox_.RemoteHead(), head);
  EXPECT_EQ(TryPush({"production:mast"}).exit_code, 0);
}

TEST_F(GuardTest, TheServerNeitherDeletesNorRewinds) {
  sandbox_.Commit("a.txt", "a\n", "promoted\n\nRevertd-Release: r1\n");
  sandbox_.Publish();
  Install(sandbox_.remote);
  const std::string head = sandbox_.RemoteHead();
  const Answer deleted = TryPush({":production"});
  EXPECT_NE(deleted.exit_code, 0);
  EXPECT_THAT(deleted.words, HasSubstr("it would be deleted"));
  const Answer rewound = TryPush({"+production~1:production"});
  EXPECT_NE(rewound.exit_code, 0);
  EXPECT_THAT(rewound.words, HasSubstr("not be a fast-forward"));
  EXPECT_EQ(sandbox_.RemoteHead(), head);
}

TEST_F(GuardTest, AFirstPushPassesAndALaterBranchBeginsAtWhatIsThere) {
  Install(sandbox_.remote);
  Install(sandbox_.remote, "release");
  sandbox_.Git({"branch", "release"});
  EXPECT_EQ(TryPush({"production", "release"}).exit_code, 0) << "the very first push";
  Install(sandbox_.remote, "later");
  EXPECT_EQ(TryPush({"production:later"}).exit_code, 0);
  Install(sandbox_.remote, "latest");
  sandbox_.Commit("a.txt", "a\n", "not there yet");
  const Answer unseen = TryPush({"production:latest"});
  EXPECT_NE(unseen.exit_code, 0);
  EXPECT_THAT(unseen.words, HasSubstr("(not there yet) has no trailer"));
}

TEST_F(GuardTest, RevertdItselfIsNotInItsOwnWay) {
  const std::string bad = sandbox_.Commit("base.txt", "BAD\n", "bad");
  sandbox_.Publish();
  Install(sandbox_.remote);
  TestClock clock;
  GitProgram git = sandbox_.MakeGit(&clock);
  const RepoConfig repo = sandbox_.Repo();
  ASSERT_TRUE(git.FetchBranch(repo).ok());
  const RollbackTrigger trigger = sandbox_.TriggerFor(bad, "");
  const std::vector<GitCommit> line = {{.sha = bad, .parents = {bad}, .message = "bad"}};
  const std::vector<RevertStep> steps = {{bad, 0}};
  const auto revert = git.Revert(
      repo,
      {.onto = bad, .steps = steps, .message = RevertMessage(trigger, line, steps, "7:abc"), .date_ns = clock.now_ns});
  ASSERT_TRUE(revert.ok());
  // Also where the user's own git would run these hooks in every repository.
  Install(sandbox_.clone);
  WriteFile(sandbox_.root + "/user/.gitconfig", "[core]\n hooksPath = " + hooks_ + "\n");
  const auto pushed = git.Push(repo, bad, revert->sha, false);
  ASSERT_TRUE(pushed.ok()) << MessageOf(pushed.status());
  EXPECT_TRUE(pushed->accepted) << pushed->detail;
  EXPECT_EQ(sandbox_.RemoteHead(), revert->sha);
}

TEST_F(GuardTest, APushOptionIsTheWayOutOfTheServersNo) {
  sandbox_.Publish();
  Install(sandbox_.remote);
  const std::string head = sandbox_.RemoteHead();
  sandbox_.Commit("a.txt", "a\n", "hot fix");
  EXPECT_NE(TryPush({"--push-option=revertd-override=", "production"}).exit_code, 0);
  EXPECT_NE(TryPush({"--push-option=ci.skip", "production"}).exit_code, 0);
  const Answer allowed = TryPush({"-o", "ci.skip", "-o", "revertd-override=down; $(id) 'now'", "production"});
  EXPECT_EQ(allowed.exit_code, 0) << allowed.words;
  EXPECT_THAT(allowed.words, HasSubstr("down; $(id) 'now'"));
  const std::string now = sandbox_.RemoteHead();
  EXPECT_THAT(ReadFile(server_log_),
              HasSubstr("(refs/heads/production " + head + " " + now + ")\tdown; $(id) 'now'\n"));
  // A push that needs none is not recorded.
  sandbox_.Commit("b.txt", "b\n", "promoted\n\nRevertd-Release: r1\n");
  EXPECT_EQ(TryPush({"-o", "revertd-override=x", "production"}).exit_code, 0);
  const std::string log = ReadFile(server_log_);
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
}

TEST_F(GuardTest, AHookThatWasThereIsAskedFirst) {
  WriteHook(hooks_, "prepare-commit-msg", "echo \"$2\" >>" + sandbox_.root + "/asked; [ ! -e no ] || exit 3");
  WriteHook(hooks_, "pre-push", "echo \"$1\" >" + sandbox_.root + "/seen; cat >>" + sandbox_.root + "/seen");
  WriteHook(server_hooks_, "pre-receive", "cat >" + sandbox_.root + "/received; [ ! -e no ] || exit 1");
  sandbox_.Publish();
  EXPECT_THAT(Install(sandbox_.clone), testing::Contains("kept prepare-commit-msg.before-revertd"));
  Install(sandbox_.remote);
  const std::string head = sandbox_.Git({"rev-parse", "HEAD"});
  sandbox_.Git({"checkout", "--quiet", "-b", "feature"});
  EXPECT_EQ(TryCommit().exit_code, 0);
  EXPECT_EQ(ReadFile(sandbox_.root + "/asked"), "message\n");
  WriteFile(sandbox_.clone + "/no", "");
  EXPECT_NE(TryCommit().exit_code, 0) << "its no is a no";
  EXPECT_NE(TryCommit({"REVERTD_GUARD_OVERRIDE=x"}).exit_code, 0) << "which is not ours to override";

  const std::string zero(head.size(), '0');
  const std::string sha = sandbox_.Git({"rev-parse", "HEAD"});
  EXPECT_EQ(TryPush({"feature"}).exit_code, 0);
  EXPECT_EQ(ReadFile(sandbox_.root + "/seen"),
            "file://" + sandbox_.remote + "\nrefs/heads/feature " + sha + " refs/heads/feature " + zero + "\n");
  EXPECT_EQ(ReadFile(sandbox_.root + "/received"), zero + " " + sha + " refs/heads/feature\n");
  EXPECT_NE(TryPush({"feature:production"}).exit_code, 0) << "ours is asked all the same";
  WriteFile(sandbox_.remote + "/no", "");
  EXPECT_NE(TryPush({"feature:other"}).exit_code, 0);
}

TEST_F(GuardTest, AHookThatReadsNothingAndOneThatDoesNotRunHoldNobodyUp) {
  WriteHook(hooks_, "pre-push", "exit 0");
  WriteHook(hooks_, "pre-commit", "exit 1", 0644);  // git runs only what is executable
  Install(sandbox_.clone);
  sandbox_.Git({"checkout", "--quiet", "-b", "feature"});
  EXPECT_EQ(TryCommit().exit_code, 0);
  EXPECT_EQ(TryPush({"feature"}).exit_code, 0);
  EXPECT_NE(TryPush({"feature:production"}).exit_code, 0);
}

TEST_F(GuardTest, AnyBranchNameIsOnlyAName) {
  sandbox_.Publish();
  Install(sandbox_.clone, kOddBranch);
  Install(sandbox_.remote, kOddBranch);
  EXPECT_EQ(TryCommit({}, "production is free").exit_code, 0);
  EXPECT_EQ(TryPush({"production"}).exit_code, 0);
  sandbox_.Git({"checkout", "--quiet", "-b", kOddBranch});
  const Answer refused = TryCommit();
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.words, HasSubstr(std::string("revertd: ") + kOddBranch + " is guarded"));
  const Answer push = TryPush({std::string("HEAD:refs/heads/") + kOddBranch});
  EXPECT_THAT(push.words, HasSubstr("a push to it is refused"));
  Remove(sandbox_.clone);
  EXPECT_EQ(TryCommit().exit_code, 0);
  const Answer server = TryPush({std::string("HEAD:refs/heads/") + kOddBranch});
  EXPECT_THAT(server.words, HasSubstr("is guarded: this push is refused"));
  EXPECT_FALSE(fs::exists(sandbox_.clone + "/pwned") || fs::exists(sandbox_.remote + "/pwned"));
}

TEST_F(GuardTest, LongNamesOfCommitsAreNamesToo) {
  const std::string remote = sandbox_.root + "/long.git";
  const std::string clone = sandbox_.root + "/long";
  if (Try(sandbox_.root, {"init", "--quiet", "--bare", "--object-format=sha256", remote}).exit_code != 0) {
    GTEST_SKIP() << "this git knows no SHA-256";
  }
  Try(sandbox_.root, {"init", "--quiet", "--object-format=sha256", "--initial-branch=production", clone});
  const auto commit = [&](const std::string& message) {
    return Try(clone, {"commit", "--quiet", "--allow-empty", "--message=" + message}).exit_code;
  };
  const auto push = [&](const std::string& refs) { return Try(clone, {"push", "--quiet", remote, refs}); };
  Install(remote);
  EXPECT_EQ(commit("first"), 0);
  EXPECT_EQ(push("production").exit_code, 0);
  EXPECT_EQ(commit("promoted\n\nRevertd-Release: r1"), 0);
  EXPECT_EQ(push("production").exit_code, 0);
  EXPECT_EQ(commit("direct"), 0);
  EXPECT_THAT(push("production").words, HasSubstr("(direct) has no trailer"));
  EXPECT_THAT(push(":production").words, HasSubstr("it would be deleted"));
}

}  // namespace
}  // namespace revertd

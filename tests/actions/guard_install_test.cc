// Putting the hooks of `revertd guard` into repositories of every kind, and taking them out again: what stood there
// before, where git looks for them, and what is said.
#include "actions/guard_install.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/actions/guard_fixture.h"

namespace revertd {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

mode_t ModeOf(const std::string& path) {
  struct stat found {};
  EXPECT_EQ(::lstat(path.c_str(), &found), 0) << path;
  return found.st_mode & ALLPERMS;
}

TEST_F(GuardTest, RemovingPutsBackWhatWasThere) {
  const std::string body = "#!/bin/sh\n# no newline at the end, and \xff";
  WriteFile(hooks_ + "/pre-commit", body);
  ASSERT_EQ(::chmod((hooks_ + "/pre-commit").c_str(), 0710), 0);
  fs::create_symlink("elsewhere", hooks_ + "/pre-push");
  Install(sandbox_.clone);
  EXPECT_EQ(ModeOf(hooks_ + "/pre-commit"), 0755U);
  EXPECT_THAT(Remove(sandbox_.clone),
              ElementsAre("restored pre-commit", "removed pre-merge-commit", "removed prepare-commit-msg",
                          "removed applypatch-msg", "removed pre-rebase", "restored pre-push"));
  EXPECT_EQ(ReadFile(hooks_ + "/pre-commit"), body);
  EXPECT_EQ(ModeOf(hooks_ + "/pre-commit"), 0710U);
  EXPECT_EQ(fs::read_symlink(hooks_ + "/pre-push"), "elsewhere");
  for (const auto& entry : fs::directory_iterator(hooks_)) {
    EXPECT_EQ(entry.path().filename().string().find("revertd"), std::string::npos) << entry.path();
  }
  EXPECT_THAT(Remove(sandbox_.clone), ElementsAre("left pre-commit", "left pre-push"));

  Install(sandbox_.remote);
  EXPECT_EQ(sandbox_.GitIn(sandbox_.remote, {"config", "receive.advertisePushOptions"}), "true");
  EXPECT_THAT(Remove(sandbox_.remote), ElementsAre("removed pre-receive", "unset receive.advertisePushOptions"));
  EXPECT_THAT(ReadFile(sandbox_.remote + "/config"), Not(HasSubstr("ushOptions")));
}

TEST_F(GuardTest, ASettingThatWasThereStays) {
  sandbox_.GitIn(sandbox_.remote, {"config", "receive.advertisePushOptions", "yes"});
  EXPECT_THAT(Install(sandbox_.remote), ElementsAre("written pre-receive"));
  EXPECT_THAT(Remove(sandbox_.remote), ElementsAre("removed pre-receive"));
  EXPECT_EQ(sandbox_.GitIn(sandbox_.remote, {"config", "receive.advertisePushOptions"}), "yes");
}

TEST_F(GuardTest, InstallingAgainDoesNothingOrMends) {
  WriteHook(server_hooks_, "pre-receive", "exit 0");
  EXPECT_THAT(Show(sandbox_.remote), ElementsAre("pre-receive foreign"));
  EXPECT_THAT(
      Install(sandbox_.remote, "production", true),
      ElementsAre("kept pre-receive.before-revertd", "written pre-receive", "set receive.advertisePushOptions"));
  EXPECT_THAT(Show(sandbox_.remote), ElementsAre("pre-receive foreign")) << "a dry run changes nothing";
  Install(sandbox_.remote);
  EXPECT_THAT(Show(sandbox_.remote), ElementsAre("pre-receive current"));
  const std::string text = ReadFile(server_hooks_ + "/pre-receive");
  EXPECT_THAT(Install(sandbox_.remote), ElementsAre("unchanged pre-receive"));
  EXPECT_EQ(ReadFile(server_hooks_ + "/pre-receive.before-revertd"), "#!/bin/sh\nexit 0\n");

  EXPECT_THAT(Show(sandbox_.remote, "other"), ElementsAre("pre-receive changed"));
  ASSERT_EQ(::chmod((server_hooks_ + "/pre-receive").c_str(), 0644), 0);
  EXPECT_THAT(Show(sandbox_.remote), ElementsAre("pre-receive changed")) << "git would not run it";
  WriteFile(server_hooks_ + "/pre-receive", text + "exit 0\n");
  EXPECT_THAT(Install(sandbox_.remote), ElementsAre("updated pre-receive"));
  EXPECT_EQ(ReadFile(server_hooks_ + "/pre-receive"), text);
  EXPECT_EQ(ModeOf(server_hooks_ + "/pre-receive"), 0755U);
  fs::remove(server_hooks_ + "/pre-receive");
  EXPECT_THAT(Show(sandbox_.remote), ElementsAre("pre-receive missing"));
  EXPECT_THAT(Install(sandbox_.remote), ElementsAre("written pre-receive")) << "and asks the one that it kept";
  EXPECT_THAT(Remove(sandbox_.remote, true), ElementsAre("restored pre-receive", "unset receive.advertisePushOptions"));
  EXPECT_THAT(Show(sandbox_.remote), ElementsAre("pre-receive current"));
}

TEST_F(GuardTest, TwoHooksOfOthersAreAPersonsToSort) {
  WriteHook(hooks_, "pre-push", "exit 0");
  Install(sandbox_.clone);
  WriteHook(hooks_, "pre-push", "exit 1");  // as another tool's installer does
  fs::remove(hooks_ + "/pre-commit");
  const auto refused = InstallGuard(Find(sandbox_.clone), "production", sandbox_.Environment(), false);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status()));
  EXPECT_THAT(std::string(MessageOf(refused.status())), HasSubstr("pre-push.before-revertd"));
  EXPECT_FALSE(fs::exists(hooks_ + "/pre-commit")) << "nothing was changed";
  EXPECT_THAT(Remove(sandbox_.clone), testing::Contains("left pre-push"));
  EXPECT_EQ(ReadFile(hooks_ + "/pre-push"), "#!/bin/sh\nexit 1\n");
}

TEST_F(GuardTest, WhatIsNoBranchOrNoRepositoryIsSaid) {
  for (const char* bad : {"", "a b", "a..b", "x.lock", "two\nlines", "/"}) {
    const auto refused = InstallGuard(Find(sandbox_.clone), bad, sandbox_.Environment(), false);
    EXPECT_TRUE(absl::IsInvalidArgument(refused.status())) << bad;
  }
  for (const std::string& path : {sandbox_.root + "/gone", sandbox_.root, sandbox_.clone + "/.git"}) {
    const auto found = FindGuardedRepository(path, sandbox_.Environment());
    EXPECT_TRUE(absl::IsInvalidArgument(found.status())) << path;
    EXPECT_THAT(std::string(MessageOf(found.status())), HasSubstr(path));
  }
}

TEST_F(GuardTest, ALinkedWorkTreeIsGuardedWithTheOthers) {
  const std::string linked = sandbox_.root + "/linked";
  sandbox_.Git({"worktree", "add", "--quiet", "-b", "feature", linked});
  const GuardedRepository repository = Find(linked);
  EXPECT_EQ(repository.hooks_folder, hooks_);
  Install(linked);
  EXPECT_EQ(Try(linked, {"commit", "--quiet", "--allow-empty", "--message=x"}).exit_code, 0);
  EXPECT_NE(TryCommit().exit_code, 0);
  sandbox_.Git({"checkout", "--quiet", "--detach"});
  Try(linked, {"checkout", "--quiet", "production"});
  EXPECT_NE(Try(linked, {"commit", "--quiet", "--allow-empty", "--message=x"}).exit_code, 0);
  EXPECT_EQ(Try(linked, {"commit", "--quiet", "--allow-empty", "--message=x"}, {"REVERTD_GUARD_OVERRIDE=r"}).exit_code,
            0);
  EXPECT_THAT(ReadFile(log_), HasSubstr("\tr\n")) << "one log for all work trees";
}

TEST_F(GuardTest, HooksGoWhereGitLooksForThem) {
  sandbox_.Git({"config", "core.hooksPath", ".githooks"});
  fs::create_directories(sandbox_.clone + "/some/where");
  Install(sandbox_.clone + "/some/where");
  EXPECT_TRUE(fs::exists(sandbox_.clone + "/.githooks/pre-commit"));
  EXPECT_FALSE(fs::exists(hooks_ + "/pre-commit"));
  EXPECT_NE(TryCommit().exit_code, 0);

  sandbox_.GitIn(sandbox_.remote, {"config", "core.hooksPath", sandbox_.root + "/server-hooks"});
  Install(sandbox_.remote);
  EXPECT_TRUE(fs::exists(sandbox_.root + "/server-hooks/pre-receive"));
}

TEST_F(GuardTest, HooksOfAllRepositoriesAreLeftAlone) {
  WriteFile(sandbox_.root + "/user/.gitconfig", "[core]\n hooksPath = " + sandbox_.root + "/all\n");
  const auto found = FindGuardedRepository(sandbox_.clone, sandbox_.Environment());
  EXPECT_TRUE(absl::IsInvalidArgument(found.status()));
  EXPECT_THAT(std::string(MessageOf(found.status())), HasSubstr("core.hooksPath"));
  sandbox_.Git({"config", "core.hooksPath", ".git/hooks"});
  Install(sandbox_.clone);
  EXPECT_NE(TryCommit().exit_code, 0);
}

TEST_F(GuardTest, TheCallersGitVariablesPointNowhere) {
  std::vector<std::string> environment = sandbox_.Environment();
  environment.emplace_back("GIT_DIR=/nowhere");
  const auto found = FindGuardedRepository(sandbox_.remote, environment);
  ASSERT_TRUE(found.ok()) << MessageOf(found.status());
  EXPECT_TRUE(found->is_bare);
}

}  // namespace
}  // namespace revertd

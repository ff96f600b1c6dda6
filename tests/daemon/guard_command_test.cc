// `revertd guard` as a user runs it: which branch it takes to be production, what it prints, and how it exits. What the
// hooks do is tests/actions/guard_hooks_test.cc's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "actions/guard_hooks.h"
#include "actions/process.h"
#include "tests/daemon/program.h"

namespace revertd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class GuardCommand : public ::testing::Test {
 protected:
  GuardCommand() {
    Git({"init", "--quiet", "--bare", remote_});
    Git({"init", "--quiet", clone_});
    Git({"-C", clone_, "remote", "add", "origin", "git@forge.test:acme/shop.git"});
    config_ = folder_.Write("revertd.yaml",
                            "repos:\n"
                            "  shop: {url: 'https://forge.test/acme/shop', branch: live}\n"
                            "  bare: {url: 'file://" +
                                remote_ +
                                "', branch: stable}\n"
                                "state: " +
                                folder_.Path("state.db") + "\n");
  }
  void Git(const std::vector<std::string>& arguments) {
    ProcessSpec spec;
    spec.program = "git";
    spec.arguments = arguments;
    spec.environment = OwnEnvironment();
    const auto result = RunProcess(spec);
    ASSERT_TRUE(result.ok()) << MessageOf(result.status());
    ASSERT_EQ(result->exit_code, 0) << result->standard_error;
  }
  ProgramResult Guard(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "guard");
    return RunProgram(folder_, arguments);
  }

  const TestFolder folder_;
  const std::string remote_ = folder_.Path("remote.git");
  const std::string clone_ = folder_.Path("clone");
  std::string config_;
};

TEST_F(GuardCommand, TheBranchIsTheOneOfTheRepoThatIsMeant) {
  const auto branch = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"show", "--config", config_});
    return Guard(arguments).out;
  };
  EXPECT_THAT(branch({clone_}), HasSubstr("\"branch\":\"live\"")) << "by its origin";
  EXPECT_THAT(branch({remote_}), HasSubstr("\"branch\":\"stable\"")) << "it is the remote itself";
  EXPECT_THAT(branch({"--repo", "shop", remote_}), HasSubstr("\"branch\":\"live\""));
  EXPECT_THAT(branch({"--branch", "main", "--repo", "shop", remote_}), HasSubstr("\"branch\":\"main\""));
  Git({"-C", clone_, "remote", "set-url", "origin", "git@forge.test:acme/other.git"});
  EXPECT_THAT(branch({clone_}), HasSubstr("\"branch\":\"production\""));
}

TEST_F(GuardCommand, ARepoOfSeveralBranchesIsAsked) {
  config_ = folder_.Write("two.yaml",
                          "repos:\n"
                          "  shop: {url: 'https://forge.test/acme/shop', branch: live}\n"
                          "  staging: {url: 'https://forge.test/acme/shop', branch: staging}\n");
  const ProgramResult asked = Guard({"install", "--config", config_, clone_});
  EXPECT_EQ(asked.exit_code, 2);
  EXPECT_THAT(asked.err, HasSubstr("--repo NAME or --branch NAME"));
  EXPECT_EQ(Guard({"install", "--config", config_, "--repo", "staging", clone_}).exit_code, 0);
  const ProgramResult unknown = Guard({"install", "--config", config_, "--repo", "stagin", clone_});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean \"staging\"?"));
}

TEST_F(GuardCommand, InstallsShowsAndRemoves) {
  EXPECT_EQ(Guard({"show", "--branch", "live", remote_}).exit_code, 1);
  const ProgramResult planned = Guard({"install", "--branch", "live", "--dry-run", remote_});
  EXPECT_EQ(planned.exit_code, 0) << planned.err;
  EXPECT_THAT(
      planned.out,
      AllOf(StartsWith("{\"step\":\"written\",\"subject\":\"" + remote_ + "/hooks/pre-receive\",\"dry_run\":true}"),
            HasSubstr("{\"step\":\"set\",\"subject\":\"receive.advertisePushOptions\",\"dry_run\":true}")));
  EXPECT_THAT(planned.err, HasSubstr("would guard live in "));
  EXPECT_EQ(Guard({"show", "--branch", "live", remote_}).exit_code, 1);

  const ProgramResult done = Guard({"install", "--branch", "live", remote_});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.out, Not(HasSubstr("dry_run")));
  EXPECT_THAT(done.err, AllOf(HasSubstr("guards live in "), HasSubstr("against accidents"),
                              HasSubstr("receive.advertisePushOptions is set")));
  const ProgramResult shown = Guard({"show", "--branch", "live", remote_});
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_EQ(shown.out, "{\"hook\":\"pre-receive\",\"branch\":\"live\",\"state\":\"current\",\"version\":" +
                           std::to_string(kGuardVersion) +
                           ","
                           "\"chained\":false,\"path\":\"" +
                           remote_ +
                           "/hooks/pre-receive\"}\n"
                           "{\"setting\":\"receive.advertisePushOptions\",\"state\":\"current\"}\n");
  EXPECT_EQ(Guard({"show", "--branch", "other", remote_}).exit_code, 1) << "changed";
  Git({"-C", remote_, "config", "receive.advertisePushOptions", "false"});
  EXPECT_EQ(Guard({"show", "--branch", "live", remote_}).exit_code, 1) << "there would be no way out";

  EXPECT_EQ(Guard({"remove", remote_}).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(remote_ + "/hooks/pre-receive"));
  const ProgramResult nothing = Guard({"remove", clone_});
  EXPECT_EQ(nothing.exit_code, 0);
  EXPECT_EQ(nothing.out, "");
  EXPECT_THAT(nothing.err, HasSubstr("no hooks of ours"));
}

TEST_F(GuardCommand, WhatIsNoRepositoryIsWrongUsage) {
  const ProgramResult gone = Guard({"install", folder_.Path("gone")});
  EXPECT_EQ(gone.exit_code, 2);
  EXPECT_THAT(gone.err, HasSubstr("gone: no such folder"));
  EXPECT_EQ(Guard({"install", "--branch", "a b", clone_}).exit_code, 2);
  EXPECT_EQ(Guard({}).exit_code, 2);
}

}  // namespace
}  // namespace revertd

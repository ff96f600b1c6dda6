// Rollbacks that run the user's commands: drain, deploy, and the switch to the last good version.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "actions/command_runner.h"
#include "tests/actions/executor_fixture.h"

namespace revertd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(FillIn, ReplacesEachWordOnceAndLooksNotAtWhatItPutIn) {
  const CommandConfig command = {{"deploy", "--service={service}", "{good}{bad}", "{unknown}", "{good"}, kMinuteNs};
  EXPECT_THAT(FillIn(command, {{"{service}", "{good}"}, {"{good}", "g"}, {"{bad}", "b"}}),
              ElementsAre("deploy", "--service={good}", "gb", "{unknown}", "{good"));
}

TEST(Outcome, SaysHowItEndedInOneLine) {
  ProcessResult result;
  result.exit_code = 3;
  result.standard_error = "first\nno such host\n";
  EXPECT_EQ(Outcome(result), "exit 3: first no such host");
  result.timed_out = true;
  result.standard_error = std::string(5000, 'x');
  EXPECT_EQ(Outcome(result).size(), std::string("ended at its time limit: ").size() + 400);
}

class CommandTest : public testing::Test {
 protected:
  CommandTest() { sandbox_.Publish(); }

  // A command that adds its arguments to a file of that name, then does `then`.
  CommandConfig Script(const std::string& name, const std::string& then) {
    const std::string path = sandbox_.root + "/" + name + ".sh";
    WriteFile(path, "#!/bin/sh\necho \"$@\" >> " + sandbox_.root + "/" + name + "\n" + then + "\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return {{path, "{service}", "{bad}", "{good}", "{in_flight}", "{signal}"}, kMinuteNs};
  }
  std::string RunsOf(const std::string& name) { return ReadFile(sandbox_.root + "/" + name); }

  std::vector<std::string> Run() {
    CommandRunner commands(sandbox_.Environment());
    RunToTheEnd(&sandbox_, trigger_, config_, &git_, &clock_, &events_, nullptr, 20'000, {nullptr, &commands});
    EXPECT_TRUE(sandbox_.LeftOvers().empty());
    return Outcomes(sandbox_, trigger_.id);
  }
  std::string DetailOf(const std::string& step) {
    for (const ExecutorEvent& event : events_.events) {
      if (event.step == step && !event.begun) return event.detail;
    }
    return "no such step";
  }
  void KnowDeploy(const std::string& id, const std::string& head, VerdictState state) {
    Stores stores = OpenStores(sandbox_);
    Deploy deploy;
    deploy.id = id;
    deploy.service = "checkout";
    deploy.head = head;
    deploy.start_ns = deploy.finish_ns = trigger_.created_ns - kHourNs;
    ASSERT_TRUE(stores.sidecar->WriteDeploy(deploy).ok());
    Verdict verdict;
    verdict.deploy_id = id;
    verdict.service = "checkout";
    verdict.state = state;
    ASSERT_TRUE(stores.sidecar->WriteVerdict(verdict).ok());
  }

  Sandbox sandbox_;
  TestClock clock_;
  GitProgram git_ = sandbox_.MakeGit(&clock_);
  RecordedEvents events_;
  Config config_ = sandbox_.MakeConfig();
  const std::string good_ = sandbox_.Git({"rev-parse", "HEAD"});
  const std::string bad_ = [this] {
    const std::string merge = sandbox_.MergeOf("feature", "bad.txt", "bad\n");
    sandbox_.Publish();
    return merge;
  }();
  RollbackTrigger trigger_ = sandbox_.TriggerFor(bad_, "");
};

TEST_F(CommandTest, TheLastGoodVersionIsDeployedAgainAndGitIsLeftAlone) {
  config_.services[0].rollback = RollbackBy::kVersion;
  config_.services[0].version = Script("version", "true");
  KnowDeploy("good", good_, VerdictState::kHealthy);
  EXPECT_THAT(Run(), ElementsAre("accepted done", "planned done", "announced done", "drained done", "switched done",
                                 "deployed done", "recovered recovered"));
  EXPECT_EQ(RunsOf("version"), "checkout " + bad_ + " " + good_ + " complete_old none\n");
  EXPECT_EQ(sandbox_.RemoteHead(), bad_);
  EXPECT_EQ(DetailOf("deployed"), trigger_.id + "-rollback");
}

// A push's own base may be a commit whose deploy was begun and given up.
TEST_F(CommandTest, AVersionThatNeverServedIsNoWayBack) {
  config_.services[0].rollback = RollbackBy::kVersion;
  config_.services[0].version = Script("version", "true");
  trigger_.base = sandbox_.Git({"rev-parse", bad_ + "^2"});
  Deploy given_up;
  given_up.id = "given-up";
  given_up.service = trigger_.service;
  given_up.repo = trigger_.repo;
  given_up.head = trigger_.base;
  given_up.start_ns = trigger_.created_ns - kHourNs;
  ASSERT_TRUE(OpenStores(sandbox_).sidecar->WriteDeploy(given_up).ok());
  EXPECT_EQ(Run().back(), "planned no_good_version");
  KnowDeploy("good", good_, VerdictState::kHealthy);
  trigger_.id += "x";
  EXPECT_EQ(Run().back(), "recovered recovered");
  EXPECT_EQ(RunsOf("version"), "checkout " + bad_ + " " + good_ + " complete_old none\n");
}

TEST_F(CommandTest, AVersionThatWasBadItselfIsNoWayBack) {
  config_.services[0].rollback = RollbackBy::kVersion;
  config_.services[0].version = Script("version", "true");
  EXPECT_EQ(Run().back(), "planned no_good_version");
  KnowDeploy("worse", good_, VerdictState::kRegressed);
  trigger_.id += "x";
  EXPECT_EQ(Run().back(), "planned good_version_regressed");
  EXPECT_EQ(RunsOf("version"), "");
}

TEST_F(CommandTest, AVersionGoesBackOverNoMigrationAndNoNewerDeploy) {
  config_.services[0].rollback = RollbackBy::kVersion;
  config_.services[0].version = Script("version", "true");
  KnowDeploy("good", good_, VerdictState::kHealthy);
  config_.repos[0].protected_paths = {"bad.txt"};
  EXPECT_EQ(Run().back(), "planned protected_path");
  config_.repos[0].protected_paths.clear();
  trigger_.id += "x";
  Stores stores = OpenStores(sandbox_);
  Deploy newer;
  newer.id = "newer";
  newer.service = "checkout";
  newer.head = std::string(40, 'c');
  newer.start_ns = newer.finish_ns = trigger_.created_ns + kSecondNs;
  ASSERT_TRUE(stores.sidecar->WriteDeploy(newer).ok());
  stores = Stores();
  EXPECT_EQ(Run().back(), "planned newer_deploy");
  EXPECT_EQ(DetailOf("planned"), "bad.txt") << "of the first";
  EXPECT_EQ(RunsOf("version"), "");
}

TEST_F(CommandTest, ACommandThatFailsIsSaidWithItsWords) {
  config_.services[0].rollback = RollbackBy::kVersion;
  config_.services[0].version = Script("version", "echo 'no such image' >&2; exit 4");
  KnowDeploy("good", good_, VerdictState::kHealthy);
  EXPECT_EQ(Run().back(), "switched command_failed");
  EXPECT_EQ(DetailOf("switched"), "exit 4: no such image");
}

TEST_F(CommandTest, TheRevertIsDrainedForAndDeployed) {
  config_.guard.in_flight = InFlight::kCancel;
  config_.services[0].drain = Script("drain", "true");
  config_.services[0].deploy = Script("deploy", "true");
  EXPECT_EQ(Run().back(), "recovered recovered");
  const std::string revert = sandbox_.RemoteHead();
  EXPECT_EQ(RunsOf("drain"), "checkout " + bad_ + " " + revert + " cancel retry\n");
  EXPECT_EQ(sandbox_.RemoteReverts(trigger_.id), 1);
}

TEST_F(CommandTest, ADrainThatFailsKeepsNoBrokenVersionInProduction) {
  config_.services[0].drain = Script("drain", "exit 1");
  EXPECT_EQ(Run().back(), "recovered recovered");
  EXPECT_THAT(DetailOf("drained"), HasSubstr("NOT drained: exit 1"));
}

TEST_F(CommandTest, ACommandThatHangsEndsAtItsLimit) {
  config_.services[0].drain = Script("drain", "exec sleep 1000");
  config_.services[0].drain.time_limit = kSecondNs / 5;
  EXPECT_EQ(Run().back(), "recovered recovered");
  EXPECT_THAT(DetailOf("drained"), HasSubstr("ended at its time limit"));
}

TEST_F(CommandTest, DestructionEndsWhatStillRuns) {
  CommandConfig forever = Script("forever", "exec sleep 1000");
  const auto begun = SystemClock().Now();
  {
    CommandRunner commands(sandbox_.Environment());
    EXPECT_FALSE(commands.Run("key", forever, {}).has_value());
    EXPECT_TRUE(commands.IsRunning("key"));
    EXPECT_FALSE(commands.Run("key", forever, {}).has_value()) << "one at a time";
  }
  EXPECT_LT(SystemClock().Now() - begun, 30 * kSecondNs);
}

}  // namespace
}  // namespace revertd

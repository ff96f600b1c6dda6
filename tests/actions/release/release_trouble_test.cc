// A release in trouble: words said at the wrong time, answers that are lost, meddling on the branch, switches thrown on
// the way back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>

#include "tests/actions/release/release_world.h"

namespace revertd {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using Progress = ReleaseRunner::Progress;
using Command = ExecutorCommand::Kind;

constexpr VerdictState kBad = VerdictState::kRegressed;

TEST(ReleaseTrouble, ASecondApprovalDoesNotSkipTheWindow) {
  ReleaseWorld world;
  world.Step("payments").approval = true;
  world.verdicts["payments"] = VerdictState::kWatching;
  ASSERT_EQ(world.Run(), Progress::kWaiting);
  world.Say(Command::kReleaseApprove, "payments");
  bool said = false;
  world.before_turn = [&](const std::string& why) {
    if (why != "watching" || said) return;
    said = true;
    world.Say(Command::kReleaseApprove, "payments");
    world.before_turn = nullptr;
  };
  ASSERT_EQ(world.Run(), Progress::kWaiting);
  EXPECT_TRUE(said);
  EXPECT_THAT(world.Rows(), Contains("payments/guarded -"));
  EXPECT_THAT(Only(world.Rows(), "waved_on"), IsEmpty());
}

TEST(ReleaseTrouble, WhatIsFrozenBetweenRegistrationAndPushWaits) {
  ReleaseWorld world;
  world.file.freeze.push_back(
      {.days = {0, 1, 2, 3, 4, 5, 6}, .from_minute = 0, .minutes = 24 * 60, .why = "nobody is there"});
  const FreezeWindow frozen = world.file.freeze.front();
  world.file.freeze.clear();
  const FaultPoint freezes = [&](std::string_view place) {
    if (place == "schema/promoted.before_begin") world.file.freeze.push_back(frozen);
  };
  bool waited = false;
  world.before_turn = [&](const std::string& why) {
    if (why != "frozen") return;
    waited = true;
    EXPECT_THAT(world.Commands(), ElementsAre(""));
    world.file.freeze.clear();
  };
  ASSERT_EQ(world.Run(freezes), Progress::kEnded);
  EXPECT_TRUE(waited);
}

TEST(ReleaseTrouble, TheKillSwitchHoldsTheWayBackUntilItIsGone) {
  ReleaseWorld world;
  world.verdicts["cart"] = kBad;
  const FaultPoint switched = [&](std::string_view place) {
    if (place == "breached.after_finish") WriteFile(world.config.guard.kill_switch, "");
  };
  ASSERT_EQ(world.Run(switched), Progress::kWaiting);
  EXPECT_EQ(world.Production("web", "cart"), "v2");
  std::filesystem::remove(world.config.guard.kill_switch);
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "reversed");
}

// Conflicts with what a person pushed on top; mended by that person, it is tried again.
TEST(ReleaseTrouble, AnUndoThatHaltedIsTriedAgain) {
  ReleaseWorld world;
  world.verdicts["cart"] = kBad;
  const std::string clone = world.sandbox.root + "/clone-web";
  const std::string remote = world.sandbox.root + "/web.git";
  const auto push = [&](const std::string& text) {
    world.sandbox.GitIn(clone, {"checkout", "--quiet", "production"});
    world.sandbox.GitIn(clone, {"pull", "--quiet", "--ff-only", remote, "production"});
    WriteFile(clone + "/cart", text);
    world.sandbox.GitIn(clone, {"commit", "--quiet", "--all", "--message=by hand"});
    world.sandbox.GitIn(clone, {"push", "--quiet", remote, "production"});
  };
  const FaultPoint meddled = [&](std::string_view place) {
    if (place == "cart/reversed.before_begin") push("hotfix\n");
  };
  ASSERT_EQ(world.Run(meddled), Progress::kHalted);
  EXPECT_THAT(world.Rows(), Contains("cart/reversed conflict"));
  push("v2\n");
  ASSERT_EQ(world.Run(nullptr, true), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "reversed");
  EXPECT_EQ(world.Production("web", "cart"), "v1");
}

TEST(ReleaseTrouble, AnotherTryIsForTheHaltThatWasThereAlone) {
  ReleaseWorld world;
  world.Step("schema").inverse.command.argv.back() = "echo down >> " + world.sandbox.root + "/commands; exit 7";
  world.verdicts["payments"] = kBad;
  ASSERT_EQ(world.Run(nullptr, true), Progress::kHalted) << "nothing had halted when it was asked for";
  EXPECT_THAT(world.Commands(), ElementsAre("up", "down"));
}

TEST(ReleaseTrouble, WhoCannotTellWhetherItIsDoneIsAPersonsCase) {
  ReleaseWorld world;
  const int first = world.RunInChild("schema/promoted.before_finish");
  ASSERT_TRUE(WIFSIGNALED(first));
  const std::vector<std::string> argv = world.Step("schema").promote.verify.argv;
  world.Step("schema").promote.verify.argv = {world.sandbox.root + "/no-such-program"};
  ASSERT_EQ(world.Run(), Progress::kHalted);
  EXPECT_THAT(world.Rows(), Contains("schema/promoted verify_unknown"));
  EXPECT_THAT(world.Commands(), ElementsAre("up")) << "nothing is done twice";
  world.Step("schema").promote.verify.argv = argv;
  ASSERT_EQ(world.Run(nullptr, true), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "done");
  EXPECT_THAT(world.Commands(), ElementsAre("up"));
}

// The push lands, its answer is lost, the process dies: an abort undoes it all the same.
TEST(ReleaseTrouble, APushWhoseAnswerWasLostIsFoundOutAndUndone) {
  ReleaseWorld world;
  const int first = world.RunInChild("cart/promoted.before_finish");
  ASSERT_TRUE(WIFSIGNALED(first));
  ASSERT_EQ(world.Production("web", "cart"), "v2");
  world.Say(Command::kReleaseAbort, "");
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_THAT(world.Rows(), Contains("cart/found_out done"));
  EXPECT_THAT(world.Rows(), Contains("cart/reversed done"));
  EXPECT_EQ(world.Production("web", "cart"), "v1");
}

TEST(ReleaseTrouble, AnEarlierStepThatTurnsAmbiguousHoldsTheNext) {
  ReleaseWorld world;
  bool turned = false;
  const FaultPoint turns = [&](std::string_view place) {
    if (place != "catalog/guarded.after_finish" || turned) return;
    turned = true;
    world.Tell("payments", VerdictState::kAmbiguous);
  };
  ASSERT_EQ(world.Run(turns), Progress::kWaiting);
  EXPECT_TRUE(turned);
  EXPECT_EQ(world.Production("web", "cart"), "v1");
  world.Say(Command::kReleaseApprove, "payments");
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "done");
}

TEST(ReleaseTrouble, WhatAnotherDoorSaysOfTheServiceCountsToo) {
  ReleaseWorld world;
  bool told = false;
  const FaultPoint webhook = [&](std::string_view place) {
    if (place != "catalog/guarded.after_finish" || told) return;
    told = true;
    world.Tell("payments", VerdictState::kRegressed, "from-a-webhook");
  };
  ASSERT_EQ(world.Run(webhook), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "reversed");
  EXPECT_EQ(world.Production("payments", "payments"), "v1");
}

TEST(ReleaseTrouble, NothingToPromoteIsNotJudgedByAnOldDeploy) {
  ReleaseWorld world;
  const std::string clone = world.sandbox.root + "/clone-payments";
  world.sandbox.GitIn(clone, {"push", "--quiet", world.sandbox.root + "/payments.git", "main:production"});
  world.Tell("payments", VerdictState::kRegressed, "last-week");
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "done");
  EXPECT_EQ(world.History("payments").front(), "payments v2");
}

TEST(ReleaseTrouble, WhatTheReleaseItselfBroughtIsUndoneThoughItHoldsARevert) {
  ReleaseWorld world;
  const std::string clone = world.sandbox.root + "/clone-payments";
  world.sandbox.GitIn(clone, {"checkout", "--quiet", "main"});
  WriteFile(clone + "/payments", "v3\n");
  world.sandbox.GitIn(clone, {"commit", "--quiet", "--all", "--message=v3"});
  world.sandbox.GitIn(clone, {"revert", "--no-edit", "HEAD"});
  world.sandbox.GitIn(clone, {"push", "--quiet", world.sandbox.root + "/payments.git", "main"});
  world.verdicts["payments"] = kBad;
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "reversed");
  EXPECT_EQ(world.Production("payments", "payments"), "v1");
}

// What others had brought is not ours to take back, whatever the step's inverse is.
TEST(ReleaseTrouble, AStepThatPromotedNothingIsNotUndone) {
  ReleaseWorld world;
  const std::string clone = world.sandbox.root + "/clone-payments";
  world.sandbox.GitIn(clone, {"push", "--quiet", world.sandbox.root + "/payments.git", "main:production"});
  ReleaseStep& payments = world.Step("payments");
  payments.inverse.by = InverseBy::kCommand;
  payments.inverse.command.argv = {"sh", "-c", "echo rolled back >> " + world.sandbox.root + "/commands"};
  payments.inverse.verify.argv = {"true"};
  world.verdicts["cart"] = kBad;
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "reversed");
  EXPECT_THAT(world.Commands(), ElementsAre("up", "down"));
}

TEST(ReleaseTrouble, WhatOthersUndidIsDeployedAllTheSame) {
  ReleaseWorld world;
  const std::string deployed = world.sandbox.root + "/deployed";
  ASSERT_EQ(world.config.services.back().name, "front");
  world.config.services.back().deploy.argv = {"sh", "-c", "echo $0 >> " + deployed, "{good}"};
  world.verdicts["front"] = kBad;
  const FaultPoint colleague = [&](std::string_view place) {
    if (place != "front/reversed.before_begin") return;
    const std::string clone = world.sandbox.root + "/clone-web";
    const std::string remote = world.sandbox.root + "/web.git";
    world.sandbox.GitIn(clone, {"checkout", "--quiet", "production"});
    world.sandbox.GitIn(clone, {"pull", "--quiet", "--ff-only", remote, "production"});
    world.sandbox.GitIn(clone, {"revert", "--no-edit", "--mainline=1", "HEAD"});
    world.sandbox.GitIn(clone, {"push", "--quiet", remote, "production"});
  };
  ASSERT_EQ(world.Run(colleague), Progress::kEnded);
  const std::string revert = world.sandbox.GitIn(world.sandbox.root + "/clone-web", {"rev-parse", "HEAD"});
  std::ifstream file(deployed);
  std::string newest;
  for (std::string line; std::getline(file, line);) newest = line;
  EXPECT_EQ(newest, revert);
}

// It dies in the soak; when it is resumed the soak is long over, and what was promoted is broken.
TEST(ReleaseTrouble, AfterAStartProductionIsAskedBeforeAnythingGoesOn) {
  ReleaseWorld world;
  const std::string broken = world.sandbox.root + "/broken";
  world.Stage("core").soak = 10 * kMinuteNs;
  world.Stage("core").healthy_point = true;
  world.Step("payments")
      .conditions.push_back({.name = "queue", .command = {.argv = {"sh", "-c", "test ! -e " + broken}}});
  const int first = world.RunInChild("core:soaked.after_begin");
  ASSERT_TRUE(WIFSIGNALED(first));
  WriteFile(broken, "");
  world.clock.SleepFor(kHourNs);
  const FaultPoint heals = [&](std::string_view place) {
    if (place == "payments/reversed.after_finish") std::filesystem::remove(broken);
  };
  ASSERT_EQ(world.Run(heals), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "reversed");
  EXPECT_EQ(world.Production("payments", "payments"), "v1") << "there was no healthy point after it";
  EXPECT_THAT(Only(world.Rows(), "cart/"), IsEmpty());
}

// The push lands, its answer is lost, a person leaves everything as it is: the sidecar leaves it too.
TEST(ReleaseTrouble, WhatIsKeptIsKeptThoughItWasFoundOutLate) {
  ReleaseWorld world;
  const int first = world.RunInChild("cart/promoted.before_finish");
  ASSERT_TRUE(WIFSIGNALED(first));
  world.Say(Command::kReleaseAbort, "keep");
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Production("web", "cart"), "v2");
  std::vector<std::string> dismissed;
  for (const RollbackTrigger& trigger : world.Triggers()) {
    if (trigger.state == TriggerState::kDismissed) dismissed.push_back(trigger.service);
  }
  EXPECT_THAT(dismissed, Contains("cart"));
}

TEST(ReleaseTrouble, OnTheWayBackNothingIsApproved) {
  ReleaseWorld world;
  world.Step("front").approval = true;
  world.verdicts["cart"] = kBad;
  const FaultPoint says = [&](std::string_view place) {
    if (place == "breached.after_finish") world.Say(Command::kReleaseApprove, "front");
  };
  ASSERT_EQ(world.Run(says), Progress::kEnded);
  EXPECT_THAT(world.dropped, testing::SizeIs(1));
  EXPECT_THAT(Only(world.Rows(), "front/"), IsEmpty());
}

}  // namespace
}  // namespace revertd

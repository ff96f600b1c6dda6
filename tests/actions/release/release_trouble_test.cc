// A release in trouble: words said at the wrong time, answers that are lost, meddling on the branch, switches thrown on
// the way back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <filesystem>

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

}  // namespace
}  // namespace revertd

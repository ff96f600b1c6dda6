// One release through its tasks, on real remotes and real commands: what is promoted, what stops it, and how it goes
// back.
#include "actions/release/release_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/actions/fake_forge.h"
#include "tests/actions/release/release_world.h"

namespace revertd {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using Progress = ReleaseRunner::Progress;
using Command = ExecutorCommand::Kind;

constexpr VerdictState kBad = VerdictState::kRegressed;

TEST(ReleaseRunner, PromotesOneAfterAnotherAndEnds) {
  ReleaseWorld world;
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "done");
  EXPECT_THAT(Only(world.Rows(), "/promoted"),
              ElementsAre("schema/promoted done", "payments/promoted done", "catalog/promoted done",
                          "cart/promoted done", "front/promoted done"));
  EXPECT_THAT(world.Rows(), Contains("edge:soaked done"));
  EXPECT_EQ(world.Production("payments", "payments"), "v2");
  EXPECT_EQ(world.Production("web", "cart"), "v2");
  EXPECT_EQ(world.Production("web", "front"), "v2");
  EXPECT_THAT(world.History("web"),
              ElementsAre("Promote main to production: front", "Promote main to production: cart", "first"));
  EXPECT_THAT(world.Commands(), ElementsAre("up"));
  EXPECT_THAT(world.Told(), ElementsAre("release_begun", "release_ended"));
  EXPECT_EQ(world.ChargeOf("cart"), std::nullopt);
}

TEST(ReleaseRunner, WhatBreaksInTheThirdStageIsUndoneWithAllBeforeItNewestFirst) {
  ReleaseWorld world;
  world.verdicts["cart"] = kBad;
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "reversed");
  const auto rows = world.Rows();
  EXPECT_THAT(rows, Not(Contains(StartsWith("front/"))));
  EXPECT_THAT(Only(rows, "reverse"),
              ElementsAre("cart/reversed done", "cart/reverse_verified done", "catalog/reversed done",
                          "catalog/reverse_verified done", "payments/reversed done", "payments/reverse_verified done",
                          "schema/reversed done", "schema/reverse_verified done"));
  for (const char* service : {"payments", "catalog"}) EXPECT_EQ(world.Production(service, service), "v1");
  EXPECT_EQ(world.Production("web", "cart"), "v1");
  EXPECT_THAT(world.Commands(), ElementsAre("up", "down"));
  EXPECT_THAT(world.Told(), ElementsAre("release_begun", "release_breached", "release_ended"));
}

TEST(ReleaseRunner, TheSidecarKnowsTheTriggersAndLeavesThemToTheRelease) {
  ReleaseWorld world;
  world.verdicts["cart"] = kBad;
  ASSERT_EQ(world.Run(), Progress::kEnded);
  const auto triggers = world.Triggers();
  ASSERT_EQ(triggers.size(), 3U);
  for (const RollbackTrigger& trigger : triggers) EXPECT_EQ(trigger.state, TriggerState::kInRelease) << trigger.id;
  EXPECT_EQ(triggers.front().service, "cart");
  EXPECT_EQ(triggers.front().reason, "release prices: regressed of cart");
}

TEST(ReleaseRunner, OneThatPassedItsWindowAndBreaksLaterStopsTheRest) {
  ReleaseWorld world;
  world.before_turn = [&](const std::string& why) {
    if (why == "soaking") world.health["payments"] = HealthLevel::kFatal;
  };
  const FaultPoint mended = [&](std::string_view place) {
    if (place == "settled.before_begin") world.health["payments"] = HealthLevel::kOk;
  };
  ASSERT_EQ(world.Run(mended), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "reversed");
  EXPECT_EQ(Only(world.Rows(), "/reversed").size(), 5U);
  EXPECT_THAT(Only(world.Rows(), "/reversed").front(), StartsWith("front/"));
}

TEST(ReleaseRunner, AHealthyPointIsKept) {
  ReleaseWorld world;
  world.Stage("core").healthy_point = true;
  world.verdicts["cart"] = kBad;
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_THAT(Only(world.Rows(), "/reversed"), ElementsAre("cart/reversed done"));
  EXPECT_EQ(world.Production("payments", "payments"), "v2");
  EXPECT_EQ(world.Production("web", "cart"), "v1");
  EXPECT_THAT(world.Commands(), ElementsAre("up"));
}

TEST(ReleaseRunner, OfAFailingServiceThatOneAlone) {
  ReleaseWorld world;
  world.file.reverse = ReverseScope::kFailingService;
  world.verdicts["catalog"] = kBad;
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_THAT(Only(world.Rows(), "/reversed"), ElementsAre("catalog/reversed done"));
  EXPECT_EQ(world.Production("catalog", "catalog"), "v1");
  EXPECT_EQ(world.Production("payments", "payments"), "v2");
}

TEST(ReleaseRunner, WhatNothingUndoesIsHandedToAPersonWhoGoesOn) {
  ReleaseWorld world;
  world.Step("catalog").inverse = {.by = InverseBy::kNone, .why = "letters were sent"};
  world.verdicts["cart"] = kBad;
  ASSERT_EQ(world.Run(), Progress::kHalted);
  EXPECT_THAT(world.Rows(), Contains("catalog/reversed irreversible"));
  EXPECT_THAT(world.Rows(), Not(Contains(StartsWith("payments/reversed"))));
  EXPECT_EQ(world.Production("web", "cart"), "v1");
  EXPECT_EQ(world.Production("payments", "payments"), "v2") << "nothing is undone under what stands on it";
  EXPECT_THAT(world.Told(), Contains(StartsWith("release_halted")));
  EXPECT_EQ(world.Record()->ended_ns, 0);

  world.Say(Command::kReleaseApprove, "catalog");
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "reversed");
  EXPECT_EQ(world.Production("payments", "payments"), "v1");
}

TEST(ReleaseRunner, APersonTakesOverWhatIsLeft) {
  ReleaseWorld world;
  world.Step("catalog").inverse = {.by = InverseBy::kNone};
  world.verdicts["cart"] = kBad;
  ASSERT_EQ(world.Run(), Progress::kHalted);
  world.Say(Command::kReleaseAbort, "keep");
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "taken_over");
  EXPECT_EQ(world.Production("payments", "payments"), "v2");
}

TEST(ReleaseRunner, AmbiguityWaitsForAPersonWhoSaysGoOn) {
  ReleaseWorld world;
  world.verdicts["catalog"] = VerdictState::kAmbiguous;
  ASSERT_EQ(world.Run(), Progress::kWaiting);
  EXPECT_THAT(world.Rows(), Contains("catalog/guarded -"));
  EXPECT_THAT(world.Told(), Contains("release_waits.catalog/guarded.ambiguous"));
  world.Say(Command::kReleaseApprove, "catalog");
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "done");
}

TEST(ReleaseRunner, AmbiguityWaitsForAPersonWhoSaysBack) {
  ReleaseWorld world;
  world.verdicts["catalog"] = VerdictState::kAmbiguous;
  ASSERT_EQ(world.Run(), Progress::kWaiting);
  world.Say(Command::kReleaseAbort, "");
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "reversed");
  EXPECT_EQ(world.Production("payments", "payments"), "v1");
}

TEST(ReleaseRunner, AnAbortThatKeepsChangesNothing) {
  ReleaseWorld world;
  world.verdicts["catalog"] = VerdictState::kAmbiguous;
  ASSERT_EQ(world.Run(), Progress::kWaiting);
  world.Say(Command::kReleaseAbort, "keep");
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "stopped");
  EXPECT_EQ(world.Production("catalog", "catalog"), "v2");
}

TEST(ReleaseRunner, UndecidedWhenTheWindowEndsGoesAsTheFileSays) {
  for (const auto& [at_max, outcome] :
       {std::pair{AtMax::kProceed, "done"}, std::pair{AtMax::kReverse, "reversed"}, std::pair{AtMax::kHold, ""}}) {
    ReleaseWorld world;
    world.verdicts["catalog"] = VerdictState::kInconclusive;
    world.Step("catalog").guard.at_max = at_max;
    EXPECT_EQ(world.Run(), at_max == AtMax::kHold ? Progress::kWaiting : Progress::kEnded);
    EXPECT_EQ(world.Record()->outcome, outcome);
  }
}

TEST(ReleaseRunner, NothingBeginsBeforeItIsApproved) {
  ReleaseWorld world;
  world.Step("payments").approval = true;
  ASSERT_EQ(world.Run(), Progress::kWaiting);
  EXPECT_THAT(world.Rows(), Not(Contains(StartsWith("payments/registered"))));
  EXPECT_EQ(world.Production("payments", "payments"), "v1");
  EXPECT_THAT(world.Told(), ElementsAre("release_begun", "release_waits.payments/approved.approval"));
  world.Say(Command::kReleaseApprove, "payments");
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "done");
}

TEST(ReleaseRunner, AWordThatNothingWaitsForIsToldAndAudited) {
  ReleaseWorld world;
  world.Step("payments").approval = true;
  ASSERT_EQ(world.Run(), Progress::kWaiting);
  world.Say(Command::kReleaseApprove, "cart");  // it asks for none
  ASSERT_EQ(world.Run(), Progress::kWaiting);
  EXPECT_THAT(world.dropped, ElementsAre("ada said `approve cart` of " + world.file.id + ": nothing waits for it"));
  EXPECT_THAT(world.Audited("release_command_dropped"), ElementsAre(HasSubstr(R"("said":"approve cart")")));
  world.Say(Command::kReleaseApprove, "payments");
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_THAT(world.dropped, SizeIs(1));
}

TEST(ReleaseRunner, TheKillSwitchHoldsEveryPromotion) {
  ReleaseWorld world;
  WriteFile(world.config.guard.kill_switch, "");
  ASSERT_EQ(world.Run(), Progress::kWaiting);
  EXPECT_THAT(world.Commands(), ElementsAre(""));
  EXPECT_THAT(world.Rows(), ElementsAre("pinned done", "schema/registered -"));
}

TEST(ReleaseRunner, AConflictHaltsAndNothingIsUndoneByItself) {
  ReleaseWorld world;
  const std::string clone = world.sandbox.root + "/clone-catalog";
  world.sandbox.GitIn(clone, {"checkout", "--quiet", "production"});
  WriteFile(clone + "/catalog", "hotfix\n");
  world.sandbox.GitIn(clone, {"commit", "--quiet", "--all", "--message=hotfix"});
  world.sandbox.GitIn(clone, {"push", "--quiet", world.sandbox.root + "/catalog.git", "production"});
  ASSERT_EQ(world.Run(), Progress::kHalted);
  EXPECT_THAT(world.Rows(), Contains("catalog/promoted conflict"));
  EXPECT_EQ(world.Production("payments", "payments"), "v2");
  EXPECT_EQ(world.Production("catalog", "catalog"), "hotfix");

  // The author mends it: main takes the hotfix in, and the release is tried again.
  world.sandbox.GitIn(clone, {"checkout", "--quiet", "main"});
  world.sandbox.GitIn(clone, {"merge", "--quiet", "--strategy=ours", "--message=take the hotfix in", "production"});
  world.sandbox.GitIn(clone, {"push", "--quiet", world.sandbox.root + "/catalog.git", "main"});
  ASSERT_EQ(world.Run(nullptr, true), Progress::kHalted) << "the revision was frozen when the step was registered";
  world.Say(Command::kReleaseAbort, "");
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "reversed");
  EXPECT_EQ(world.Production("payments", "payments"), "v1");
  EXPECT_EQ(world.Production("catalog", "catalog"), "hotfix");
}

TEST(ReleaseRunner, ACommandThatFailsGoesBackAndIsUndoneToo) {
  ReleaseWorld world;
  world.Step("schema").promote.command.argv.back() += " && exit 3";
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_THAT(world.Rows(), Contains("schema/promoted command_failed"));
  EXPECT_THAT(world.Commands(), ElementsAre("up", "down"));
  EXPECT_EQ(world.Production("payments", "payments"), "v1");
}

TEST(ReleaseRunner, AConditionThatSaysBrokenBreaksTheRelease) {
  ReleaseWorld world;
  world.Step("payments")
      .conditions.push_back({.name = "queue", .command = {.argv = {"sh", "-c", "echo 9000 waiting; exit 1"}}});
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_THAT(world.Rows(), Contains("payments/guarded condition_failed"));
  EXPECT_EQ(world.Production("payments", "payments"), "v1");
}

TEST(ReleaseRunner, AnInverseThatFailsHandsOverWithWhatIsBeforeItUntouched) {
  ReleaseWorld world;
  ReleaseStep& schema = world.Step("schema");
  schema.inverse.command.argv.back() = "exit 7";
  world.verdicts["payments"] = kBad;
  ASSERT_EQ(world.Run(), Progress::kHalted);
  EXPECT_THAT(world.Rows(), Contains("schema/reversed command_failed"));
  EXPECT_EQ(world.Production("payments", "payments"), "v1");
  // Mended by its author, tried again.
  schema.inverse.command.argv.back() = "rm " + world.sandbox.root + "/schema";
  ASSERT_EQ(world.Run(nullptr, true), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "reversed");
}

TEST(ReleaseRunner, WhatTheSidecarRevertedItselfIsNotRevertedTwice) {
  ReleaseWorld world;
  world.verdicts["cart"] = kBad;
  const FaultPoint sidecar_reverts = [&](std::string_view place) {
    if (place != "cart/reversed.before_begin") return;
    const JournalRow promoted = world.Row("cart/promoted");
    const std::string head = PromotionFrom(promoted.detail).head;
    const std::string clone = world.sandbox.root + "/clone-web";
    const std::string remote = world.sandbox.root + "/web.git";
    world.sandbox.GitIn(clone, {"checkout", "--quiet", "production"});
    world.sandbox.GitIn(clone, {"pull", "--quiet", "--ff-only", remote, "production"});
    world.sandbox.GitIn(clone, {"revert", "--no-edit", "--mainline=1", "HEAD"});
    world.sandbox.GitIn(clone, {"commit", "--quiet", "--amend",
                                "--message=Revert cart\n\nReverts: " + head + "\nRevertd-Trigger: " +
                                    MakeTriggerId("cart", head, PromotionFrom(promoted.detail).start_ns)});
    world.sandbox.GitIn(clone, {"push", "--quiet", remote, "production"});
  };
  ASSERT_EQ(world.Run(sidecar_reverts), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "reversed");
  EXPECT_THAT(world.History("web"), ElementsAre("Revert cart", "Promote main to production: cart", "first"));
}

// payments by a pull request on a forge.
void UseForge(ReleaseWorld* world, ForgeWorld* forge) {
  world->sandbox.remote = world->sandbox.root + "/payments.git";
  world->config.repos.front().forge = ForgeConfig{};
  world->open_forge = OpenFakeForge(forge);
  world->Step("payments").promote.by = PromoteBy::kPullRequest;
}

TEST(ReleaseRunner, ByPullRequestItIsOpenedMergedAndUndoneByAnother) {
  ReleaseWorld world;
  ForgeWorld forge(&world.sandbox);
  UseForge(&world, &forge);
  world.verdicts["cart"] = kBad;
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "reversed");
  ASSERT_GE(forge.requests.size(), 2U);
  EXPECT_EQ(forge.requests[0].head_branch, "revertd/prices/payments");
  EXPECT_EQ(forge.requests[0].state, PullRequest::State::kMerged);
  EXPECT_EQ(forge.requests[1].state, PullRequest::State::kMerged);
  EXPECT_EQ(world.Production("payments", "payments"), "v1");
}

TEST(ReleaseRunner, APullRequestThatMayNotBeMergedYetWaits) {
  ReleaseWorld world;
  ForgeWorld forge(&world.sandbox);
  UseForge(&world, &forge);
  forge.fails["Merge"] = FailedPrecondition("2 of 3 checks have passed");
  ASSERT_EQ(world.Run(), Progress::kWaiting);
  EXPECT_THAT(world.Told(), ElementsAre("release_begun", "release_waits.payments/promoted.pull_request"));
  EXPECT_EQ(world.Production("payments", "payments"), "v1");
  forge.MergeByPerson(forge.requests.front().number);
  world.clock.SleepFor(kMinuteNs);
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "done");
}

TEST(ReleaseRunner, AnAbortClosesThePullRequestThatIsOpen) {
  ReleaseWorld world;
  ForgeWorld forge(&world.sandbox);
  UseForge(&world, &forge);
  forge.fails["Merge"] = FailedPrecondition("2 of 3 checks have passed");
  ASSERT_EQ(world.Run(), Progress::kWaiting);
  world.Say(Command::kReleaseAbort, "");
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(forge.requests.front().state, PullRequest::State::kClosed);
  EXPECT_EQ(world.Record()->outcome, "reversed");
  EXPECT_THAT(world.Commands(), ElementsAre("up", "down"));
}

TEST(ReleaseRunner, TheServiceIsDeployedByItsCommandAndSaysWhatItRuns) {
  ReleaseWorld world;
  ServiceConfig& payments = world.config.services.front();
  const std::string running = world.sandbox.root + "/running";
  payments.deploy.argv = {"sh", "-c", "echo {good} > " + running};
  payments.running.command.argv = {"cat", running};
  world.verdicts["cart"] = kBad;
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "reversed");
  EXPECT_EQ(ReadFile(running),
            world.sandbox.GitIn(world.sandbox.root + "/payments.git", {"rev-parse", "production"}) + "\n");
}

TEST(ReleaseRunner, AServiceThatNeverRunsItBreaksTheRelease) {
  ReleaseWorld world;
  world.config.services.front().running.command.argv = {"echo", "v1"};
  ASSERT_EQ(world.Run(), Progress::kHalted) << "nor does it ever say that it runs the revert";
  EXPECT_THAT(world.Rows(), Contains("payments/deployed not_running"));
  EXPECT_THAT(world.Rows(), Contains("payments/reverse_verified not_running"));
  EXPECT_EQ(world.Production("payments", "payments"), "v1");
}

TEST(ReleaseRunner, WhileItRunsItAnswersForItsServices) {
  ReleaseWorld world;
  world.verdicts["catalog"] = VerdictState::kAmbiguous;
  ASSERT_EQ(world.Run(), Progress::kWaiting);
  const auto charge = world.ChargeOf("front");
  ASSERT_TRUE(charge);
  EXPECT_EQ(charge->release, "prices");
  EXPECT_GT(charge->until_ns, world.clock.Now());
}

TEST(ReleaseRunner, OfAFastForwardAllThatItBroughtIsUndone) {
  ReleaseWorld world;
  ForgeWorld forge(&world.sandbox);
  UseForge(&world, &forge);
  forge.fast_forwards = true;
  const std::string clone = world.sandbox.root + "/clone-payments";
  world.sandbox.GitIn(clone, {"checkout", "--quiet", "main"});
  for (const std::string side : {"one", "two"}) {
    world.sandbox.GitIn(clone, {"checkout", "--quiet", "-b", side});
    WriteFile(clone + "/" + side, "new\n");
    world.sandbox.GitIn(clone, {"add", "--all"});
    world.sandbox.GitIn(clone, {"commit", "--quiet", "--message=" + side});
    world.sandbox.GitIn(clone, {"checkout", "--quiet", "main"});
    world.sandbox.GitIn(clone, {"merge", "--quiet", "--no-ff", "--message=merge " + side, side});
  }
  world.sandbox.GitIn(clone, {"push", "--quiet", world.sandbox.root + "/payments.git", "main"});
  world.verdicts["cart"] = kBad;
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "reversed");
  EXPECT_EQ(world.Production("payments", "payments"), "v1");
  const std::string files = world.sandbox.GitIn(world.sandbox.remote, {"ls-tree", "--name-only", "production"});
  EXPECT_EQ(files, "payments");
}

// Its commits are older than the release.
TEST(ReleaseRunner, AFastForwardIsNotJudgedByAnOldDeploy) {
  ReleaseWorld world;
  ForgeWorld forge(&world.sandbox);
  UseForge(&world, &forge);
  forge.fast_forwards = true;
  world.Tell("payments", kBad, "last-week");
  ASSERT_EQ(world.Run(), Progress::kEnded);
  EXPECT_EQ(world.Record()->outcome, "done");
}

TEST(ReleaseRunner, TheKillSwitchIsAskedRightBeforeAMerge) {
  ReleaseWorld world;
  ForgeWorld forge(&world.sandbox);
  UseForge(&world, &forge);
  forge.on_call = [&](const std::string& call) {
    if (call == "Open") WriteFile(world.config.guard.kill_switch, "");
  };
  ASSERT_EQ(world.Run(), Progress::kWaiting);
  EXPECT_THAT(forge.calls, Not(Contains("Merge")));
  EXPECT_EQ(world.Production("payments", "payments"), "v1");
}

}  // namespace
}  // namespace revertd

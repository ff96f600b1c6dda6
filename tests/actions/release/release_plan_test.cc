// What a release would do, and why it could not: asked of real repositories and a state that the test plays.
#include "actions/release/release_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actions/forge.h"
#include "actions/release/lost_reverts.h"
#include "actions/release/release_dry_run.h"
#include "base/time_format.h"
#include "tests/actions/release/release_world.h"

namespace revertd {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

auto Problem(const std::string& step, const std::string& reason, const std::string& detail = "") {
  return AllOf(Field(&PlanProblem::step, step), Field(&PlanProblem::reason, reason),
               Field(&PlanProblem::detail, HasSubstr(detail)));
}

Deploy MakeDeploy(const std::string& id, const std::string& service, TimeNs start_ns) {
  Deploy deploy;
  deploy.id = id;
  deploy.service = service;
  deploy.start_ns = start_ns;
  return deploy;
}

class ReleasePlanTest : public testing::Test {
 protected:
  ReleasePlanTest() {
    auto state = StateStore::Open(world_.config.state, StateStore::Access::kOwner);
    EXPECT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
    auto executor = ExecutorStore::Open(world_.sandbox.state_directory + "/executor.db", ExecutorStore::Access::kOwner);
    EXPECT_TRUE(executor.ok()) << executor.status();
    executor_ = *std::move(executor);
    SidecarSays(true, Now());
  }

  TimeNs Now() const { return world_.clock.now_ns; }
  std::string Remote(const std::string& repo) const { return world_.sandbox.root + "/" + repo + ".git"; }
  std::string Clone(const std::string& repo) const { return world_.sandbox.root + "/clone-" + repo; }
  std::string HeadOf(const std::string& repo, const std::string& branch) {
    return world_.sandbox.GitIn(Remote(repo), {"rev-parse", branch});
  }
  // A commit of `branch`, published.
  std::string CommitOn(const std::string& repo, const std::string& branch, const std::string& file,
                       const std::string& text) {
    const std::string clone = Clone(repo);
    world_.sandbox.GitIn(clone, {"checkout", "--quiet", branch});
    WriteFile(clone + "/" + file, text);
    world_.sandbox.GitIn(clone, {"add", "--all"});
    world_.sandbox.GitIn(clone, {"commit", "--quiet", "--message=" + file + " on " + branch});
    Publish(repo);
    return world_.sandbox.GitIn(clone, {"rev-parse", "HEAD"});
  }
  void Publish(const std::string& repo) {
    world_.sandbox.GitIn(Clone(repo), {"push", "--quiet", Remote(repo), "production", "main"});
  }
  // In the clone, on production.
  std::string OnProduction(const std::string& repo, const std::vector<std::string>& arguments) {
    world_.sandbox.GitIn(Clone(repo), {"checkout", "--quiet", "production"});
    world_.sandbox.GitIn(Clone(repo), arguments);
    Publish(repo);
    return world_.sandbox.GitIn(Clone(repo), {"rev-parse", "HEAD"});
  }

  void SidecarSays(bool running, TimeNs at_ns) {
    const std::string json =
        std::string(R"({"running":)") + (running ? "true" : "false") + R"(,"now_ns":)" + std::to_string(at_ns) + "}";
    ASSERT_TRUE(state_->WriteStatus(json).ok());
  }

  PlanTools Tools() {
    return {&world_.config, &world_.file, state_.get(), executor_.get(), &git_, nullptr, world_.sandbox.Environment()};
  }
  ReleasePlan Plan() {
    auto plan = PlanRelease(Tools(), Now());
    EXPECT_TRUE(plan.ok()) << plan.status();
    return plan.ok() ? *std::move(plan) : ReleasePlan{};
  }
  std::vector<std::string> DryRun(bool expected) {
    const ReleasePlan plan = Plan();
    CurlHttpClient http;
    RunningRevision running(&http, world_.sandbox.Environment());
    const AskHealth ask = [](const std::string& service, const HealthCheckConfig& check, TimeNs now) {
      return HealthResult{
          .service = service, .check = check.name, .level = HealthLevel::kOk, .reason = "ok", .at_ns = now};
    };
    std::vector<std::string> lines;
    const auto well = RunDryRelease({Tools(), &running, ask, world_.sandbox.Environment()}, plan, Now(),
                                    [&](const std::string& json) {
                                      lines.push_back(json);
                                      return OkStatus();
                                    });
    EXPECT_TRUE(well.ok()) << well.status();
    EXPECT_EQ(well.ok() && *well, expected);
    return lines;
  }

  ReleaseWorld world_;
  GitProgram git_ = world_.sandbox.MakeGit(&world_.clock);
  std::unique_ptr<StateStore> state_;
  std::unique_ptr<ExecutorStore> executor_;
};

TEST_F(ReleasePlanTest, SaysEveryStepItsInverseAndTheWayBack) {
  const ReleasePlan plan = Plan();
  EXPECT_THAT(plan.refusals, IsEmpty());
  std::vector<std::string> names;
  for (const PlannedStep& step : plan.steps) names.push_back(step.stage->name + "/" + step.step->name);
  EXPECT_THAT(names, ElementsAre("database/schema", "core/payments", "core/catalog", "baskets/cart", "edge/front"));
  EXPECT_THAT(plan.reverse_order, ElementsAre("front", "cart", "catalog", "payments", "schema"));
  const PlannedStep& schema = plan.steps[0];
  EXPECT_THAT(schema.promote, ElementsAre(HasSubstr("sh -c 'echo up"), HasSubstr("verify: sh -c 'test -e ")));
  EXPECT_THAT(schema.inverse, ElementsAre(HasSubstr("echo down"), HasSubstr("verify: sh -c 'test ! -e ")));
  const PlannedStep& payments = plan.steps[1];
  EXPECT_EQ(payments.source_head, HeadOf("payments", "main"));
  EXPECT_EQ(payments.target_head, HeadOf("payments", "production"));
  EXPECT_EQ(payments.commits, 1);
  EXPECT_THAT(payments.diffstat, HasSubstr("1 file changed"));
  EXPECT_THAT(payments.promote, ElementsAre(HasSubstr("git merge --no-ff " + payments.source_head.substr(0, 12)),
                                            HasSubstr("HEAD:refs/heads/production")));
  EXPECT_THAT(payments.guard, HasSubstr("the detector's verdict, health check pays"));
}

TEST_F(ReleasePlanTest, AStepAfterTheHealthyPointIsAllThatGoesBack) {
  world_.Stage("baskets").healthy_point = true;
  EXPECT_THAT(Plan().reverse_order, ElementsAre("front"));
}

TEST_F(ReleasePlanTest, StepsOfOneRepoStandUponOneAnother) {
  const ReleasePlan plan = Plan();
  const PlannedStep& cart = plan.steps[3];
  const PlannedStep& front = plan.steps[4];
  EXPECT_EQ(cart.source_head, world_.Step("cart").promote.revision);
  EXPECT_EQ(front.target_head, cart.merge);
  EXPECT_EQ(front.commits, 1) << "cart's commit is promoted by then";
}

TEST_F(ReleasePlanTest, ChangesNothingOnTheRemote) {
  const std::string refs = world_.sandbox.GitIn(Remote("web"), {"for-each-ref"});
  const std::string objects = world_.sandbox.GitIn(Remote("web"), {"count-objects", "-v"});
  Plan();
  DryRun(true);
  EXPECT_EQ(world_.sandbox.GitIn(Remote("web"), {"for-each-ref"}), refs);
  EXPECT_EQ(world_.sandbox.GitIn(Remote("web"), {"count-objects", "-v"}), objects);
}

TEST_F(ReleasePlanTest, AConflictNamesItsPaths) {
  CommitOn("payments", "production", "payments", "hotfix\n");
  const ReleasePlan plan = Plan();
  EXPECT_THAT(plan.refusals, ElementsAre(Problem("payments", "conflict", "payments")));
  EXPECT_THAT(plan.steps[1].conflicts, ElementsAre("payments"));
}

TEST_F(ReleasePlanTest, BranchesAndRevisionsMustBeThere) {
  world_.Step("payments").promote.source = "release/9";
  world_.Step("cart").promote.revision = CommitOn("web", "production", "hotfix", "1\n");
  world_.Step("front").promote.revision = "0123456789abcdef";
  world_.config.repos[1].branch = "prodution";
  EXPECT_THAT(Plan().refusals,
              ElementsAre(Problem("payments", "no_branch", "release/9"), Problem("catalog", "no_branch", "prodution"),
                          Problem("cart", "revision_not_on_source", "not on main"),
                          Problem("front", "revision_not_found", "0123456789abcdef")));
}

TEST_F(ReleasePlanTest, ARemoteThatIsAwayIsNamedAtItsSteps) {
  world_.config.repos[0].url = "file://" + world_.sandbox.root + "/nowhere.git";
  EXPECT_THAT(Plan().refusals, ElementsAre(Problem("payments", "remote_unreachable")));
}

TEST_F(ReleasePlanTest, APushThatWouldBeRefusedIsKnownBefore) {
  WriteFile(world_.sandbox.root + "/user/.gitconfig",
            "[url \"file:///nowhere/\"]\n\tpushInsteadOf = file://" + Remote("catalog") + "\n");
  EXPECT_THAT(Plan().refusals, ElementsAre(Problem("catalog", "push_not_allowed", "production")));
}

TEST_F(ReleasePlanTest, WhereProductionHoldsItAlreadyNothingIsPromoted) {
  OnProduction("catalog", {"merge", "--quiet", "--no-ff", "main"});
  const ReleasePlan plan = Plan();
  EXPECT_THAT(plan.refusals, IsEmpty());
  EXPECT_TRUE(plan.steps[2].nothing_to_promote);
  EXPECT_THAT(plan.warnings, Contains(Problem("catalog", "nothing_to_promote")));
}

TEST_F(ReleasePlanTest, ANamedMigrationFileIsAWarning) {
  world_.config.repos[0].protected_paths = {"pay*"};
  EXPECT_THAT(Plan().warnings, Contains(Problem("payments", "protected_path", "payments")));
}

TEST_F(ReleasePlanTest, WhatWasUndoneOnProductionDoesNotComeBackByItself) {
  // The merge of an earlier release, undone by its own way back; then one more commit, so that there is something new.
  const std::string merge = OnProduction("catalog", {"merge", "--quiet", "--no-ff", "main"});
  const std::string revert = OnProduction("catalog", {"revert", "--no-edit", "--mainline=1", merge});
  CommitOn("catalog", "main", "more", "1\n");
  const ReleasePlan plan = Plan();
  EXPECT_THAT(plan.refusals, IsEmpty());
  EXPECT_THAT(plan.warnings, Contains(Problem("catalog", "lost_reverts", merge.substr(0, 12))));
  EXPECT_THAT(plan.warnings, Contains(Problem("catalog", "lost_reverts", "revert " + revert.substr(0, 12) + " there")));
  // A single commit of the source, and its revert is undone in its turn.
  const std::string more = HeadOf("catalog", "main");
  OnProduction("catalog", {"merge", "--quiet", "--no-ff", "main"});
  OnProduction("catalog", {"revert", "--no-edit", more});
  EXPECT_THAT(Plan().warnings, Contains(Problem("catalog", "lost_reverts", more.substr(0, 12))));
  OnProduction("catalog", {"revert", "--no-edit", "HEAD"});
  EXPECT_THAT(Plan().warnings, Not(Contains(Problem("catalog", "lost_reverts", more.substr(0, 12)))));
}

TEST_F(ReleasePlanTest, ARevertOfAHotfixIsNoLossOfTheSource) {
  CommitOn("catalog", "production", "hotfix", "1\n");
  OnProduction("catalog", {"revert", "--no-edit", "HEAD"});
  EXPECT_THAT(Plan().warnings, Not(Contains(Problem("catalog", "lost_reverts"))));
}

TEST_F(ReleasePlanTest, EveryProgramMustBeThere) {
  world_.Step("schema").inverse.command.argv = {"no-such-program"};
  world_.Step("cart").conditions = {{.name = "smoke", .command = {.argv = {"/no/such/smoke"}}}};
  world_.config.services[0].deploy.argv = {"no-such-deploy"};
  EXPECT_THAT(Plan().refusals, ElementsAre(Problem("schema", "program_not_found", "inverse: "),
                                           Problem("payments", "program_not_found", "services.payments.deploy: "),
                                           Problem("cart", "program_not_found", "condition smoke: ")));
}

TEST_F(ReleasePlanTest, SecretsMustBeReadable) {
  world_.config.services[0].health.checks[0].token.file = "/no/such/token";
  world_.config.notify[0].secret.file = "/no/such/secret";
  const ReleasePlan plan = Plan();
  EXPECT_THAT(plan.refusals, ElementsAre(Problem("payments", "missing_credentials", "services.payments.health.pays")));
  EXPECT_THAT(plan.warnings, Contains(Problem("", "missing_credentials", "notify.desk.secret")));
}

TEST_F(ReleasePlanTest, APullRequestNeedsAForgeAndItsToken) {
  world_.Step("payments").promote.by = PromoteBy::kPullRequest;
  EXPECT_THAT(Plan().refusals, ElementsAre(Problem("payments", "no_forge")));
  ForgeConfig forge;
  forge.token.file = "/no/such/token";
  world_.config.repos[0].forge = forge;
  PlanTools tools = Tools();
  tools.open_forge = [](const ForgeConfig&) -> StatusOr<std::unique_ptr<Forge>> { return Unavailable("away"); };
  auto plan = PlanRelease(tools, Now());
  ASSERT_TRUE(plan.ok());
  EXPECT_THAT(plan->refusals, ElementsAre(Problem("payments", "missing_credentials", "repos.payments.forge.token")));
  WriteFile(world_.sandbox.root + "/token", "t\n");
  world_.config.repos[0].forge->token.file = world_.sandbox.root + "/token";
  plan = PlanRelease(tools, Now());
  EXPECT_THAT(plan->refusals, ElementsAre(Problem("payments", "forge_unreachable", "away")));
}

TEST_F(ReleasePlanTest, WithoutASidecarNobodyJudges) {
  SidecarSays(true, Now() - kMinuteNs - kSecondNs);
  EXPECT_THAT(Plan().refusals, ElementsAre(Problem("", "sidecar_not_running", "last wrote its state")));
  SidecarSays(false, Now());
  EXPECT_THAT(Plan().refusals, ElementsAre(Problem("", "sidecar_not_running", "ended at")));
  PlanTools tools = Tools();
  tools.state = nullptr;
  EXPECT_THAT(PlanRelease(tools, Now())->refusals, ElementsAre(Problem("", "sidecar_not_running", "none has run")));
  for (const char* step : {"payments", "catalog", "cart", "front"}) world_.Step(step).guard.verdict = false;
  EXPECT_THAT(Plan().refusals, IsEmpty()) << "then nobody asks it";
}

TEST_F(ReleasePlanTest, NobodyElseMayBeAtWork) {
  RollbackTrigger trigger = world_.sandbox.TriggerFor(HeadOf("payments", "production"), "");
  trigger.service = trigger.repo = "payments";
  trigger.id = "payments-1";
  ASSERT_TRUE(state_->WriteTrigger(trigger).ok());
  Deploy deploy = MakeDeploy("catalog-1", "catalog", Now() - kMinuteNs);
  ASSERT_TRUE(state_->WriteDeploy(deploy).ok());
  ASSERT_TRUE(state_->WriteCharge({"cart", "colours", Now() + kMinuteNs}).ok());
  EXPECT_THAT(Plan().refusals, ElementsAre(Problem("payments", "rollback_under_way", "payments-1"),
                                           Problem("catalog", "deploy_under_way", "catalog-1"),
                                           Problem("cart", "other_release", "colours")));
  // All of it comes to an end.
  ASSERT_TRUE(executor_->Begin("payments-1", "accepted", Now()).ok());
  ASSERT_TRUE(executor_->Finish("payments-1", "accepted", Now(), "dismissed", "").ok());
  deploy.finish_ns = Now();
  ASSERT_TRUE(state_->WriteDeploy(deploy).ok());
  world_.clock.now_ns += kMinuteNs;
  EXPECT_THAT(Plan().refusals, IsEmpty());
}

// Of a deploy that failed nobody says that it is finished.
TEST_F(ReleasePlanTest, ADeployThatWasReplacedOrAbandonedIsNotUnderWay) {
  ASSERT_TRUE(state_->WriteDeploy(MakeDeploy("failed", "catalog", Now() - 20 * kMinuteNs)).ok());
  EXPECT_THAT(Plan().refusals, ElementsAre(Problem("catalog", "deploy_under_way", "failed")));
  Deploy revert = MakeDeploy("failed-rollback", "catalog", Now() - 10 * kMinuteNs);
  revert.finish_ns = revert.start_ns + kMinuteNs;
  ASSERT_TRUE(state_->WriteDeploy(revert).ok());
  EXPECT_THAT(Plan().refusals, IsEmpty());

  ASSERT_TRUE(state_->WriteDeploy(MakeDeploy("given-up", "cart", Now() - kMinuteNs)).ok());
  Verdict verdict;
  verdict.deploy_id = "given-up";
  verdict.service = "cart";
  verdict.reason = "abandoned";
  verdict.at_ns = Now();
  ASSERT_TRUE(state_->WriteVerdict(verdict).ok());
  EXPECT_THAT(Plan().refusals, IsEmpty());
}

TEST_F(ReleasePlanTest, TheKillSwitchHolds) {
  WriteFile(world_.config.guard.kill_switch, "");
  EXPECT_THAT(Plan().refusals, ElementsAre(Problem("", "kill_switch", "exists")));
}

TEST_F(ReleasePlanTest, WhatNothingUndoesIsSaidBefore) {
  world_.Step("schema").inverse = {.by = InverseBy::kNone, .why = "columns are dropped"};
  ReleasePlan plan = Plan();
  EXPECT_THAT(plan.refusals, IsEmpty());
  EXPECT_THAT(plan.irreversible, ElementsAre("schema"));
  EXPECT_THAT(plan.warnings, Contains(Problem("schema", "irreversible", "columns are dropped")));
  EXPECT_THAT(plan.steps[0].inverse, ElementsAre("nothing undoes it: columns are dropped"));
  world_.file.inverse_required = true;
  EXPECT_THAT(Plan().refusals, ElementsAre(Problem("schema", "missing_inverse")));
}

TEST_F(ReleasePlanTest, WarnsOfWhatIsNotWatchedAndNotAsked) {
  const ReleasePlan plan = Plan();
  EXPECT_THAT(plan.warnings, Contains(Problem("schema", "watched_by_time_alone")));
  EXPECT_THAT(plan.warnings, Contains(Problem("payments", "taken_for_deployed")));
  world_.config.services[0].running.url = "http://127.0.0.1:9/version";
  EXPECT_THAT(Plan().warnings, Not(Contains(Problem("payments", "taken_for_deployed"))));
}

TEST_F(ReleasePlanTest, AFreezeIsAWarningThatSaysUntilWhen) {
  world_.file.freeze = {{{0, 1, 2, 3, 4, 5, 6}, 0, 23 * 60, "holidays"}};
  const ReleasePlan plan = Plan();
  ASSERT_TRUE(plan.frozen.has_value());
  EXPECT_THAT(plan.warnings, Contains(Problem("", "frozen", "no step begins before 2025-11-21T23:00:00Z: holidays")));
}

TEST_F(ReleasePlanTest, ADryRunMakesEveryMergeAndUndoesItAgain) {
  const std::vector<std::string> lines = DryRun(true);
  EXPECT_THAT(lines,
              Contains(AllOf(HasSubstr(R"("step":"front","task":"push","branch":"production","allowed":true)"))));
  EXPECT_THAT(lines, Contains(HasSubstr(R"("step":"schema","task":"promote","would_run":"sh -c)")));
  EXPECT_THAT(lines,
              Contains(HasSubstr(R"("step":"cart","task":"health","service":"cart","check":"pays","level":"ok")")));
  for (const char* step : {"front", "cart", "catalog", "payments"}) {
    EXPECT_THAT(
        lines, Contains(HasSubstr(std::string(R"("step":")") + step +
                                  R"(","task":"reverse","by":"revert","can_be_reverted":true,"tree_as_before":true)")));
  }
  EXPECT_THAT(lines.back(), HasSubstr(R"("step":"schema","task":"reverse","by":"command","would_run":)"));
}

TEST_F(ReleasePlanTest, ADryRunReckonsWhenEachStepMayBegin) {
  for (const char* step : {"schema", "payments"}) world_.Step(step).guard.min = 10 * kMinuteNs;
  world_.Stage("database").soak = 5 * kMinuteNs;
  const auto schedule_of = [](const std::vector<std::string>& lines, const std::string& step) {
    for (const std::string& line : lines) {
      const size_t at = line.find("\"earliest_ns\":");
      if (line.find("\"step\":\"" + step + "\",\"task\":\"schedule\"") == std::string::npos) continue;
      return FormatRfc3339(std::stoll(line.substr(at + 14)));
    }
    return std::string("none");
  };
  std::vector<std::string> lines = DryRun(true);
  EXPECT_EQ(schedule_of(lines, "schema"), "2025-11-21T04:40:00Z");
  EXPECT_EQ(schedule_of(lines, "payments"), "2025-11-21T04:55:00Z");
  EXPECT_EQ(schedule_of(lines, "catalog"), "2025-11-21T05:05:00Z");
  world_.file.freeze = {{{4}, 5 * 60, 90, ""}};
  lines = DryRun(true);
  EXPECT_EQ(schedule_of(lines, "payments"), "2025-11-21T04:55:00Z");
  EXPECT_EQ(schedule_of(lines, "catalog"), "2025-11-21T06:30:00Z");
}

TEST_F(ReleasePlanTest, ADryRunPutsEveryQuestionOnce) {
  world_.Step("cart").conditions = {
      {.name = "smoke", .command = {.argv = {"sh", "-c", "echo {step} is slow; exit 1"}}}};
  world_.config.services[2].running.command.argv = {"echo", "v1"};
  Deploy deploy = MakeDeploy("cart-1", "cart", Now() - kHourNs);
  deploy.finish_ns = Now();
  ASSERT_TRUE(state_->WriteDeploy(deploy).ok());
  Verdict verdict;
  verdict.deploy_id = "cart-1";
  verdict.service = "cart";
  verdict.state = VerdictState::kInconclusive;
  verdict.reason = "observation_ended";
  ASSERT_TRUE(state_->WriteVerdict(verdict).ok());
  SecondCounts second;
  second.second = FloorToSecond(Now()) - 10;
  second.by_age.requests[0] = 200;
  second.by_age.errors[0] = 3;
  ASSERT_TRUE(state_->WriteHistory({{"cart", second}}, {}).ok());
  const std::vector<std::string> lines = DryRun(false);
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr(R"("task":"condition","condition":"smoke","holds":false)"),
                                    HasSubstr("cart is slow"))));
  EXPECT_THAT(lines, Contains(HasSubstr(R"("task":"running","service":"cart","revision":"v1")")));
  EXPECT_THAT(lines,
              Contains(HasSubstr(R"("deploy":"cart-1","state":"inconclusive","reason":"observation_ended",)"
                                 R"("requests_of_last_minute":200,"errors_of_last_minute":3,"error_rate":0.015)")));
}

TEST_F(ReleasePlanTest, AConditionIsAskedOfTheHeadThatTheBranchWouldHave) {
  world_.Step("payments").conditions = {
      {.name = "smoke", .command = {.argv = {"sh", "-c", "echo of {version}; exit 1"}}}};
  const ReleasePlan plan = Plan();
  EXPECT_THAT(DryRun(false),
              Contains(AllOf(HasSubstr(R"("condition":"smoke")"), HasSubstr("of " + plan.steps[1].merge))));
  const std::string head = OnProduction("payments", {"merge", "--quiet", "--no-ff", "--no-edit", "main"});
  EXPECT_THAT(DryRun(false), Contains(AllOf(HasSubstr(R"("condition":"smoke")"), HasSubstr("of " + head))));
}

TEST_F(ReleasePlanTest, ADryRunSaysThatAConflictIsOne) {
  CommitOn("payments", "production", "payments", "hotfix\n");
  world_.Step("payments").conditions = {{.name = "smoke", .command = {.argv = {"false"}}}};
  const std::vector<std::string> lines = DryRun(false);
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr(R"("step":"payments","task":"promote")"),
                                    HasSubstr(R"("conflicts":["payments"])"))));
  EXPECT_THAT(lines, Not(Contains(HasSubstr(R"("task":"condition")")))) << "of which commit should it be asked?";
}

}  // namespace
}  // namespace revertd

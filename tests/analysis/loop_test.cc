// What the loop tells depends on the seconds alone: not on batches, not on when a deploy was told of, not on restarts.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/analysis/scenario.h"

namespace revertd {
namespace {

constexpr int64_t kDeployAt = kDay + 3600;
constexpr int64_t kFrom = kDeployAt - 360;
constexpr int64_t kTo = kDeployAt + 1000;

using States = std::vector<VerdictState>;

struct World {
  std::vector<HistoryBlock> shop_history, mail_history;
  std::vector<Stream> streams;
};

World MakeWorld(uint64_t seed, double effect, double requests = 200) {
  std::mt19937_64 random(seed);
  TrafficModel shop = Steady(requests, 0.002);
  shop.error_rate = [effect](int64_t second) { return second < kDeployAt + 5 ? 0.002 : 0.002 * effect; };
  const TrafficModel mail = Steady(requests, 0.002);
  World world;
  world.shop_history = DrawHistory(shop, kDeployAt - 3600, kFrom, random);
  world.mail_history = DrawHistory(mail, kDeployAt - 3600, kFrom, random);
  world.streams = {Draw("shop", shop, kFrom, kTo, random), Draw("mail", mail, kFrom, kTo, random)};
  return world;
}

void Restore(const World& world, Scenario* scenario) {
  scenario->loop.RestoreHistory("shop", world.shop_history, {});
  scenario->loop.RestoreHistory("mail", world.mail_history, {});
}

Deploy BadDeploy() { return DeployOf("shop", kDeployAt, kDeployAt + 5, "badc0de"); }

std::vector<std::string> ToldWhenPlayedInOrder(const World& world, int64_t batch) {
  Scenario scenario;
  Restore(world, &scenario);
  scenario.Register(BadDeploy());
  scenario.Feed(world.streams, kFrom, kTo, batch);
  return scenario.sink.Told();
}

TEST(AnalysisLoop, BatchesDoNotMatter) {
  for (const double effect : {1.0, 3.0, 10.0}) {
    const World world = MakeWorld(21, effect);
    const auto one_by_one = ToldWhenPlayedInOrder(world, 1);
    ASSERT_GE(one_by_one.size(), 2u);
    for (const int64_t batch : {2, 7, 60, 600}) {
      EXPECT_EQ(ToldWhenPlayedInOrder(world, batch), one_by_one) << "effect " << effect << " batch " << batch;
    }
  }
}

TEST(AnalysisLoop, LateRegistrationIsAsGoodAsEarly) {
  for (const double effect : {1.0, 3.0, 10.0}) {
    const World world = MakeWorld(22, effect);
    const auto in_time = ToldWhenPlayedInOrder(world, 1);
    for (const int64_t late_by : {1, 20, 200, 990}) {
      Scenario scenario;
      Restore(world, &scenario);
      scenario.Feed(world.streams, kFrom, kDeployAt + 5 + late_by, 1);
      scenario.Register(BadDeploy());
      scenario.Feed(world.streams, kDeployAt + 5 + late_by, kTo, 1);
      scenario.loop.SealedThrough(kTo - 1);
      EXPECT_EQ(scenario.sink.Told(), in_time) << "effect " << effect << " late by " << late_by;
    }
  }
}

TEST(AnalysisLoop, ARestartTellsNothingTwiceAndForgetsNothing) {
  for (const double effect : {1.0, 3.0, 10.0}) {
    const World world = MakeWorld(23, effect);
    const auto uninterrupted = ToldWhenPlayedInOrder(world, 1);
    for (const int64_t stop : {kDeployAt + 2, kDeployAt + 10, kDeployAt + 40, kDeployAt + 300}) {
      Scenario before;
      Restore(world, &before);
      before.Register(BadDeploy());
      before.Feed(world.streams, kFrom, stop, 1);

      Scenario after;
      for (const RollbackTrigger& trigger : before.sink.triggers) after.loop.RestoreTrigger(trigger);
      std::optional<Decision> decision;
      if (!before.sink.decisions.empty()) decision = before.sink.decisions.back();
      const Verdict* verdict = before.sink.LastVerdict("shop-badc0de");
      after.loop.RestoreDeploy(before.sink.deploys.back(), verdict != nullptr ? std::optional(*verdict) : std::nullopt,
                               decision);
      for (const auto& [service, history] :
           {std::pair{"shop", world.shop_history}, std::pair{"mail", world.mail_history}}) {
        std::vector<HistoryBlock> blocks = history;
        const auto& later = before.sink.blocks[service];
        blocks.insert(blocks.end(), later.begin(), later.end());
        after.loop.RestoreHistory(service, blocks, before.sink.seconds[service]);
      }
      EXPECT_TRUE(after.sink.Told().empty());
      after.Feed(world.streams, stop, kTo, 1);

      RecordingSink together = before.sink;
      const RecordingSink& rest = after.sink;
      together.verdicts.insert(together.verdicts.end(), rest.verdicts.begin(), rest.verdicts.end());
      together.decisions.insert(together.decisions.end(), rest.decisions.begin(), rest.decisions.end());
      together.triggers.insert(together.triggers.end(), rest.triggers.begin(), rest.triggers.end());
      EXPECT_EQ(together.Told(), uninterrupted) << "effect " << effect << " stopped at " << stop - kDeployAt;
    }
  }
}

TEST(AnalysisLoop, AHealthyDeployIsToldSoOnceAndStaysWatched) {
  const World world = MakeWorld(24, 1.0);
  Scenario scenario;
  Restore(world, &scenario);
  scenario.Register(BadDeploy());
  scenario.Feed(world.streams, kFrom, kDeployAt + 400);
  EXPECT_EQ(scenario.sink.States("shop-badc0de"), (States{VerdictState::kWatching, VerdictState::kHealthy}));
  EXPECT_EQ(scenario.loop.OpenWatches().size(), 1u);
  scenario.Feed(world.streams, kDeployAt + 400, kTo);
  EXPECT_EQ(scenario.sink.States("shop-badc0de").size(), 2u);
  EXPECT_TRUE(scenario.loop.OpenWatches().empty());
  EXPECT_TRUE(scenario.sink.decisions.empty());
  const Evidence& evidence = scenario.sink.verdicts.back().evidence.at(0);
  EXPECT_EQ(evidence.signal, "errors");
  EXPECT_EQ(evidence.control, "mail");
  EXPECT_GT(evidence.n_before, 500'000);
  EXPECT_NEAR(evidence.before, 0.002, 0.0004);
  EXPECT_LE(evidence.after_low, evidence.after);
  EXPECT_GE(evidence.after_high, evidence.after);
}

// A service that falls silent may have died: what was seen before is not called healthy while nothing is seen.
TEST(AnalysisLoop, SilenceIsNeverHealthy) {
  for (const bool others_go_on : {true, false}) {
    World world = MakeWorld(24, 1.0);
    for (Stream& stream : world.streams) {
      if (others_go_on && stream.service != "shop") continue;
      std::erase_if(stream.seconds, [](const SecondCounts& counts) { return counts.second >= kDeployAt + 50; });
    }
    Scenario scenario;
    Restore(world, &scenario);
    scenario.Register(BadDeploy());
    scenario.Feed(world.streams, kFrom, others_go_on ? kTo : kDeployAt + 50);
    if (!others_go_on) {
      EXPECT_EQ(scenario.sink.States("shop-badc0de"), States{VerdictState::kWatching})
          << "the log's clock stands still";
      scenario.loop.Finish();
    }
    EXPECT_EQ(scenario.sink.States("shop-badc0de"), (States{VerdictState::kWatching, VerdictState::kInconclusive}));
    EXPECT_EQ(scenario.sink.LastVerdict("shop-badc0de")->reason, others_go_on ? "observation_ended" : "stream_ended");
  }
}

TEST(AnalysisLoop, TheOldVersionsLongRequestsAreNoEvidenceOfTheNewOne) {
  World world = MakeWorld(34, 1.0);
  for (SecondCounts& counts : world.streams[0].seconds) {
    if (counts.second < kDeployAt + 5) continue;
    // Requests of more than a minute that all fail: nobody knows which version they began in.
    counts.by_age.requests[kAgeClasses - 1] += 20;
    counts.by_age.errors[kAgeClasses - 1] += 20;
  }
  Scenario scenario;
  Restore(world, &scenario);
  scenario.Register(BadDeploy());
  scenario.Feed(world.streams, kFrom, kTo);
  EXPECT_EQ(scenario.sink.LastVerdict("shop-badc0de")->state, VerdictState::kHealthy);
}

TEST(AnalysisLoop, ABadDeployGetsOneTriggerWithItsEvidence) {
  const World world = MakeWorld(25, 10.0);
  Scenario scenario;
  Restore(world, &scenario);
  scenario.sink.trigger_failures = 3;
  scenario.Register(BadDeploy());
  scenario.Feed(world.streams, kFrom, kTo);
  ASSERT_EQ(scenario.sink.triggers.size(), 1u);
  const RollbackTrigger& trigger = scenario.sink.triggers[0];
  EXPECT_EQ(trigger.id, MakeTriggerId("shop", "badc0de", kDeployAt * kSecondNs));
  EXPECT_EQ(trigger.state, TriggerState::kPending);
  EXPECT_EQ(trigger.repo, "shop");
  EXPECT_EQ(trigger.head, "badc0de");
  EXPECT_GE(trigger.evidence.e_value, trigger.evidence.e_value_needed);
  EXPECT_GE(trigger.evidence.control_e_value, 100);
  EXPECT_GT(trigger.evidence.effect, 5);
  ASSERT_EQ(scenario.sink.decisions.size(), 1u);
  EXPECT_EQ(scenario.sink.decisions[0].kind, DecisionKind::kAct);
  EXPECT_EQ(scenario.sink.decisions[0].at_ns, scenario.sink.verdicts.back().at_ns + 3 * kSecondNs) << "three failures";
}

TEST(AnalysisLoop, AHoldIsAskedAgainAndToldWhenItChanges) {
  const World world = MakeWorld(26, 10.0);
  Scenario scenario;
  Restore(world, &scenario);
  scenario.facts.kill_switch_on = true;
  scenario.Register(BadDeploy());
  scenario.Feed(world.streams, kFrom, kDeployAt + 300);
  ASSERT_EQ(scenario.sink.decisions.size(), 1u);
  EXPECT_EQ(scenario.sink.decisions[0].reason, "kill_switch");
  EXPECT_FALSE(scenario.sink.Triggered());
  scenario.facts.kill_switch_on = false;
  scenario.Feed(world.streams, kDeployAt + 300, kDeployAt + 311);
  ASSERT_EQ(scenario.sink.decisions.size(), 2u);
  EXPECT_EQ(scenario.sink.decisions[1].reason, "mode_push");
  EXPECT_TRUE(scenario.sink.Triggered());
}

TEST(AnalysisLoop, ALaterDeployClosesTheWatch) {
  const World world = MakeWorld(27, 1.0, 5);
  Scenario scenario;
  Restore(world, &scenario);
  scenario.Register(BadDeploy());
  scenario.Feed(world.streams, kFrom, kDeployAt + 40);
  scenario.Register(DeployOf("shop", kDeployAt + 50, kDeployAt + 55, "0ther00"));
  scenario.Feed(world.streams, kDeployAt + 40, kDeployAt + 100);
  const Verdict* closed = scenario.sink.LastVerdict("shop-badc0de");
  EXPECT_EQ(closed->state, VerdictState::kInconclusive);
  EXPECT_EQ(closed->reason, "superseded");
  EXPECT_EQ(closed->at_ns, (kDeployAt + 50) * kSecondNs);
  EXPECT_LT(closed->power, 0.5);
}

TEST(AnalysisLoop, TheEndOfTheStreamGivesEveryDeployItsLastWord) {
  const World world = MakeWorld(28, 1.0, 2);
  Scenario scenario;
  Restore(world, &scenario);
  scenario.Register(BadDeploy());
  scenario.Register(DeployOf("mail", kTo + 500, kTo + 500, "1ater00"));
  scenario.Feed(world.streams, kFrom, kDeployAt + 100);
  scenario.loop.Finish();
  for (const char* id : {"shop-badc0de", "mail-1ater00"}) {
    const Verdict* verdict = scenario.sink.LastVerdict(id);
    ASSERT_NE(verdict, nullptr) << id;
    EXPECT_EQ(verdict->state, VerdictState::kInconclusive) << id;
    EXPECT_EQ(scenario.sink.States(id).front(), VerdictState::kWatching) << id;
  }
}

TEST(AnalysisLoop, CallersAndDeployedServicesAreNoControls) {
  for (const bool mail_deployed : {false, true}) {
    World world = MakeWorld(29, 10.0);
    world.streams.push_back(world.streams[1]);
    world.streams[2].service = "bank";  // calls shop
    Scenario scenario;
    Restore(world, &scenario);
    scenario.loop.RestoreHistory("bank", world.mail_history, {});
    if (mail_deployed) scenario.Register(DeployOf("mail", kDeployAt - 300, kDeployAt - 290, "abc0000"));
    scenario.Register(BadDeploy());
    scenario.Feed(world.streams, kFrom, kTo);
    const Verdict* verdict = scenario.sink.LastVerdict("shop-badc0de");
    EXPECT_EQ(verdict->state, VerdictState::kRegressed);
    EXPECT_EQ(verdict->evidence.at(0).control, mail_deployed ? "" : "mail");
    EXPECT_EQ(scenario.sink.decisions.at(0).reason, mail_deployed ? "uncalibrated_without_control" : "mode_push");
  }
}

TEST(AnalysisLoop, TwoBadDeploysAtOnceAreAmbiguous) {
  std::mt19937_64 random(30);
  TrafficModel bad = Steady(300, 0.002);
  bad.error_rate = [](int64_t second) { return second < kDeployAt + 5 ? 0.002 : 0.02; };
  Scenario scenario;
  std::vector<Stream> streams;
  for (const char* name : {"shop", "till", "mail"}) {
    const TrafficModel model = std::string(name) == "mail" ? Steady(300, 0.002) : bad;
    scenario.loop.RestoreHistory(name, DrawHistory(model, kDeployAt - 3600, kFrom, random), {});
    streams.push_back(Draw(name, model, kFrom, kTo, random));
  }
  scenario.Register(BadDeploy());
  scenario.Register(DeployOf("till", kDeployAt + 1, kDeployAt + 5, "bad2000"));
  scenario.Feed(streams, kFrom, kTo);
  const Verdict* shop = scenario.sink.LastVerdict("shop-badc0de");
  EXPECT_EQ(shop->state, VerdictState::kAmbiguous);
  EXPECT_EQ(shop->reason, "overlapping_deploys");
  EXPECT_FALSE(scenario.sink.Triggered());
}

TEST(AnalysisLoop, APersonsRevertIsWatchedForItsRecovery) {
  const World world = MakeWorld(31, 1.0);
  Scenario scenario;
  Restore(world, &scenario);
  RollbackTrigger trigger;
  trigger.id = "by-hand";
  trigger.service = "shop";
  trigger.head = "badc0de";
  scenario.loop.OnTrigger(trigger);
  scenario.loop.OnRevertPrepared("by-hand", "feedface");
  scenario.Register(DeployOf("shop", kDeployAt, kDeployAt + 5, "feedface"));
  scenario.Feed(world.streams, kFrom, kDeployAt + 200);
  ASSERT_EQ(scenario.sink.recoveries.size(), 2u);
  EXPECT_EQ(scenario.sink.recoveries[0].state, RecoveryState::kWatching);
  EXPECT_EQ(scenario.sink.recoveries[1].state, RecoveryState::kRecovered);
  EXPECT_EQ(scenario.sink.recoveries[1].trigger_id, "by-hand");
  EXPECT_TRUE(scenario.sink.verdicts.empty()) << "a revert is not judged for regression";
}

TEST(AnalysisLoop, ARevertToldOfBeforeItsPreparationIsAdopted) {
  const World world = MakeWorld(32, 1.0);
  Scenario scenario;
  Restore(world, &scenario);
  scenario.Register(DeployOf("shop", kDeployAt, kDeployAt + 5, "feedface"));
  scenario.Feed(world.streams, kFrom, kDeployAt + 20);
  scenario.loop.OnRevertPrepared("t", "feedface");
  scenario.Feed(world.streams, kDeployAt + 20, kDeployAt + 100);
  ASSERT_FALSE(scenario.sink.recoveries.empty());
  EXPECT_EQ(scenario.sink.recoveries[0].trigger_id, "t");
  EXPECT_EQ(scenario.sink.deploys.back().kind, DeployKind::kRevert);
}

TEST(AnalysisLoop, FarTooLateIsSaidAndNotGuessed) {
  const World world = MakeWorld(33, 10.0);
  Scenario scenario;
  Restore(world, &scenario);
  scenario.Feed(world.streams, kFrom, kTo);
  scenario.loop.SealedThrough(kDeployAt + 3600);
  scenario.Register(BadDeploy());
  scenario.loop.SealedThrough(kDeployAt + 3601);
  EXPECT_EQ(scenario.sink.LastVerdict("shop-badc0de")->reason, "registered_too_late");
}

TEST(AnalysisLoop, UnknownDeploysAndBadFinishesAreRefused) {
  Scenario scenario;
  EXPECT_EQ(scenario.loop.OnDeployFinish("nobody", 1).code(), absl::StatusCode::kNotFound);
  scenario.Register(DeployOf("shop", kDeployAt, 0, "abc1234"));
  EXPECT_FALSE(scenario.loop.OnDeployFinish("shop-abc1234", kDay * kSecondNs).ok());
  EXPECT_TRUE(scenario.loop.OnDeployFinish("shop-abc1234", (kDeployAt + 1) * kSecondNs).ok());
  EXPECT_EQ(scenario.loop.OpenWatches().size(), 1u);
}

}  // namespace
}  // namespace revertd

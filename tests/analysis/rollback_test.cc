// Whole deploys through the real loop: how often a good one would be undone, and how soon a bad one is found. The
// full table of cells and rates is bench/detection_latency's; this holds the line with what fits a test's time.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/analysis/scenario.h"

namespace revertd {
namespace {

constexpr int64_t kDeployAt = kDay + 3600;

struct Run {
  TrafficModel shop;
  TrafficModel mail;  // no requests: no control
  int64_t seconds = 900;
};

// A week's worth of habits in one hour of history, a deploy, and what came of it.
std::unique_ptr<Scenario> Play(const Run& run, uint64_t seed, int64_t history_seconds = 3600) {
  auto scenario = std::make_unique<Scenario>();
  std::mt19937_64 random(seed);
  const int64_t live_from = kDeployAt - 360;
  std::vector<Stream> streams;
  for (const auto& [name, model] : {std::pair{"shop", run.shop}, std::pair{"mail", run.mail}}) {
    if (model.requests(kDeployAt) <= 0) continue;
    scenario->loop.RestoreHistory(name, DrawHistory(model, kDeployAt - history_seconds, live_from, random), {});
    streams.push_back(Draw(name, model, live_from, kDeployAt + run.seconds + 1, random));
  }
  scenario->Register(DeployOf("shop", kDeployAt, kDeployAt, "badc0de"));
  scenario->Feed(streams, live_from, kDeployAt + run.seconds + 1, 60);
  return scenario;
}

double SecondsBetween(int64_t from_second, TimeNs to) {
  return static_cast<double>(to - from_second * kSecondNs) / static_cast<double>(kSecondNs);
}

double SecondsToRegressed(const RecordingSink& sink) {
  for (const Verdict& verdict : sink.verdicts) {
    if (verdict.state == VerdictState::kRegressed) return SecondsBetween(kDeployAt, verdict.at_ns);
  }
  return std::numeric_limits<double>::infinity();
}

TEST(FalseRollbacks, HealthyDeploysStayUpInEveryTraffic) {
  constexpr int kDeploys = 60;
  for (const double rho : {0.0, 1e-3}) {
    for (const double requests : {20.0, 500.0}) {
      for (const double rate : {0.001, 0.01}) {
        for (const bool control : {true, false}) {
          int regressed = 0, ambiguous = 0, healthy = 0;
          for (uint64_t seed = 1; seed <= kDeploys; ++seed) {
            const auto scenario =
                Play({Steady(requests, rate, rho), Steady(control ? requests : 0, rate, rho)}, seed * 7919);
            const VerdictState last = scenario->sink.LastVerdict("shop-badc0de")->state;
            regressed += last == VerdictState::kRegressed ? 1 : 0;
            ambiguous += last == VerdictState::kAmbiguous ? 1 : 0;
            healthy += last == VerdictState::kHealthy ? 1 : 0;
          }
          SCOPED_TRACE(testing::Message()
                       << "rho " << rho << " requests " << requests << " rate " << rate << " control " << control);
          EXPECT_EQ(regressed, 0) << "seeds 7919 * [1, " << kDeploys << "]";
          EXPECT_EQ(ambiguous, 0);
          if (requests * rate >= 0.5) {
            EXPECT_GE(healthy, kDeploys * 9 / 10);
          }
        }
      }
    }
  }
}

struct Delay {
  double effect;
  bool control;
  double median_max;
  double worst_max;
};

// Cold settings (cap ln 8; 5 s blocks with a control, 20 s alone): E needs five blocks at the least.
TEST(Delay, FiveFoldAndTwentyFoldAreFoundInTheDocumentsOrder) {
  for (const Delay& delay :
       {Delay{5, true, 35, 60}, Delay{20, true, 25, 30}, Delay{5, false, 110, 160}, Delay{20, false, 90, 100}}) {
    SCOPED_TRACE(testing::Message() << "x" << delay.effect << (delay.control ? " with control" : " alone"));
    TrafficModel bad = Steady(500, 0.001);
    const double effect = delay.effect;
    bad.error_rate = [effect](int64_t second) { return second < kDeployAt ? 0.001 : 0.001 * effect; };
    std::vector<double> delays;
    for (uint64_t seed = 1; seed <= 41; ++seed) {
      const auto scenario = Play({bad, Steady(delay.control ? 500 : 0, 0.001), 400}, seed);
      delays.push_back(SecondsToRegressed(scenario->sink));
      EXPECT_EQ(scenario->sink.Triggered(), delay.control) << "alone and uncalibrated is a person's to decide";
    }
    std::sort(delays.begin(), delays.end());
    RecordProperty("median", std::to_string(delays[20]));
    EXPECT_LE(delays[20], delay.median_max);
    EXPECT_LE(delays.back(), delay.worst_max);
  }
}

TEST(Delay, DemoLikeYoungServiceIsJudgedWithinSecondsAndItsRevertRecovers) {
  std::vector<double> delays, recoveries;
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Scenario scenario;
    const int64_t begin = kDay, bad_from = kDay + 43, revert_at = bad_from + 40;
    TrafficModel shop = Steady(150, 0);
    shop.error_rate = [&](int64_t second) { return second >= bad_from && second < revert_at ? 0.04 : 0.0; };
    const std::vector<Stream> streams = {Draw("shop", shop, begin, begin + 200, random),
                                         Draw("mail", Steady(150, 0), begin, begin + 200, random)};
    scenario.Feed(streams, begin, bad_from);
    scenario.Register(DeployOf("shop", bad_from - 1, bad_from, "badc0de"));
    scenario.Feed(streams, bad_from, revert_at);
    ASSERT_EQ(scenario.sink.triggers.size(), 1u);
    const RollbackTrigger& trigger = scenario.sink.triggers[0];
    delays.push_back(SecondsBetween(bad_from, trigger.created_ns));
    scenario.loop.OnRevertPrepared(trigger.id, "feedface0000");
    EXPECT_EQ(scenario.Register(DeployOf("shop", revert_at - 1, revert_at, "feedface0000")).kind, DeployKind::kRevert);
    scenario.Feed(streams, revert_at, begin + 200);
    ASSERT_FALSE(scenario.sink.recoveries.empty());
    const Recovery& recovery = scenario.sink.recoveries.back();
    EXPECT_EQ(recovery.state, RecoveryState::kRecovered);
    EXPECT_EQ(recovery.trigger_id, trigger.id);
    recoveries.push_back(SecondsBetween(revert_at, recovery.at_ns));
  }
  EXPECT_LE(*std::max_element(delays.begin(), delays.end()), 25);
  EXPECT_LE(*std::max_element(recoveries.begin(), recoveries.end()), 45);
}

TEST(SharedOutage, IsAmbiguousAndNeverARollback) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    TrafficModel outage = Steady(300, 0.002);
    outage.error_rate = [](int64_t second) { return second >= kDeployAt + 60 ? 0.03 : 0.002; };
    const auto scenario = Play({outage, outage, 600}, seed);
    const Verdict* last = scenario->sink.LastVerdict("shop-badc0de");
    EXPECT_EQ(last->state, VerdictState::kAmbiguous);
    EXPECT_EQ(last->reason, "control_moved_too");
    EXPECT_FALSE(scenario->sink.Triggered());
    ASSERT_FALSE(scenario->sink.decisions.empty());
    EXPECT_EQ(scenario->sink.decisions.back().reason, "ambiguous");
  }
}

TEST(Disturbances, CrowdsGapsAndAbortsAreNoRegression) {
  const auto crowd = [](int64_t second) { return second > kDeployAt + 30 && second < kDeployAt + 200 ? 600.0 : 200.0; };
  const auto gap = [](int64_t second) { return second > kDeployAt + 30 && second <= kDeployAt + 90 ? 0.0 : 200.0; };
  // Clients that give up are not counted: their requests go, the errors among the rest stay in proportion.
  const auto aborts = [](int64_t second) { return second > kDeployAt + 20 ? 70.0 : 200.0; };
  for (const std::function<double(int64_t)>& requests :
       {std::function<double(int64_t)>(crowd), std::function<double(int64_t)>(gap),
        std::function<double(int64_t)>(aborts)}) {
    for (const bool control : {true, false}) {
      for (uint64_t seed = 1; seed <= 25; ++seed) {
        SCOPED_TRACE(seed);
        TrafficModel shop = Steady(200, 0.003, 1e-3);
        shop.requests = requests;
        const auto scenario = Play({shop, Steady(control ? 200 : 0, 0.003), 400}, seed);
        EXPECT_FALSE(scenario->sink.Triggered());
        EXPECT_NE(scenario->sink.LastVerdict("shop-badc0de")->state, VerdictState::kRegressed);
      }
    }
  }
}

}  // namespace
}  // namespace revertd

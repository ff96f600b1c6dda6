// Leaks are called, half a day of healthy traffic is not; and what is told depends on the history blocks alone.
#include "analysis/late_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <vector>

#include "analysis/late_desk.h"
#include "tests/analysis/scenario.h"

namespace revertd {
namespace {

constexpr int64_t kHour = 3600;
constexpr int64_t kFinish = kDay + 10 * kHour;
constexpr double kNeeded = 2 / (0.35 * 3e-4);

using States = std::vector<VerdictState>;

TrafficModel Diurnal(double requests, double error_rate) {
  const auto course = [](int64_t second) {
    return 1 + 0.5 * std::sin(2 * std::numbers::pi * static_cast<double>(second % kDaySeconds) / kDaySeconds);
  };
  TrafficModel model;
  model.requests = [=](int64_t second) { return requests * course(second); };
  model.error_rate = [=](int64_t second) { return error_rate * course(second); };
  return model;
}

// From `from` on one more of the old rate every hour.
TrafficModel Leak(TrafficModel model, int64_t from) {
  const auto healthy = model.error_rate;
  model.error_rate = [=](int64_t second) {
    return healthy(second) * (1 + std::max(0.0, static_cast<double>(second - from) / kHour));
  };
  return model;
}

LatePlan PlanFrom(const std::vector<HistoryBlock>& history, double value_needed = kNeeded) {
  return LatePlanOf({history}, kFinish, {}, value_needed);
}

LateWatch Watched(const TrafficModel& model, int64_t days_before, std::mt19937_64& random) {
  LateWatch watch(PlanFrom(DrawHistory(model, kFinish - days_before * kDaySeconds, kFinish, random)));
  for (const HistoryBlock& block : DrawHistory(model, kFinish + 920, kFinish + kLateHorizonSeconds, random)) {
    watch.Observe(block);
  }
  return watch;
}

TEST(LateWatch, ALeakIsCalledAndItsBeginningFound) {
  for (const double requests : {5.0, 50.0, 1000.0}) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      std::mt19937_64 random(seed);
      const int64_t begins = kFinish + 3 * kHour;
      const LateWatch watch = Watched(Leak(Steady(requests, 0.002), begins), 2, random);
      ASSERT_TRUE(watch.fired_at()) << requests << " requests a second, seed " << seed;
      EXPECT_GT(*watch.fired_at(), begins);
      EXPECT_LT(*watch.fired_at(), begins + 3 * kHour);
      const Evidence evidence = watch.CurrentEvidence();
      EXPECT_EQ(evidence.signal, "errors");
      EXPECT_GE(evidence.e_value, evidence.e_value_needed);
      EXPECT_GT(evidence.after, evidence.before_null);
      EXPECT_GT(evidence.effect, 1.25);
      EXPECT_LE(evidence.after_low, evidence.after);
      EXPECT_GE(evidence.after_high, evidence.after);
      EXPECT_GT(evidence.onset_ns, (begins - kHour) * kSecondNs);
      EXPECT_LE(evidence.onset_ns, *watch.fired_at() * kSecondNs);
    }
  }
}

TEST(LateWatch, AStepToThreeTimesIsCalledWithinMinutes) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    std::mt19937_64 random(seed);
    TrafficModel model = Steady(100, 0.002);
    const int64_t begins = kFinish + 5 * kHour;
    model.error_rate = [=](int64_t second) { return second < begins ? 0.002 : 0.006; };
    const LateWatch watch = Watched(model, 2, random);
    ASSERT_TRUE(watch.fired_at()) << "seed " << seed;
    EXPECT_LT(*watch.fired_at(), begins + 40 * 60) << "seed " << seed;
    const int64_t onset = FloorToSecond(watch.CurrentEvidence().onset_ns);
    EXPECT_LT(std::abs(onset - begins), 240);
  }
}

// 380 half days; the guarantee is 0.1 of 1000, so none is to be expected.
TEST(LateWatch, HalfADayOfHealthyTrafficIsNotCalled) {
  struct Case {
    TrafficModel model;
    int runs;
  };
  const std::vector<Case> cases = {{Steady(20, 0.001), 100}, {Steady(500, 0.01), 100},   {Diurnal(20, 0.001), 60},
                                   {Diurnal(500, 0.01), 60}, {Diurnal(2000, 0.001), 50}, {Steady(20, 0.002, 1e-3), 10}};
  std::mt19937_64 random(41);
  for (size_t i = 0; i < cases.size(); ++i) {
    for (int run = 0; run < cases[i].runs; ++run) {
      EXPECT_FALSE(Watched(cases[i].model, 2, random).fired_at()) << "case " << i << " run " << run;
    }
  }
}

// The same sums, slowly and in long double.
class SlowTrack {
 public:
  SlowTrack(std::vector<long double> factors, int64_t length, double inverse_kappa)
      : factors_(std::move(factors)), length_(length), kappa_(inverse_kappa > 0 ? 1.0L / inverse_kappa : INFINITY) {}
  long double Value(const std::vector<HistoryBlock>& blocks, const DayNull& null_rates) const {
    long double sum = 0;
    for (const long double factor : factors_) {
      long double r = 0;
      for (size_t first = 0, next; first < blocks.size(); first = next) {
        long double mu = 0, x = 0;
        for (next = first; next < blocks.size() && Joined(blocks[next]) == Joined(blocks[first]); ++next) {
          const auto bin = static_cast<size_t>(blocks[next].start_second % 86'400 / 1800);
          mu += static_cast<long double>(blocks[next].requests) * null_rates[bin];
          x += static_cast<long double>(blocks[next].errors);
        }
        const long double log_e =
            std::isinf(kappa_) ? x * std::log(factor) - mu * (factor - 1)
                               : x * std::log(factor) + (x + kappa_) * std::log((kappa_ + mu) / (kappa_ + factor * mu));
        r = (r + 1) * std::exp(std::min(log_e, std::log(8.0L)));
      }
      sum += r;
    }
    return sum / static_cast<long double>(factors_.size()) / (kLateHorizonSeconds / static_cast<long double>(length_));
  }

 private:
  int64_t Joined(const HistoryBlock& block) const { return block.start_second / length_; }
  std::vector<long double> factors_;
  int64_t length_;
  long double kappa_;
};

TEST(LateWatch, AgreesWithASlowReference) {
  std::mt19937_64 random(42);
  for (const double rho : {0.0, 1e-3}) {
    TrafficModel model = Leak(Diurnal(3, 0.01), kFinish + kHour);
    model.rho = rho;
    const LatePlan plan = PlanFrom(DrawHistory(model, kFinish - 2 * kDaySeconds, kFinish, random), 1e9);
    const SlowTrack slow({1.3L, 1.7L, 2.5L}, 120, plan.baseline.spread.Of(120));
    const SlowTrack fast({5, 12, 30}, 40, plan.baseline.spread.Of(40));
    LateWatch watch(plan);
    std::vector<HistoryBlock> seen;
    for (const HistoryBlock& block : DrawHistory(model, kFinish + 920, kFinish + 4 * kHour, random)) {
      if (random() % 8 == 0) continue;  // nobody came
      if (watch.fired_at()) break;
      watch.Observe(block);
      seen.push_back(block);
      const long double reference = std::max(slow.Value(seen, plan.null_rates), fast.Value(seen, plan.null_rates));
      ASSERT_NEAR(watch.LogValue(), static_cast<double>(std::log(reference)),
                  1e-9 * std::max(1.0, std::fabs(watch.LogValue())));
    }
    EXPECT_GT(seen.size(), 100u);
  }
}

TEST(LateWatch, ABillionRequestsABlockOverflowNothing) {
  std::vector<HistoryBlock> history;
  for (int64_t start = kFinish - kDaySeconds; start < kFinish; start += 40) {
    history.push_back({start, 1'000'000'000, 1'000'000 + start % 7});
  }
  const LatePlan plan = PlanFrom(history, 1e300);
  for (const int64_t errors : {int64_t{0}, int64_t{1'000'000}, int64_t{2'000'000}, int64_t{1'000'000'000}}) {
    LateWatch watch(plan);
    EXPECT_FALSE(std::isnan(watch.LogValue()));
    for (int64_t start = kFinish; start < kFinish + kLateHorizonSeconds; start += 40) {
      watch.Observe({start, 1'000'000'000, errors});
      ASSERT_TRUE(std::isfinite(watch.LogValue())) << errors << " errors";
    }
    EXPECT_EQ(watch.fired_at().has_value(), errors > 1'250'000) << errors << " errors";
    EXPECT_TRUE(std::isfinite(watch.CurrentEvidence().e_value));
  }
}

TEST(LateWatch, ATimeOfDayThatTheHistoryNeverSawIsNoEvidence) {
  std::mt19937_64 random(43);
  const TrafficModel model = Steady(100, 0.002);
  LateWatch watch(PlanFrom(DrawHistory(model, kFinish - 2 * kHour, kFinish, random)));
  TrafficModel bad = Steady(100, 0.2);
  for (const HistoryBlock& block : DrawHistory(bad, kFinish + kHour, kFinish + kLateHorizonSeconds, random)) {
    watch.Observe(block);
  }
  EXPECT_FALSE(watch.fired_at());
}

// By day the rate is three times that of the night, on every day: a deploy at night is not blamed for it.
TEST(LateWatch, TheRateOfTheTimeOfDayIsNoEffect) {
  std::mt19937_64 random(44);
  TrafficModel model = Steady(100, 0.002);
  model.error_rate = [](int64_t second) { return second % kDaySeconds < 12 * kHour ? 0.002 : 0.006; };
  EXPECT_FALSE(Watched(model, 1, random).fired_at());
}

// The loop: a deploy of "shop" whose errors grow from an hour and a half after it on, unless a test says otherwise.
constexpr int64_t kLeakFrom = kFinish + 3 * kHour / 2;
constexpr int64_t kLiveFrom = kFinish - 400;
constexpr int64_t kLiveTo = kFinish + 4 * kHour;

struct LeakWorld {
  std::vector<HistoryBlock> history;
  std::vector<Stream> streams;
};

LeakWorld MakeWorld(const TrafficModel& model, uint64_t seed, int64_t days_before) {
  std::mt19937_64 random(seed);
  LeakWorld world;
  world.history = DrawHistory(model, kLiveFrom - days_before * kDaySeconds, kLiveFrom, random);
  world.streams = {Draw("shop", model, kLiveFrom, kLiveTo, random)};
  return world;
}

LeakWorld MakeLeakWorld(uint64_t seed, int64_t days_before = 1) {
  return MakeWorld(Leak(Steady(50, 0.002), kLeakFrom), seed, days_before);
}

Deploy LeakyDeploy() { return DeployOf("shop", kFinish - 10, kFinish, "1eaf1ea"); }

void Begin(const LeakWorld& world, Scenario* scenario) {
  scenario->loop.RestoreHistory("shop", world.history, {});
  scenario->Register(LeakyDeploy());
}

TEST(LateDesk, ALeakAfterAHealthyVerdictIsAPersonsCase) {
  const LeakWorld world = MakeLeakWorld(51);
  Scenario scenario;
  Begin(world, &scenario);
  scenario.Feed(world.streams, kLiveFrom, kLiveTo, 60);
  EXPECT_EQ(scenario.sink.States("shop-1eaf1ea"),
            (States{VerdictState::kWatching, VerdictState::kHealthy, VerdictState::kAmbiguous}));
  const Verdict& verdict = scenario.sink.verdicts.back();
  EXPECT_EQ(verdict.reason, kLateErrors);
  EXPECT_GT(verdict.at_ns, kLeakFrom * kSecondNs);
  EXPECT_EQ((verdict.at_ns / kSecondNs) % kHistoryBlockSeconds, 0);
  ASSERT_EQ(scenario.sink.decisions.size(), 1u);
  EXPECT_EQ(scenario.sink.decisions[0].kind, DecisionKind::kTriage);
  EXPECT_EQ(scenario.sink.decisions[0].at_ns, verdict.at_ns);
  EXPECT_FALSE(scenario.sink.Triggered());
}

TEST(LateDesk, BatchesDoNotMatter) {
  const LeakWorld world = MakeLeakWorld(52);
  std::vector<std::string> one_by_one;
  for (const int64_t batch : {1, 7, 60, 600}) {
    Scenario scenario;
    Begin(world, &scenario);
    scenario.Feed(world.streams, kLiveFrom, kLiveTo, batch);
    if (batch == 1) one_by_one = scenario.sink.Told();
    EXPECT_EQ(scenario.sink.Told(), one_by_one) << "batch " << batch;
  }
  EXPECT_EQ(one_by_one.size(), 4u);  // three verdicts, a decision
}

// What a store would hand back at `now`: the last forty minutes' seconds and fourteen days of blocks.
void RestoreAt(int64_t now, const LeakWorld& world, RecordingSink& told, Scenario* after) {
  std::vector<HistoryBlock> blocks = world.history;
  blocks.insert(blocks.end(), told.blocks["shop"].begin(), told.blocks["shop"].end());
  std::erase_if(blocks,
                [now](const HistoryBlock& block) { return block.start_second < now - kBaselineHistorySeconds; });
  std::vector<SecondCounts> seconds = told.seconds["shop"];
  std::erase_if(seconds, [now](const SecondCounts& counts) { return counts.second < now - kKeptSeconds; });
  after->loop.RestoreHistory("shop", blocks, seconds);
  std::optional<Decision> decision;
  if (!told.decisions.empty()) decision = told.decisions.back();
  after->loop.RestoreDeploy(told.deploys.back(), *told.LastVerdict("shop-1eaf1ea"), decision);
}

void ExpectRestartsDoNotMatter(const LeakWorld& world, const std::vector<int64_t>& stops) {
  Scenario uninterrupted;
  Begin(world, &uninterrupted);
  uninterrupted.Feed(world.streams, kLiveFrom, kLiveTo, 60);
  ASSERT_EQ(uninterrupted.sink.verdicts.back().reason, kLateErrors);
  std::vector<int64_t> all_stops = stops;
  const int64_t called = uninterrupted.sink.verdicts.back().at_ns / kSecondNs;
  all_stops.insert(all_stops.end(), {called - 20, called + 5});
  for (const int64_t stop : all_stops) {
    Scenario before;
    Begin(world, &before);
    before.Feed(world.streams, kLiveFrom, stop, 60);
    Scenario after;
    RestoreAt(stop, world, before.sink, &after);
    after.Feed(world.streams, stop, kLiveTo, 60);
    RecordingSink together = before.sink;
    const RecordingSink& rest = after.sink;
    together.verdicts.insert(together.verdicts.end(), rest.verdicts.begin(), rest.verdicts.end());
    together.decisions.insert(together.decisions.end(), rest.decisions.begin(), rest.decisions.end());
    EXPECT_EQ(together.Told(), uninterrupted.sink.Told()) << "stopped at " << stop - kFinish;
  }
}

TEST(LateDesk, ARestartCallsTheSameSecondAndCallsItOnce) {
  ExpectRestartsDoNotMatter(MakeLeakWorld(53, 14), {kFinish + 600, kFinish + 1000, kFinish + kHour + 17});
}

// The deploy's own watch is then folded again, through what was told before.
TEST(LateDesk, ARestartSoonAfterACallDoesNotUnsayIt) {
  TrafficModel model = Steady(50, 0.002);
  model.error_rate = [](int64_t second) { return second < kFinish + 905 ? 0.002 : 0.06; };
  ExpectRestartsDoNotMatter(MakeWorld(model, 57, 1), {kFinish + 1500});
}

// Killed after the verdict was written and before its decision was.
TEST(LateDesk, ADecisionThatARestartLostIsMade) {
  const LeakWorld world = MakeLeakWorld(53);
  Scenario before;
  Begin(world, &before);
  before.Feed(world.streams, kLiveFrom, kLiveTo, 60);
  ASSERT_EQ(before.sink.decisions.size(), 1u);
  before.sink.decisions.clear();
  Scenario after;
  RestoreAt(kLiveTo, world, before.sink, &after);
  after.loop.SealedThrough(kLiveTo + 100);
  EXPECT_TRUE(after.sink.verdicts.empty());
  ASSERT_EQ(after.sink.decisions.size(), 1u);
  EXPECT_EQ(after.sink.decisions[0].kind, DecisionKind::kTriage);
}

TEST(LateDesk, AHoldIsAskedAgainUntilItPasses) {
  const LeakWorld world = MakeLeakWorld(54);
  Scenario scenario;
  Begin(world, &scenario);
  scenario.facts.kill_switch_on = true;
  scenario.Feed(world.streams, kLiveFrom, kLiveTo - 600, 60);
  ASSERT_EQ(scenario.sink.decisions.size(), 1u);
  EXPECT_EQ(scenario.sink.decisions[0].reason, "kill_switch");
  scenario.facts.kill_switch_on = false;
  scenario.Feed(world.streams, kLiveTo - 600, kLiveTo, 60);
  ASSERT_EQ(scenario.sink.decisions.size(), 2u);
  EXPECT_EQ(scenario.sink.decisions[1].reason, "ambiguous");
}

TEST(LateDesk, TheNextDeployEndsTheWatch) {
  const LeakWorld world = MakeLeakWorld(55);
  Scenario scenario;
  Begin(world, &scenario);
  const int64_t next = kLeakFrom - 20;
  scenario.Register(DeployOf("shop", next, next + 10, "0ddba11"));
  scenario.Feed(world.streams, kLiveFrom, kLiveTo, 60);
  EXPECT_EQ(scenario.sink.LastVerdict("shop-1eaf1ea")->state, VerdictState::kHealthy);
  EXPECT_EQ(scenario.sink.LastVerdict("shop-0ddba11")->reason, kLateErrors);
}

TEST(LateDesk, ADeployThatCameToNothingDoesNotEndTheWatch) {
  const LeakWorld world = MakeLeakWorld(58);
  Scenario scenario;
  Begin(world, &scenario);
  const int64_t next = kFinish + 1200;
  scenario.Feed(world.streams, kLiveFrom, next, 60);
  scenario.Register(DeployOf("shop", next, 0, "0ddba11"));
  scenario.Feed(world.streams, next, next + 300, 60);
  ASSERT_TRUE(scenario.loop.OnDeployAbandon("shop-0ddba11", (next + 300) * kSecondNs).ok());
  scenario.Feed(world.streams, next + 300, kLiveTo, 60);
  EXPECT_EQ(scenario.sink.LastVerdict("shop-1eaf1ea")->reason, kLateErrors);
}

// What is seen beside the next one may be the next one's: its errors are not this one's.
TEST(LateDesk, WhatADeployUnderWayBreaksIsNotBlamedOnTheOneBefore) {
  TrafficModel model = Steady(50, 0.002);
  const int64_t next = kFinish + 1200;
  model.error_rate = [](int64_t second) { return second >= next && second < next + 1200 ? 0.06 : 0.002; };
  const LeakWorld world = MakeWorld(model, 59, 1);
  Scenario scenario;
  Begin(world, &scenario);
  scenario.Feed(world.streams, kLiveFrom, next, 60);
  scenario.Register(DeployOf("shop", next, 0, "0ddba11"));
  scenario.Feed(world.streams, next, next + 1200, 60);
  ASSERT_TRUE(scenario.loop.OnDeployAbandon("shop-0ddba11", (next + 1200) * kSecondNs).ok());
  scenario.Feed(world.streams, next + 1200, kLiveTo, 60);
  EXPECT_EQ(scenario.sink.LastVerdict("shop-1eaf1ea")->state, VerdictState::kHealthy);
}

TEST(LateDesk, ABlamedDeployIsNotWatchedOn) {
  std::mt19937_64 random(56);
  TrafficModel model = Steady(200, 0.002);
  model.error_rate = [](int64_t second) { return second < kFinish ? 0.002 : 0.06; };
  Scenario scenario;
  scenario.loop.RestoreHistory("shop", DrawHistory(model, kLiveFrom - kDaySeconds, kLiveFrom, random), {});
  scenario.Register(LeakyDeploy());
  scenario.Feed({Draw("shop", model, kLiveFrom, kFinish + 2 * kHour, random)}, kLiveFrom, kFinish + 2 * kHour, 60);
  EXPECT_EQ(scenario.sink.verdicts.back().state, VerdictState::kRegressed);
}

}  // namespace
}  // namespace revertd

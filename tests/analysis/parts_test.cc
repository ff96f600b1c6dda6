// Routes and cohorts: what is kept of them, one broken endpoint, a changed mix of endpoints, versions side by side.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "analysis/cohorts.h"
#include "analysis/draw.h"
#include "analysis/part_series.h"
#include "analysis/routes.h"
#include "tests/analysis/scenario.h"

namespace revertd {
namespace {

constexpr int64_t kHour = 3600;
constexpr int64_t kStart = kDay + kHour + 600;  // of the deploy
constexpr int64_t kFinish = kStart + 20;
constexpr double kErrorRate = 0.002;

PartCounts Part(uint64_t key, std::string_view name, int64_t requests, int64_t errors) {
  return {key, name, {requests, errors}};
}

std::vector<std::string> At(const PartSeries& parts, int64_t second) {
  std::vector<std::string> told;
  parts.ForEachAt(second, [&](size_t part, const RateCounts& counts) {
    told.push_back(std::string(parts.NameOf(part)) + " " + std::to_string(counts.requests) + " " +
                   std::to_string(counts.errors));
  });
  return told;
}

TEST(PartSeries, KeepsEachSecondByName) {
  PartSeries parts;
  EXPECT_EQ(parts.known_since(), kNoSecond);
  const std::array first = {Part(7, "/a", 10, 1), Part(kOtherKey, "_other", 5, 5), Part(8, "/b", 3, 0)};
  parts.Append(kDay, first);
  const std::array second = {Part(8, "/b", 4, 2), Part(7, "/a", 0, 0)};
  parts.Append(kDay + 1, second);
  EXPECT_EQ(At(parts, kDay), (std::vector<std::string>{"/a 10 1", "/b 3 0"}));
  EXPECT_EQ(At(parts, kDay + 1), (std::vector<std::string>{"/b 4 2"}));
  EXPECT_EQ(parts.known_since(), kDay);
  EXPECT_EQ(parts.FirstSeen(1), kDay);
}

TEST(PartSeries, HistoryIsTheHourBeforeWithoutWhatIsLeftOut) {
  PartSeries parts;
  for (int64_t second = kDay; second < kDay + 2 * kHour; ++second) {
    const std::array counts = {Part(7, "/a", 2, second % 10 == 0 ? 1 : 0), Part(8, "/b", 1, 0)};
    parts.Append(second, counts);
  }
  const SecondInterval left_out{kDay + kHour + 41, kDay + kHour + 79};  // within one block
  const std::vector<RateHistory> histories = parts.HistoriesBefore(kDay + 2 * kHour, {left_out});
  ASSERT_EQ(histories.size(), 2U);
  EXPECT_EQ(histories[0].blocks.size(), 89U);
  EXPECT_EQ(histories[0].blocks.front().start_second, kDay + kHour);
  for (const HistoryBlock& block : histories[0].blocks) {
    EXPECT_EQ(block.requests, 80);
    EXPECT_EQ(block.errors, 4);
  }
  EXPECT_EQ(histories[1].recent.size(), static_cast<size_t>(kSpreadSeconds));
  // Asked again later, it is the same history.
  const std::array later = {Part(7, "/a", 900, 900)};
  parts.Append(kDay + 2 * kHour, later);
  EXPECT_EQ(parts.HistoriesBefore(kDay + 2 * kHour, {left_out})[0].blocks.size(), 89U);
}

TEST(PartSeries, NumbersAreBoundedAndOneThatIsKeptIsNotGivenAway) {
  PartSeries parts;
  for (uint64_t key = 10; key < 10 + PartSeries::kNamesMax; ++key) {
    const std::string name = "pod-" + std::to_string(key);
    const std::array counts = {Part(key, name, 1, 0)};
    parts.Append(kDay, counts);
  }
  const std::array one_more = {Part(5, "late", 1, 0)};
  parts.Append(kDay + 60, one_more);
  EXPECT_EQ(parts.size(), PartSeries::kNamesMax);
  EXPECT_EQ(parts.overflow(), 1U);
  EXPECT_TRUE(At(parts, kDay + 60).empty());
  const int64_t much_later = kDay + PartSeries::kBlocksKeptSeconds + 2 * kHistoryBlockSeconds;
  parts.Append(much_later, one_more);
  EXPECT_EQ(At(parts, much_later), (std::vector<std::string>{"late 1 0"}));
  EXPECT_EQ(parts.FirstSeen(0), much_later);
  EXPECT_EQ(parts.overflow(), 1U);
}

TEST(RouteMix, ExplainsErrorsOfAMixThatMovedAndNoOthers) {
  PartSeries parts;
  for (int64_t second = kDay; second < kDay + 600; ++second) {
    const std::array counts = {Part(7, "/read", 99, 0), Part(8, "/pay", 1, second % 20 == 0 ? 1 : 0)};
    parts.Append(second, counts);
  }
  const Routes routes = RoutesBefore(parts, kDay + 600, {}, RateMargins{});
  ASSERT_EQ(routes.judged.size(), 2U);
  EXPECT_EQ(routes.judged[0].name, "/read");
  EXPECT_NEAR(routes.judged[0].weight + routes.judged[1].weight + kServiceWeight, 1, 1e-12);
  RouteMix mix = routes.mix;
  const auto scale_of = [&](int64_t from, int64_t reads, int64_t pays) {
    double scale = 0;
    for (int64_t second = from; second < from + 60; ++second) {
      const std::array counts = {Part(7, "/read", reads, reads), Part(8, "/pay", pays, 0)};
      parts.Append(second, counts);
      scale = mix.Observe(parts, second);
    }
    return scale;
  };
  EXPECT_NEAR(scale_of(kDay + 600, 99, 1), 1, 0.01) << "errors of the same mix are the version's own";
  EXPECT_NEAR(scale_of(kDay + 660, 90, 10), 10, 1.5);
  EXPECT_EQ(scale_of(kDay + 720, 100, 0), 1) << "an easier mix accuses nobody";
}

TEST(Cohorts, NewIsWhatWasNotSeenBeforeTheDeploy) {
  PartSeries parts;
  const std::array old = {Part(7, "v1", 10, 0)};
  parts.Append(kDay, old);
  const int64_t start = kDay + kCohortsKnownSeconds;
  const Deploy deploy = DeployOf("shop", start, start, "c0ffee");
  EXPECT_FALSE(SplitCohorts(parts, deploy, start + 1));
  const std::array both = {Part(7, "v1", 9, 1), Part(8, "v2", 2, 2)};
  parts.Append(start + 2, both);
  EXPECT_FALSE(SplitCohorts(parts, deploy, start + 1)) << "what comes later changes no second before it";
  const std::optional<CohortSecond> split = SplitCohorts(parts, deploy, start + 2);
  ASSERT_TRUE(split);
  EXPECT_EQ(split->fresh.errors, 2);
  EXPECT_EQ(split->old.requests, 9);
  EXPECT_EQ(split->fresh_names, "v2");
  EXPECT_EQ(split->old_names, "v1");
  EXPECT_FALSE(SplitCohorts(parts, DeployOf("shop", start - 1, start, "c0ffee"), start + 2))
      << "what is seldom asked may not have been seen before that deploy";
}

TEST(Cohorts, TheDeploysOwnCommitAloneIsNewWhereANameIsIt) {
  PartSeries parts;
  const std::array old = {Part(7, "a1b2c3d", 10, 0)};
  parts.Append(kDay, old);
  const int64_t start = kDay + kCohortsKnownSeconds;
  const std::array three = {Part(7, "a1b2c3d", 9, 0), Part(8, "nightly", 2, 2), Part(9, "c0ffee0", 5, 0)};
  parts.Append(start + 2, three);
  const Deploy deploy = DeployOf("shop", start, start, "c0ffee0123456789c0ffee0123456789c0ffee01");
  const std::optional<CohortSecond> split = SplitCohorts(parts, deploy, start + 2);
  ASSERT_TRUE(split);
  EXPECT_EQ(split->fresh_names, "c0ffee0");
  EXPECT_EQ(split->old.errors, 2);
}

TEST(Cohorts, MoreVersionsThanPlacesAreNotToldApart) {
  PartSeries parts;
  const std::array old = {Part(7, "v1", 10, 0), Part(kOtherKey, "_other", 1, 0)};
  parts.Append(kDay, old);
  const int64_t start = kDay + kCohortsKnownSeconds;
  const std::array both = {Part(7, "v1", 9, 1), Part(8, "v2", 2, 2)};
  parts.Append(start + 2, both);
  EXPECT_FALSE(SplitCohorts(parts, DeployOf("shop", start, start, "c0ffee"), start + 2));
  EXPECT_TRUE(SplitCohorts(parts, DeployOf("shop", start + 1, start + 1, "c0ffee"), start + 2));
}

// --- the loop
// ---------------------------------------------------------------------------------------------------------

struct PartMoment {
  std::string name;
  double requests = 0;
  double errors = kErrorRate;
};
struct Moment {
  std::vector<PartMoment> routes;
  std::vector<PartMoment> cohorts;  // else the routes'
  double mail_errors = kErrorRate;
};
using Course = std::function<Moment(int64_t second)>;  // seconds since the deploy's finish

template <typename Counts>
std::vector<Counts> DrawParts(const std::vector<PartMoment>& moments, RateCounts* sum, std::mt19937_64& random) {
  std::vector<Counts> parts;
  for (const PartMoment& moment : moments) {
    const int64_t requests = DrawPoisson(moment.requests, random);
    const int64_t errors = std::min(requests, DrawPoisson(moment.requests * moment.errors, random));
    Counts counts;
    counts.key = 2 + std::hash<std::string>{}(moment.name);
    counts.name = Label(moment.name);
    if constexpr (std::is_same_v<Counts, RouteCounts>) {
      counts.requests = static_cast<uint32_t>(requests);
      counts.errors = static_cast<uint32_t>(errors);
    } else {
      counts.by_age.requests[0] = static_cast<uint32_t>(requests);
      counts.by_age.errors[0] = static_cast<uint32_t>(errors);
    }
    *sum += {requests, errors};
    parts.push_back(counts);
  }
  return parts;
}

// "shop" is deployed, "mail" is its control with 100 requests a second.
struct Outcome {
  std::vector<VerdictState> states;
  Verdict last;
  std::optional<RollbackTrigger> trigger;
  double decided_after = 0;  // seconds from the finish to the last verdict
};
struct Played {
  uint64_t seed = 1;
  bool control = true;
  int64_t batch = 1;
  int64_t known_at = kStart;  // the deploy is told of then
  int64_t seconds = 900;
};

Outcome Play(const Course& course, const Played& how) {
  Scenario scenario;
  std::mt19937_64 random(how.seed);
  const ServiceId shop = scenario.services.Intern("shop"), mail = scenario.services.Intern("mail");
  std::string id;
  for (int64_t second = kDay; second < kFinish + how.seconds; ++second) {
    if (second == how.known_at) id = scenario.Register(DeployOf("shop", kStart, kFinish, "c0ffee")).id;
    const Moment moment = course(second - kFinish);
    Window window;
    RateCounts sum;
    std::vector<RouteCounts> routes = DrawParts<RouteCounts>(moment.routes, &sum, random);
    std::vector<CohortCounts> cohorts = DrawParts<CohortCounts>(moment.cohorts, &sum, random);
    window.second = second;
    window.service = shop;
    window.by_age.requests[0] = static_cast<uint32_t>(sum.requests);
    window.by_age.errors[0] = static_cast<uint32_t>(sum.errors);
    window.routes = routes;
    window.cohorts = cohorts;
    scenario.loop.OnWindow(window);
    if (how.control) {
      Window beside;
      beside.second = second;
      beside.service = mail;
      beside.by_age.requests[0] = static_cast<uint32_t>(DrawPoisson(100, random));
      beside.by_age.errors[0] = static_cast<uint32_t>(DrawPoisson(100 * moment.mail_errors, random));
      scenario.loop.OnWindow(beside);
    }
    if ((second + 1 - kDay) % how.batch == 0) scenario.loop.SealedThrough(second);
  }
  Outcome outcome;
  outcome.states = scenario.sink.States(id);
  if (const Verdict* last = scenario.sink.LastVerdict(id)) outcome.last = *last;
  if (!scenario.sink.triggers.empty()) outcome.trigger = scenario.sink.triggers.front();
  outcome.decided_after = static_cast<double>(outcome.last.at_ns - kFinish * kSecondNs) / 1e9;
  return outcome;
}

Moment Endpoints(double checkout_errors) {
  return {.routes = {{"/items/:id", 300}, {"/search", 195}, {"/checkout", 5, checkout_errors}}, .cohorts = {}};
}

TEST(Routes, OneBrokenEndpointWithOnePercentOfTheTrafficIsFoundAndNamed) {
  for (const uint64_t seed : {1U, 2U, 3U}) {
    const Outcome outcome =
        Play([](int64_t second) { return Endpoints(second < 0 ? kErrorRate : 0.5); }, {.seed = seed});
    ASSERT_EQ(outcome.last.state, VerdictState::kRegressed) << "seed " << seed;
    EXPECT_EQ(outcome.last.evidence.front().route, "/checkout");
    EXPECT_EQ(outcome.last.evidence.front().signal, "errors");
    EXPECT_EQ(outcome.last.evidence.front().control, "mail");
    EXPECT_LT(outcome.decided_after, 45);
    ASSERT_TRUE(outcome.trigger);
    EXPECT_EQ(outcome.trigger->evidence.route, "/checkout");
  }
}

TEST(Routes, ARouteThatBreaksForBothIsNoRollback) {
  const Outcome outcome = Play(
      [](int64_t second) {
        Moment moment = Endpoints(second < 0 ? kErrorRate : 0.5);
        if (second >= 0) moment.mail_errors = 0.5;
        return moment;
      },
      {});
  EXPECT_FALSE(outcome.trigger);
  EXPECT_EQ(outcome.last.state, VerdictState::kAmbiguous);
  EXPECT_EQ(outcome.last.reason, "control_moved_too");
}

// The whole service's errors only double, too little to be seen so soon.
TEST(Routes, WithoutAControlARouteAsksAPerson) {
  const Outcome outcome = Play(
      [](int64_t second) {
        return Moment{.routes = {{"/items/:id", 495}, {"/checkout", 1, second < 0 ? kErrorRate : 1}}, .cohorts = {}};
      },
      {.control = false, .seconds = 300});
  EXPECT_EQ(outcome.last.state, VerdictState::kAmbiguous);
  EXPECT_EQ(outcome.last.reason, "no_control_for_signal");
  EXPECT_EQ(outcome.last.evidence.front().route, "/checkout");
}

// The share of the endpoint that always failed a lot grows tenfold; without the guard that is a ten-fold error rate.
TEST(Routes, AChangedMixOfEndpointsIsNoRegression) {
  const auto mix = [](double payments) {
    return Moment{.routes = {{"/items/:id", 200 - payments, 0.0005}, {"/pay", payments, 0.05}}, .cohorts = {}};
  };
  for (const uint64_t seed : {1U, 2U, 3U}) {
    const Outcome outcome = Play([&](int64_t second) { return mix(second < 0 ? 4 : 40); }, {.seed = seed});
    EXPECT_EQ(outcome.states.back(), VerdictState::kHealthy) << "seed " << seed << " " << outcome.last.reason;
    EXPECT_FALSE(outcome.trigger);
  }
  const Outcome worse = Play(
      [&](int64_t second) {
        Moment moment = mix(second < 0 ? 4 : 40);
        if (second >= 0) moment.routes[1].errors = 0.3;
        return moment;
      },
      {});
  EXPECT_EQ(worse.last.state, VerdictState::kRegressed);
}

TEST(Routes, HealthyDeploysOfManyRoutesAreNotAccused) {
  std::vector<PartMoment> routes;
  for (int i = 0; i < 20; ++i) routes.push_back({"/r" + std::to_string(i), 40.0 / (i + 1), i % 5 == 0 ? 0.01 : 0.001});
  int accused = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    const Outcome outcome = Play([&](int64_t) { return Moment{.routes = routes, .cohorts = {}}; }, {.seed = seed});
    accused += outcome.last.state == VerdictState::kRegressed || outcome.last.state == VerdictState::kAmbiguous;
  }
  EXPECT_EQ(accused, 0);
}

TEST(Routes, TheAnswerDependsNeitherOnBatchesNorOnWhenTheDeployIsToldOf) {
  const Course course = [](int64_t second) { return Endpoints(second < 0 ? kErrorRate : 0.5); };
  const Outcome at_once = Play(course, {});
  const Outcome batched = Play(course, {.batch = 7});
  const Outcome told_late = Play(course, {.known_at = kFinish + 300});
  EXPECT_EQ(batched.last.at_ns, at_once.last.at_ns);
  EXPECT_EQ(told_late.last.at_ns, at_once.last.at_ns);
  EXPECT_EQ(told_late.last.evidence.front().e_value, at_once.last.evidence.front().e_value);
}

// Long requests of the old version die on one route when its processes stop.
TEST(Routes, WhatTheOldVersionLeavesBehindIsNotTheNewOnes) {
  Scenario scenario;
  std::mt19937_64 random(1);
  const ServiceId shop = scenario.services.Intern("shop"), mail = scenario.services.Intern("mail");
  const std::string id = scenario.Register(DeployOf("shop", kStart, kFinish, "c0ffee")).id;
  for (int64_t second = kDay; second < kFinish + 300; ++second) {
    const bool dies = second >= kFinish && second < kFinish + 60;
    RateCounts sum;
    std::vector<RouteCounts> routes = DrawParts<RouteCounts>({{"/items/:id", 200}, {"/stream", 6}}, &sum, random);
    Window window;
    window.second = second;
    window.service = shop;
    window.by_age.requests[0] = static_cast<uint32_t>(sum.requests);
    window.by_age.errors[0] = static_cast<uint32_t>(sum.errors);
    if (dies) {
      routes.back().requests += 6;
      routes.back().errors += 6;
      window.by_age.requests[kAgeClasses - 1] = 6;  // they began two minutes ago
      window.by_age.errors[kAgeClasses - 1] = 6;
    }
    window.routes = routes;
    scenario.loop.OnWindow(window);
    Window beside;
    beside.second = second;
    beside.service = mail;
    beside.by_age.requests[0] = static_cast<uint32_t>(DrawPoisson(100, random));
    scenario.loop.OnWindow(beside);
    scenario.loop.SealedThrough(second);
  }
  ASSERT_NE(scenario.sink.LastVerdict(id), nullptr);
  EXPECT_EQ(scenario.sink.LastVerdict(id)->state, VerdictState::kHealthy);
}

Moment Canary(int64_t second, double old_errors, double new_errors) {
  Moment moment{.routes = {}, .cohorts = {{"v41", second < 0 ? 200.0 : 160.0, old_errors}}};
  if (second >= 0) moment.cohorts.push_back({"v42", 40, new_errors});
  return moment;
}

TEST(Cohorts, ABadVersionIsFoundBesideTheOldOneWithoutAnyOtherControl) {
  for (const uint64_t seed : {1U, 2U, 3U}) {
    const Outcome outcome =
        Play([](int64_t second) { return Canary(second, kErrorRate, 0.1); }, {.seed = seed, .control = false});
    ASSERT_EQ(outcome.last.state, VerdictState::kRegressed) << "seed " << seed;
    const Evidence& evidence = outcome.last.evidence.front();
    EXPECT_EQ(evidence.cohort, "v42");
    EXPECT_EQ(evidence.control, "v41");
    EXPECT_NEAR(evidence.after, 0.1, 0.06) << "of the new version alone";
    EXPECT_LT(outcome.decided_after, 180);
  }
}

// A calm neighbour would blame the deploy for what the service's own database does to both versions.
TEST(Cohorts, WhatHitsBothVersionsIsNotTheDeploy) {
  for (const uint64_t seed : {1U, 2U, 3U}) {
    const Outcome outcome = Play(
        [](int64_t second) { return Canary(second, second < 30 ? kErrorRate : 0.1, second < 30 ? kErrorRate : 0.1); },
        {.seed = seed});
    EXPECT_FALSE(outcome.trigger) << "seed " << seed;
    EXPECT_EQ(outcome.last.state, VerdictState::kAmbiguous);
    EXPECT_EQ(outcome.last.reason, "control_moved_too");
    EXPECT_EQ(outcome.last.evidence.front().control, "v41");
  }
}

TEST(Cohorts, AHealthyCanaryIsCalledHealthyByItsOwnTraffic) {
  const Outcome outcome = Play([](int64_t second) { return Canary(second, kErrorRate, kErrorRate); }, {});
  EXPECT_EQ(outcome.last.state, VerdictState::kHealthy);
  EXPECT_EQ(outcome.last.evidence.front().cohort, "v42");
}

// What the two share goes to the routes as well.
TEST(Cohorts, TheOldVersionSpeaksForTheRoutesToo) {
  const Outcome outcome = Play(
      [](int64_t second) {
        const double errors = second < 30 ? kErrorRate : 0.2;
        Moment moment = Canary(second, errors, errors);
        moment.routes = {{"/b", 60, errors}};
        return moment;
      },
      {});
  EXPECT_FALSE(outcome.trigger);
  EXPECT_EQ(outcome.last.reason, "control_moved_too");
}

// A tail of long requests is no control to wait for.
TEST(Cohorts, AFewLastRequestsOfTheOldVersionDecideNothing) {
  const Outcome outcome = Play(
      [](int64_t second) {
        if (second < 4) return Canary(second, kErrorRate, kErrorRate);
        const double tail = second % 50 == 0 ? 1 : 0;
        return Moment{.routes = {}, .cohorts = {{"v41", tail, 0}, {"v42", 200, second < 8 ? kErrorRate : 0.1}}};
      },
      {});
  EXPECT_EQ(outcome.last.state, VerdictState::kRegressed);
  EXPECT_LT(outcome.decided_after, 60);
}

// Once the old version is gone the un-deployed neighbours are asked again.
TEST(Cohorts, AfterTheOldVersionIsGoneTheNeighboursDecide) {
  const Outcome outcome = Play(
      [](int64_t second) {
        if (second < 120) return Canary(second, kErrorRate, kErrorRate);
        return Moment{.routes = {}, .cohorts = {{"v42", 200, 0.1}}};
      },
      {});
  ASSERT_EQ(outcome.last.state, VerdictState::kRegressed);
  EXPECT_EQ(outcome.last.evidence.front().control, "mail");
}

}  // namespace
}  // namespace revertd

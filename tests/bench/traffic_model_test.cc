// Moments of the simulated traffic: a figure of the benchmark is only as good as the traffic it rests on.
#include "bench/detection/traffic_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace revertd::bench {
namespace {

constexpr uint64_t kSeed = 4'711;
constexpr int64_t kStart = 20'000 * 86'400;

struct Moments {
  double sum = 0, squares = 0, count = 0;
  void Add(double value) { sum += value, squares += value * value, ++count; }
  double mean() const { return sum / count; }
  double variance() const { return squares / count - mean() * mean(); }
};

Traffic TrafficOf(std::string_view model, double requests, double error_rate) {
  return {*NoiseModelNamed(model), requests, error_rate};
}

TEST(NoiseModels, AreKnownByName) {
  std::set<std::string_view> names;
  for (const NoiseModel& model : NoiseModels()) {
    names.insert(model.name);
    ASSERT_NE(NoiseModelNamed(model.name), nullptr);
  }
  EXPECT_EQ(names.size(), 8U);
  EXPECT_EQ(NoiseModelNamed("none"), nullptr);
}

TEST(SeedOf, NeighboursDiffer) {
  std::set<uint64_t> seeds;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    for (uint64_t index = 0; index < 100; ++index) seeds.insert(SeedOf(seed, index));
  }
  EXPECT_EQ(seeds.size(), 10'000U);
}

// Requests are Poisson, so without correlation errors are too; with it a second's rate varies with shape p (1/rho - 1).
TEST(DrawSecond, HasItsMeanAndItsOverDispersion) {
  for (const std::string_view model : {"binomial", "beta-binomial 1e-4", "beta-binomial 1e-3", "beta-binomial 1e-2"}) {
    for (const double requests : {20.0, 500.0, 20'000.0}) {
      SCOPED_TRACE(testing::Message() << model << " " << requests << " seed " << kSeed);
      const Traffic traffic = TrafficOf(model, requests, 0.01);
      Random random(kSeed);
      Moments errors, sent;
      for (int i = 0; i < 40'000; ++i) {
        const AgeCounts second = DrawSecond(traffic, {}, {}, random);
        errors.Add(second.errors[0] + second.errors[1]);
        sent.Add(second.requests[0] + second.requests[1]);
      }
      const double mean = requests * 0.01, rho = traffic.noise.rho;
      const double spread = rho > 0 ? 0.99 * rho / 0.01 : 0;  // squared relative spread of a beta rate
      const double variance = mean + mean * mean * spread;
      EXPECT_NEAR(sent.mean(), requests, 5 * std::sqrt(requests / sent.count));
      EXPECT_NEAR(errors.mean(), mean, 5 * std::sqrt(variance / errors.count));
      EXPECT_NEAR(errors.variance(), variance, 0.1 * variance);
    }
  }
}

TEST(DrawSecond, AnAgeClassHasItsVersionsEffect) {
  const Traffic traffic = TrafficOf("binomial", 10'000, 0.01);
  Random random(kSeed);
  Moments young, old;
  for (int i = 0; i < 2'000; ++i) {
    const AgeCounts second = DrawSecond(traffic, {}, {5, 1}, random);
    young.Add(static_cast<double>(second.errors[0]) / second.requests[0]);
    old.Add(static_cast<double>(second.errors[1]) / second.requests[1]);
  }
  EXPECT_NEAR(young.mean(), 0.05, 0.001);
  EXPECT_NEAR(old.mean(), 0.01, 0.001);
}

TEST(DrawSecond, AServiceWithoutErrorsHasNoneUntilSomethingMultipliesThem) {
  const Traffic traffic = TrafficOf("incidents", 10'000, 0);
  Random random(kSeed);
  Moments quiet, incident, worse;
  for (int i = 0; i < 2'000; ++i) {
    quiet.Add(DrawSecond(traffic, {}, {}, random).errors[0]);
    incident.Add(DrawSecond(traffic, {.incident = true}, {}, random).errors[0]);
    worse.Add(DrawSecond(traffic, {}, {5, 5}, random).errors[0]);
  }
  EXPECT_EQ(quiet.sum, 0);
  EXPECT_NEAR(incident.mean(), 9'000 * kIncidentFactor * kRateOutOfNothing, 1);
  EXPECT_NEAR(worse.mean(), 9'000 * 5 * kRateOutOfNothing, 0.5);
}

TEST(ClimatePath, DriftHasItsSpreadItsMemoryAndMeanOne) {
  ClimatePath path(*NoiseModelNamed("AR(1)"), kStart, kSeed);
  Moments factor, logarithm;
  std::vector<double> logs;
  for (int i = 0; i < 600'000; ++i) {
    const double errors = path.Next().errors;
    factor.Add(errors);
    logarithm.Add(std::log(errors));
    logs.push_back(std::log(errors));
  }
  EXPECT_NEAR(factor.mean(), 1, 0.03);
  EXPECT_NEAR(std::sqrt(logarithm.variance()), 0.4, 0.02);
  double product = 0;
  for (size_t i = 30; i < logs.size(); ++i) product += (logs[i] - logarithm.mean()) * (logs[i - 30] - logarithm.mean());
  EXPECT_NEAR(product / static_cast<double>(logs.size() - 30) / logarithm.variance(), std::exp(-1), 0.05);
}

TEST(ClimatePath, IncidentsComeEveryTwoHoursAndLastHalfAMinute) {
  ClimatePath path(*NoiseModelNamed("incidents"), kStart, kSeed);
  int64_t begun = 0, inside = 0;
  bool before = false;
  constexpr int64_t kSeconds = 3'000'000;
  for (int64_t i = 0; i < kSeconds; ++i) {
    const Climate climate = path.Next();
    EXPECT_EQ(climate.errors, 1);
    begun += climate.incident && !before ? 1 : 0;
    inside += climate.incident ? 1 : 0;
    before = climate.incident;
  }
  EXPECT_NEAR(static_cast<double>(begun), kSeconds / 7'230.0, 100);
  EXPECT_NEAR(static_cast<double>(inside) / static_cast<double>(begun), 30, 6);
}

TEST(ClimatePath, TheDaySwingsByHalf) {
  ClimatePath path(*NoiseModelNamed("diurnal"), kStart, kSeed);
  Moments factor;
  double low = 2, high = 0;
  for (int i = 0; i < 86'400; ++i) {
    const Climate climate = path.Next();
    EXPECT_EQ(climate.requests, climate.errors);
    factor.Add(climate.requests);
    low = std::min(low, climate.requests);
    high = std::max(high, climate.requests);
  }
  EXPECT_NEAR(low, 0.5, 1e-3);
  EXPECT_NEAR(high, 1.5, 1e-3);
  EXPECT_NEAR(factor.mean(), 1, 1e-3);
}

// A block drawn at once has the mean and the variance of its forty seconds.
TEST(DrawHistory, BlocksHaveTheMomentsOfTheirSeconds) {
  for (const std::string_view model : {"binomial", "beta-binomial 1e-3", "beta-binomial 1e-2"}) {
    SCOPED_TRACE(testing::Message() << model << " seed " << kSeed);
    const Traffic traffic = TrafficOf(model, 500, 0.001);
    ClimatePath path(traffic.noise, kStart, kSeed);
    Random random(kSeed);
    Moments blocks, sums;
    for (const HistoryBlock& block : DrawHistory(traffic, kStart, kStart + 40 * 20'000, path, random)) {
      blocks.Add(static_cast<double>(block.errors));
    }
    for (int i = 0; i < 10'000; ++i) {
      int64_t sum = 0;
      for (int second = 0; second < kHistoryBlockSeconds; ++second) {
        sum += AllAges(DrawSecond(traffic, {}, {}, random)).errors;
      }
      sums.Add(static_cast<double>(sum));
    }
    EXPECT_NEAR(blocks.mean(), 20, 0.3);
    EXPECT_NEAR(sums.mean(), 20, 0.4);
    EXPECT_NEAR(blocks.variance(), sums.variance(), 0.1 * sums.variance());
  }
}

}  // namespace
}  // namespace revertd::bench

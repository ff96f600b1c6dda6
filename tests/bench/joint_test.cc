// The pieces of joint trials: durations that have the model's quantiles, drifts that have their spread, and trials in
// which what a cell asks for is what the detector sees.
#include "bench/detection/joint.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

namespace revertd::bench {
namespace {

constexpr uint64_t kSeed = 4'711;
constexpr int64_t kDraws = 400'000;

std::unique_ptr<HdrHistogram> Drawn(const Pace& pace) {
  auto latency = std::make_unique<HdrHistogram>();
  Random random(kSeed);
  DurationModel::Usual().Record(kDraws, pace, random, latency.get());
  return latency;
}

double RatioOfQuantile(const HdrHistogram& latency, double quantile) {
  return static_cast<double>(latency.ValueAtQuantile(quantile)) /
         static_cast<double>(DurationModel::Usual().Quantile(quantile));
}

TEST(DurationModel, DrawnQuantilesAreThoseOfTheModel) {
  const auto latency = Drawn({});
  EXPECT_EQ(latency->total(), static_cast<uint64_t>(kDraws));
  for (const double quantile : {0.1, 0.5, 0.9, 0.99}) {
    EXPECT_NEAR(RatioOfQuantile(*latency, quantile), 1, 0.02) << quantile << " seed " << kSeed;
  }
  // By the law itself: nine in ten around 30 ms, one in ten around 90 ms.
  const double log_median = std::log(static_cast<double>(DurationModel::Usual().Quantile(0.5)));
  const auto below = [log_median](double median_ns, double deviation) {
    return std::erfc((std::log(median_ns) - log_median) / deviation / std::sqrt(2)) / 2;
  };
  EXPECT_NEAR(0.9 * below(30e6, 0.5) + 0.1 * below(90e6, 0.7), 0.5, 1e-4);
}

TEST(DurationModel, APaceMovesEverythingAndTheSlowestMore) {
  const auto drifted = Drawn({.all = 1.3});
  for (const double quantile : {0.1, 0.5, 0.99}) EXPECT_NEAR(RatioOfQuantile(*drifted, quantile), 1.3, 0.03);
}

TEST(JointCells, ASlowerCellDoublesItsQuantileAndHardlyTheLowerOnes) {
  const Grid grid{{*NoiseModelNamed("binomial")}, {20}, {0.001}, {ControlKind::kNone}};
  const std::vector<JointCell> cells = JointCells(JointMode::kLatency, grid);
  ASSERT_EQ(cells.size(), 3U);
  EXPECT_EQ(Describe(cells[0]), "binomial, 20 req/s, 0.1 %, p99 x2, control: none");
  EXPECT_NEAR(RatioOfQuantile(*Drawn(cells[0].pace), 0.99), 2, 0.05);
  EXPECT_NEAR(RatioOfQuantile(*Drawn(cells[0].pace), 0.9), 1, 0.05);
  EXPECT_NEAR(RatioOfQuantile(*Drawn(cells[1].pace), 0.9), 2, 0.05);
  EXPECT_NEAR(RatioOfQuantile(*Drawn(cells[1].pace), 0.5), 1, 0.05);
  EXPECT_NEAR(RatioOfQuantile(*Drawn(cells[2].pace), 0.5), 2, 0.05);
}

TEST(LogDrift, HasItsSpreadItsMemoryAndMeanOne) {
  Random random(kSeed);
  LogDrift drift(kArrivalLogDeviation, random);
  std::vector<double> logs;
  double sum = 0, squares = 0, factors = 0;
  for (int i = 0; i < 600'000; ++i) {
    const double factor = drift.Next(random);
    factors += factor;
    logs.push_back(std::log(factor));
    sum += logs.back();
    squares += logs.back() * logs.back();
  }
  const auto count = static_cast<double>(logs.size());
  const double mean = sum / count, variance = squares / count - mean * mean;
  EXPECT_NEAR(factors / count, 1, 0.01);
  EXPECT_NEAR(std::sqrt(variance), kArrivalLogDeviation, 0.01);
  double product = 0;
  for (size_t i = 30; i < logs.size(); ++i) product += (logs[i] - mean) * (logs[i - 30] - mean);
  EXPECT_NEAR(product / count / variance, std::exp(-1), 0.05);
}

RunSettings FewRuns() {
  RunSettings settings;
  settings.seed = kSeed;
  settings.runs = 4;
  settings.trials_per_history = 2;
  settings.trial.history_days = 1;
  settings.trial.calibration_days = 0;
  return settings;
}

JointCell CellOf(ControlKind control) {
  JointCell cell;
  cell.traffic.noise = *NoiseModelNamed("binomial");
  cell.traffic.requests_per_second = 50;
  cell.traffic.error_rate = 0.001;
  cell.traffic.control = control;
  return cell;
}

TEST(JointTrial, WhatIsSlowerIsBlamedWithAControlAndAsksAPersonWithout) {
  JointCell cell = CellOf(ControlKind::kNone);
  cell.pace = {.all = 1, .slowest = 3, .slowest_share = 1};
  JointCell controlled = cell;
  controlled.traffic.control = ControlKind::kShared;
  const auto results = RunJoint(JointMode::kLatency, {cell, controlled}, FewRuns());
  EXPECT_EQ(results[0].ambiguous, 4);
  EXPECT_EQ(results[0].acted, 0);
  EXPECT_EQ(results[1].regressed, 4);
  EXPECT_EQ(results[1].acted, 4);
  for (const JointResult& result : results) {
    EXPECT_TRUE(result.signals.begin()->first.starts_with("latency_p"));
    EXPECT_LT(result.fired_seconds.back(), 300);
  }
}

TEST(JointTrial, ARollbackIsWatchedAndANeighbourIsNotBlamed) {
  JointCell bad = CellOf(ControlKind::kShared);
  bad.traffic.effect = 40;
  bad.is_reverted = true;
  JointCell in_vain = bad;
  in_vain.recovers = false;
  JointCell overlapping = bad;
  overlapping.is_reverted = false;
  overlapping.has_neighbour = true;
  const auto results = RunJoint(JointMode::kRecovery, {bad, in_vain, overlapping}, FewRuns());
  EXPECT_EQ(results[0].recovery.at(RecoveryState::kRecovered), 4);
  EXPECT_EQ(results[1].recovery.at(RecoveryState::kNotRecovered), 4);
  EXPECT_EQ(results[0].wrong_recoveries() + results[1].wrong_recoveries(), 0);
  EXPECT_EQ(results[2].regressed, 4);
  EXPECT_EQ(results[2].neighbour_regressed, 0);
  EXPECT_TRUE(results[2].recovery.empty());
}

TEST(JointTrial, BatchesAndThreadsChangeNothing) {
  JointCell cell = CellOf(ControlKind::kShared);
  cell.traffic.noise = *NoiseModelNamed("AR(1)");
  cell.traffic.effect = 10;
  RunSettings settings = FewRuns();
  const JointResult one = RunJoint(JointMode::kHealthy, {cell}, settings).front();
  settings.jobs = 2;
  const JointResult two = RunJoint(JointMode::kHealthy, {cell}, settings).front();
  settings.trial.batch_seconds = 60;
  const JointResult batched = RunJoint(JointMode::kHealthy, {cell}, settings).front();
  EXPECT_EQ(one.regressed_seconds, two.regressed_seconds);
  EXPECT_EQ(one.regressed_seconds, batched.regressed_seconds);
}

}  // namespace
}  // namespace revertd::bench

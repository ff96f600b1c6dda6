// The simulated deploys of the benchmark: what a cell asks for is what the detector sees.
#include "bench/detection/trial.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "bench/detection/cells.h"

namespace revertd::bench {
namespace {

constexpr uint64_t kSeed = 815;

Cell CellOf(std::string_view model, double requests, double error_rate) {
  Cell cell;
  cell.noise = *NoiseModelNamed(model);
  cell.requests_per_second = requests;
  cell.error_rate = error_rate;
  return cell;
}

RunSettings FewRuns() {
  RunSettings settings;
  settings.seed = kSeed;
  settings.runs = 6;
  settings.trials_per_history = 2;
  settings.trial.history_days = 1;
  settings.trial.calibration_days = 0;
  return settings;
}

TEST(Trial, AHealthyDeployIsNotAccusedAndABadOneIs) {
  Cell cell = CellOf("binomial", 500, 0.001);
  Cell bad = cell;
  bad.effect = 20;
  const std::vector<CellResult> results = RunCells({cell, bad}, FewRuns());
  EXPECT_EQ(results[0].regressed, 0);
  EXPECT_EQ(results[1].regressed, 6);
  EXPECT_LT(results[1].delay_seconds.back(), 300);
  // 500 requests a second, of which the first second's tenth belongs to the old version.
  const auto seconds = static_cast<double>(results[1].delay_seconds.front());
  EXPECT_NEAR(static_cast<double>(results[1].delay_requests.front()), 500 * seconds - 50, 5 * std::sqrt(500 * seconds));
}

TEST(Trial, AControlOfTheSameSizeIsUsedAndActedUpon) {
  Cell cell = CellOf("mixed", 20'000, 0.001);
  cell.effect = 20;
  cell.control = ControlKind::kShared;
  const CellResult result = RunCells({cell}, FewRuns()).front();
  EXPECT_EQ(result.control_usable, 6);
  EXPECT_EQ(result.regressed, 6);
  EXPECT_EQ(result.acted, 6);
}

TEST(Trial, AnOutageOfBothIsAmbiguous) {
  Cell cell = CellOf("binomial", 20'000, 0.001);
  cell.outage = 20;
  cell.control = ControlKind::kShared;
  const CellResult result = RunCells({cell}, FewRuns()).front();
  EXPECT_EQ(result.ambiguous, 6);
  EXPECT_EQ(result.regressed, 0);
}

TEST(Trial, ErrorsOutOfNothingComeOnlyAfterTheFinish) {
  Cell cell = CellOf("binomial", 500, 0);
  cell.effect = 20;
  const RunSettings settings = FewRuns();
  const History history = DrawHistory(cell, settings.trial, kSeed);
  for (const HistoryBlock& block : history.target) EXPECT_EQ(block.errors, 0);
  const Outcome outcome = RunTrial(cell, settings.trial, history, kSeed);
  EXPECT_GE(outcome.fifth_error_second, 1);
  EXPECT_LE(outcome.fifth_error_second, 10) << "two a second";
}

TEST(RunCells, ThreadsChangeNothing) {
  Cell cell = CellOf("mixed", 500, 0.001);
  cell.effect = 5;
  RunSettings settings = FewRuns();
  const CellResult one = RunCells({cell}, settings).front();
  settings.jobs = 3;
  const CellResult three = RunCells({cell}, settings).front();
  EXPECT_EQ(one.delay_seconds, three.delay_seconds);
  EXPECT_EQ(one.delay_requests, three.delay_requests);
  EXPECT_EQ(one.rival_seconds, three.rival_seconds);
}

TEST(Quantile, IsOneOfTheValues) {
  EXPECT_EQ(Quantile({1, 2, 3, 4}, 0.5), 2);
  EXPECT_EQ(Quantile({1, 2, 3, kNever}, 0.95), kNever);
  EXPECT_EQ(Quantile({7}, 0.95), 7);
  EXPECT_EQ(Quantile({}, 0.5), kNever);
}

}  // namespace
}  // namespace revertd::bench

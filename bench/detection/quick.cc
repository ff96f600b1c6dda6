#include "bench/detection/quick.h"

#include <cstdio>
#include <string>

#include "bench/detection/error_events.h"
#include "bench/detection/joint.h"
#include "bench/detection/validity.h"

namespace revertd::bench {
namespace {

constexpr uint64_t kSeed = 20'261'121;
constexpr int64_t kRuns = 40;

struct QuickCell {
  std::string_view model;
  double requests_per_second;
  double error_rate;
  double effect;
  double outage;
  ControlKind control;
  int64_t calibration_days;
  int64_t regressed_min;  // of kRuns
  int64_t regressed_max;
  int64_t median_max;  // seconds; kNever: not asked
};

constexpr auto kNone = ControlKind::kNone;
constexpr auto kShared = ControlKind::kShared;
constexpr QuickCell kCells[] = {
    // Healthy.
    {"binomial", 1, 0.01, 1, 1, kNone, 0, 0, 0, kNever},
    {"binomial", 20'000, 0.001, 1, 1, kNone, 0, 0, 0, kNever},
    {"beta-binomial 1e-3", 20'000, 0.001, 1, 1, kNone, 2, 0, 1, kNever},
    {"mixed", 500, 0.01, 1, 1, kShared, 0, 0, 1, kNever},
    {"binomial", 20'000, 0.001, 1.03, 1, kNone, 0, 0, 0, kNever},
    // Regressed: a cold start, then calibrated by two days of shadow deploys.
    {"binomial", 20, 0.001, 20, 1, kNone, 0, 38, 40, 150},
    {"binomial", 500, 0.001, 5, 1, kNone, 0, 40, 40, 110},
    {"beta-binomial 1e-3", 20'000, 0.001, 5, 1, kShared, 0, 38, 40, 60},
    {"mixed", 20'000, 0.001, 20, 1, kShared, 0, 38, 40, 60},
    {"binomial", 500, 0, 20, 1, kNone, 0, 38, 40, 150},
    {"binomial", 500, 0.001, 5, 1, kNone, 2, 40, 40, 25},
    // Both services fail together: nobody is to blame.
    {"binomial", 500, 0.001, 1, 20, kShared, 0, 0, 1, kNever},
};

std::string Seconds(int64_t seconds) { return seconds == kNever ? "-" : std::to_string(seconds) + " s"; }

bool Within(const QuickCell& wanted, const CellResult& result) {
  const int64_t median = Quantile(result.delay_seconds, 0.5);
  const bool within = result.regressed >= wanted.regressed_min && result.regressed <= wanted.regressed_max &&
                      (wanted.median_max == kNever || median <= wanted.median_max);
  std::printf("%s %s, %s: %lld of %lld regressed (%lld to %lld), median %s (at most %s), %lld ambiguous\n",
              within ? "ok  " : "MISS", Describe(result.cell).c_str(),
              wanted.calibration_days > 0 ? "calibrated" : "cold", static_cast<long long>(result.regressed),
              static_cast<long long>(result.runs), static_cast<long long>(wanted.regressed_min),
              static_cast<long long>(wanted.regressed_max), Seconds(median).c_str(), Seconds(wanted.median_max).c_str(),
              static_cast<long long>(result.ambiguous));
  return within;
}

Cell CellOf(const QuickCell& wanted) {
  Cell cell;
  cell.noise = *NoiseModelNamed(wanted.model);
  cell.requests_per_second = wanted.requests_per_second;
  cell.error_rate = wanted.error_rate;
  cell.effect = wanted.effect;
  cell.outage = wanted.outage;
  cell.control = wanted.control;
  return cell;
}

bool ValidityWithin(const RunSettings& settings) {
  RunSettings more = settings;
  more.runs = 500;
  const Grid grid{{*NoiseModelNamed("binomial")}, {500}, {0.001}, {}};
  const std::vector<ValidityResult> results = RunValidity(grid, more);
  for (const ValidityResult& result : results) {
    std::printf("     %s, blocks of %lld s at the null's boundary: %lld of %lld fired (at most 5 %%)\n",
                Describe(result.cell).c_str(), static_cast<long long>(result.block_seconds),
                static_cast<long long>(result.fired), static_cast<long long>(result.runs));
  }
  return ValidityMisses(results).empty();
}

struct QuickJoint {
  JointMode mode;
  ControlKind control;
  double effect;  // on errors; with kLatency one on durations stands in its place
  bool recovers;
  int64_t regressed_min;  // of kJointRuns
  int64_t regressed_max;
  int64_t ambiguous_max;
};

constexpr int64_t kJointRuns = 6;
constexpr double kJointRequests = 100;
constexpr QuickJoint kJointCells[] = {
    {JointMode::kHealthy, kNone, 1, true, 0, 0, 1},      {JointMode::kHealthy, kShared, 1, true, 0, 0, 1},
    {JointMode::kWarmUp, kShared, 1, true, 0, 0, 1},     {JointMode::kLatency, kShared, 1, true, 5, 6, 1},
    {JointMode::kOverlap, kNone, 20, true, 5, 6, 1},     {JointMode::kRecovery, kShared, 20, true, 5, 6, 1},
    {JointMode::kRecovery, kShared, 20, false, 5, 6, 1},
};

// The first of the mode's cells in binomial traffic that has the effect.
JointCell CellOf(const QuickJoint& wanted) {
  const Grid grid{{*NoiseModelNamed("binomial")}, {kJointRequests}, {0.001}, {wanted.control}};
  for (const JointCell& cell : JointCells(wanted.mode, grid)) {
    if (cell.traffic.effect == wanted.effect && cell.recovers == wanted.recovers) return cell;
  }
  return {};
}

bool Within(const QuickJoint& wanted, const JointResult& result) {
  const bool within = result.regressed >= wanted.regressed_min && result.regressed <= wanted.regressed_max &&
                      result.ambiguous <= wanted.ambiguous_max && result.neighbour_regressed == 0 &&
                      result.wrong_recoveries() == 0;
  std::printf("%s %s, %s: %lld of %lld regressed (%lld to %lld), %lld ambiguous, %lld wrong recoveries\n",
              within ? "ok  " : "MISS", std::string(NameOf(wanted.mode)).c_str(), Describe(result.cell).c_str(),
              static_cast<long long>(result.regressed), static_cast<long long>(result.runs),
              static_cast<long long>(wanted.regressed_min), static_cast<long long>(wanted.regressed_max),
              static_cast<long long>(result.ambiguous), static_cast<long long>(result.wrong_recoveries()));
  return within;
}

bool JointWithin(RunSettings settings) {
  settings.runs = kJointRuns;
  settings.trial.history_days = 1;
  settings.trial.calibration_days = 0;
  bool within = true;
  for (const QuickJoint& wanted : kJointCells) {
    within &= Within(wanted, RunJoint(wanted.mode, {CellOf(wanted)}, settings).front());
  }
  return within;
}

// Harmless newcomers and new names are never called, a new group of an event a second in about a minute.
constexpr int64_t kAddedMedianMax = 75;

bool ErrorEventsWithin(RunSettings settings) {
  settings.runs = kRuns / 2;
  settings.trial.history_days = 1;
  const Grid grid{{*NoiseModelNamed("binomial")}, {20}, {}, {}};
  std::vector<ErrorEventCell> cells = HealthyErrorEvents(grid);
  for (const ErrorEventCell& cell : AddedErrorEvents(grid)) {
    if (cell.added_rate == 1) cells.push_back(cell);
  }
  bool within = true;
  for (const ErrorEventResult& result : RunErrorEvents(cells, settings)) {
    const int64_t median = Quantile(result.seconds, 0.5);
    const bool good = result.cell.added_rate > 0 ? median <= kAddedMedianMax : result.fired == 0;
    within &= good;
    std::printf("%s error events, %s: %lld of %lld fired, median %s\n", good ? "ok  " : "MISS",
                Describe(result.cell).c_str(), static_cast<long long>(result.fired),
                static_cast<long long>(result.runs), Seconds(median).c_str());
  }
  return within;
}

}  // namespace

int RunQuick(const RunSettings& given) {
  RunSettings settings = given;
  settings.seed = kSeed;
  settings.runs = kRuns;
  settings.trials_per_history = 20;
  settings.trial.history_days = 2;
  std::printf("quick: seed %llu, %lld runs of each cell\n", static_cast<unsigned long long>(kSeed),
              static_cast<long long>(kRuns));
  bool within = true;
  for (const QuickCell& wanted : kCells) {
    settings.trial.calibration_days = wanted.calibration_days;
    within &= Within(wanted, RunCells({CellOf(wanted)}, settings).front());
  }
  within &= ValidityWithin(settings);
  within &= JointWithin(settings);
  within &= ErrorEventsWithin(settings);
  std::printf("%s\n", within ? "all within their bands" : "a figure left its band");
  return within ? 0 : 1;
}

}  // namespace revertd::bench

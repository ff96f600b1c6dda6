#include "bench/detection/validity.h"

#include <algorithm>
#include <cmath>

#include "analysis/baseline.h"
#include "analysis/rate_shift.h"
#include "bench/detection/figures.h"

namespace revertd::bench {
namespace {

constexpr double kAlpha = 0.05;
constexpr double kTracksOfShift = 2;

enum SeedPart : uint64_t { kHistory, kClimate, kDraws };

// The boundary is that of the hour: by the day's mean alone an afternoon would stand far above it.
double LargestDayFactor(const Cell& cell, int64_t first_second, const RunSettings& settings) {
  if (!cell.noise.diurnal) return 1;
  return std::max(DayFactor(first_second), DayFactor(first_second + settings.trial.observe_seconds));
}

// The watch begins kSpreadSeconds after the history: those before it tell the spread of short blocks.
bool Fires(const ValidityResult& result, RateShiftSettings settings, const History& past, uint64_t seed) {
  const Cell& cell = result.cell;
  const Traffic traffic{cell.noise, cell.requests_per_second, cell.error_rate};
  ClimatePath climate(cell.noise, past.end_second, SeedOf(seed, kClimate));
  Random random(SeedOf(seed, kDraws));
  RateHistory history{.blocks = past.target};
  const int64_t begin = past.end_second + kSpreadSeconds;
  for (int64_t second = past.end_second; second < begin; ++second) {
    const RateCounts counts = AllAges(DrawSecond(traffic, climate.Next(), {}, random));
    history.recent.push_back({second, counts.requests, counts.errors});
  }
  const BlockSpread spread = EstimateBaseline(history, begin, RateMargins{}).spread;
  settings.slow_inverse_kappa = settings.fast_inverse_kappa = spread.Of(result.block_seconds);
  RateShift shift(settings);
  const double needed = std::log(kTracksOfShift / kAlpha);
  for (int64_t second = 0; second < settings.horizon_seconds; ++second) {
    shift.Observe(AllAges(DrawSecond(traffic, climate.Next(), {}, random)));
    if (shift.LogValue() >= needed) return true;
  }
  return false;
}

}  // namespace

std::vector<ValidityResult> RunValidity(const Grid& grid, const RunSettings& settings) {
  Grid alone = grid;
  alone.controls = {ControlKind::kNone};
  std::vector<ValidityResult> results;
  for (Cell cell : DelayCells(alone, {1})) {
    if (cell.error_rate <= 0) cell.error_rate = kRateOutOfNothing;
    for (const int64_t block_seconds : {5, 20}) results.push_back({cell, block_seconds, settings.runs, 0});
  }
  TrialSettings cold = settings.trial;  // no settings are chosen here: nothing to calibrate
  cold.calibration_days = 0;
  std::vector<std::vector<int64_t>> fired(results.size(), std::vector<int64_t>(HistoriesOfCell(settings)));
  ForEachShare(results.size(), settings, [&](const RunShare& share) {
    const ValidityResult& result = results[share.cell];
    const uint64_t seed = SeedOfCell(settings.seed, result.cell);
    const History history = DrawHistory(result.cell, cold, SeedOf(SeedOf(seed, kHistory), share.history));
    RateShiftSettings shift;
    const int64_t begin = history.end_second + kSpreadSeconds;
    shift.null_rate = result.cell.error_rate * LargestDayFactor(result.cell, begin, settings);
    shift.slow.block_seconds = shift.fast.block_seconds = result.block_seconds;
    shift.horizon_seconds = settings.trial.observe_seconds;
    for (size_t run = share.begin; run < share.end; ++run) {
      fired[share.cell][share.history] += Fires(result, shift, history, SeedOf(seed, run)) ? 1 : 0;
    }
  });
  for (size_t i = 0; i < results.size(); ++i) {
    for (const int64_t of_history : fired[i]) results[i].fired += of_history;
  }
  return results;
}

std::vector<std::string> ValidityMisses(const std::vector<ValidityResult>& results) {
  std::vector<std::string> misses;
  for (const ValidityResult& result : results) {
    const double seen = PerThousand(result.fired, result.runs);
    if (seen <= kValidityMax) continue;
    misses.push_back(Describe(result.cell) + ", blocks of " + std::to_string(result.block_seconds) + " s: fires " +
                     std::to_string(std::llround(seen)) + " times per 1000, at most " +
                     std::to_string(std::llround(kValidityMax)));
  }
  return misses;
}

}  // namespace revertd::bench

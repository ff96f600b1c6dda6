#include "bench/detection/late.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "analysis/late_watch.h"
#include "analysis/open_watch.h"
#include "base/json_writer.h"
#include "bench/detection/bounds.h"
#include "bench/detection/figures.h"
#include "bench/detection/table.h"

namespace revertd::bench {
namespace {

enum Part : uint64_t { kHistory, kHealthy, kLeak, kClimate, kDraws };

// False calls per 1000 half days.
constexpr double kCalmMax = 1;
constexpr double kRoughMax = 3;  // noise that lasts, or incidents

double MostOf(const Cell& cell) { return cell.noise.autoregressive || cell.noise.incidents ? kRoughMax : kCalmMax; }

// Seconds from the finish to the call; kNever: none.
int64_t CalledAfter(const LatePlan& plan, const Cell& cell, int64_t finish, const TrialSettings& settings, bool leaks,
                    uint64_t seed) {
  const int64_t from = HistoryBlockStart(finish + settings.observe_seconds + kHistoryBlockSeconds - 1);
  ClimatePath climate(cell.noise, from, SeedOf(seed, kClimate));
  Random random(SeedOf(seed, kDraws));
  LateWatch watch(plan);
  for (int64_t start = from; start < finish + kLateHorizonSeconds && !watch.fired_at(); start += kHistoryBlockSeconds) {
    const int64_t leaking = leaks ? std::max<int64_t>(0, start - finish - kLeakAfterSeconds) : 0;
    const double growth = 1 + static_cast<double>(leaking) / 3600;
    const Traffic traffic{cell.noise, cell.requests_per_second, growth * cell.error_rate};
    const auto blocks = DrawHistory(traffic, start, start + kHistoryBlockSeconds, climate, random);
    watch.Observe(blocks.front());
  }
  return watch.fired_at() ? *watch.fired_at() + 1 - finish : kNever;
}

// The runs that share one history.
LateResult RunsAfter(const History& history, const Cell& cell, const RunSettings& settings, size_t first, size_t end) {
  LateResult result{.cell = cell, .runs = 0, .called = 0, .leak_seconds = {}};
  const double needed = JudgingSettings(ConfigOf(settings.trial).detect).value_needed / kLateAlphaShare;
  const LatePlan plan = LatePlanOf({history.target}, history.end_second, RateMargins{}, needed);
  const uint64_t seed = SeedOfCell(settings.seed, cell);
  const auto called_after = [&](bool leaks, size_t run) {
    return CalledAfter(plan, cell, history.end_second, settings.trial, leaks,
                       SeedOf(SeedOf(seed, leaks ? kLeak : kHealthy), run));
  };
  for (size_t run = first; run < end; ++run) {
    ++result.runs;
    if (called_after(false, run) != kNever) ++result.called;
    if (run % kRunsPerLeak != 0) continue;
    const int64_t after = called_after(true, run);
    result.leak_seconds.push_back(after == kNever ? kNever : after - kLeakAfterSeconds);
  }
  return result;
}

}  // namespace

Grid LateGrid() {
  Grid grid{{}, {20, 500}, {0.001}, {ControlKind::kNone}};
  for (const char* name : {"binomial", "beta-binomial 1e-3", "diurnal", "AR(1)", "incidents", "mixed"}) {
    grid.models.push_back(*NoiseModelNamed(name));
  }
  return grid;
}

std::vector<LateResult> RunLate(const Grid& grid, const RunSettings& settings) {
  Grid alone = grid;
  alone.controls = {ControlKind::kNone};
  const std::vector<Cell> cells = DelayCells(alone, {1});
  TrialSettings cold = settings.trial;  // the late watch has one setting: there is nothing to calibrate
  cold.calibration_days = 0;
  std::vector<std::vector<LateResult>> parts(cells.size(), std::vector<LateResult>(HistoriesOfCell(settings)));
  ForEachShare(cells.size(), settings, [&](const RunShare& share) {
    const Cell& cell = cells[share.cell];
    const uint64_t seed = SeedOf(SeedOf(SeedOfCell(settings.seed, cell), kHistory), share.history);
    const History history = DrawHistory(cell, cold, seed);
    parts[share.cell][share.history] = RunsAfter(history, cell, settings, share.begin, share.end);
  });
  std::vector<LateResult> results;
  for (size_t i = 0; i < cells.size(); ++i) {
    LateResult sum{.cell = cells[i], .runs = 0, .called = 0, .leak_seconds = {}};
    for (const LateResult& part : parts[i]) {
      sum.runs += part.runs;
      sum.called += part.called;
      sum.leak_seconds.insert(sum.leak_seconds.end(), part.leak_seconds.begin(), part.leak_seconds.end());
    }
    std::sort(sum.leak_seconds.begin(), sum.leak_seconds.end());
    results.push_back(std::move(sum));
  }
  return results;
}

Lines LateTable(const std::vector<LateResult>& results) {
  Lines lines = {"### Late watch: half days; a leak that adds the old rate every hour",
                 "| cell | runs | false calls per 1000 (upper 95 % limit) | leaks | called after, median / p95 s |",
                 "| --- | --- | --- | --- | --- |"};
  for (const LateResult& result : results) {
    lines.push_back(
        TableLine({Describe(result.cell), std::to_string(result.runs), WithLimit(result.called, result.runs),
                   std::to_string(result.leak_seconds.size()), MedianAndP95(result.leak_seconds)}));
  }
  return lines;
}

Lines LateMisses(const std::vector<LateResult>& results) {
  Lines misses;
  for (const LateResult& result : results) {
    const double seen = PerThousand(result.called, result.runs);
    if (seen <= MostOf(result.cell)) continue;
    misses.push_back("late watch, " + Describe(result.cell) + ": " + Number(seen) + " false calls per 1000 (" +
                     std::to_string(result.called) + " of " + std::to_string(result.runs) + "), at most " +
                     Number(MostOf(result.cell)));
  }
  return misses;
}

std::string LateText(const LateResult& result) {
  JsonWriter json;
  json.BeginObject().Field("cell", Describe(result.cell)).Field("runs", result.runs).Field("called", result.called);
  json.Field("called_upper_95", UpperLimit(result.called, result.runs));
  json.Field("leaks", static_cast<int64_t>(result.leak_seconds.size()));
  AddMedianAndP95("leak_seconds_median_p95", result.leak_seconds, &json);
  return json.EndObject().Take();
}

}  // namespace revertd::bench

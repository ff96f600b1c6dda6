#include "bench/detection/cells.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <thread>

namespace revertd::bench {
namespace {

constexpr double kSmallEffectRequests = 20'000;

enum SeedPart : uint64_t { kHistory, kTrial };

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

// What is asked for several times is one cell each; the loops are written once.
template <typename Add>
void ForEachTraffic(const Grid& grid, const Add& add) {
  for (const NoiseModel& model : grid.models) {
    for (const double requests : grid.requests_per_second) {
      for (const double rate : grid.error_rates) {
        Cell cell;
        cell.noise = model;
        cell.requests_per_second = requests;
        cell.error_rate = rate;
        add(cell);
      }
    }
  }
}

CellResult Sum(const Cell& cell, const std::vector<Outcome>& outcomes) {
  CellResult result;
  result.cell = cell;
  result.runs = static_cast<int64_t>(outcomes.size());
  for (const Outcome& outcome : outcomes) {
    const bool regressed = outcome.regressed_second != kNever;
    result.regressed += regressed ? 1 : 0;
    result.acted += outcome.acted ? 1 : 0;
    result.ambiguous += !regressed && outcome.ambiguous_second != kNever ? 1 : 0;
    result.healthy += outcome.healthy && !regressed ? 1 : 0;
    result.calibrated += outcome.calibrated ? 1 : 0;
    result.control_usable += outcome.control_usable ? 1 : 0;
    result.delay_seconds.push_back(outcome.regressed_second);
    result.delay_requests.push_back(regressed ? outcome.regressed_requests : kNever);
    result.fifth_error_seconds.push_back(outcome.fifth_error_second);
    for (size_t i = 0; i < kRivals.size(); ++i) result.rival_seconds[i].push_back(outcome.rival_second[i]);
  }
  std::sort(result.delay_seconds.begin(), result.delay_seconds.end());
  std::sort(result.delay_requests.begin(), result.delay_requests.end());
  std::sort(result.fifth_error_seconds.begin(), result.fifth_error_seconds.end());
  for (auto& seconds : result.rival_seconds) std::sort(seconds.begin(), seconds.end());
  return result;
}

}  // namespace

int64_t CellResult::rival_hits(size_t rival) const {
  const auto& seconds = rival_seconds[rival];
  return std::lower_bound(seconds.begin(), seconds.end(), kNever) - seconds.begin();
}

int64_t Quantile(const std::vector<int64_t>& ascending, double share) {
  if (ascending.empty()) return kNever;
  const double rank = std::ceil(share * static_cast<double>(ascending.size()));
  return ascending[static_cast<size_t>(std::max(1.0, rank)) - 1];
}

Grid FullGrid() {
  return {{NoiseModels().begin(), NoiseModels().end()},
          {1, 20, 500, 20'000},
          {0, 0.001, 0.01},
          {ControlKind::kNone, ControlKind::kShared}};
}

std::vector<Cell> HealthyCells(const Grid& grid) {
  std::vector<Cell> cells;
  for (const ControlKind control : grid.controls) {
    ForEachTraffic(grid, [&cells, control](Cell cell) {
      cell.control = control;
      cells.push_back(cell);
      if (cell.requests_per_second < kSmallEffectRequests || cell.error_rate <= 0) return;
      cell.effect = kSmallEffect;
      cells.push_back(cell);
    });
  }
  return cells;
}

std::vector<Cell> DelayCells(const Grid& grid, const std::vector<double>& effects) {
  std::vector<Cell> cells;
  for (const ControlKind control : grid.controls) {
    ForEachTraffic(grid, [&](Cell cell) {
      cell.control = control;
      for (const double effect : effects) {
        cell.effect = effect;
        cells.push_back(cell);
      }
    });
  }
  return cells;
}

std::vector<Cell> OutageCells(const Grid& grid, const std::vector<double>& outages) {
  std::vector<Cell> cells;
  ForEachTraffic(grid, [&](Cell cell) {
    cell.control = ControlKind::kShared;
    for (const double outage : outages) {
      cell.outage = outage;
      cells.push_back(cell);
    }
  });
  return cells;
}

std::string Describe(const Cell& cell) {
  std::string text(cell.noise.name);
  text += ", " + Number(cell.requests_per_second) + " req/s, " + Number(100 * cell.error_rate) + " %";
  if (cell.effect != 1) text += ", x" + Number(cell.effect);
  if (cell.outage != 1) text += ", outage x" + Number(cell.outage);
  return text + ", control: " + std::string(NameOf(cell.control));
}

uint64_t SeedOfCell(uint64_t seed, const Cell& cell) {
  for (const char c : Describe(cell)) seed = SeedOf(seed, static_cast<unsigned char>(c));
  return seed;
}

void ForEach(size_t count, unsigned jobs, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next{0};
  const auto loop = [&] {
    for (size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::thread> threads;
  for (unsigned job = 1; job < jobs; ++job) threads.emplace_back(loop);
  loop();
  for (std::thread& thread : threads) thread.join();
}

size_t HistoriesOfCell(const RunSettings& settings) {
  return static_cast<size_t>((settings.runs + settings.trials_per_history - 1) / settings.trials_per_history);
}

void ForEachShare(size_t cells, const RunSettings& settings, const std::function<void(const RunShare&)>& work) {
  const auto runs = static_cast<size_t>(settings.runs);
  const auto shared_by = static_cast<size_t>(settings.trials_per_history);
  const size_t histories = HistoriesOfCell(settings);
  ForEach(cells * histories, settings.jobs, [&](size_t item) {
    const size_t history = item % histories;
    const size_t begin = history * shared_by;
    work({.cell = item / histories, .history = history, .begin = begin, .end = std::min(runs, begin + shared_by)});
  });
}

std::vector<CellResult> RunCells(const std::vector<Cell>& cells, const RunSettings& settings) {
  const size_t histories = HistoriesOfCell(settings);
  std::vector<std::vector<Outcome>> outcomes(cells.size(), std::vector<Outcome>(static_cast<size_t>(settings.runs)));
  std::atomic<size_t> done{0};
  const bool shows_progress = isatty(STDERR_FILENO) == 1;
  ForEachShare(cells.size(), settings, [&](const RunShare& share) {
    const Cell& cell = cells[share.cell];
    const uint64_t seed = SeedOfCell(settings.seed, cell);
    const History history = DrawHistory(cell, settings.trial, SeedOf(SeedOf(seed, kHistory), share.history));
    for (size_t run = share.begin; run < share.end; ++run) {
      outcomes[share.cell][run] = RunTrial(cell, settings.trial, history, SeedOf(SeedOf(seed, kTrial), run));
    }
    const size_t percent = (cells.size() * histories + 99) / 100;
    if (++done % percent == 0 && shows_progress) std::fprintf(stderr, "\r%zu %%", done / percent);
  });
  if (shows_progress) std::fprintf(stderr, "\r      \r");
  std::vector<CellResult> results;
  for (size_t i = 0; i < cells.size(); ++i) {
    results.push_back(Sum(cells[i], outcomes[i]));
    results.back().histories = static_cast<int64_t>(histories);
  }
  return results;
}

}  // namespace revertd::bench

// Cells: the grid of traffic that the detector is held against, run as many trials on several threads and summed.
//
// A cell's seed follows from what the cell is, and a trial's from its number, so that neither the number of threads nor
// which cells are asked for changes an outcome. RunCells: one caller; it starts and joins its own threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bench/detection/trial.h"

namespace revertd::bench {

inline constexpr double kSmallEffect = 1.03;  // within every margin: a deploy with it is healthy

struct RunSettings {
  TrialSettings trial;
  uint64_t seed = 1;
  int64_t runs = 1000;               // of each cell
  int64_t trials_per_history = 100;  // deploys of one service share its past
  unsigned jobs = 1;
};

// Counts of a cell, and the ascending delays of its runs; kNever stands for "not found".
struct CellResult {
  Cell cell;
  int64_t runs = 0;
  int64_t histories = 0;  // that the runs shared
  int64_t regressed = 0;
  int64_t acted = 0;
  int64_t ambiguous = 0;  // and not regressed
  int64_t healthy = 0;
  int64_t calibrated = 0;
  int64_t control_usable = 0;
  std::vector<int64_t> delay_seconds;
  std::vector<int64_t> delay_requests;
  std::vector<int64_t> fifth_error_seconds;
  std::array<std::vector<int64_t>, kRivals.size()> rival_seconds;

  int64_t rival_hits(size_t rival) const;
};
// Of ascending values; the nearest rank, so that it is one of them.
int64_t Quantile(const std::vector<int64_t>& ascending, double share);

struct Grid {
  std::vector<NoiseModel> models;
  std::vector<double> requests_per_second;
  std::vector<double> error_rates;
  std::vector<ControlKind> controls;
};
Grid FullGrid();
std::vector<Cell> HealthyCells(const Grid& grid);  // also kSmallEffect where there are 20,000 requests a second
std::vector<Cell> DelayCells(const Grid& grid, const std::vector<double>& effects);
std::vector<Cell> OutageCells(const Grid& grid, const std::vector<double>& outages);  // always with the control

// "beta-binomial 1e-3, 20 req/s, 0.1 %, x5, control: none".
std::string Describe(const Cell& cell);
uint64_t SeedOfCell(uint64_t seed, const Cell& cell);

// work(i) for each i below `count` on `jobs` threads, in no order.
void ForEach(size_t count, unsigned jobs, const std::function<void(size_t)>& work);

// The runs [begin, end) of one cell, which share a history.
struct RunShare {
  size_t cell = 0;
  size_t history = 0;  // of its cell
  size_t begin = 0;
  size_t end = 0;
};
size_t HistoriesOfCell(const RunSettings& settings);
// work(share) for all runs of so many cells, in no order.
void ForEachShare(size_t cells, const RunSettings& settings, const std::function<void(const RunShare&)>& work);

std::vector<CellResult> RunCells(const std::vector<Cell>& cells, const RunSettings& settings);

}  // namespace revertd::bench

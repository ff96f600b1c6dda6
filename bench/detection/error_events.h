// Error events: what FingerprintWatch says of deploys after which an error tracker's events go on, under old names or
// new ones, beside harmless newcomers, and how soon it finds a group that is really new.
//
// A service of thirty groups with ten origins, together one event in a hundred requests; the climate of the traffic
// multiplies all of them. A cell's seed follows from what it is and a trial's from its number. RunErrorEvents: one
// caller; it starts and joins its own threads. The rest is pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/detection/cells.h"
#include "bench/detection/report.h"

namespace revertd::bench {

struct ErrorEventCell {
  NoiseModel noise;
  double requests_per_second = 0;
  bool renamed = false;   // every known group has another name after the deploy
  double added_rate = 0;  // events a second of a group that is really new; 0: the deploy is healthy
};

struct ErrorEventResult {
  ErrorEventCell cell;
  int64_t runs = 0;
  int64_t fired = 0;
  int64_t newcomers_fired = 0;
  int64_t known_fired = 0;
  std::vector<int64_t> seconds;  // ascending, from the finish on; kNever: it does not fire
};

std::string Describe(const ErrorEventCell& cell);
// Of each model and rate of the grid: healthy ones with old and with new names, and those with something added.
std::vector<ErrorEventCell> HealthyErrorEvents(const Grid& grid);
std::vector<ErrorEventCell> AddedErrorEvents(const Grid& grid);
std::vector<ErrorEventResult> RunErrorEvents(const std::vector<ErrorEventCell>& cells, const RunSettings& settings);

Lines ErrorEventTable(const std::vector<ErrorEventResult>& results);
// Healthy cells with more false calls than any cell may have (figures.h).
std::vector<std::string> ErrorEventMisses(const std::vector<ErrorEventResult>& results);
std::string ErrorEventText(const ErrorEventResult& result);  // a JSON object

}  // namespace revertd::bench

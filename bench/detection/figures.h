// The figures that the detector has to reach, and which cells miss them. Pure, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/detection/cells.h"

namespace revertd::bench {

// False rollbacks per 1000.
inline constexpr double kHealthyAllMax = 0.5;
inline constexpr double kHealthyCellMax = 1.5;
inline constexpr double kSmallEffectMax = 2;
inline constexpr double kOutageMax = 1;
inline constexpr double kValidityMax = 50;  // of alpha 5 %

double PerThousand(int64_t hits, int64_t runs);
// The known-rate bound of a cell with an effect, seconds; the drift and the incidents are not in it.
double BoundSecondsOf(const Cell& cell);

// What is asked of a cell's delay, seconds; none where nothing is asked.
struct DelayFigure {
  double median_max = 0;
  double p95_max = 0;  // infinite: not asked
};
std::optional<DelayFigure> DelayFigureOf(const CellResult& result);

// One sentence a miss; empty: the figures are met.
std::vector<std::string> HealthyMisses(const std::vector<CellResult>& results);
std::vector<std::string> DelayMisses(const std::vector<CellResult>& results);
std::vector<std::string> OutageMisses(const std::vector<CellResult>& results);

}  // namespace revertd::bench

// Validity: how often E crosses 2 / alpha, alpha 5 %, while the traffic stands exactly at the null's boundary for
// 15 min. RateShift alone, with the null's rate known and the spread estimated from a week before, as a cold start sets
// it: what the baseline's own bounds and the control add is left out. Pure given the seed; starts and joins threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/detection/cells.h"

namespace revertd::bench {

struct ValidityResult {
  Cell cell;
  int64_t block_seconds = 0;
  int64_t runs = 0;
  int64_t fired = 0;
};
// Each traffic of the grid with blocks of 5 s and 20 s: the cold start's two settings. An error rate of 0 stands at the
// absolute margin.
std::vector<ValidityResult> RunValidity(const Grid& grid, const RunSettings& settings);
std::vector<std::string> ValidityMisses(const std::vector<ValidityResult>& results);

}  // namespace revertd::bench

// Late watches in simulated traffic: how often half a day of healthy traffic is called, and how soon a leak is. Blocks
// alone are drawn and folded by the real LateWatch, with the plan that the late desk makes; no loop, no first minutes.
//
// Pure given the seed; RunLate starts and joins its own threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/detection/report.h"

namespace revertd::bench {

inline constexpr int64_t kLeakAfterSeconds = int64_t{3} * 3600;  // then the rate grows by itself every hour
inline constexpr int64_t kRunsPerLeak = 20;  // of so many healthy runs one is played with a leak too

struct LateResult {
  Cell cell;
  int64_t runs = 0;
  int64_t called = 0;                 // of them, all falsely
  std::vector<int64_t> leak_seconds;  // ascending; from the leak's beginning to the call; kNever: not called
};

Grid LateGrid();  // without controls
std::vector<LateResult> RunLate(const Grid& grid, const RunSettings& settings);

Lines LateTable(const std::vector<LateResult>& results);
Lines LateMisses(const std::vector<LateResult>& results);
std::string LateText(const LateResult& result);  // a JSON object

}  // namespace revertd::bench

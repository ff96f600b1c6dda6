// Traffic: does a service still get the requests that it should? Requests are counted against what the last hour, and
// the same hour of the days before, let expect; fewer than 0.7 of it are worse. A rate of requests a second: each
// second is one "request" of RateCounts, and its requests are the "errors".
//
// Pure, any thread. Formulas: docs/statistics.md, "Traffic".
#pragma once

#include <cstdint>

#include "analysis/baseline.h"

namespace revertd {

// With fewer a second a quiet second is usual, and could not be told from a log that stands still.
inline constexpr double kTrafficRateMin = 5;

// The rate at its lower bound, over the `horizon_seconds` from `first_second` on. Unknown where too few blocks, or too
// few requests, are known of the hour before `before_second`.
Baseline EstimateTraffic(const RateHistory& history, int64_t before_second, int64_t first_second,
                         int64_t horizon_seconds);

// Of a second with `arrived` requests, aborted ones included. One without any is no observation: a log that stands
// still looks the same, and silence is told apart from a drop by others.
RateCounts TrafficOf(uint64_t arrived);

}  // namespace revertd

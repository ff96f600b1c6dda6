// Time of day: hours after a deploy a service's rates may be others without any deploy. What the history says of the
// same half hours of its days.
//
// Pure, any thread. docs/statistics.md, "Late watch".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "analysis/baseline.h"

namespace revertd {

// p_null by time of day (UTC), in half hours; 0: the history has hardly seen that time of day.
inline constexpr int64_t kDaySeconds = int64_t{24} * 3600;
inline constexpr int64_t kDayBinSeconds = 1800;
using DayNull = std::array<double, kDaySeconds / kDayBinSeconds>;
size_t DayBinOf(int64_t second);
// The baseline's, or that of U of the history's blocks of this half hour and its two neighbours, if larger: twelve
// hours later the rate may be another without any deploy.
DayNull NullByTimeOfDay(const RateHistory& history, const Baseline& baseline, const RateMargins& margins);
// The baseline for the seconds from `first_second` to `last_second`: null, reference and worse rate raised as much as
// these times of day ask for.
Baseline AtTimeOfDay(const Baseline& baseline, const RateHistory& history, const RateMargins& margins,
                     int64_t first_second, int64_t last_second);

}  // namespace revertd

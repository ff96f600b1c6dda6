// What the numbers beside a verdict mean: the interval of a rate, and the chance that a detector would have found a
// regression in the traffic that it saw. Pure, any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/rate_shift.h"
#include "analysis/series.h"
#include "base/verdict.h"

namespace revertd {

struct RateInterval {
  double low = 0;
  double high = 1;
};
// 95 % score interval of a binomial rate. Source: Wilson (1927); Brown, Cai, DasGupta (2001) on why not Wald's.
RateInterval WilsonInterval(const RateCounts& counts);
// 95 % interval of events a second where `requests` are seconds. Source: Garwood (1936), the exact one.
RateInterval PoissonInterval(const RateCounts& counts);

// What evidence tells of the rates: both, how they compare, and `interval` of the one after.
void TellRates(const RateCounts& before, const RateCounts& after, const RateInterval& interval, Evidence* evidence);

// Share of simulated watches in which a RateShift with these settings reaches log_value_needed, when block i has
// block_requests[i] requests (blocks of PowerBlockSeconds(settings)) and Poisson events at `rate`. Seeded by a
// constant: the same watch always answers the same.
double PowerAt(double rate, const std::vector<int64_t>& block_requests, const RateShiftSettings& settings,
               double log_value_needed);
// The shorter of the two tracks' blocks.
int64_t PowerBlockSeconds(const RateShiftSettings& settings);

}  // namespace revertd

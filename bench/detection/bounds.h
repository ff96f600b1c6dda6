// What no detector can beat, and what a count of runs allows one to claim. Pure, any thread.
#pragma once

#include <cstdint>

namespace revertd::bench {

// The largest rate that the detector's margins still call not worse: max(1.25 p, p + 0.02 %).
double PracticalNull(double error_rate);

// Kullback-Leibler divergence, nats a second, from the traffic after a change to the nearest traffic that is not worse:
// `requests` a second of which a fraction `rate_after` (`rate_null`) fails. `shape` is of the gamma distribution that
// multiplies a second's rate; infinite: nothing does. Zero where rate_after is not above rate_null.
double InformationPerSecond(double requests, double rate_after, double rate_null, double shape);

// ln(1000) / information: the mean delay, seconds, of the best test of known rates at one false alarm in 1000 (Lorden
// 1971). Infinite where there is no information.
double BoundSeconds(double information_per_second);

// Clopper and Pearson's one-sided upper limit, as a fraction, of the chance behind `hits` in `runs`.
double UpperLimit(int64_t hits, int64_t runs, double confidence = 0.95);

}  // namespace revertd::bench

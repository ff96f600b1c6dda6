// Latency as rates: which share of a service's requests is slower than a quantile of its last hour, and a margin more.
// Each quantile is a signal of its own and is judged as errors are (signal_watch.h).
//
// One thread, the analysis thread; pure functions of what roll-ups keep. Durations are the log's own, of requests that
// were not aborted. docs/statistics.md, "Latency".
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "analysis/baseline.h"
#include "analysis/rollups.h"
#include "analysis/series.h"
#include "base/clock.h"

namespace revertd {

inline constexpr std::array<double, 3> kLatencyQuantiles = {0.5, 0.9, 0.99};
// Caches are cold after a deploy: for so long only what is much slower counts.
inline constexpr int64_t kColdSeconds = 90;

// What is no worse: up to max(factor * old, old + absolute).
struct LatencyMargins {
  double factor = 1.1;
  DurationNs absolute = 5 * kMillisecondNs;
};

struct LatencyQuantile {
  DurationNs slower_than_ns = 0;  // events are requests at least so slow,
  DurationNs slower_cold_ns = 0;  // and at least so slow while caches are cold
  Baseline baseline;              // counts and reference: of slower_than_ns; null_rate: the share above the quantile
};

using LatencyQuantiles = std::array<LatencyQuantile, kLatencyQuantiles.size()>;

// Of the hour before `before_second` without what touches `left_out`; unknown baselines where no durations are logged
// or kept.
LatencyQuantiles EstimateLatency(const Rollups& rollups, std::string_view service, int64_t before_second,
                                 const std::vector<SecondInterval>& left_out, const LatencyMargins& margins);

// Timed requests and those among them that took at least so long.
template <typename Histogram>
RateCounts CountSlower(const Histogram& latency, DurationNs slower_than_ns) {
  return {static_cast<int64_t>(latency.total()), static_cast<int64_t>(latency.CountAtOrAbove(slower_than_ns))};
}

}  // namespace revertd

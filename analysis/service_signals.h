// ServiceSignals: one service before a deploy: what each of its signals usually does, and how they are read from its
// seconds. The deployed service and its controls are read alike.
//
// One thread, the analysis thread. A value that points into the series and roll-ups that it was made from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/baseline.h"
#include "analysis/latency.h"
#include "analysis/rollups.h"
#include "analysis/saturation.h"
#include "analysis/series.h"
#include "analysis/signal.h"

namespace revertd {

// What may not be called worse.
struct SignalMargins {
  RateMargins errors;
  LatencyMargins latency;
};

inline constexpr int64_t kTrafficSeconds = int64_t{5} * 60;  // before a deploy, for its usual requests a second

// Which seconds a baseline is made of and a watch will read.
struct SignalTimes {
  int64_t before_second = 0;  // the baseline's end
  int64_t first_second = 0;   // the watch's first second
  int64_t horizon_seconds = 0;

  int64_t last_second() const { return first_second + horizon_seconds - 1; }
  // The minutes whose traffic is the measure of what a watch will see; seconds of hours ago are forgotten.
  SecondInterval minutes_before() const {
    const int64_t end = is_late() ? first_second : before_second;
    return {end - kTrafficSeconds, end};
  }
  // So long after the baseline that the time of day is another one.
  bool is_late() const { return first_second - before_second > kLateAfterSeconds; }
  static constexpr int64_t kLateAfterSeconds = int64_t{30} * 60;

  bool operator==(const SignalTimes&) const = default;
};

// The counts of a second of any signal but errors, which tell versions apart by age. `slower_than_ns`: of a latency
// signal.
RateCounts CountsOf(Signal signal, const JoinedTotals& second, DurationNs slower_than_ns);

class ServiceSignals {
 public:
  // `rollups` may be nullptr: then only errors are known. `left_out`: of this service.
  ServiceSignals(std::string_view service, const Series& series, const Rollups* rollups, const SignalTimes& times,
                 const std::vector<SecondInterval>& left_out, const SignalMargins& margins);

  const std::string& service() const { return service_; }
  const Baseline& baseline(Signal signal) const;
  DurationNs slower_than_ns(Signal signal) const;  // of a latency signal; 0: another one
  int64_t busiest_block() const;                   // of saturation.h
  // What the events of a signal are counted among, a second, in the minutes before: requests, or the second itself.
  double ExposurePerSecond(Signal signal) const { return signal == Signal::kTraffic ? 1 : requests_per_second_; }

  // What is kept of a second: errors of requests that started in `first_start` or later, the rest of all that ended.
  struct Second {
    RateCounts errors;
    JoinedTotals totals;
  };
  void Read(int64_t second, int64_t first_start, Second* read) const;
  RateCounts CountsIn(const Second& read, Signal signal) const;
  // While caches are cold only what is much slower counts as slow.
  RateCounts CountsWhileCold(const Second& read, Signal signal) const;

 private:
  std::string service_;
  const Series* series_;
  const Rollups* rollups_;
  // What needs roll-ups.
  struct Timed {
    LatencyQuantiles latency;
    Baseline traffic;
    SaturationBefore saturation;
  };

  Baseline errors_;
  std::shared_ptr<const Timed> timed_;  // nullptr: no roll-ups; apart, since shadow deploys keep many without
  double requests_per_second_ = 0;
};

}  // namespace revertd

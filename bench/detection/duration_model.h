// Durations of one service's requests: what each of its seconds' histograms holds. A mixture of two log-normal laws:
// nine requests in ten take 30 ms (median; log sd 0.5), one in ten is not served from memory and takes 90 ms (0.7).
//
// A request costs one look into a table of equally likely durations, so that 500 a second cost some microseconds.
// Immutable; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/hdr_histogram.h"
#include "bench/detection/traffic_model.h"

namespace revertd::bench {

// How a version's durations stand to the service's usual ones.
struct Pace {
  double all = 1;            // what every duration is multiplied by
  double slowest = 1;        // and those of the slowest requests
  double slowest_share = 0;  // how many they are
};

class DurationModel {
 public:
  static const DurationModel& Usual();

  DurationNs Quantile(double quantile) const;  // in [0, 1)
  void Record(int64_t requests, const Pace& pace, Random& random, HdrHistogram* latency) const;

 private:
  DurationModel();

  std::vector<float> points_;  // nanoseconds, ascending: each as likely as the others
};

}  // namespace revertd::bench

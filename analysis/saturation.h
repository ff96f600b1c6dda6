// Saturation: which share of a service's requests has to wait for a place: in the balancer's queue, or for a connection
// that the upstream does not take at once. It fills before anything fails. Known where the log tells it (HAProxy's
// timers and queues, nginx's $upstream_connect_time).
//
// A crowd fills every queue: seconds with more requests than the hour before has seen are no evidence.
//
// One thread, the analysis thread; pure functions of what roll-ups keep. docs/statistics.md, "Saturation".
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "analysis/baseline.h"
#include "analysis/rollups.h"
#include "analysis/series.h"
#include "base/window_detail.h"

namespace revertd {

inline constexpr int64_t kNoCrowd = std::numeric_limits<int64_t>::max();

struct SaturationBefore {
  Baseline baseline;
  int64_t requests_max = kNoCrowd;  // in a second: with more it is a crowd that waits
};

// Of the hour before `before_second`; an unknown baseline where nothing told of it.
SaturationBefore EstimateSaturation(const Rollups& rollups, std::string_view service, int64_t before_second,
                                    const std::vector<SecondInterval>& left_out);

// Requests that told of it, and those among them that waited; none of a second with more than `requests_max`.
RateCounts WaitedOf(const Saturation& saturation, int64_t requests_max = kNoCrowd);

}  // namespace revertd

// Saturation: which share of a service's requests has to wait for a place: in the balancer's queue, or for a connection
// that the upstream does not take at once. It fills before anything fails. Known where the log tells it (HAProxy's
// timers and queues, nginx's $upstream_connect_time).
//
// A crowd fills every queue, and queues are steep in it: while more requests come than the hour before has seen, what
// waits is no evidence.
//
// One thread, the analysis thread; pure functions of what roll-ups keep. docs/statistics.md, "Saturation".
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "analysis/baseline.h"
#include "analysis/recent_counts.h"
#include "analysis/rollups.h"
#include "analysis/series.h"
#include "base/window_detail.h"

namespace revertd {

struct SaturationBefore {
  Baseline baseline;
  int64_t busiest_block = 0;  // requests that told, in kHistoryBlockSeconds
};

// Of the hour before `before_second`; an unknown baseline where nothing told of it.
SaturationBefore EstimateSaturation(const Rollups& rollups, std::string_view service, int64_t before_second,
                                    const std::vector<SecondInterval>& left_out);

// Requests that told of it, and those among them that waited.
RateCounts WaitedOf(const Saturation& saturation);

// Whether more came in the newest kHistoryBlockSeconds than in the busiest block before. A value type.
class Crowd {
 public:
  Crowd() = default;
  explicit Crowd(int64_t busiest_block) : busiest_block_(busiest_block) {}
  // Every second in order, from the first one after the deploy on.
  bool Observe(int64_t second, const Saturation& saturation);

 private:
  int64_t busiest_block_ = 0;
  int64_t seconds_ = 0;
  RecentCounts<kHistoryBlockSeconds, 1> recent_;
};

}  // namespace revertd

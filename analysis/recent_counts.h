// RecentCounts: sums of what came of late. A value type; the caller synchronises.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "analysis/series.h"

namespace revertd {

// Sums of the newest kBuckets buckets of kSeconds each.
template <size_t kBuckets, int64_t kSeconds>
class RecentCounts {
 public:
  void Add(int64_t second, const RateCounts& counts) {
    const int64_t start = BlockStart(second, kSeconds);
    if (start != newest_) {
      newest_ = start;
      next_ = (next_ + 1) % kBuckets;
      buckets_[next_] = {};
    }
    buckets_[next_] += counts;
  }
  RateCounts Sum() const {
    RateCounts sum;
    for (const RateCounts& bucket : buckets_) sum += bucket;
    return sum;
  }

 private:
  std::array<RateCounts, kBuckets> buckets_{};
  size_t next_ = 0;
  int64_t newest_ = kNoSecond;
};

}  // namespace revertd

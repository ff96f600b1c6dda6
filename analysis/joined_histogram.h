// JoinedHistogram: latency as an encoded interval has it: neighbouring buckets joined, their counts not yet spread.
//
// A few dozen numbers where a whole histogram is thousands: reading a second of a service takes a tenth of the time.
// Its counts are those that a WideHistogram of the same bytes has. A value type; the caller synchronises.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/hdr_histogram.h"

namespace revertd {

// How many of `count` the first `buckets` of `width` joined ones have: as evenly as whole numbers can.
constexpr uint64_t SpreadBefore(uint64_t count, size_t width, size_t buckets) {
  return count / width * buckets + count % width * buckets / width;
}

class JoinedHistogram {
 public:
  // `width` buckets from `first` on share `count`.
  void AddJoined(size_t first, size_t width, uint64_t count) {
    if (groups_.empty()) groups_.reserve(kGroupsUsual);
    groups_.push_back({first, width, count});
    total_ += count;
  }
  // share(first, count) is what is kept of each count.
  template <typename Share>
  void Keep(Share&& share) {
    total_ = 0;
    for (Group& group : groups_) {
      group.count = share(group.first, group.count);
      total_ += group.count;
    }
  }
  void Clear() {
    groups_.clear();
    total_ = 0;
  }
  uint64_t total() const { return total_; }
  bool empty() const { return total_ == 0; }
  // Counts in buckets whose lowest value is at least `duration`.
  uint64_t CountAtOrAbove(DurationNs duration) const {
    const size_t least = HdrHistogram::FirstFrom(duration);
    uint64_t sum = 0;
    for (const Group& group : groups_) {
      if (group.first + group.width <= least) continue;
      const size_t below = group.first < least ? least - group.first : 0;
      sum += group.count - SpreadBefore(group.count, group.width, below);
    }
    return sum;
  }

 private:
  static constexpr size_t kGroupsUsual = 64;  // what a second's bytes hold
  struct Group {
    size_t first;
    size_t width;
    uint64_t count;
  };
  std::vector<Group> groups_;
  uint64_t total_ = 0;
};

}  // namespace revertd

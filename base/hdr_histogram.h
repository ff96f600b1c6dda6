// HdrHistogram: counts of durations in log-linear buckets of fixed size, merged by addition.
//
// Layout: every power of two from 2^15 ns (33 us) to 2^42 ns (73 min) is cut into 64 equal buckets. A bucket's middle
// is then within 1/128 = 0.8 % of every value in it. Shorter durations share bucket 0, longer ones the last.
// Source of the layout: Gil Tene's HdrHistogram, with a fixed range and u32 counts (6.8 KiB).
//
// Thread contract: a value type; the caller synchronises.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace revertd {

class HdrHistogram {
 public:
  static constexpr int kSubBucketBits = 6;
  static constexpr int kLowestPower = 15;
  static constexpr int kHighestPower = 41;  // of the last octave's lower end
  static constexpr size_t kBuckets = (static_cast<size_t>(kHighestPower - kLowestPower + 1) << kSubBucketBits) + 1;

  // The bucket of a duration; total, never out of range.
  static constexpr size_t BucketOf(DurationNs duration) {
    constexpr DurationNs kFloor = DurationNs{1} << kLowestPower;
    constexpr DurationNs kCeiling = (DurationNs{1} << (kHighestPower + 1)) - 1;
    if (duration < kFloor) return 0;
    const auto value = static_cast<uint64_t>(duration > kCeiling ? kCeiling : duration);
    const int power = 63 - std::countl_zero(value);
    const uint64_t sub_bucket = (value >> (power - kSubBucketBits)) & ((1U << kSubBucketBits) - 1);
    return 1 + (static_cast<size_t>(power - kLowestPower) << kSubBucketBits) + sub_bucket;
  }
  // The smallest duration of a bucket, and the middle that stands for all of it.
  static DurationNs LowestOf(size_t bucket);
  static DurationNs MiddleOf(size_t bucket);

  void Record(DurationNs duration) { AddToBucket(BucketOf(duration), 1); }
  void AddToBucket(size_t bucket, uint32_t count) {
    counts_[bucket] += count;
    total_ += count;
  }
  void Merge(const HdrHistogram& other);
  uint64_t total() const { return total_; }
  uint32_t CountAt(size_t bucket) const { return counts_[bucket]; }

  // The smallest bucket middle at or below which at least `quantile` of the counts lie; 0 when empty.
  // quantile in [0, 1].
  DurationNs ValueAtQuantile(double quantile) const;
  // Counts in buckets whose lowest value is at least `duration`.
  uint64_t CountAtOrAbove(DurationNs duration) const;

 private:
  std::array<uint32_t, kBuckets> counts_{};
  uint64_t total_ = 0;
};

}  // namespace revertd

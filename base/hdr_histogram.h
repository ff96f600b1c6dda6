// HdrHistogram: counts of durations in log-linear buckets of fixed size, merged by addition.
//
// Layout: every power of two from 2^15 ns (33 us) to 2^42 ns (73 min) is an octave, cut into 64 equal buckets. A
// bucket's middle is then within 1/128 = 0.8 % of every value in it. Shorter durations share bucket 0, longer ones the
// last. Source of the layout: Gil Tene's HdrHistogram, with a fixed range.
//
// A mask says which octaves hold a count: a service's durations lie in a few of the 27, so that clearing, merging and
// reading touch those alone. Nothing else is kept beside the counts: recording is one addition and one `or`.
//
// HdrHistogram has u32 counts (6.8 KiB): a minute of 70 million requests a second. WideHistogram has u64 ones, for
// sums over days. All bits zero is an empty histogram.
//
// Thread contract: a value type; the caller synchronises.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace revertd {

template <typename Count>
class LogLinearHistogram {
 public:
  static constexpr int kSubBucketBits = 6;
  static constexpr int kLowestPower = 15;
  static constexpr int kHighestPower = 41;  // of the last octave's lower end
  static constexpr size_t kOctaves = size_t{kHighestPower - kLowestPower} + 1;
  static constexpr size_t kBuckets = (kOctaves << kSubBucketBits) + 1;

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
  void AddToBucket(size_t bucket, Count count) {
    counts_[bucket] += count;
    groups_ |= uint32_t{1} << GroupOf(bucket);
  }
  template <typename Other>
  void Merge(const LogLinearHistogram<Other>& other) {
    other.ForEachCount([this](size_t bucket, Other count) { AddToBucket(bucket, static_cast<Count>(count)); });
  }
  void Clear();

  // accept(bucket, count) for every bucket with a count, in ascending order.
  template <typename Accept>
  void ForEachCount(Accept&& accept) const {
    for (uint32_t rest = groups_; rest != 0; rest &= rest - 1) {
      const auto group = static_cast<size_t>(std::countr_zero(rest));
      for (size_t bucket = FirstOf(group); bucket < FirstOf(group + 1); ++bucket) {
        if (counts_[bucket] != 0) accept(bucket, counts_[bucket]);
      }
    }
  }
  bool empty() const { return groups_ == 0; }
  uint64_t total() const;
  Count CountAt(size_t bucket) const { return counts_[bucket]; }

  // The smallest bucket middle at or below which at least `quantile` of the counts lie; 0 when empty.
  // quantile in [0, 1].
  DurationNs ValueAtQuantile(double quantile) const;
  // Counts in buckets whose lowest value is at least `duration`.
  uint64_t CountAtOrAbove(DurationNs duration) const;

 private:
  // Group 0 is bucket 0 alone, group g the octave g - 1.
  static constexpr size_t GroupOf(size_t bucket) {
    return (bucket + (size_t{1} << kSubBucketBits) - 1) >> kSubBucketBits;
  }
  static constexpr size_t FirstOf(size_t group) { return group == 0 ? 0 : ((group - 1) << kSubBucketBits) + 1; }
  static_assert(kOctaves + 1 <= 32, "a group is a bit of groups_");

  uint32_t groups_ = 0;  // bit g: group g may hold a count
  std::array<Count, kBuckets> counts_{};
};

using HdrHistogram = LogLinearHistogram<uint32_t>;
using WideHistogram = LogLinearHistogram<uint64_t>;

}  // namespace revertd

// HdrHistogram: counts of durations in log-linear buckets of fixed size, merged by addition.
//
// Layout: every power of two from 2^15 ns (33 us) to 2^42 ns (73 min) is an octave, cut into 64 equal buckets. A
// bucket's middle is then within 1/128 = 0.8 % of every value in it. Shorter durations share bucket 0, longer ones the
// last. Source of the layout: Gil Tene's HdrHistogram, with a fixed range.
//
// A byte for each octave says whether it holds a count: a service's durations lie in a few of the 27, so that clearing,
// merging and reading touch those alone. A bit would have to be read before it is written, and the next line's record
// would wait for it; a byte is stored. Nothing else is kept beside the counts.
//
// HdrHistogram has u32 counts (6.8 KiB): a minute of 70 million requests a second. WideHistogram has u64 ones, for
// sums over days. All bits zero is an empty histogram.
//
// Thread contract: a value type; the caller synchronises.
#pragma once

#include <algorithm>
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
    // The bits of a double are the power of two and then how far the value lies above it, which is what a bucket's
    // number says: one conversion (exact, the values are below 2^53) in place of a search for the highest bit, a shift
    // by it and two branches.
    constexpr DurationNs kBelow = (DurationNs{1} << kLowestPower) - 1;
    constexpr DurationNs kCeiling = (DurationNs{1} << (kHighestPower + 1)) - 1;
    constexpr int kDroppedBits = 52 - kSubBucketBits;
    static_assert(kHighestPower < 53 && kLowestPower > kSubBucketBits, "exact; kBelow's bits end in those of bucket 0");
    constexpr uint64_t kFirst = std::bit_cast<uint64_t>(static_cast<double>(kBelow)) >> kDroppedBits;
    const auto value = static_cast<double>(std::clamp(duration, kBelow, kCeiling));
    return (std::bit_cast<uint64_t>(value) >> kDroppedBits) - kFirst;
  }
  // The smallest duration of a bucket, and the middle that stands for all of it.
  static DurationNs LowestOf(size_t bucket);
  static DurationNs MiddleOf(size_t bucket);
  // The first bucket whose lowest value is at least `duration`; kBuckets: none.
  static size_t FirstFrom(DurationNs duration);

  void Record(DurationNs duration) { AddToBucket(BucketOf(duration), 1); }
  void AddToBucket(size_t bucket, Count count) {
    counts_[bucket] += count;
    used_[GroupOf(bucket)] = true;
  }
  // Where Record() will count, to be fetched beforehand.
  const Count* PlaceOf(DurationNs duration) const { return &counts_[BucketOf(duration)]; }
  template <typename Other>
  void Merge(const LogLinearHistogram<Other>& other) {
    other.ForEachCount([this](size_t bucket, Other count) { AddToBucket(bucket, static_cast<Count>(count)); });
  }
  void Clear();

  // accept(bucket, count) for every bucket with a count, in ascending order.
  template <typename Accept>
  void ForEachCount(Accept&& accept) const {
    for (size_t group = 0; group < kGroups; ++group) {
      if (!used_[group]) continue;
      for (size_t bucket = FirstOf(group); bucket < FirstOf(group + 1); ++bucket) {
        if (counts_[bucket] != 0) accept(bucket, counts_[bucket]);
      }
    }
  }
  bool empty() const { return std::find(used_.begin(), used_.end(), true) == used_.end(); }
  uint64_t total() const;
  Count CountAt(size_t bucket) const { return counts_[bucket]; }

  // The smallest bucket middle at or below which at least `quantile` of the counts lie; 0 when empty.
  // quantile in [0, 1].
  DurationNs ValueAtQuantile(double quantile) const;
  // Counts in buckets whose lowest value is at least `duration`.
  uint64_t CountAtOrAbove(DurationNs duration) const;

 private:
  // Group 0 is bucket 0 alone, group g the octave g - 1.
  static constexpr size_t kGroups = kOctaves + 1;
  static constexpr size_t GroupOf(size_t bucket) {
    return (bucket + (size_t{1} << kSubBucketBits) - 1) >> kSubBucketBits;
  }
  static constexpr size_t FirstOf(size_t group) { return group == 0 ? 0 : ((group - 1) << kSubBucketBits) + 1; }

  std::array<bool, kGroups> used_{};  // whether the group may hold a count
  std::array<Count, kBuckets> counts_{};
};

using HdrHistogram = LogLinearHistogram<uint32_t>;
using WideHistogram = LogLinearHistogram<uint64_t>;

}  // namespace revertd

#include "base/hdr_histogram.h"

#include <cmath>

namespace revertd {

template <typename Count>
DurationNs LogLinearHistogram<Count>::LowestOf(size_t bucket) {
  if (bucket == 0) return 0;
  const size_t octave = (bucket - 1) >> kSubBucketBits;
  const size_t sub_bucket = (bucket - 1) & ((1U << kSubBucketBits) - 1);
  const DurationNs start = DurationNs{1} << (kLowestPower + static_cast<int>(octave));
  return start + static_cast<DurationNs>(sub_bucket) * (start >> kSubBucketBits);
}

template <typename Count>
DurationNs LogLinearHistogram<Count>::MiddleOf(size_t bucket) {
  if (bucket == 0) return DurationNs{1} << (kLowestPower - 1);
  const size_t octave = (bucket - 1) >> kSubBucketBits;
  const DurationNs width = DurationNs{1} << (kLowestPower + static_cast<int>(octave) - kSubBucketBits);
  return LowestOf(bucket) + width / 2;
}

template <typename Count>
size_t LogLinearHistogram<Count>::FirstFrom(DurationNs duration) {
  const size_t bucket = BucketOf(duration);
  return LowestOf(bucket) < duration ? bucket + 1 : bucket;
}

template <typename Count>
void LogLinearHistogram<Count>::Clear() {
  for (size_t group = 0; group < kGroups; ++group) {
    if (!used_[group]) continue;
    std::fill_n(&counts_[FirstOf(group)], FirstOf(group + 1) - FirstOf(group), Count{0});
  }
  used_ = {};
}

template <typename Count>
uint64_t LogLinearHistogram<Count>::total() const {
  uint64_t total = 0;
  ForEachCount([&total](size_t, Count count) { total += count; });
  return total;
}

template <typename Count>
DurationNs LogLinearHistogram<Count>::ValueAtQuantile(double quantile) const {
  const uint64_t all = total();
  if (all == 0) return 0;
  const double wanted = std::ceil(quantile * static_cast<double>(all));
  const auto rank = wanted < 1 ? uint64_t{1} : static_cast<uint64_t>(wanted);
  uint64_t seen = 0;
  size_t found = kBuckets - 1;
  ForEachCount([&](size_t bucket, Count count) {
    if (seen < rank) found = bucket;
    seen += count;
  });
  return MiddleOf(found);
}

template <typename Count>
uint64_t LogLinearHistogram<Count>::CountAtOrAbove(DurationNs duration) const {
  const size_t first = FirstFrom(duration);
  uint64_t above = 0;
  ForEachCount([&](size_t bucket, Count count) { above += bucket >= first ? count : 0; });
  return above;
}

template class LogLinearHistogram<uint32_t>;
template class LogLinearHistogram<uint64_t>;

}  // namespace revertd

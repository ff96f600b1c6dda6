#include "base/hdr_histogram.h"

#include <cmath>

namespace revertd {

DurationNs HdrHistogram::LowestOf(size_t bucket) {
  if (bucket == 0) return 0;
  const size_t octave = (bucket - 1) >> kSubBucketBits;
  const size_t sub_bucket = (bucket - 1) & ((1U << kSubBucketBits) - 1);
  const DurationNs start = DurationNs{1} << (kLowestPower + static_cast<int>(octave));
  return start + static_cast<DurationNs>(sub_bucket) * (start >> kSubBucketBits);
}

DurationNs HdrHistogram::MiddleOf(size_t bucket) {
  if (bucket == 0) return DurationNs{1} << (kLowestPower - 1);
  const size_t octave = (bucket - 1) >> kSubBucketBits;
  const DurationNs width = DurationNs{1} << (kLowestPower + static_cast<int>(octave) - kSubBucketBits);
  return LowestOf(bucket) + width / 2;
}

void HdrHistogram::Merge(const HdrHistogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  total_ += other.total_;
}

DurationNs HdrHistogram::ValueAtQuantile(double quantile) const {
  if (total_ == 0) return 0;
  const double wanted = std::ceil(quantile * static_cast<double>(total_));
  const auto rank = wanted < 1 ? uint64_t{1} : static_cast<uint64_t>(wanted);
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= rank) return MiddleOf(i);
  }
  return MiddleOf(kBuckets - 1);
}

uint64_t HdrHistogram::CountAtOrAbove(DurationNs duration) const {
  uint64_t count = 0;
  for (size_t i = kBuckets; i-- > 0 && LowestOf(i) >= duration;) count += counts_[i];
  return count;
}

}  // namespace revertd

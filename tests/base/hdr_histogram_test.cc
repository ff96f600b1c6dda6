#include "base/hdr_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace revertd {
namespace {

// A duration with every order of magnitude as likely as the next.
DurationNs RandomDuration(std::mt19937_64& random) {
  const double power = std::uniform_real_distribution<double>(std::log(50e3), std::log(3.6e12))(random);
  return static_cast<DurationNs>(std::exp(power));
}

TEST(HdrHistogram, IsWithinOnePercentFrom50usToAnHour) {
  for (double duration = 50e3; duration <= 3.6e12; duration *= 1.0007) {
    const auto exact = static_cast<DurationNs>(duration);
    const DurationNs stored = HdrHistogram::MiddleOf(HdrHistogram::BucketOf(exact));
    ASSERT_LE(std::abs(static_cast<double>(stored - exact)), 0.01 * duration) << exact;
  }
}

TEST(HdrHistogram, BucketsTileTheRange) {
  for (size_t bucket = 0; bucket < HdrHistogram::kBuckets; ++bucket) {
    const DurationNs lowest = HdrHistogram::LowestOf(bucket);
    ASSERT_EQ(HdrHistogram::BucketOf(lowest), bucket);
    ASSERT_EQ(HdrHistogram::BucketOf(HdrHistogram::MiddleOf(bucket)), bucket);
    if (bucket > 0) {
      ASSERT_EQ(HdrHistogram::BucketOf(lowest - 1), bucket - 1);
    }
  }
  EXPECT_EQ(HdrHistogram::BucketOf(-1), 0U);
  EXPECT_EQ(HdrHistogram::BucketOf(std::numeric_limits<DurationNs>::max()), HdrHistogram::kBuckets - 1);
}

// The bucket's number by the definition of the layout: the highest bit and the six behind it.
size_t BucketByShifts(DurationNs duration) {
  constexpr int kSubBits = HdrHistogram::kSubBucketBits;
  if (duration < DurationNs{1} << HdrHistogram::kLowestPower) return 0;
  int power = HdrHistogram::kLowestPower;
  while (power < HdrHistogram::kHighestPower && duration >> (power + 1) != 0) ++power;
  const DurationNs value = std::min(duration, (DurationNs{1} << (HdrHistogram::kHighestPower + 1)) - 1);
  const auto octave = static_cast<size_t>(power - HdrHistogram::kLowestPower);
  return 1 + (octave << kSubBits) + static_cast<size_t>(value >> (power - kSubBits) & ((1 << kSubBits) - 1));
}

TEST(HdrHistogram, BucketsAgreeWithTheirDefinition) {
  constexpr uint64_t kSeed = 37;
  std::mt19937_64 random(kSeed);
  const auto expect_same = [](DurationNs duration) {
    ASSERT_EQ(HdrHistogram::BucketOf(duration), BucketByShifts(duration)) << duration;
  };
  constexpr auto kMin = std::numeric_limits<DurationNs>::min();
  constexpr auto kMax = std::numeric_limits<DurationNs>::max();
  for (const DurationNs edge : {kMin, kMin + 1, DurationNs{-1}, DurationNs{0}, kMax - 1, kMax}) expect_same(edge);
  for (int power = 0; power < 63; ++power) {
    for (int64_t beside = -2; beside <= 2; ++beside) expect_same((DurationNs{1} << power) + beside);
    for (int i = 0; i < 20'000; ++i) expect_same(static_cast<DurationNs>(random() >> (63 - power)));
  }
  for (size_t bucket = 0; bucket < HdrHistogram::kBuckets; ++bucket) {
    for (int64_t beside = -1; beside <= 1; ++beside) expect_same(HdrHistogram::LowestOf(bucket) + beside);
  }
  for (DurationNs duration = 0; duration < 200'000; ++duration) expect_same(duration);
}

TEST(HdrHistogram, QuantilesAgreeWithASortedList) {
  constexpr uint64_t kSeed = 17;
  std::mt19937_64 random(kSeed);
  for (const size_t count : {size_t{1}, size_t{2}, size_t{10}, size_t{999}, size_t{20'000}}) {
    HdrHistogram histogram;
    std::vector<DurationNs> sorted;
    for (size_t i = 0; i < count; ++i) {
      sorted.push_back(RandomDuration(random));
      histogram.Record(sorted.back());
    }
    std::sort(sorted.begin(), sorted.end());
    for (const double quantile : {0.0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const auto rank = static_cast<size_t>(std::max(1.0, std::ceil(quantile * static_cast<double>(count))));
      const auto exact = static_cast<double>(sorted[rank - 1]);
      ASSERT_NEAR(static_cast<double>(histogram.ValueAtQuantile(quantile)), exact, 0.01 * exact)
          << "quantile " << quantile << " of " << count << ", seed " << kSeed;
    }
  }
}

TEST(HdrHistogram, OfNothingAnswersZero) {
  const HdrHistogram histogram;
  EXPECT_EQ(histogram.ValueAtQuantile(0.5), 0);
  EXPECT_EQ(histogram.CountAtOrAbove(0), 0U);
}

// A duration inside a bucket: what that bucket holds may be shorter.
TEST(HdrHistogram, CountsFromTheNextWholeBucket) {
  constexpr uint64_t kSeed = 29;
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 2'000; ++i) {
    const DurationNs duration = i == 0 ? -1 : RandomDuration(random);
    size_t first = 0;
    while (first < HdrHistogram::kBuckets && HdrHistogram::LowestOf(first) < duration) ++first;
    ASSERT_EQ(HdrHistogram::FirstFrom(duration), first) << duration << " ns, seed " << kSeed;
  }
}

TEST(HdrHistogram, MergingIsConcatenating) {
  constexpr uint64_t kSeed = 23;
  std::mt19937_64 random(kSeed);
  HdrHistogram left;
  HdrHistogram right;
  HdrHistogram both;
  for (int i = 0; i < 10'000; ++i) {
    const DurationNs duration = RandomDuration(random);
    (i % 3 == 0 ? left : right).Record(duration);
    both.Record(duration);
  }
  left.Merge(right);
  EXPECT_EQ(left.total(), both.total());
  for (size_t bucket = 0; bucket < HdrHistogram::kBuckets; ++bucket) {
    ASSERT_EQ(left.CountAt(bucket), both.CountAt(bucket)) << "seed " << kSeed;
  }
}

TEST(HdrHistogram, SumsOfDaysNeedWiderCounts) {
  HdrHistogram minute;
  minute.AddToBucket(HdrHistogram::BucketOf(kMillisecondNs), std::numeric_limits<uint32_t>::max());
  WideHistogram days;
  for (int i = 0; i < 3; ++i) days.Merge(minute);
  EXPECT_EQ(days.total(), 3 * uint64_t{std::numeric_limits<uint32_t>::max()});
  EXPECT_EQ(days.ValueAtQuantile(0.5), minute.ValueAtQuantile(0.5));
}

TEST(HdrHistogram, ClearedIsAsNew) {
  constexpr uint64_t kSeed = 31;
  std::mt19937_64 random(kSeed);
  HdrHistogram histogram;
  for (int i = 0; i < 1'000; ++i) histogram.Record(RandomDuration(random));
  histogram.Record(0);
  histogram.Record(std::numeric_limits<DurationNs>::max());
  EXPECT_EQ(histogram.total(), 1'002U);
  histogram.Clear();
  EXPECT_TRUE(histogram.empty());
  for (size_t bucket = 0; bucket < HdrHistogram::kBuckets; ++bucket) ASSERT_EQ(histogram.CountAt(bucket), 0U) << bucket;
}

TEST(HdrHistogram, CountsFromABucketUp) {
  constexpr uint64_t kSeed = 29;
  std::mt19937_64 random(kSeed);
  HdrHistogram histogram;
  std::vector<DurationNs> all;
  for (int i = 0; i < 3'000; ++i) {
    all.push_back(RandomDuration(random));
    histogram.Record(all.back());
  }
  for (size_t bucket = 0; bucket < HdrHistogram::kBuckets; bucket += 13) {
    const DurationNs from = HdrHistogram::LowestOf(bucket);
    const auto wanted = std::count_if(all.begin(), all.end(), [&](DurationNs duration) { return duration >= from; });
    ASSERT_EQ(histogram.CountAtOrAbove(from), static_cast<uint64_t>(wanted)) << "bucket " << bucket;
  }
}

}  // namespace
}  // namespace revertd

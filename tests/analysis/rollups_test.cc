#include "analysis/rollups.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace revertd {
namespace {

constexpr int64_t kStart = 1'795'000'020;  // a full minute

std::unique_ptr<ServiceTable> TwoServices() {
  auto services = std::make_unique<ServiceTable>(3);
  services->Intern("shop");
  services->Intern("api");
  return services;
}

// A second of `requests` with latencies around `middle_ns`, some errors, some aborts.
Window RandomWindow(std::mt19937_64& random, ServiceId service, int64_t second, uint32_t requests, double middle_ns) {
  std::lognormal_distribution<double> latency(std::log(middle_ns), 0.5);
  Window window;
  window.second = second;
  window.service = service;
  for (uint32_t i = 0; i < requests; ++i) {
    const bool aborted = random() % 50 == 0;
    const auto status_class = aborted              ? StatusClass::kAborted
                              : random() % 20 == 0 ? StatusClass::k5xx
                                                   : StatusClass::k2xx;
    ++window.by_class[static_cast<size_t>(status_class)];
    if (!aborted) window.latency.Record(static_cast<DurationNs>(latency(random)));
  }
  window.bytes = random() % 1'000'000;
  if (random() % 2 == 0) window.saturation.Record({.queue_ns = static_cast<int64_t>(random() % 1'000'000)});
  return window;
}

void ExpectSame(const Totals& got, const Totals& wanted, std::string_view what) {
  EXPECT_EQ(got.by_class, wanted.by_class) << what;
  EXPECT_EQ(got.bytes, wanted.bytes) << what;
  EXPECT_EQ(got.saturation.queue_ns.count, wanted.saturation.queue_ns.count) << what;
  EXPECT_EQ(got.saturation.queue_ns.sum, wanted.saturation.queue_ns.sum) << what;
  EXPECT_EQ(got.saturation.told, wanted.saturation.told) << what;
  EXPECT_EQ(got.saturation.waited, wanted.saturation.waited) << what;
  EXPECT_EQ(got.latency.total(), wanted.latency.total()) << what;
}

TEST(Totals, WhatFitsComesBackExactly) {
  constexpr uint64_t kSeed = 41;
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 300; ++round) {
    const Window window = RandomWindow(random, 1, kStart, static_cast<uint32_t>(random() % 300), 30e6);
    std::string bytes;
    Encode(window, 100'000, &bytes);
    Totals decoded, wanted;
    ASSERT_TRUE(DecodeInto(bytes, &decoded));
    wanted.Merge(window);
    ExpectSame(decoded, wanted, "seed 41");
    for (size_t bucket = 0; bucket < HdrHistogram::kBuckets; ++bucket) {
      ASSERT_EQ(decoded.latency.CountAt(bucket), window.latency.CountAt(bucket)) << "seed " << kSeed;
    }
  }
}

// Fewer bytes join buckets: nothing is lost, and a quantile is off by less than what was joined.
TEST(Totals, FewerBytesCostPrecisionAndNothingElse) {
  constexpr uint64_t kSeed = 43;
  std::mt19937_64 random(kSeed);
  for (const size_t bytes_max : {size_t{400}, size_t{160}, size_t{112}, size_t{80}, size_t{20}}) {
    const Window window = RandomWindow(random, 1, kStart, 20'000, 30e6);
    std::string bytes;
    Encode(window, bytes_max, &bytes);
    ASSERT_LE(bytes.size(), kEncodedBytesMax);
    if (bytes_max >= 80) {
      EXPECT_LE(bytes.size(), bytes_max);
    }
    Totals decoded, wanted;
    ASSERT_TRUE(DecodeInto(bytes, &decoded));
    wanted.Merge(window);
    ExpectSame(decoded, wanted, std::to_string(bytes_max));
    const double within = bytes_max >= 160 ? 0.02 : bytes_max >= 112 ? 0.04 : 1.0;
    for (const double quantile : {0.5, 0.9, 0.99}) {
      const auto exact = static_cast<double>(window.latency.ValueAtQuantile(quantile));
      EXPECT_NEAR(static_cast<double>(decoded.latency.ValueAtQuantile(quantile)), exact, within * exact)
          << quantile << " in " << bytes_max << " bytes, seed " << kSeed;
    }
  }
}

TEST(Totals, TheWorstIntervalHasABound) {
  IntervalTotals worst;
  worst.by_class.fill(std::numeric_limits<uint32_t>::max());
  worst.bytes = std::numeric_limits<uint64_t>::max();
  worst.saturation.queue_ns = worst.saturation.connect_ns =
      worst.saturation.queue_length = {.count = worst.bytes, .sum = worst.bytes};
  worst.saturation.told = worst.saturation.waited = worst.bytes;
  for (size_t bucket = 0; bucket < HdrHistogram::kBuckets; ++bucket) worst.latency.AddToBucket(bucket, 60'000'000);
  std::string bytes;
  Encode(worst, 1, &bytes);
  EXPECT_LE(bytes.size(), kEncodedBytesMax);
}

TEST(Totals, DamagedBytesAreRefusedOrReadButNeverMore) {
  constexpr uint64_t kSeed = 47;
  std::mt19937_64 random(kSeed);
  std::string good;
  Encode(RandomWindow(random, 1, kStart, 500, 30e6), 160, &good);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good.substr(0, random() % (good.size() + 1));
    for (uint64_t flips = random() % 4; flips > 0 && !bytes.empty(); --flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    Totals totals;
    if (!DecodeInto(bytes, &totals)) ++refused;
  }
  EXPECT_GT(refused, 100) << "seed " << kSeed;
}

// What is read of a second without spreading it is what a whole histogram of the same bytes says.
TEST(Totals, ASecondReadAsItLiesCountsAsAWholeHistogram) {
  constexpr uint64_t kSeed = 61;
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 300; ++round) {
    const size_t bytes_max = 20 + random() % 200;
    JoinedTotals second;
    Totals whole;
    for (uint64_t parts = 1 + random() % 2; parts > 0; --parts) {  // a restart leaves two intervals of one second
      std::string bytes;
      Encode(RandomWindow(random, 1, kStart, static_cast<uint32_t>(random() % 2000), 30e6), bytes_max, &bytes);
      ASSERT_TRUE(DecodeInto(bytes, &second));
      ASSERT_TRUE(DecodeInto(bytes, &whole));
    }
    ASSERT_EQ(second.latency.total(), whole.latency.total());
    EXPECT_EQ(second.by_class, whole.by_class);
    EXPECT_EQ(second.saturation.waited, whole.saturation.waited);
    for (int i = 0; i < 50; ++i) {
      const auto duration = static_cast<DurationNs>(random() % 200'000'000);
      ASSERT_EQ(second.latency.CountAtOrAbove(duration), whole.latency.CountAtOrAbove(duration))
          << duration << " ns in " << bytes_max << " bytes, seed " << kSeed;
    }
  }
}

// Minutes that an older release kept are read on; what it did not count is not known.
TEST(Totals, AnOlderReleasesSaturationIsPassedOver) {
  // One request of 2xx; of three measures count, sum and largest; bucket 0 once.
  const std::string bytes = {0x10, 0x02, 1, 1, 5, 5, 0, 0, 0, 1, 2, 2, 2};
  Totals totals;
  ASSERT_TRUE(DecodeInto(bytes, &totals));
  EXPECT_EQ(totals.CountOf(StatusClass::k2xx), 1U);
  EXPECT_TRUE(totals.saturation.empty());
  EXPECT_EQ(totals.latency.total(), 1U);
  EXPECT_FALSE(DecodeInto(bytes.substr(0, 8), &totals));
}

TEST(SparseTier, HoldsItsBytesAndCountsWhatItCuts) {
  const TierSpec spec = {.grain_seconds = 1, .kept_seconds = 1'000, .interval_bytes = 50};
  SparseTier tier(spec);
  const std::string interval(200, 'x');  // four times what was planned
  for (int64_t second = 0; second < 5'000; ++second) {
    ASSERT_TRUE(tier.Append(second, interval));
    tier.Forget(second);
    ASSERT_LE(tier.bytes(), SparseTier::BytesMax(spec));
  }
  EXPECT_GT(tier.chunks_cut(), 0U);
  EXPECT_GT(tier.first_second(), 4'000);
  EXPECT_EQ(tier.last_second(), 4'999);
  EXPECT_FALSE(tier.Append(4'998, interval));
  int intervals = 0;
  tier.ForEach(4'990, 6'000, [&](int64_t, std::string_view bytes) { intervals += bytes == interval ? 1 : 0; });
  EXPECT_EQ(intervals, 10);
}

TEST(SparseTier, ForgetsWhatIsTooOld) {
  SparseTier tier({.grain_seconds = 10, .kept_seconds = 10'000, .interval_bytes = 50});
  for (int64_t second = 0; second < 100'000; second += 10) {
    tier.Append(second, std::string(40, 'x'));
    tier.Forget(second);
  }
  EXPECT_LE(tier.first_second(), 90'000);
  EXPECT_GT(tier.first_second(), 88'000);
  EXPECT_EQ(tier.chunks_cut(), 0U) << "no lack of bytes";
  tier.Forget(1'000'000);
  EXPECT_TRUE(tier.empty());
}

// The slow witness: every window, kept whole.
struct Kept {
  std::vector<Window> windows;
  Totals Sum(ServiceId service, int64_t from, int64_t to) const {
    Totals totals;
    for (const Window& window : windows) {
      if (window.service == service && window.second >= from && window.second < to) totals.Merge(window);
    }
    return totals;
  }
};

// A day and a half of two services with pauses: whatever full minutes are asked for, the answer is that of all windows
// kept, to the last request.
TEST(Rollups, AnswerAsIfEveryWindowWereKept) {
  constexpr uint64_t kSeed = 53;
  std::mt19937_64 random(kSeed);
  const auto services = TwoServices();
  Rollups rollups(*services, nullptr);
  Kept kept;
  const int64_t end = kStart + 36 * 3600;
  for (int64_t second = kStart; second < end;
       second += random() % 100 == 0 ? static_cast<int64_t>(random() % 4'000) : 7) {
    for (ServiceId service = 1; service <= 2; ++service) {
      if (random() % 3 == 0) continue;
      kept.windows.push_back(RandomWindow(random, service, second, static_cast<uint32_t>(random() % 5), 20e6));
      rollups.OnWindow(kept.windows.back());
    }
    rollups.SealedThrough(second);
  }
  for (int round = 0; round < 200; ++round) {
    const auto service = static_cast<ServiceId>(1 + random() % 2);
    // A coarse interval counts where it starts, so full minutes are exact at any age.
    const int64_t from = kStart + static_cast<int64_t>(random() % (36 * 60)) * 60;
    const int64_t to = from + static_cast<int64_t>(random() % (36 * 60)) * 60;
    Totals got;
    EXPECT_EQ(rollups.Sum(service, from, to, &got), from) << "all of it is in memory";
    ExpectSame(got, kept.Sum(service, from, to), "seed 53");
  }
  // The last twenty minutes are there to the second.
  for (int64_t second = end - 1'200; second < end; second += 13) {
    Totals got;
    rollups.Sum(1, second, second + 9, &got);
    ExpectSame(got, kept.Sum(1, second, second + 9), "seconds");
  }
  EXPECT_EQ(rollups.windows_disordered(), 0U);
  EXPECT_EQ(rollups.chunks_cut(), 0U);
}

// A deploy may be told of half an hour late: seconds are gone by then, their tens are not.
TEST(Rollups, AnOldSecondIsATenthOfItsTen) {
  constexpr uint64_t kSeed = 67;
  std::mt19937_64 random(kSeed);
  const auto services = TwoServices();
  Rollups rollups(*services, nullptr);
  const int64_t end = kStart + 3'000;
  for (int64_t second = kStart; second < end; ++second) {
    rollups.OnWindow(RandomWindow(random, 1, second, 30, 20e6));
    if (second % 10 == 9) rollups.SealedThrough(second);
  }
  for (const int64_t ten : {kStart + 600, kStart + 2'500}) {
    uint64_t all = 0, slow = 0;
    for (int64_t second = ten; second < ten + 10; ++second) {
      JoinedTotals read;
      rollups.ReadSecond("shop", second, &read);
      EXPECT_NEAR(static_cast<double>(read.all()), 30, 3) << second - kStart;
      all += read.all();
      slow += read.latency.CountAtOrAbove(HdrHistogram::LowestOf(700));
    }
    JoinedTotals whole;
    rollups.Sum(1, ten, ten + 10, &whole);
    EXPECT_EQ(all, whole.all());
    EXPECT_NEAR(static_cast<double>(slow),
                static_cast<double>(whole.latency.CountAtOrAbove(HdrHistogram::LowestOf(700))), 10);
  }
  JoinedTotals nothing;
  rollups.ReadSecond("nobody", end - 1, &nothing);
  rollups.ReadSecond("shop", end + 100, &nothing);
  EXPECT_EQ(nothing.all(), 0U);
}

// A restart in the middle of a minute: what was handed out before it and what is counted after it make one minute.
TEST(Rollups, AMinuteSurvivesARestart) {
  constexpr uint64_t kSeed = 59;
  std::mt19937_64 random(kSeed);
  std::map<int64_t, std::string> stored;
  const auto services = TwoServices();
  const auto store = [&](std::string_view, int64_t start, std::string_view bytes) {
    stored[start] = std::string(bytes);
  };
  Kept kept;
  auto rollups = std::make_unique<Rollups>(*services, store);
  for (int64_t second = kStart; second < kStart + 600; ++second) {
    if (second == kStart + 273) {
      rollups->Finish();
      rollups = std::make_unique<Rollups>(*services, store);
      rollups->RestoreMinute("shop", stored.rbegin()->first, stored.rbegin()->second);
    }
    kept.windows.push_back(RandomWindow(random, 1, second, 3, 20e6));
    rollups->OnWindow(kept.windows.back());
    rollups->SealedThrough(second);
  }
  EXPECT_EQ(stored.size(), 10U);
  Totals from_store;
  for (const auto& [start, bytes] : stored) ASSERT_TRUE(DecodeInto(bytes, &from_store));
  ExpectSame(from_store, kept.Sum(1, kStart, kStart + 600), "seed 59");
  // Memory and store together, wherever memory begins.
  Totals both;
  const int64_t memory_begins = rollups->Sum(1, kStart, kStart + 600, &both);
  EXPECT_GT(memory_begins, kStart + 240);
  EXPECT_LE(memory_begins, kStart + 300);
  for (const auto& [start, bytes] : stored) {
    if (start >= memory_begins) continue;
    ASSERT_TRUE(DecodeInto(bytes, &both));
  }
  ExpectSame(both, from_store, "memory and store");
  // A damaged one is not believed.
  Rollups damaged(*services, nullptr);
  damaged.RestoreMinute("shop", kStart, "\xff");
  damaged.OnWindow(RandomWindow(random, 1, kStart, 3, 20e6));
  damaged.Finish();
  Totals of_damaged;
  damaged.Sum(1, kStart, kStart + 60, &of_damaged);
  EXPECT_EQ(of_damaged.all(), 3U);
}

TEST(Rollups, WindowsOutOfOrderAreCountedAndOtherIsLeftOut) {
  const auto services = TwoServices();
  Rollups rollups(*services, nullptr);
  Window window;
  window.service = 1;
  window.second = kStart + 100;
  window.by_class[2] = 1;
  rollups.OnWindow(window);
  window.second = kStart + 5;
  rollups.OnWindow(window);
  EXPECT_EQ(rollups.windows_disordered(), 1U);
  window.service = ServiceTable::kOther;
  rollups.OnWindow(window);
  Totals totals;
  EXPECT_EQ(rollups.Sum(ServiceTable::kOther, kStart, kStart + 200, &totals), kStart + 200);
  EXPECT_EQ(totals.all(), 0U);
}

}  // namespace
}  // namespace revertd

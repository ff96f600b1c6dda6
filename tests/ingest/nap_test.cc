#include "ingest/nap.h"

#include <gtest/gtest.h>

#include <random>

#include "base/limits.h"

namespace revertd {
namespace {

constexpr size_t kLine = 286;
constexpr DurationNs kUs = kMicrosecondNs;

TEST(Nap, AnIdleSourceNeverNaps) {
  EXPECT_EQ(NapAfter(kLine, kMillisecondNs), 0);
  EXPECT_EQ(NapAfter(kLine, kSecondNs), 0);
  EXPECT_EQ(NapAfter(kLine, 1'795'000'000 * kSecondNs), 0) << "the first wake-up of all";
  EXPECT_EQ(NapAfter(1024 * 1024, kSecondNs), 0) << "a flushed buffer after a silence";
  EXPECT_EQ(NapAfter(1, 50 * kUs), 0) << "somebody types";
}

TEST(Nap, AWakeUpForEveryLineBecomesANap) {
  EXPECT_EQ(NapAfter(kLine, 2 * kUs), kNapMax);
  EXPECT_EQ(NapAfter(kLine, 20 * kUs), kNapMax);
  // What a nap gathered keeps the next one going.
  EXPECT_EQ(NapAfter(120 * kLine, 205 * kUs), kNapMax);
  EXPECT_EQ(NapAfter(4 * kLine, 210 * kUs), kNapMax);
  EXPECT_EQ(NapAfter(3 * kLine, 210 * kUs), 0);
}

TEST(Nap, AStreamThatWouldFillThePipeIsReadAtOnce) {
  EXPECT_EQ(NapAfter(128 * 1024, 40 * kUs), 0);  // 3 GB/s: cat
  EXPECT_EQ(NapAfter(64 * 1024, 100 * kUs), 100 * kUs);
  // A slow machine: the rate alone would allow a nap, but a read that was filled left more behind.
  EXPECT_EQ(NapAfter(kReadBytes - 1, 180 * kUs), 90 * kUs);
  EXPECT_EQ(NapAfter(kReadBytes, 180 * kUs), 0);
}

TEST(Nap, AStepOfTheClockIsSilence) {
  EXPECT_EQ(NapAfter(kLine, -1), 0);
  EXPECT_EQ(NapAfter(kLine, -kHourNs), 0);
  EXPECT_EQ(NapAfter(kLine, kHourNs), 0);
  EXPECT_EQ(NapAfter(kLine, 0), 0);
  EXPECT_EQ(NapAfter(0, 10 * kUs), 0);
}

TEST(Nap, IsBoundedAndNeverGathersMoreThanAPipeHolds) {
  constexpr unsigned kSeed = 5;
  std::mt19937_64 random(kSeed);
  int naps = 0;
  for (int i = 0; i < 200'000; ++i) {
    const auto bytes = static_cast<size_t>(random() >> (40 + random() % 24));
    const auto since = static_cast<DurationNs>(random() >> (1 + random() % 63));
    const DurationNs nap = NapAfter(bytes, since);
    if (nap == 0) continue;
    ++naps;
    ASSERT_GE(nap, kNapMin) << "seed " << kSeed;
    ASSERT_LE(nap, kNapMax);
    const double rate = static_cast<double>(bytes) / static_cast<double>(since);
    ASSERT_LE(rate * static_cast<double>(nap), static_cast<double>(kNapBytes) * 1.001) << bytes << " in " << since;
    ASSERT_GE(rate * static_cast<double>(kNapMax), static_cast<double>(kBusyBytes) * 0.999) << bytes << " in " << since;
  }
  EXPECT_GT(naps, 1000);
}

// A balancer that writes line by line: whatever its rate, a line waits for one nap at most, and above the idle rate
// wake-ups are bounded by naps, not by lines.
TEST(Nap, WakeUpsAreBoundedUnderLoad) {
  for (const int64_t lines_per_second : {1'000, 10'000, 50'000, 600'000, 3'000'000}) {
    const DurationNs between = kSecondNs / lines_per_second;
    TimeNs now = kSecondNs;
    TimeNs last = 0;
    TimeNs read_through = now - between;
    int64_t wakes = 0;
    while (now < 2 * kSecondNs) {
      const int64_t lines = (now - read_through) / between;
      const DurationNs nap = NapAfter(static_cast<size_t>(lines) * kLine, now - last);
      read_through += lines * between;
      last = now;
      ++wakes;
      now = std::max(now + nap, read_through + between);
    }
    const bool idle = lines_per_second <= 10'000;
    EXPECT_LE(wakes, idle ? lines_per_second + 1 : kSecondNs / kNapMin) << lines_per_second;
    if (idle) {
      EXPECT_GE(wakes, lines_per_second - 1);
    }
  }
}

}  // namespace
}  // namespace revertd

#include "ingest/nap.h"

#include <gtest/gtest.h>

#include <random>

#include "base/limits.h"

namespace revertd {
namespace {

constexpr size_t kLine = 286;
constexpr DurationNs kUs = kMicrosecondNs;

TEST(Nap, AnIdleSourceNeverNaps) {
  EXPECT_EQ(NapAfter(kLine, kMillisecondNs, kPipeNaps), 0);
  EXPECT_EQ(NapAfter(kLine, kSecondNs, kPipeNaps), 0);
  EXPECT_EQ(NapAfter(kLine, 1'795'000'000 * kSecondNs, kPipeNaps), 0) << "the first wake-up of all";
  EXPECT_EQ(NapAfter(1024 * 1024, kSecondNs, kPipeNaps), 0) << "a flushed buffer after a silence";
  EXPECT_EQ(NapAfter(1, 50 * kUs, kPipeNaps), 0) << "somebody types";
}

TEST(Nap, AWakeUpForEveryLineBecomesANap) {
  EXPECT_EQ(NapAfter(kLine, 2 * kUs, kPipeNaps), kNapMax);
  EXPECT_EQ(NapAfter(kLine, 20 * kUs, kPipeNaps), kNapMax);
  // What a nap gathered keeps the next one going.
  EXPECT_EQ(NapAfter(120 * kLine, 205 * kUs, kPipeNaps), kNapMax);
  EXPECT_EQ(NapAfter(4 * kLine, 210 * kUs, kPipeNaps), kNapMax);
  EXPECT_EQ(NapAfter(3 * kLine, 210 * kUs, kPipeNaps), 0);
}

TEST(Nap, AStreamThatWouldFillThePipeIsReadAtOnce) {
  EXPECT_EQ(NapAfter(128 * 1024, 40 * kUs, kPipeNaps), 0);  // 3 GB/s: cat
  EXPECT_EQ(NapAfter(64 * 1024, 100 * kUs, kPipeNaps), 100 * kUs);
  // A slow machine: the rate alone would allow a nap, but a read that was filled left more behind.
  EXPECT_EQ(NapAfter(kReadBytes - 1, 180 * kUs, kPipeNaps), 90 * kUs);
  EXPECT_EQ(NapAfter(kReadBytes, 180 * kUs, kPipeNaps), 0);
}

TEST(Nap, AStepOfTheClockIsSilence) {
  EXPECT_EQ(NapAfter(kLine, -1, kPipeNaps), 0);
  EXPECT_EQ(NapAfter(kLine, -kHourNs, kPipeNaps), 0);
  EXPECT_EQ(NapAfter(kLine, kHourNs, kPipeNaps), 0);
  EXPECT_EQ(NapAfter(kLine, 0, kPipeNaps), 0);
  EXPECT_EQ(NapAfter(0, 10 * kUs, kPipeNaps), 0);
}

TEST(Nap, IsBoundedAndNeverGathersMoreThanAPipeHolds) {
  constexpr unsigned kSeed = 5;
  std::mt19937_64 random(kSeed);
  int naps = 0;
  for (int i = 0; i < 200'000; ++i) {
    const auto bytes = static_cast<size_t>(random() >> (40 + random() % 24));
    const auto since = static_cast<DurationNs>(random() >> (1 + random() % 63));
    const DurationNs nap = NapAfter(bytes, since, kPipeNaps);
    if (nap == 0) continue;
    ++naps;
    ASSERT_GE(nap, kNapMin) << "seed " << kSeed;
    ASSERT_LE(nap, kNapMax);
    const double rate = static_cast<double>(bytes) / static_cast<double>(since);
    ASSERT_LE(rate * static_cast<double>(nap), static_cast<double>(kPipeNaps.gather) * 1.001)
        << bytes << " in " << since;
    ASSERT_GE(rate * static_cast<double>(kNapMax), static_cast<double>(kPipeNaps.busy) * 0.999)
        << bytes << " in " << since;
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
      const DurationNs nap = NapAfter(static_cast<size_t>(lines) * kLine, now - last, kPipeNaps);
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

TEST(Nap, AUnixQueueIsNappedForOnlyWhereItIsLong) {
  for (const int64_t length : {0, 10, 511}) {
    for (const size_t datagrams : {1U, 3U, 10U}) {
      for (const DurationNs since : {0L, 5 * kUs, 50 * kUs, 200 * kUs, kSecondNs}) {
        EXPECT_EQ(NapAfter(datagrams, since, UnixQueueNaps(length)), 0) << length;
      }
    }
  }
  EXPECT_EQ(NapAfter(1, 5 * kUs, UnixQueueNaps(512)), kNapMax);
  EXPECT_EQ(NapAfter(40, 210 * kUs, UnixQueueNaps(512)), kNapMax) << "200,000 a second: 40 of 512";
  EXPECT_EQ(NapAfter(1, kUs, UnixQueueNaps(512)), 128 * kUs) << "a million a second";
  EXPECT_EQ(NapAfter(256, 200 * kUs, UnixQueueNaps(512)), 0) << "half full: more may wait already";
  EXPECT_EQ(NapAfter(1, 100 * kUs, UnixQueueNaps(512)), 0) << "10,000 a second: idle";
}

TEST(Nap, AReceiveBufferIsNappedForByWhatTheKernelChargesIt) {
  const NapLimits wide = ReceiveBufferNaps(32 * 1024 * 1024);
  const NapLimits narrow = ReceiveBufferNaps(2 * 212'992);  // where net.core.rmem_max is the kernel's default
  const size_t lines = ReceiveBufferCharge(40, 40 * kLine);
  EXPECT_EQ(NapAfter(lines, 210 * kUs, wide), kNapMax);
  EXPECT_EQ(NapAfter(lines, 210 * kUs, narrow), kNapMax);
  EXPECT_EQ(NapAfter(lines, 50 * kUs, wide), kNapMax);
  EXPECT_LT(NapAfter(lines, 50 * kUs, narrow), 80 * kUs) << "800,000 a second";
  EXPECT_EQ(NapAfter(lines, 10 * kUs, narrow), 0) << "four million a second";
  EXPECT_EQ(NapAfter(ReceiveBufferCharge(1, kLine), 100 * kUs, wide), 0) << "10,000 a second: idle";
  EXPECT_EQ(NapAfter(ReceiveBufferCharge(1, kLine), 5 * kUs, ReceiveBufferNaps(0)), 0);
}

}  // namespace
}  // namespace revertd

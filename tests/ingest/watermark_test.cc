#include "ingest/watermark.h"

#include <gtest/gtest.h>

namespace revertd {
namespace {

constexpr int64_t kStart = 1'795'000'000;
constexpr int64_t kLateness = 5;
constexpr TimeNs kNow = kStart * kSecondNs;

TEST(Watermark, OneStreamSealsWhatIsOlderThanTheLateness) {
  Watermark watermark(kLateness);
  const size_t stream = watermark.AddStream();
  EXPECT_EQ(watermark.SealableThrough(), kNoSecond);
  watermark.Advance(stream, kStart);
  EXPECT_EQ(watermark.SealableThrough(), kStart - kLateness - 1);
  watermark.Advance(stream, kStart - 3);
  EXPECT_EQ(watermark.SealableThrough(), kStart - kLateness - 1);
}

TEST(Watermark, TheSlowestOfTheBusyStreamsHoldsTheRestBack) {
  Watermark watermark(kLateness);
  const size_t fast = watermark.AddStream();
  const size_t slow = watermark.AddStream();
  const size_t silent = watermark.AddStream();
  watermark.Heard(fast, kNow);
  watermark.Heard(slow, kNow);
  watermark.Advance(fast, kStart);
  watermark.Advance(slow, kStart - 4);
  EXPECT_EQ(watermark.SealableThrough(), kStart - 4 - kLateness - 1) << "stream " << silent << " never told a time";
}

TEST(Watermark, AnIdleStreamHoldsNothingBackAndAWaitingOneDoes) {
  Watermark watermark(kLateness);
  const size_t fast = watermark.AddStream();
  const size_t slow = watermark.AddStream();
  watermark.Heard(slow, kNow);
  watermark.Advance(slow, kStart - 4);
  const TimeNs later = kNow + (kLateness + 2) * kSecondNs;
  watermark.Heard(fast, later);
  watermark.Advance(fast, kStart);
  EXPECT_EQ(watermark.SealableThrough(), kStart - kLateness - 1);
  watermark.SetBehind(slow, true);
  EXPECT_EQ(watermark.SealableThrough(), kStart - 4 - kLateness - 1);
  watermark.End(slow);
  EXPECT_EQ(watermark.SealableThrough(), kStart - kLateness - 1);
}

TEST(Watermark, NeverHoldsBackMoreThanTheRingCanKeep) {
  Watermark watermark(kLateness);
  const size_t fast = watermark.AddStream();
  const size_t slow = watermark.AddStream();
  watermark.Heard(fast, kNow);
  watermark.Heard(slow, kNow);
  watermark.Advance(slow, kStart - 1000);
  EXPECT_FALSE(watermark.IsAhead(fast));
  watermark.Advance(fast, kStart);
  EXPECT_LT(kStart - watermark.SealableThrough(), kRingSeconds);
  EXPECT_TRUE(watermark.IsAhead(fast));
  EXPECT_FALSE(watermark.IsAhead(slow));
}

TEST(Watermark, SilenceSealsTheLastSecondsAfterTheLateness) {
  Watermark watermark(kLateness);
  const size_t stream = watermark.AddStream();
  watermark.Heard(stream, kNow);
  watermark.Advance(stream, kStart);
  watermark.Tick(kNow + (kLateness + 1) * kSecondNs);
  EXPECT_EQ(watermark.SealableThrough(), kStart - kLateness - 1) << "a line may still be on its way";
  watermark.Tick(kNow + (kLateness + 1) * kSecondNs + 1);
  EXPECT_EQ(watermark.SealableThrough(), kStart);
}

TEST(Watermark, ASecondThatTheWallClockHasNotReachedStaysOpen) {
  Watermark watermark(kLateness);
  const size_t stream = watermark.AddStream();
  watermark.Heard(stream, kNow);
  watermark.Advance(stream, kStart + 30);
  watermark.Tick(kNow + 20 * kSecondNs);
  EXPECT_EQ(watermark.SealableThrough(), kStart + 30 - kLateness - 1);
  watermark.Tick(kNow + 36 * kSecondNs);
  EXPECT_EQ(watermark.SealableThrough(), kStart + 30);
}

}  // namespace
}  // namespace revertd

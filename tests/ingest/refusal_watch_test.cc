// Lines that come to nothing, for whatever reason, are told from lines that are counted and from lines that tell
// nothing.
#include "ingest/refusal_watch.h"

#include <gtest/gtest.h>

namespace revertd {
namespace {

constexpr TimeNs kStart = 5'000 * kSecondNs;

TEST(RefusalWatch, EveryWayToRefuseALineCounts) {
  for (const Counter refusal :
       {Counter::kLinesTooLong, Counter::kLinesNoFormat, Counter::kLinesBadTime, Counter::kLinesBadStatus,
        Counter::kLinesBadField, Counter::kLinesTooLate, Counter::kLinesFromFuture, Counter::kLinesNoRoomInRing}) {
    Counters counters;
    RefusalWatch watch;
    EXPECT_EQ(watch.Look(counters, kStart).lines, 0U);
    counters.Add(refusal);
    EXPECT_EQ(watch.Look(counters, kStart + kSecondNs).standing, 0);
    const RefusedLines refused = watch.Look(counters, kStart + 46 * kSecondNs);
    EXPECT_EQ(refused.lines, 1U) << NameOf(refusal);
    EXPECT_EQ(refused.most, refusal);
    EXPECT_EQ(refused.standing, 45 * kSecondNs) << "no further line needs to be refused";
  }
}

// Every drop is a refusal or stands here.
TEST(RefusalWatch, LinesThatTellNothingAreNoRefusals) {
  Counters counters;
  RefusalWatch watch;
  for (size_t i = 0; i < kCounterCount; ++i) {
    const auto counter = static_cast<Counter>(i);
    if (!IsDrop(counter)) continue;
    const bool tells_nothing = counter == Counter::kLinesEmpty || counter == Counter::kLinesHeader ||
                               counter == Counter::kLinesPartial || counter == Counter::kLinesAlreadyCounted;
    const uint64_t before = watch.Look(counters, kStart).lines;
    counters.Add(counter);
    EXPECT_EQ(watch.Look(counters, kStart).lines, before + (tells_nothing ? 0 : 1)) << NameOf(counter);
  }
}

TEST(RefusalWatch, ACountedLineMakesItBeginAnew) {
  Counters counters;
  RefusalWatch watch;
  counters.Add(Counter::kLinesNoFormat, 7);
  watch.Look(counters, kStart);
  counters.Add(Counter::kLinesSampled);
  EXPECT_EQ(watch.Look(counters, kStart + kMinuteNs).lines, 0U);
  EXPECT_EQ(watch.Look(counters, kStart + kHourNs).lines, 0U);
  counters.Add(Counter::kLinesBadTime, 2);
  const RefusedLines refused = watch.Look(counters, kStart + 2 * kHourNs);
  EXPECT_EQ(refused.lines, 2U);
  EXPECT_EQ(refused.most, Counter::kLinesBadTime);
  EXPECT_EQ(refused.standing, 0);
}

// Counters that stand at something at the first look say nothing of how long.
TEST(RefusalWatch, AFirstBatchOfLateLinesDoesNotStandYet) {
  Counters counters;
  RefusalWatch watch;
  counters.Add(Counter::kLinesTooLate, 300);
  EXPECT_EQ(watch.Look(counters, kStart).standing, 0);
}

TEST(RefusalWatch, NamesTheCounterThatGrewMost) {
  Counters counters;
  RefusalWatch watch;
  counters.Add(Counter::kLinesSampled);
  counters.Add(Counter::kLinesNoFormat, 1000);  // before
  watch.Look(counters, kStart);
  counters.Add(Counter::kLinesNoFormat, 2);
  counters.Add(Counter::kLinesTooLate, 3);
  const RefusedLines refused = watch.Look(counters, kStart);
  EXPECT_EQ(refused.lines, 5U);
  EXPECT_EQ(refused.most, Counter::kLinesTooLate);
}

}  // namespace
}  // namespace revertd

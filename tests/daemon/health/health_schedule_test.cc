#include "daemon/health/health_schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace revertd {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::IsEmpty;
using testing::Le;

constexpr TimeNs kNow = 1'795'255'200 * kSecondNs;

// Asks whatever is due, each answered at once; the checks in the order in which they were asked.
std::vector<size_t> AskDue(HealthSchedule* schedule, TimeNs now) {
  std::vector<size_t> asked;
  while (const auto due = schedule->TakeDue(now)) {
    asked.push_back(due->check);
    schedule->Done(due->check);
  }
  return asked;
}

TEST(HealthSchedule, TheFirstIsAskedAtOnceAndThenEveryInterval) {
  HealthSchedule schedule({15 * kSecondNs}, kNow);
  EXPECT_THAT(AskDue(&schedule, kNow), ElementsAre(0U));
  EXPECT_EQ(schedule.RestFor(kNow), 15 * kSecondNs);
  EXPECT_THAT(AskDue(&schedule, kNow + 15 * kSecondNs - 1), IsEmpty());
  EXPECT_THAT(AskDue(&schedule, kNow + 15 * kSecondNs), ElementsAre(0U));
}

TEST(HealthSchedule, AHundredChecksDoNotBeginInOneMoment) {
  HealthSchedule schedule(std::vector<DurationNs>(100, 10 * kSecondNs), kNow);
  std::map<int64_t, size_t> by_second;
  for (TimeNs now = kNow; now < kNow + 40 * kSecondNs; now += 10 * kMillisecondNs) {
    by_second[FloorToSecond(now)] += AskDue(&schedule, now).size();
  }
  EXPECT_EQ(by_second.size(), 40U);
  for (const auto& [second, count] : by_second) EXPECT_THAT(count, AllOf(Ge(8U), Le(12U))) << second;
}

TEST(HealthSchedule, ChecksOfEveryHourAreFirstAskedWithinAMinute) {
  HealthSchedule schedule(std::vector<DurationNs>(20, kHourNs), kNow);
  std::set<size_t> asked;
  for (TimeNs now = kNow; now < kNow + kMinuteNs; now += kSecondNs) {
    const std::vector<size_t> due = AskDue(&schedule, now);
    EXPECT_LE(due.size(), 2U);
    asked.insert(due.begin(), due.end());
  }
  EXPECT_EQ(asked.size(), 20U);
}

TEST(HealthSchedule, NoneIsAskedTwiceAtOnce) {
  HealthSchedule schedule({kSecondNs}, kNow);
  ASSERT_TRUE(schedule.TakeDue(kNow));
  EXPECT_FALSE(schedule.TakeDue(kNow + 5 * kSecondNs));
  EXPECT_EQ(schedule.RestFor(kNow + 5 * kSecondNs), std::nullopt);
  schedule.Done(0);
  EXPECT_EQ(schedule.RestFor(kNow + 5 * kSecondNs), 0);
  EXPECT_TRUE(schedule.TakeDue(kNow + 5 * kSecondNs));
}

TEST(HealthSchedule, WhatIsLateIsCountedAndNotMadeUpFor) {
  HealthSchedule schedule({kSecondNs}, kNow);
  AskDue(&schedule, kNow);
  const TimeNs late = kNow + 5 * kSecondNs + kSecondNs / 2;
  const auto due = schedule.TakeDue(late);
  ASSERT_TRUE(due);
  EXPECT_EQ(due->missed, 4U);  // of the seconds 1 to 5 one is asked now
  schedule.Done(0);
  EXPECT_THAT(AskDue(&schedule, late), IsEmpty());
  EXPECT_THAT(AskDue(&schedule, late + kSecondNs - 1), IsEmpty());
  const auto next = schedule.TakeDue(late + kSecondNs);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->missed, 0U);
}

TEST(HealthSchedule, WhoWaitsLongestIsFirst) {
  HealthSchedule schedule({10 * kSecondNs, 10 * kSecondNs, 10 * kSecondNs}, kNow);
  // Their first times: 0 s, 6.2 s, 2.4 s.
  EXPECT_THAT(AskDue(&schedule, kNow + 9 * kSecondNs), ElementsAre(0U, 2U, 1U));
}

// Whatever the workers do and however long answers take: never twice at once, never sooner than asked for, and whoever
// is due and not asked for is taken.
TEST(HealthSchedule, HoldsWhatItPromisesInRandomDays) {
  for (const unsigned seed : {1U, 2U, 3U}) {
    std::mt19937 random(seed);
    const std::vector<DurationNs> every = {kSecondNs, 5 * kSecondNs, 15 * kSecondNs, kMinuteNs, kSecondNs};
    HealthSchedule schedule(every, kNow);
    std::map<size_t, TimeNs> under_way;  // to when it began
    std::map<size_t, TimeNs> began;
    for (TimeNs now = kNow; now < kNow + kHourNs; now += static_cast<TimeNs>(random() % 2'000) * kMillisecondNs) {
      for (auto it = under_way.begin(); it != under_way.end();) {
        if (random() % 3 == 0) {
          schedule.Done(it->first);
          it = under_way.erase(it);
        } else {
          ++it;
        }
      }
      if (random() % 4 == 0) continue;  // nobody is free
      while (const auto due = schedule.TakeDue(now)) {
        ASSERT_TRUE(under_way.emplace(due->check, now).second) << "seed " << seed;
        if (began.contains(due->check)) {
          ASSERT_GE(now - began[due->check], every[due->check]) << "seed " << seed;
        }
        began[due->check] = now;
      }
      for (size_t i = 0; i < every.size(); ++i) {
        const TimeNs expected = began.contains(i) ? began[i] + every[i] : kNow + every[i];
        if (!under_way.contains(i)) {
          ASSERT_GT(expected, now) << "seed " << seed;
        }
      }
    }
  }
}

}  // namespace
}  // namespace revertd

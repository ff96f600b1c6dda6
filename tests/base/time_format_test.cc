#include "base/time_format.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

namespace revertd {
namespace {

TEST(Rfc3339, RoundTripsToTheMillisecond) {
  constexpr uint64_t kSeed = 31;
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 5'000; ++i) {
    const auto milliseconds = static_cast<int64_t>(random() % 7'000'000'000'000ULL);  // to 2191
    const TimeNs time = milliseconds * kMillisecondNs;
    ASSERT_EQ(ParseTime(FormatRfc3339(time)), time) << FormatRfc3339(time) << " seed " << kSeed;
  }
}

TEST(Rfc3339, WritesMillisecondsOnlyWhereThereAreSome) {
  EXPECT_EQ(FormatRfc3339(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatRfc3339(1'795'230'609 * kSecondNs + 250 * kMillisecondNs), "2026-11-21T03:10:09.250Z");
  EXPECT_EQ(FormatRfc3339(kMillisecondNs - 1), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatRfc3339(-kSecondNs), "1969-12-31T23:59:59Z");
  EXPECT_EQ(FormatRfc3339(-1), "1969-12-31T23:59:59.999Z");
}

TEST(ParseTime, ReadsWhatRfc3339Allows) {
  const TimeNs time = 1'795'230'609 * kSecondNs;
  for (const char* text : {"2026-11-21T03:10:09Z", "2026-11-21t03:10:09z", "2026-11-21 03:10:09Z",
                           "2026-11-21T04:10:09+01:00", "2026-11-20T20:10:09-07:00", "2026-11-21T08:40:09+05:30",
                           "2026-11-21T03:10:09.000Z", "2026-11-21T03:10:09-00:00", "1795230609"}) {
    EXPECT_EQ(ParseTime(text), time) << text;
  }
  EXPECT_EQ(ParseTime("2026-11-21T03:10:09.123456789Z"), time + 123'456'789);
  EXPECT_EQ(ParseTime("2026-11-21T03:10:09.1234567891Z"), time + 123'456'789);
  EXPECT_EQ(ParseTime("2026-11-21T03:10:09.5+00:00"), time + kSecondNs / 2);
  EXPECT_EQ(ParseTime("1795230609.25"), time + kSecondNs / 4);
  EXPECT_EQ(ParseTime("0"), 0);
  EXPECT_EQ(ParseTime("2016-12-31T23:59:60Z"), ParseTime("2017-01-01T00:00:00Z"));
  EXPECT_EQ(ParseTime("2024-02-29T00:00:00Z"), ParseTime("2024-02-28T24:00:00Z").value_or(1'709'164'800 * kSecondNs));
}

TEST(ParseTime, RefusesTheRest) {
  for (const char* text : {"",
                           "-1",
                           "now",
                           "1795230609.",
                           "1795230609.x",
                           ".5",
                           "99999999999999999999",
                           "9999999999999",
                           "2026-11-21T03:10:09",
                           "2026-11-21",
                           "2026-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-11-31T00:00:00Z",
                           "2026-11-21T24:00:00Z",
                           "2026-11-21T03:60:09Z",
                           "2026-11-21T03:10:61Z",
                           "2026-11-21T03:10:09.Z",
                           "2026-11-21T03:10:09.5",
                           "2026-11-21T03:10:09+0100",
                           "2026-11-21T03:10:09+24:00",
                           "2026-11-21T03:10:09+01:60",
                           "2026-11-21T03:10:09ZZ",
                           "2026/11/21T03:10:09Z",
                           "2026-11-21X03:10:09Z",
                           "2026-1-21T03:10:009Z",
                           "1969-12-31T23:59:59Z",
                           "2201-01-01T00:00:00Z",
                           "+026-11-21T03:10:09Z",
                           " 1795230609"}) {
    EXPECT_FALSE(ParseTime(text).has_value()) << text;
  }
}

TEST(DaysFromCivil, AgreesWithChrono) {
  for (int year = 1896; year <= 2204; ++year) {
    for (unsigned month = 1; month <= 12; ++month) {
      for (const unsigned day : {1U, 28U}) {
        const std::chrono::sys_days wanted{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}};
        ASSERT_EQ(DaysFromCivil(year, month, day), wanted.time_since_epoch().count()) << year << "-" << month;
      }
    }
  }
}

TEST(ParseDuration, ReadsWholeNumbersOfOneUnit) {
  EXPECT_EQ(ParseDuration("500us"), 500 * kMicrosecondNs);
  EXPECT_EQ(ParseDuration("500ms"), 500 * kMillisecondNs);
  EXPECT_EQ(ParseDuration("90s"), 90 * kSecondNs);
  EXPECT_EQ(ParseDuration("15m"), 15 * kMinuteNs);
  EXPECT_EQ(ParseDuration("1h"), kHourNs);
  EXPECT_EQ(ParseDuration("2d"), 48 * kHourNs);
  EXPECT_EQ(ParseDuration("0s"), 0);
  for (const char* text :
       {"", "15", "m", "1.5h", "-1s", "1h30m", "15 m", "15min", "106752d", "99999999999999999999s"}) {
    EXPECT_FALSE(ParseDuration(text).has_value()) << text;
  }
}

TEST(WholeSeconds, FloorAndCeilOnBothSidesOfTheEpoch) {
  for (const TimeNs time : {-2 * kSecondNs, -2 * kSecondNs + 1, -kSecondNs - 1, -kSecondNs, TimeNs{-1}, TimeNs{0},
                            TimeNs{1}, kSecondNs - 1, kSecondNs, kSecondNs + 1}) {
    const int64_t floor = FloorToSecond(time);
    EXPECT_LE(floor * kSecondNs, time);
    EXPECT_GT((floor + 1) * kSecondNs, time);
    const int64_t ceil = CeilToSecond(time);
    EXPECT_GE(ceil * kSecondNs, time);
    EXPECT_LT((ceil - 1) * kSecondNs, time);
  }
}

}  // namespace
}  // namespace revertd

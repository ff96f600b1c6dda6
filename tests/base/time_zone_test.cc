#include "base/time_zone.h"

#include <gtest/gtest.h>

#include "base/time_format.h"

namespace revertd {
namespace {

TEST(TimeZone, IsUtcByDefault) {
  EXPECT_EQ(TimeZone().ToUtc({2026, 11, 21, 3, 10, 9}), ParseTime("2026-11-21T03:10:09Z"));
  EXPECT_EQ(TimeZone::Named("UTC")->ToUtc({1969, 12, 31, 23, 59, 59}), -kSecondNs);
}

TEST(TimeZone, FollowsDaylightSaving) {
  const auto berlin = TimeZone::Named("Europe/Berlin");
  if (!berlin.ok()) GTEST_SKIP() << "NOT TESTED: no IANA time zone database here";
  EXPECT_EQ(berlin->ToUtc({2026, 7, 1, 12, 0, 0}), ParseTime("2026-07-01T10:00:00Z"));
  EXPECT_EQ(berlin->ToUtc({2026, 12, 1, 12, 0, 0}), ParseTime("2026-12-01T11:00:00Z"));
  // The night the clocks go back: 02:30 comes twice, the first one is meant.
  EXPECT_EQ(berlin->ToUtc({2026, 10, 25, 2, 30, 0}), ParseTime("2026-10-25T00:30:00Z"));
  // The night they go forward: 02:30 never comes.
  EXPECT_EQ(berlin->ToUtc({2026, 3, 29, 2, 30, 0}), ParseTime("2026-03-29T01:30:00Z"));
}

TEST(TimeZone, SaysWhatAWallClockShowsTwice) {
  const auto repeats = [](const TimeZone& zone, std::string_view time) { return zone.RepeatsAfter(*ParseTime(time)); };
  EXPECT_EQ(repeats(TimeZone(), "2026-10-25T00:30:00Z"), 0);
  const auto berlin = TimeZone::Named("Europe/Berlin");
  if (!berlin.ok()) GTEST_SKIP() << "NOT TESTED: no IANA time zone database here";
  EXPECT_EQ(repeats(*berlin, "2026-10-24T23:59:59.999Z"), 0);
  EXPECT_EQ(repeats(*berlin, "2026-10-25T00:00:00Z"), kHourNs);
  EXPECT_EQ(repeats(*berlin, "2026-10-25T00:59:59.999Z"), kHourNs);
  EXPECT_EQ(repeats(*berlin, "2026-10-25T01:00:00Z"), 0) << "the second pass";
  EXPECT_EQ(repeats(*berlin, "2026-03-29T01:30:00Z"), 0) << "the hour that is skipped";
}

TEST(TimeZone, RefusesUnknownNames) {
  EXPECT_FALSE(TimeZone::Named("Europe/Berlim").ok());
  EXPECT_FALSE(TimeZone::Named("").ok());
  EXPECT_TRUE(TimeZone::Named("local").ok());
}

}  // namespace
}  // namespace revertd

#include "ingest/format/keyed_values.h"

#include <gtest/gtest.h>

#include "base/sample.h"
#include "base/time_format.h"

namespace revertd {
namespace {

TEST(ParseScaled, IsExact) {
  struct Case {
    std::string_view text;
    int power;
    std::optional<int64_t> value;
  };
  for (const Case& c : {Case{"0.000002364", 9, 2364},
                        {"2.364e-06", 9, 2364},
                        {"0.1", 9, 100'000'000},
                        {"1795230609.4931234567", 9, 1'795'230'609'493'123'456},
                        {"12", 0, 12},
                        {"12.5", 0, 13},
                        {"-12.5", 0, -13},
                        {"12.4999", 0, 12},
                        {"+7", 3, 7000},
                        {"1e3", 0, 1000},
                        {"9223372036854775807", 0, 9'223'372'036'854'775'807},
                        {"9223372036854775808", 0, std::nullopt},
                        {"99999999999999999999", 0, std::nullopt},
                        {"0.00000000000000000000000000005", 9, 0},
                        {"1e400", 0, std::nullopt},
                        {"0e400", 9, 0},
                        {".5", 1, 5},
                        {"5.", 0, 5},
                        {".", 0, std::nullopt},
                        {"", 0, std::nullopt},
                        {"-", 0, std::nullopt},
                        {"1.2.3", 0, std::nullopt},
                        {"1e", 0, std::nullopt},
                        {"0x10", 0, std::nullopt}}) {
    EXPECT_EQ(ParseScaled(c.text, c.power), c.value) << c.text;
  }
}

TEST(ParseAnyTime, TellsTheFormsApart) {
  const auto whole = ParseTime("2026-11-21T03:10:09Z");
  const auto fraction = ParseTime("2026-11-21T03:10:09.25Z");
  const TimeZone berlin = *TimeZone::Named("Europe/Berlin");
  for (std::string_view text :
       {"2026-11-21T03:10:09Z", "2026-11-21T04:10:09+01:00", "2026-11-21 04:10:09+0100", "2026-11-20T23:10:09-04",
        "2026-11-21T03:10:09 UTC", "2026-11-21T04:10:09", "21/Nov/2026:03:10:09 +0000", "[21/Nov/2026:04:10:09 +0100]",
        "21/Nov/2026:04:10:09", "1795230609", "1795230609000", "1795230609000000", "1795230609000000000"}) {
    EXPECT_EQ(ParseAnyTime(text, berlin), whole) << text;
  }
  for (std::string_view text :
       {"2026-11-21T03:10:09.25Z", "2026-11-21 04:10:09,250", "21/Nov/2026:04:10:09.250", "2026/11/21 04:10:09.250",
        "1795230609.25", "1795230609250", "1.79523060925e9", "1795230609250000"}) {
    EXPECT_EQ(ParseAnyTime(text, berlin), fraction) << text;
  }
  for (std::string_view text :
       {"", "-", "now", "2026-11-21", "2026-13-21T03:10:09Z", "2026-11-21T03:10:09.Z", "2026-11-21T03:10:09+1",
        "2026-11-21T03:10:09+25:00", "2026-11-21T03:10:09Zx", "99999999999", "-5", "32/Nov/2026:03:10:09 +0000"}) {
    EXPECT_EQ(ParseAnyTime(text, berlin), std::nullopt) << text;
  }
}

TEST(ParseAnyDuration, KnowsUnitsAndLists) {
  struct Case {
    std::string_view text;
    TimeUnit unit;
    std::optional<DurationNs> value;
  };
  constexpr TimeUnit kByForm = TimeUnit::kByForm;
  for (const Case& c : {Case{"12", kByForm, 12 * kMillisecondNs},
                        {"0.012", kByForm, 12 * kMillisecondNs},
                        {"12ms", kByForm, 12 * kMillisecondNs},
                        {"12\xC2\xB5s", kByForm, 12 * kMicrosecondNs},
                        {"1m2.5s", kByForm, 62'500 * kMillisecondNs},
                        {"1h", TimeUnit::kNanos, 3600 * kSecondNs},
                        {"7", TimeUnit::kNanos, 7},
                        {"7", TimeUnit::kSeconds, 7 * kSecondNs},
                        {"-1", TimeUnit::kMillis, kNotLogged},
                        {"", TimeUnit::kMillis, kNotLogged},
                        {"-", TimeUnit::kMillis, kNotLogged},
                        {"-, -", TimeUnit::kSeconds, kNotLogged},
                        {"0.001, 0.002 : 0.003", TimeUnit::kSeconds, 6 * kMillisecondNs},
                        {"0.001, - : 0.003", TimeUnit::kSeconds, 4 * kMillisecondNs},
                        {"2000000000", TimeUnit::kSeconds, std::nullopt},
                        {"999999999, 999999999", TimeUnit::kSeconds, std::nullopt},
                        {"soon", kByForm, std::nullopt},
                        {"5 apples", kByForm, std::nullopt},
                        {"9999999999999h", kByForm, std::nullopt}}) {
    EXPECT_EQ(ParseAnyDuration(c.text, c.unit), c.value) << c.text;
  }
}

TEST(LastOfList, SkipsBlankMembers) {
  EXPECT_EQ(LastOfList("10.0.0.1:80, 10.0.0.2:80 : [::1]:80"), "[::1]:80");
  EXPECT_EQ(LastOfList("10.0.0.1:80, -"), "10.0.0.1:80");
  EXPECT_EQ(LastOfList("unix:/run/app.sock"), "unix:/run/app.sock");
  EXPECT_EQ(LastOfList(""), "");
}

}  // namespace
}  // namespace revertd

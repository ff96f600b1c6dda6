// RFC 3339 text of a TimeNs and back. Times are UTC inside; offsets are applied on the way in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace revertd {

// "2026-11-21T03:10:09Z", with ".mmm" where milliseconds are not zero.
std::string FormatRfc3339(TimeNs time);
// RFC 3339 ("2026-11-21T03:10:09.5+01:00") or Unix seconds with an optional fraction ("1763694609.25").
std::optional<TimeNs> ParseTime(std::string_view text);
// "15m", "1h", "90s", "500ms"; whole numbers of one unit.
std::optional<DurationNs> ParseDuration(std::string_view text);
// The same text of a duration >= 0, in the largest unit that divides it: "1h", "90s".
std::string FormatDuration(DurationNs duration);
// Days since the epoch of a date in the proleptic Gregorian calendar. month 1..12, day 1..31.
// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
constexpr int64_t DaysFromCivil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

}  // namespace revertd

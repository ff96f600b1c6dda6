// Times and durations as text logs write them where they carry no offset from UTC: HAProxy, W3C, uWSGI.
//
// Thread contract: the functions are pure; a ZonelessClock belongs to one reader. Years 1970 to 2200, as
// base/time_format.h reads them; a leap second's 60 is the next minute's 0.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/time_zone.h"

namespace revertd {

// "21/Nov/2026:03:10:09", exactly.
std::optional<CivilTime> ParseClfCivil(std::string_view text);
// "2026-11-21", or "2026/11/21", and a clock "03:10:09", exactly.
std::optional<CivilTime> ParseIsoCivil(std::string_view date, std::string_view clock);
// "Sat Nov 21 03:10:09 2026", as C's ctime writes it: a day below ten has a blank in front.
std::optional<CivilTime> ParseCtimeCivil(std::string_view text);

// ParseDecimal's number (text_fields.h), and what balancers write where a phase was never reached: "-", "-1" and "" are
// kNotLogged. A "+" in front (HAProxy's "at least") is dropped. At most three years.
std::optional<DurationNs> ParseLoggedDuration(std::string_view text, DurationNs unit_ns);

// Reads HAProxy's "21/Nov/2026:03:10:09.785" (fraction optional) in a time zone. Remembers the last second: the lines
// of one second share its text, and a zone's rules are dear.
class ZonelessClock {
 public:
  explicit ZonelessClock(TimeZone zone) : zone_(std::move(zone)) {}
  std::optional<TimeNs> ReadClf(std::string_view text);

 private:
  TimeZone zone_;
  std::string last_text_;
  TimeNs last_time_ = 0;
};

}  // namespace revertd

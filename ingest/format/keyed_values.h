// Values of logs that name their fields (JSON, LTSV), whose form is not fixed by the place they stand at: times,
// durations and lists as servers and loggers write them. Pure functions, no allocation, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/time_zone.h"

namespace revertd {

enum class TimeUnit : uint8_t {
  kByForm,  // "5.2ms", "1m3s"; without a unit a number with a decimal point is seconds, a whole one milliseconds
  kSeconds,
  kMillis,
  kMicros,
  kNanos,
};

// Nothing was logged: empty or "-".
inline bool IsBlankValue(std::string_view text) { return text.empty() || text == "-"; }

// A decimal number (sign, fraction and exponent optional) times 10^`power`, rounded half away from zero, exactly: no
// double on the way. nullopt where it is no number or leaves the range of int64_t.
std::optional<int64_t> ParseScaled(std::string_view text, int power);

// RFC 3339 (offset with or without colon, fraction behind '.' or ','), the same without an offset and Common Log times
// without one ("21/Nov/2026:03:12:35.342": in `zone`), Common Log times with one, also in brackets, and the Unix epoch
// in s, ms, us or ns, told apart by their digits. nullopt outside of the years 1970 to 2200.
std::optional<TimeNs> ParseAnyTime(std::string_view text, const TimeZone& zone);

// A duration, or a list of them ("0.001, 0.002 : 0.003", nginx's tries) as its sum. Blank members and those below zero
// (HAProxy's phases that were not reached) count nothing; kNotLogged where there is no other. nullopt: no duration, or
// longer than 31 years.
std::optional<DurationNs> ParseAnyDuration(std::string_view text, TimeUnit unit);

// The last member of nginx's list ("a, b : c"), blank ones left out.
std::string_view LastOfList(std::string_view text);

}  // namespace revertd

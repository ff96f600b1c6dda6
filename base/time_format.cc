#include "base/time_format.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <limits>

#include "base/ascii.h"
#include "base/strings.h"

namespace revertd {
namespace {

// Fixed-width digits at `at`; -1 where anything else stands.
int Digits(std::string_view text, size_t at, size_t count) {
  if (at + count > text.size()) return -1;
  int value = 0;
  for (size_t i = at; i < at + count; ++i) {
    if (!IsDigit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

// ".5", ".250" as nanoseconds; nullopt where it is not a fraction. At most nine digits count.
std::optional<DurationNs> Fraction(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  DurationNs value = 0;
  DurationNs unit = kSecondNs / 10;
  for (char c : digits) {
    if (!IsDigit(c)) return std::nullopt;
    value += (c - '0') * unit;
    unit /= 10;
  }
  return value;
}

std::optional<TimeNs> ParseUnixSeconds(std::string_view text) {
  const size_t dot = text.find('.');
  const auto seconds = ParseUnsigned(text.substr(0, dot));
  if (!seconds || *seconds > static_cast<uint64_t>(std::numeric_limits<int64_t>::max() / kSecondNs - 1)) {
    return std::nullopt;
  }
  DurationNs fraction = 0;
  if (dot != std::string_view::npos) {
    const auto parsed = Fraction(text.substr(dot + 1));
    if (!parsed) return std::nullopt;
    fraction = *parsed;
  }
  return static_cast<int64_t>(*seconds) * kSecondNs + fraction;
}

// "Z", "+01:00": seconds east of UTC.
std::optional<int64_t> ParseOffset(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || text[3] != ':' || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int hours = Digits(text, 1, 2);
  const int minutes = Digits(text, 4, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

struct Unit {
  std::string_view name;
  DurationNs length;
};
constexpr std::array<Unit, 6> kUnits = {{{"d", 24 * kHourNs},
                                         {"h", kHourNs},
                                         {"m", kMinuteNs},
                                         {"s", kSecondNs},
                                         {"ms", kMillisecondNs},
                                         {"us", kMicrosecondNs}}};

}  // namespace

std::string FormatRfc3339(TimeNs time) {
  using std::chrono::days;
  using std::chrono::floor;
  const std::chrono::sys_time<std::chrono::nanoseconds> point{std::chrono::nanoseconds(time)};
  const auto day = floor<days>(point);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{floor<std::chrono::milliseconds>(point - day)};
  char buffer[80];
  std::snprintf(buffer, sizeof(buffer), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  std::string text = buffer;
  if (const auto milliseconds = static_cast<int>(clock.subseconds().count()); milliseconds != 0) {
    std::snprintf(buffer, sizeof(buffer), ".%03d", milliseconds);
    text += buffer;
  }
  return text + "Z";
}

std::optional<TimeNs> ParseTime(std::string_view text) {
  if (text.size() < 20 || text[4] != '-') return ParseUnixSeconds(text);
  const int year = Digits(text, 0, 4);
  const int month = Digits(text, 5, 2);
  const int day = Digits(text, 8, 2);
  const int hour = Digits(text, 11, 2);
  const int minute = Digits(text, 14, 2);
  const int second = Digits(text, 17, 2);
  const bool separators =
      text[7] == '-' && (text[10] == 'T' || text[10] == 't' || text[10] == ' ') && text[13] == ':' && text[16] == ':';
  // A leap second's 60 becomes the next minute's 0, as POSIX time has it.
  if (!separators || year < 1970 || year > 2200 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 60) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (month < 0 || day < 0 || !date.ok()) return std::nullopt;

  std::string_view rest = text.substr(19);
  DurationNs fraction = 0;
  if (rest.front() == '.') {
    const size_t end = rest.find_first_not_of("0123456789", 1);
    if (end == std::string_view::npos) return std::nullopt;
    const auto parsed = Fraction(rest.substr(1, end - 1));
    if (!parsed) return std::nullopt;
    fraction = *parsed;
    rest.remove_prefix(end);
  }
  const auto offset = ParseOffset(rest);
  if (!offset) return std::nullopt;
  const int64_t seconds = DaysFromCivil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - *offset;
  return seconds * kSecondNs + fraction;
}

std::optional<DurationNs> ParseDuration(std::string_view text) {
  const size_t digits = text.find_first_not_of("0123456789");
  if (digits == std::string_view::npos || digits == 0) return std::nullopt;
  const auto number = ParseUnsigned(text.substr(0, digits));
  for (const Unit& unit : kUnits) {
    if (text.substr(digits) != unit.name) continue;
    if (!number || *number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max() / unit.length)) {
      return std::nullopt;
    }
    return static_cast<int64_t>(*number) * unit.length;
  }
  return std::nullopt;
}

std::string FormatDuration(DurationNs duration) {
  if (duration == 0) return "0s";
  for (const Unit& unit : kUnits) {
    if (duration % unit.length == 0) return std::to_string(duration / unit.length) + std::string(unit.name);
  }
  return std::to_string(duration) + "ns";
}

}  // namespace revertd

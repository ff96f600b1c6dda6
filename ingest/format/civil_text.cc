#include "ingest/format/civil_text.h"

#include <chrono>

#include "base/ascii.h"
#include "base/sample.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

// Three years, longer than any request: the year 2200 and the sum of some durations must stay below 2^63.
constexpr DurationNs kDurationMax = 100'000'000 * kSecondNs;

constexpr size_t kClfSize = std::string_view("dd/Mon/yyyy:HH:MM:SS").size();

// All of `text` as decimal digits; -1 where it is anything else.
int Number(std::string_view text) {
  if (text.empty() || text.size() > 4) return -1;
  int value = 0;
  for (const char c : text) {
    if (!IsDigit(c)) return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

// "03:10:09"
bool ReadClock(std::string_view text, CivilTime& time) {
  if (text.size() != 8 || text[2] != ':' || text[5] != ':') return false;
  time.hour = Number(text.substr(0, 2));
  time.minute = Number(text.substr(3, 2));
  time.second = Number(text.substr(6, 2));
  return time.hour >= 0 && time.hour <= 23 && time.minute >= 0 && time.minute <= 59 && time.second >= 0 &&
         time.second <= 60;
}

bool ReadDate(int year, int month, int day, CivilTime& time) {
  if (year < 1970 || year > 2200 || month < 1 || day < 1) return false;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return false;
  time.year = year;
  time.month = month;
  time.day = day;
  return true;
}

}  // namespace

std::optional<CivilTime> ParseClfCivil(std::string_view text) {
  CivilTime time;
  if (text.size() != kClfSize || text[2] != '/' || text[6] != '/' || text[11] != ':') return std::nullopt;
  if (!ReadDate(Number(text.substr(7, 4)), MonthNamed(text.substr(3, 3)), Number(text.substr(0, 2)), time) ||
      !ReadClock(text.substr(12), time)) {
    return std::nullopt;
  }
  return time;
}

std::optional<CivilTime> ParseIsoCivil(std::string_view date, std::string_view clock) {
  CivilTime time;
  if (date.size() != 10 || (date[4] != '-' && date[4] != '/') || date[7] != date[4]) return std::nullopt;
  if (!ReadDate(Number(date.substr(0, 4)), Number(date.substr(5, 2)), Number(date.substr(8, 2)), time) ||
      !ReadClock(clock, time)) {
    return std::nullopt;
  }
  return time;
}

std::optional<CivilTime> ParseCtimeCivil(std::string_view text) {
  CivilTime time;
  if (text.size() != std::string_view("Sat Nov 21 03:10:09 2026").size() || text[3] != ' ' || text[7] != ' ' ||
      text[10] != ' ' || text[19] != ' ') {
    return std::nullopt;
  }
  const std::string_view day = text[8] == ' ' ? text.substr(9, 1) : text.substr(8, 2);
  if (!ReadDate(Number(text.substr(20)), MonthNamed(text.substr(4, 3)), Number(day), time) ||
      !ReadClock(text.substr(11, 8), time)) {
    return std::nullopt;
  }
  return time;
}

std::optional<DurationNs> ParseLoggedDuration(std::string_view text, DurationNs unit_ns) {
  if (text.empty() || text == "-" || text == "-1") return kNotLogged;
  Consume(text, "+");
  const auto duration = ParseDecimal(text, unit_ns);
  return duration && *duration <= kDurationMax ? duration : std::nullopt;
}

std::optional<TimeNs> ZonelessClock::ReadClf(std::string_view text) {
  const std::string_view second = text.substr(0, kClfSize);
  if (second != last_text_) {
    const auto civil = ParseClfCivil(second);
    if (!civil) return std::nullopt;
    last_text_ = second;  // never longer than its first assignment, so it allocates once
    last_time_ = zone_.ToUtc(*civil);
  }
  const std::string_view rest = text.substr(second.size());
  const auto fraction = ParseFraction(rest);
  return fraction ? std::optional<TimeNs>(last_time_ + *fraction) : std::nullopt;
}

}  // namespace revertd

#include "ingest/format/keyed_values.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/ascii.h"
#include "base/sample.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "ingest/format/civil_text.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

constexpr TimeNs kTimeEndNs = DaysFromCivil(2201, 1, 1) * 86400 * kSecondNs;
constexpr DurationNs kDurationMaxNs = 1'000'000'000 * kSecondNs;  // 31 years: a start may still be subtracted

bool ConsumeSign(std::string_view& text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  return negative;
}

// Takes "e-06" off the end of a number; 0 where there is none.
std::optional<int> ConsumeExponent(std::string_view& text) {
  const size_t at = text.find_first_of("eE");
  if (at == std::string_view::npos) return 0;
  std::string_view digits = text.substr(at + 1);
  text = text.substr(0, at);
  const bool negative = ConsumeSign(digits);
  const auto exponent = ParseUnsigned(digits);
  if (!exponent || digits.size() > 3) return std::nullopt;
  return negative ? -static_cast<int>(*exponent) : static_cast<int>(*exponent);
}

// A number without sign and point: `digits` * 10^`exponent`. Digits beyond the 19th only move the exponent.
struct Decimal {
  uint64_t digits = 0;
  int exponent = 0;
};

std::optional<Decimal> ReadDecimal(std::string_view text) {
  constexpr uint64_t kRoomForOneMore = 1'000'000'000'000'000'000;
  constexpr size_t kTextMax = 64;  // longer is no measurement; keeps the exponent in range
  if (text.size() > kTextMax) return std::nullopt;
  const auto exponent = ConsumeExponent(text);
  if (!exponent) return std::nullopt;
  Decimal decimal{.exponent = *exponent};
  bool any_digit = false;
  bool behind_point = false;
  for (const char c : text) {
    if (c == '.' && !behind_point) {
      behind_point = true;
      continue;
    }
    if (!IsDigit(c)) return std::nullopt;
    any_digit = true;
    const bool fits = decimal.digits < kRoomForOneMore;
    if (fits) decimal.digits = decimal.digits * 10 + static_cast<uint64_t>(c - '0');
    decimal.exponent += (fits ? 0 : 1) - (behind_point ? 1 : 0);
  }
  return any_digit ? std::optional<Decimal>(decimal) : std::nullopt;
}

// digits * 10^exponent, rounded; nullopt beyond int64_t.
std::optional<int64_t> ToInteger(Decimal decimal) {
  constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  for (; decimal.exponent > 0 && decimal.digits != 0; --decimal.exponent) {
    if (decimal.digits > kMax / 10) return std::nullopt;
    decimal.digits *= 10;
  }
  uint64_t dropped = 0;
  for (; decimal.exponent < 0 && (decimal.digits != 0 || dropped != 0); ++decimal.exponent) {
    dropped = decimal.digits % 10;
    decimal.digits /= 10;
  }
  if (dropped >= 5) ++decimal.digits;
  return decimal.digits > kMax ? std::nullopt : std::optional<int64_t>(static_cast<int64_t>(decimal.digits));
}

// The power of ten that makes nanoseconds of an epoch: 11 digits of seconds reach beyond 2200, 12 of milliseconds begin
// in 1973, and so on.
int PowerOfEpoch(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && IsDigit(text[digits])) ++digits;
  if (digits < text.size() && (text.find('e') != std::string_view::npos || text.find('E') != std::string_view::npos)) {
    return 9;
  }
  if (digits <= 11) return 9;
  if (digits <= 14) return 6;
  return digits <= 17 ? 3 : 0;
}

constexpr std::array<uint64_t, 10> kPowersOfTen = {1,       10,        100,        1'000,       10'000,
                                                   100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};

// What may be multiplied with each of them: a division here was a fifth of a line's cost.
constexpr std::array<uint64_t, 10> kMostTimes = [] {
  std::array<uint64_t, 10> most{};
  for (size_t i = 0; i < most.size(); ++i) most[i] = std::numeric_limits<int64_t>::max() / kPowersOfTen[i];
  return most;
}();

// Most numbers are short digits with a point at most: no exponent, no rounding, no overflow. nullopt: look closer.
std::optional<int64_t> ParsePlainScaled(std::string_view text, int power) {
  constexpr size_t kTextMax = 19;  // digits that fit whatever they are
  if (text.empty() || text.size() > kTextMax || text.front() == '.') return std::nullopt;
  uint64_t digits = 0;
  size_t behind_point = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.' && behind_point == 0) {
      behind_point = i + 1;
      continue;
    }
    if (!IsDigit(text[i])) return std::nullopt;
    digits = digits * 10 + static_cast<uint64_t>(text[i] - '0');
  }
  const int shift = power - static_cast<int>(behind_point == 0 ? 0 : text.size() - behind_point);
  if (shift < 0 || shift >= static_cast<int>(kPowersOfTen.size())) return std::nullopt;
  if (digits > kMostTimes[static_cast<size_t>(shift)]) return std::nullopt;
  return static_cast<int64_t>(digits * kPowersOfTen[static_cast<size_t>(shift)]);
}

// Whether `text` is made of what numbers are made of; "e" for exponents too.
bool IsNumberText(std::string_view text) {
  for (const char c : text) {
    if (!IsDigit(c) && c != '.' && c != 'e' && c != 'E' && c != '+' && c != '-') return false;
  }
  return true;
}

std::optional<TimeNs> InRange(std::optional<TimeNs> time) {
  return time && *time >= 0 && *time < kTimeEndNs ? time : std::nullopt;
}

// Takes "2026-11-21T03:12:35", also with a blank for the T or with slashes (Go's and Caddy's "wall"), or
// "21/Nov/2026:03:12:35" off the front.
std::optional<CivilTime> TakeCivilTime(std::string_view& text) {
  constexpr size_t kIsoBytes = 19;
  constexpr size_t kClfBytes = 20;
  std::optional<CivilTime> time;
  if (text.size() >= kIsoBytes && (text[4] == '-' || text[4] == '/') &&
      (text[10] == 'T' || text[10] == 't' || text[10] == ' ')) {
    time = ParseIsoCivil(text.substr(0, 10), text.substr(11, 8));
    text.remove_prefix(kIsoBytes);
  } else if (text.size() >= kClfBytes && text[2] == '/') {
    time = ParseClfCivil(text.substr(0, kClfBytes));
    text.remove_prefix(kClfBytes);
  }
  return time;
}

// ".342" or ",342"; nothing is 0.
std::optional<DurationNs> TakeFraction(std::string_view& text) {
  if (!text.starts_with('.') && !text.starts_with(',')) return 0;
  const size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
  if (end == 1 || end > 40) return std::nullopt;
  DurationNs value = 0;
  DurationNs unit = kSecondNs / 10;
  for (const char c : text.substr(1, end - 1)) {
    value += (c - '0') * unit;
    unit /= 10;
  }
  text.remove_prefix(end);
  return value;
}

// "Z", "+01:00", "+0100", "+01", also behind a blank: seconds east of UTC.
std::optional<int64_t> ParseZoneOffset(std::string_view text) {
  Consume(text, " ");
  if (text == "Z" || text == "z" || text == "UTC" || text == "GMT") return 0;
  if (!text.starts_with('+') && !text.starts_with('-')) return std::nullopt;
  const bool west = ConsumeSign(text);
  if (text.size() < 2) return std::nullopt;
  const auto hours = ParseUnsigned(text.substr(0, 2));
  text.remove_prefix(2);
  Consume(text, ":");
  const auto minutes = text.empty() ? std::optional<uint64_t>(0) : ParseUnsigned(text);
  if (!hours || *hours > 23 || !minutes || *minutes > 59 || (!text.empty() && text.size() != 2)) return std::nullopt;
  return (west ? -1 : 1) * static_cast<int64_t>(*hours * 3600 + *minutes * 60);
}

// Takes the unit behind a number; nullopt where it is none that Go, Google or people write.
std::optional<int> PowerOfUnit(std::string_view unit) {
  struct Row {
    std::string_view name;
    int power;
  };
  static constexpr std::array<Row, 7> kUnits = {
      {{"s", 9}, {"ms", 6}, {"us", 3}, {"\xC2\xB5s", 3}, {"\xCE\xBCs", 3}, {"ns", 0}, {"sec", 9}}};
  for (const Row& row : kUnits) {
    if (row.name == unit) return row.power;
  }
  return std::nullopt;
}

// "1m2.5s", "0.005192s", "350ms": Go's durations.
std::optional<DurationNs> ParseWithUnits(std::string_view text) {
  DurationNs sum = 0;
  while (!text.empty()) {
    const size_t digits = text.find_first_not_of("0123456789.");
    if (digits == std::string_view::npos || digits == 0) return std::nullopt;
    const std::string_view number = text.substr(0, digits);
    text.remove_prefix(digits);
    const std::string_view unit = text.substr(0, text.find_first_of("0123456789."));
    text.remove_prefix(unit.size());
    std::optional<DurationNs> part;
    if (unit == "h" || unit == "m") {
      part = ParseScaled(number, 9);
      const int64_t seconds = unit == "h" ? 3600 : 60;
      if (!part || *part > kDurationMaxNs / seconds) return std::nullopt;
      *part *= seconds;
    } else if (const auto power = PowerOfUnit(unit)) {
      part = ParseScaled(number, *power);
    }
    if (!part || *part > kDurationMaxNs - sum) return std::nullopt;
    sum += *part;
  }
  return sum;
}

std::optional<DurationNs> ParseOneDuration(std::string_view text, TimeUnit unit) {
  const bool has_unit = !text.empty() && !IsDigit(text.back()) && text.back() != '.';
  if (has_unit) return ParseWithUnits(text);
  switch (unit) {
    case TimeUnit::kSeconds: return ParseScaled(text, 9);
    case TimeUnit::kMillis: return ParseScaled(text, 6);
    case TimeUnit::kMicros: return ParseScaled(text, 3);
    case TimeUnit::kNanos: return ParseScaled(text, 0);
    case TimeUnit::kByForm: break;
  }
  return ParseScaled(text, text.find_first_of(".eE") == std::string_view::npos ? 6 : 9);
}

// Takes the next member of nginx's list: up to ", " or " : ", also up to a bare comma.
std::string_view TakeMember(std::string_view& list) {
  size_t end = std::min(list.find(','), list.find(" : "));
  const std::string_view member = Trim(list.substr(0, end));
  if (end == std::string_view::npos) {
    list = {};
  } else {
    list.remove_prefix(end + (list[end] == ',' ? 1 : 3));
  }
  return member;
}

}  // namespace

std::optional<int64_t> ParseScaled(std::string_view text, int power) {
  if (const auto plain = ParsePlainScaled(text, power)) return plain;
  const bool negative = ConsumeSign(text);
  auto decimal = ReadDecimal(text);
  if (!decimal) return std::nullopt;
  decimal->exponent += power;
  const auto value = ToInteger(*decimal);
  return value && negative ? -*value : value;
}

std::optional<TimeNs> ParseAnyTime(std::string_view text, const TimeZone& zone) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  if (IsNumberText(text)) return InRange(ParseScaled(text, PowerOfEpoch(text)));
  std::string_view rest = text;
  const auto time = TakeCivilTime(rest);
  if (!time) return std::nullopt;
  const auto fraction = TakeFraction(rest);
  if (!fraction) return std::nullopt;
  if (rest.empty()) return InRange(zone.ToUtc(*time) + *fraction);
  const auto offset = ParseZoneOffset(rest);
  if (!offset) return std::nullopt;
  return InRange(TimeZone().ToUtc(*time) - *offset * kSecondNs + *fraction);
}

std::optional<DurationNs> ParseAnyDuration(std::string_view text, TimeUnit unit) {
  // Most are one number, not a list.
  if (!text.empty() && IsDigit(text.front()) && IsNumberText(text)) {
    const auto duration = ParseOneDuration(text, unit);
    return duration && *duration <= kDurationMaxNs ? duration : std::nullopt;
  }
  DurationNs sum = kNotLogged;
  while (!text.empty()) {
    const std::string_view member = TakeMember(text);
    if (IsBlankValue(member)) continue;
    const auto duration = ParseOneDuration(member, unit);
    if (!duration || *duration > kDurationMaxNs) return std::nullopt;
    if (*duration < 0) continue;
    sum = (sum == kNotLogged ? 0 : sum) + *duration;
    if (sum > kDurationMaxNs) return std::nullopt;
  }
  return sum;
}

std::string_view LastOfList(std::string_view text) {
  std::string_view last;
  while (!text.empty()) {
    const std::string_view member = TakeMember(text);
    if (!IsBlankValue(member)) last = member;
  }
  return last;
}

}  // namespace revertd

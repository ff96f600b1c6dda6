#include "ingest/format/time_pattern.h"

#include <chrono>

#include "base/ascii.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

constexpr std::string_view kLetters = "YymdeHkIlMSpbBhaAzZsf%nt";

std::string_view Composite(char letter) {
  switch (letter) {
    case 'T': return "%H:%M:%S";
    case 'D': return "%m/%d/%y";
    case 'F': return "%Y-%m-%d";
    case 'R': return "%H:%M";
    default: return {};
  }
}

// What has been read of a time so far.
struct Parts {
  CivilTime civil;
  int hour_of_half_day = -1;
  bool is_afternoon = false;
  DurationNs fraction_ns = 0;
  std::optional<int64_t> offset_seconds;
  std::optional<int64_t> epoch_seconds;
};

// At least one and at most `digits_max` digits, up to `max`; strftime pads %e, %k and %l with a blank.
bool ConsumeNumber(std::string_view& rest, size_t digits_max, int64_t max, int64_t& value) {
  if (digits_max == 2 && rest.starts_with(' ')) rest.remove_prefix(1);
  size_t digits = 0;
  int64_t number = 0;
  while (digits < digits_max && digits < rest.size() && IsDigit(rest[digits])) {
    number = number * 10 + (rest[digits] - '0');
    ++digits;
  }
  if (digits == 0 || number > max) return false;
  rest.remove_prefix(digits);
  value = number;
  return true;
}

bool ConsumeSmallNumber(std::string_view& rest, int max, int& value) {
  int64_t number = 0;
  if (!ConsumeNumber(rest, 2, max, number)) return false;
  value = static_cast<int>(number);
  return true;
}

std::string_view TakeLetters(std::string_view& rest) {
  size_t length = 0;
  while (length < rest.size() && IsLetter(rest[length])) ++length;
  const std::string_view word = rest.substr(0, length);
  rest.remove_prefix(length);
  return word;
}

bool ConsumeMonth(std::string_view& rest, int& month) {
  const std::string_view name = TakeLetters(rest);
  if (name.size() < 3) return false;
  month = MonthNamed(name.substr(0, 3));
  return month != 0;
}

// "+0100", "+01:00" and "Z".
bool ConsumeOffset(std::string_view& rest, std::optional<int64_t>& offset) {
  if (Consume(rest, "Z")) {
    offset = 0;
    return true;
  }
  const bool is_west = rest.starts_with('-');
  if (!is_west && !rest.starts_with('+')) return false;
  rest.remove_prefix(1);
  int hours = 0;
  int minutes = 0;
  if (!ConsumeSmallNumber(rest, 23, hours)) return false;
  Consume(rest, ":");
  if (!ConsumeSmallNumber(rest, 59, minutes)) return false;
  offset = (is_west ? -1 : 1) * (hours * 3600 + minutes * 60);
  return true;
}

bool ConsumeFraction(std::string_view& rest, DurationNs& fraction_ns) {
  size_t digits = 0;
  DurationNs unit = kSecondNs / 10;
  for (; digits < rest.size() && IsDigit(rest[digits]); ++digits, unit /= 10)
    fraction_ns += (rest[digits] - '0') * unit;
  rest.remove_prefix(digits);
  return digits > 0;
}

bool ConsumeYear(char letter, std::string_view& rest, int64_t& year) {
  if (letter == 'Y') return ConsumeNumber(rest, 4, 2200, year) && year >= 1970;
  constexpr int kCenturyTurn = 69;  // strptime's: 69 to 99 are of the last century
  if (!ConsumeNumber(rest, 2, 99, year)) return false;
  year += year < kCenturyTurn ? 2000 : 1900;
  return true;
}

bool ConsumeZoneName(std::string_view& rest, std::optional<int64_t>& offset) {
  const std::string_view name = TakeLetters(rest);
  // Other names mean different hours in different places; the reader's own zone has the word.
  if (name == "UTC" || name == "GMT" || name == "Z") offset = 0;
  return !name.empty();
}

bool ConsumeLetter(char letter, std::string_view& rest, Parts& parts) {
  constexpr int64_t kEpochSecondsMax = 7'289'654'400;  // the year 2201
  switch (letter) {
    case 'Y':
    case 'y': return ConsumeYear(letter, rest, parts.civil.year);
    case 'm': return ConsumeSmallNumber(rest, 12, parts.civil.month);
    case 'd':
    case 'e': return ConsumeSmallNumber(rest, 31, parts.civil.day);
    case 'H':
    case 'k': return ConsumeSmallNumber(rest, 23, parts.civil.hour);
    case 'I':
    case 'l': return ConsumeSmallNumber(rest, 12, parts.hour_of_half_day);
    case 'M': return ConsumeSmallNumber(rest, 59, parts.civil.minute);
    case 'S': return ConsumeSmallNumber(rest, 60, parts.civil.second);
    case 'b':
    case 'B':
    case 'h': return ConsumeMonth(rest, parts.civil.month);
    case 'a':
    case 'A': return !TakeLetters(rest).empty();
    case 'p': parts.is_afternoon = rest.starts_with('P') || rest.starts_with('p'); return TakeLetters(rest).size() == 2;
    case 'z': return ConsumeOffset(rest, parts.offset_seconds);
    case 'Z': return ConsumeZoneName(rest, parts.offset_seconds);
    case 'f': return ConsumeFraction(rest, parts.fraction_ns);
    case 's': {
      int64_t seconds = 0;
      if (!ConsumeNumber(rest, 10, kEpochSecondsMax, seconds)) return false;
      parts.epoch_seconds = seconds;
      return true;
    }
    case 'n': return Consume(rest, "\n");
    case 't': return Consume(rest, "\t");
    default: return Consume(rest, std::string_view(&letter, 1));
  }
}

std::optional<TimeNs> TimeOf(Parts parts, const TimeZone& zone) {
  if (parts.epoch_seconds) return *parts.epoch_seconds * kSecondNs + parts.fraction_ns;
  if (parts.hour_of_half_day >= 0) parts.civil.hour = parts.hour_of_half_day % 12 + (parts.is_afternoon ? 12 : 0);
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(parts.civil.year)},
                                         std::chrono::month{static_cast<unsigned>(parts.civil.month)},
                                         std::chrono::day{static_cast<unsigned>(parts.civil.day)}};
  if (!date.ok()) return std::nullopt;
  if (!parts.offset_seconds) return zone.ToUtc(parts.civil) + parts.fraction_ns;
  return TimeZone().ToUtc(parts.civil) - *parts.offset_seconds * kSecondNs + parts.fraction_ns;
}

}  // namespace

StatusOr<TimePattern> TimePattern::Compile(std::string_view letters) {
  std::string expanded;
  for (size_t i = 0; i < letters.size(); ++i) {
    if (letters[i] != '%') {
      expanded += letters[i];
      continue;
    }
    const char letter = i + 1 < letters.size() ? letters[++i] : '\0';
    if (const std::string_view composite = Composite(letter); !composite.empty()) {
      expanded += composite;
    } else if (letter != '\0' && kLetters.find(letter) != std::string_view::npos) {
      expanded += '%';
      expanded += letter;
    } else {
      return InvalidArgument("no time can be read back from \"%" + std::string(1, letter) + "\"");
    }
  }
  return TimePattern(std::move(expanded));
}

bool TimePattern::IsComplete() const {
  const auto has = [this](std::string_view any_of) {
    for (size_t i = 0; i + 1 < letters_.size(); ++i) {
      if (letters_[i] != '%') continue;
      if (any_of.find(letters_[++i]) != std::string_view::npos) return true;
    }
    return false;
  };
  return has("s") || (has("Yy") && has("mbBh") && has("de") && has("HkIl") && has("M") && has("S"));
}

std::optional<TimeNs> TimePattern::Parse(std::string_view text, const TimeZone& zone) const {
  Parts parts;
  std::string_view rest = text;
  for (size_t i = 0; i < letters_.size(); ++i) {
    if (letters_[i] != '%') {
      if (!Consume(rest, std::string_view(&letters_[i], 1))) return std::nullopt;
    } else if (!ConsumeLetter(letters_[++i], rest, parts)) {
      return std::nullopt;
    }
  }
  return rest.empty() ? TimeOf(parts, zone) : std::nullopt;
}

}  // namespace revertd

#include "ingest/format/text_fields.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>

#include "base/ascii.h"
#include "base/sample.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace revertd {
namespace {

// Exactly `count` digits at `at`; -1 where anything else stands. The caller knows that the text is long enough.
int Digits(std::string_view text, size_t at, size_t count) {
  int value = 0;
  for (size_t i = at; i < at + count; ++i) {
    if (!IsDigit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

// RFC 9110's token characters.
constexpr bool IsTokenCharacter(char c) {
  return IsDigit(c) || IsLetter(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

size_t MethodLength(std::string_view request) {
  size_t length = 0;
  while (length < request.size() && IsTokenCharacter(request[length])) ++length;
  return length;
}

constexpr bool IsUpperCase(std::string_view method) {
  return method.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos;
}

// "HTTP/1.1", and what old and broken clients write: "HTTP/1.x".
bool IsProtocol(std::string_view text) { return text.starts_with("HTTP/"); }

// "RTSP/1.0": another protocol's requests look like ours up to here.
bool IsForeignProtocol(std::string_view text) {
  const size_t slash = text.find('/');
  return slash != std::string_view::npos && slash > 0 && IsUpperCase(text.substr(0, slash)) &&
         slash + 1 < text.size() && IsDigit(text[slash + 1]);
}

// Takes scheme and authority off an absolute target and answers the authority without user and port. Only http and
// https: of "a:b://c" nobody knows what it is. Varnish puts the authority right before an asterisk too.
std::string_view ConsumeAuthority(std::string_view& target) {
  if (!Consume(target, "http://") && !Consume(target, "https://")) return {};
  std::string_view authority = target.substr(0, target.find_first_of("/?*"));
  target.remove_prefix(authority.size());
  if (target.empty() || target.front() == '?') target = "/";
  authority.remove_prefix(authority.rfind('@') + 1);  // npos + 1 is 0
  return HostWithoutPort(authority);
}

}  // namespace

bool Consume(std::string_view& rest, std::string_view expected) {
  if (!rest.starts_with(expected)) return false;
  rest.remove_prefix(expected.size());
  return true;
}

std::string_view TakeUntil(std::string_view& rest, char end) {
  const std::string_view text = rest.substr(0, rest.find(end));
  rest.remove_prefix(text.size());
  return text;
}

bool ConsumeQuoted(std::string_view& rest, std::string_view& text) {
  if (rest.empty() || rest.front() != '"') return false;
  for (size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      text = rest.substr(1, i - 1);
      rest.remove_prefix(i + 1);
      return true;
    }
    if (rest[i] == '\\') ++i;
  }
  return false;
}

int MonthNamed(std::string_view name) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const size_t at = name.size() == 3 ? kMonths.find(name) : std::string_view::npos;
  return at == std::string_view::npos || at % 3 != 0 ? 0 : static_cast<int>(at / 3 + 1);
}

std::optional<DurationNs> ParseFraction(std::string_view text) {
  constexpr size_t kBytesMax = 10;
  if (text.empty()) return 0;
  if (text.size() == 1 || text.size() > kBytesMax || text[0] != '.') return std::nullopt;
  DurationNs fraction = 0;
  DurationNs place = kSecondNs;
  for (const char c : text.substr(1)) {
    if (!IsDigit(c)) return std::nullopt;
    place /= 10;
    fraction += (c - '0') * place;
  }
  return fraction;
}

std::optional<TimeNs> ParseClfTime(std::string_view text) {
  constexpr std::string_view kShape = "dd/Mon/yyyy:HH:MM:SS +zzzz";
  constexpr size_t kSecondBytes = 20;  // through the second
  constexpr size_t kZoneBytes = 6;
  if (text.size() < kShape.size() || text[2] != '/' || text[6] != '/' || text[11] != ':' || text[14] != ':' ||
      text[17] != ':') {
    return std::nullopt;
  }
  const std::string_view zone = text.substr(text.size() - kZoneBytes);
  const auto fraction = ParseFraction(text.substr(kSecondBytes, text.size() - kSecondBytes - kZoneBytes));
  if (!fraction || zone[0] != ' ' || (zone[1] != '+' && zone[1] != '-')) return std::nullopt;
  const int day = Digits(text, 0, 2);
  const int year = Digits(text, 7, 4);
  const int hour = Digits(text, 12, 2);
  const int minute = Digits(text, 15, 2);
  const int second = Digits(text, 18, 2);
  const int offset_hours = Digits(zone, 2, 2);
  const int offset_minutes = Digits(zone, 4, 2);
  const int month = MonthNamed(text.substr(3, 3));
  if (day < 1 || month == 0 || year < 1970 || year > 2200 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
      second < 0 || second > 60 || offset_hours < 0 || offset_hours > 23 || offset_minutes < 0 || offset_minutes > 59) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  const int64_t offset = (zone[1] == '-' ? -1 : 1) * (offset_hours * 3600 + offset_minutes * 60);
  return (DaysFromCivil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset) * kSecondNs +
         *fraction;
}

std::optional<int> ParseStatus(std::string_view text) {
  if (text.size() != 3) return std::nullopt;
  const int status = Digits(text, 0, 3);
  return status < 0 ? std::nullopt : std::optional<int>(status);
}

std::optional<int64_t> ParseSize(std::string_view text) {
  constexpr size_t kDigitsMax = 18;  // below 2^63 whatever they are
  if (text == "-") return kNotLogged;
  if (text.empty() || text.size() > kDigitsMax) return std::nullopt;
  const auto size = ParseUnsigned(text);
  return size ? std::optional<int64_t>(static_cast<int64_t>(*size)) : std::nullopt;
}

std::optional<DurationNs> ParseMillisecondSeconds(std::string_view text) {
  constexpr size_t kSecondDigitsMax = 9;  // 31 years; in nanoseconds still below 2^63
  if (text == "-") return kNotLogged;
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot > kSecondDigitsMax || text.size() != dot + 4) {
    return std::nullopt;
  }
  const int seconds = Digits(text, 0, dot);
  const int milliseconds = Digits(text, dot + 1, 3);
  if (seconds < 0 || milliseconds < 0) return std::nullopt;
  return seconds * kSecondNs + milliseconds * kMillisecondNs;
}

std::optional<int64_t> ParseDecimal(std::string_view text, int64_t unit_ns) {
  const size_t dot = text.find('.');
  const auto whole = ParseUnsigned(text.substr(0, dot));
  if (!whole || *whole >= static_cast<uint64_t>(std::numeric_limits<int64_t>::max() / unit_ns)) return std::nullopt;
  int64_t fraction = 0;
  if (dot != std::string_view::npos) {
    const std::string_view digits = text.substr(dot + 1);
    if (digits.empty()) return std::nullopt;
    int64_t digit_unit = unit_ns;
    for (const char c : digits) {
      if (!IsDigit(c)) return std::nullopt;
      digit_unit /= 10;
      fraction += (c - '0') * digit_unit;
    }
  }
  return static_cast<int64_t>(*whole) * unit_ns + fraction;
}

std::optional<TimeNs> ParseIsoTime(std::string_view text) {
  constexpr size_t kShortOffset = 5;  // +0100
  constexpr size_t kLengthMax = 40;   // a date, a time, nine decimals and an offset are 35
  if (text.size() < kShortOffset || text.size() >= kLengthMax) return std::nullopt;
  const size_t sign = text.size() - kShortOffset;
  if (text[sign] != '+' && text[sign] != '-') return ParseTime(text);
  std::array<char, kLengthMax> with_colon;
  const char* const minutes = text.end() - 2;
  char* end = std::copy(text.begin(), minutes, with_colon.begin());
  *end++ = ':';
  end = std::copy(minutes, text.end(), end);
  return ParseTime({with_colon.data(), static_cast<size_t>(end - with_colon.data())});
}

bool IsMethod(std::string_view text) { return !text.empty() && text != "-" && MethodLength(text) == text.size(); }

Target SplitTarget(std::string_view target) {
  const std::string_view host = ConsumeAuthority(target);
  return {.host = host, .path = target.substr(0, target.find('?'))};
}

RequestLine SplitRequestLine(std::string_view request) {
  const size_t method_length = MethodLength(request);
  if (method_length == 0 || method_length == request.size() || request[method_length] != ' ') return {};
  const std::string_view method = request.substr(0, method_length);
  std::string_view text = request.substr(method_length + 1);
  const size_t last_blank = text.rfind(' ');
  const std::string_view last_word = last_blank == std::string_view::npos ? "" : text.substr(last_blank + 1);
  if (IsProtocol(last_word)) {
    text = text.substr(0, last_blank);
  } else if (!text.starts_with('/') || !IsUpperCase(method) || IsForeignProtocol(last_word)) {
    return {};  // without a protocol only HTTP/0.9's "GET /path" is a request
  }
  const Target target = SplitTarget(text);
  // Apache and Varnish write "- / HTTP/1.0" where they met no request.
  if (target.path.empty() || !IsMethod(method)) return {};
  return {.method = method, .host = target.host, .path = target.path};
}

std::string_view HostWithoutPort(std::string_view host) {
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(0, end + 1);
  }
  const size_t colon = host.find(':');
  if (colon == std::string_view::npos || host.find(':', colon + 1) != std::string_view::npos) return host;
  return host.substr(0, colon);
}

bool MayBeHost(std::string_view host) {
  const bool is_bracketed = host.starts_with('[');
  if (!is_bracketed && host.find(':') == std::string_view::npos) return true;
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  return host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

std::string DecodeNginxEscapes(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == '"' || next == '\\') {
      decoded += next;
      ++i;
      continue;
    }
    const int high = next == 'x' && i + 3 < text.size() ? HexDigit(text[i + 2]) : -1;
    const int low = high >= 0 ? HexDigit(text[i + 3]) : -1;
    if (low >= 0) {
      decoded += static_cast<char>(high * 16 + low);
      i += 3;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace revertd

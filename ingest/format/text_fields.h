// Small exact readers of the fields that text log formats share. Pure functions, no allocation but where a
// std::string is returned; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace revertd {

// Takes `expected` off the front of `rest`; false, and `rest` unchanged, where something else stands there.
bool Consume(std::string_view& rest, std::string_view expected);
// Takes the text up to, not including, `end`; all of `rest` where there is no `end`.
std::string_view TakeUntil(std::string_view& rest, char end);
// Takes a quoted text, escapes left in. nginx writes a quote as \x22, others as \"; both are inside the text.
bool ConsumeQuoted(std::string_view& rest, std::string_view& text);

// "Jan" is 1, "Dec" is 12; 0 for anything else.
int MonthNamed(std::string_view name);
// ".250", at most nine digits; nothing is 0.
std::optional<DurationNs> ParseFraction(std::string_view text);
// "21/Nov/2026:03:10:09 +0100", a fraction may stand behind the second; years 1970 to 2200 (base/time_format.h reads
// the same range). A leap second's 60 becomes the next minute's 0, as POSIX time has it.
std::optional<TimeNs> ParseClfTime(std::string_view text);
// Three digits. nginx writes the answer of an HTTP/0.9 upstream as 009.
std::optional<int> ParseStatus(std::string_view text);
// Digits, or "-" for kNotLogged.
std::optional<int64_t> ParseSize(std::string_view text);
// "12.345", nginx's seconds with exactly three decimals, or "-" for kNotLogged.
std::optional<DurationNs> ParseMillisecondSeconds(std::string_view text);
// "12", "0.0031": digits with an optional fraction and no sign, times `unit_ns`; at most 2^63 - 1 ns. Digits beyond the
// nanosecond say nothing.
std::optional<int64_t> ParseDecimal(std::string_view text, int64_t unit_ns);
// RFC 3339, also with the offset as strftime's %z writes it ("+0100").
std::optional<TimeNs> ParseIsoTime(std::string_view text);

// Whether `text` can be a method: an RFC 9110 token, and not the "-" of a request that was none.
bool IsMethod(std::string_view text);

struct Target {
  std::string_view host;  // of an absolute target, without user and port; else empty
  std::string_view path;  // without the query, scheme and authority; "/" where an absolute target has no path
};
Target SplitTarget(std::string_view target);

// Method, host and path of an HTTP request line. All empty where the server met something else: TLS on a plain port,
// an empty request, a scanner's bytes. A target may hold blanks: old servers let them through.
struct RequestLine {
  std::string_view method;
  std::string_view host;
  std::string_view path;
};
RequestLine SplitRequestLine(std::string_view request);

// "shop.example.com:443" and "[::1]:443" without the port; a bare IPv6 address stays whole.
std::string_view HostWithoutPort(std::string_view host);
// Whether a host without its port, or nothing, can be one: only addresses have brackets and colons. Keeps what shippers
// put in front of a line (a time, a pod's name) from passing for a host.
bool MayBeHost(std::string_view host);

// nginx's escapes \xHH, \" and \\ as the bytes they stand for; any other backslash stays as it is.
std::string DecodeNginxEscapes(std::string_view text);

}  // namespace revertd

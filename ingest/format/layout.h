// Layout: what one line of a text log is made of, literals and fields in their order, as a server's own format string
// says it. The exact reader (layout_reader.h) interprets it; the fast plans compile it.
//
// A compiled layout is clean: at most one field of each meaning is left, the finest (of $time_local and $msec the
// latter, of %T and %D the latter, of $bytes_sent and $body_bytes_sent the latter; the others are ignored), there is a
// time, and between two fields stands a literal, except where the second is a target or path: that begins with its '/'.
//
// Thread contract: a plain value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ingest/format/access_record.h"

namespace revertd {

enum class LayoutField : uint8_t {
  kIgnored,           // any text
  kIgnoredWord,       // text without a blank
  kIgnoredList,       // a word, or several behind ", " and " : ": X-Forwarded-For, $upstream_status
  kIgnoredNumber,     // decimals optional, or "-"
  kIgnoredQuoted,     // any text in which every quote is closed; only as the last field, with nothing behind
  kTimeClf,           // 21/Nov/2026:03:10:09 +0000
  kTimeIso,           // 2026-11-21T03:10:09+00:00, with or without a fraction
  kTimeEpochSeconds,  // 1795230609.493, fraction optional
  kTimeEpochMillis,   // 1795230609493
  kTimeEpochMicros,   // 1795230609493123
  kTimeOther,         // `LayoutItem::time_format`, the letters of time_pattern.h
  kRequestLine,       // GET /cart?id=7 HTTP/1.1
  kMethod,
  kTarget,       // path and query
  kPathAndArgs,  // nginx's $uri$is_args$args: path and query, or the path and a "-" where there is no query
  kPath,         // without the query
  kStatus,
  kBytes,
  kDurationSeconds,       // 0.003: always with decimals, as nginx writes it
  kDurationWholeSeconds,  // 3
  kDurationMillis,
  kDurationMicros,
  kSecondsAgain,     // whole seconds of a duration that is read elsewhere in the line
  kUpstreamSeconds,  // nginx's list: 0.001, 0.002 : 0.003 with "-" members; their sum
  kConnectSeconds,   // the same of connecting
  kHost,             // with or without a port
  kUpstream,         // address or name; of a list the last
  kBackend,
  kRelease,
  kConnection,  // Apache's %X: "X" where the client went away before the answer was complete
};

// Whether a field begins with a '/'.
constexpr bool IsTarget(LayoutField field) {
  return field == LayoutField::kTarget || field == LayoutField::kPathAndArgs || field == LayoutField::kPath;
}

struct LayoutItem {
  std::string literal;  // what stands before the field
  LayoutField field = LayoutField::kIgnored;
  std::string time_format;  // of kTimeOther

  friend bool operator==(const LayoutItem&, const LayoutItem&) = default;
};

struct Layout {
  std::vector<LayoutItem> items;
  std::string tail;            // the literal after the last field
  bool time_is_start = false;  // Apache logs when the request came, nginx when it was answered
  Escapes escapes = Escapes::kNone;
  // A quote inside a field has a backslash before it or is written \x22, so that a bare quote ends a field. Not so in
  // Traefik's lines and under nginx's escape=none: there a field ends at the whole literal behind it.
  bool quotes_are_escaped = true;
  // What has no value is left out, where else it is "-": nginx's escape=json and escape=none.
  bool nothing_is_empty = false;
};

// Compile a server's format string. An error names the directive and its place (1-based byte) in the string.
StatusOr<Layout> CompileNginxLayout(std::string_view log_format);
// Also lighttpd's and varnishncsa's, which are the same language with other names in it.
StatusOr<Layout> CompileApacheLayout(std::string_view log_format);

}  // namespace revertd

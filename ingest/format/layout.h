// Layout: what one line of a text log is made of, literals and fields in their order, as a server's own format string
// says it. The exact reader (layout_reader.h) interprets it; the fast plans compile it.
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
  kTimeClf,           // 21/Nov/2026:03:10:09 +0000
  kTimeIso,           // 2026-11-21T03:10:09+00:00, with or without a fraction
  kTimeEpochSeconds,  // 1795230609.493, fraction optional
  kTimeEpochMillis,   // 1795230609493
  kTimeEpochMicros,   // 1795230609493123
  kTimeOther,         // `LayoutItem::time_format`, strptime's letters
  kRequestLine,       // GET /cart?id=7 HTTP/1.1
  kMethod,
  kTarget,  // path and query
  kPath,    // without the query
  kQuery,
  kStatus,
  kBytes,
  kDurationSeconds,  // 0.003 or 3: seconds, decimals optional
  kDurationMillis,
  kDurationMicros,
  kUpstreamSeconds,  // nginx's list: 0.001, 0.002 : 0.003 with "-" members; their sum
  kUpstreamMillis,
  kConnectSeconds,  // the same of connecting
  kHost,            // with or without a port
  kUpstream,        // address or name; of a list the last
  kBackend,
  kRelease,
};

struct LayoutItem {
  std::string literal;  // what stands before the field
  LayoutField field = LayoutField::kIgnored;
  std::string time_format;  // of kTimeOther
};

struct Layout {
  std::vector<LayoutItem> items;
  std::string tail;            // the literal after the last field
  bool time_is_start = false;  // Apache logs when the request came, nginx when it was answered
  Escapes escapes = Escapes::kNone;
};

// Compile a server's format string. An error names the directive and its place (1-based byte) in the string.
StatusOr<Layout> CompileNginxLayout(std::string_view log_format);
StatusOr<Layout> CompileApacheLayout(std::string_view log_format);

}  // namespace revertd

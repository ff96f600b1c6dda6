// ColumnRow: reads the cells of one line by their ordinal into a record. What a column means is a Column; formats are
// lists of them (columns.cc has a table, w3c.cc makes them from directives).
//
// Thread contract: the functions are pure, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/time_zone.h"
#include "ingest/format/access_record.h"
#include "ingest/format/cells.h"

namespace revertd {

enum class Column : uint8_t {
  kIgnored,
  // What only proves the layout.
  kWord,         // without quotes or brackets
  kQuoted,       // in quotes
  kDetails,      // Envoy's: a word, which may go on in braces: reset_before_response{connection failure}
  kTls,          // "tls", a network load balancer's only kind of line
  kS3Operation,  // REST.GET.OBJECT
  // Times. A line has a start, an end or both; where one is missing the duration makes it.
  kStartIso,        // 2026-11-21T03:10:09.123Z, also in brackets
  kEndIso,          // the same
  kStartIsoOrNone,  // the same, or anything where none is known
  kEndIsoUtc,       // 2026-11-21T03:10:09, UTC without saying so
  kStartClf,        // [21/Nov/2026:03:10:09 +0000]
  kEndEpoch,        // 1795230609.493
  kDate,            // 2026-11-21, the end's; where there is none, RowOptions::date
  kClock,           // 03:10:09, fraction optional
  // What was asked.
  kRequestLine,   // GET /cart HTTP/1.1
  kRequestParts,  // the same with "-" for any part (SplitThreeParts)
  kMethod,
  kTarget,  // path and query, absolute or not; of CONNECT the authority
  // What was answered.
  kStatus,       // "-" where none is known; 0 where the client was gone
  kSquidResult,  // TCP_MISS/200
  kFlags,        // Envoy's response flags
  kBytes,
  // How long it took. Parts are summed; a part that is not known makes the sum unknown.
  kDurationSeconds,
  kDurationMillis,
  kDurationMicros,
  kDurationByForm,  // with a decimal point seconds, without milliseconds
  kPartSeconds,
  kUpstreamSeconds,  // a part too
  kUpstreamMillis,   // no part
  // Who answered.
  kHost,
  kHostIfNone,  // where kHost says nothing
  kUpstream,
  kSquidPeer,  // HIER_DIRECT/192.0.2.7
  kBackend,
  kTargetGroup,  // arn:aws:elasticloadbalancing:...:targetgroup/NAME/ID
  kAppBalancer,  // app/NAME/ID, the backend where there is no target group
  kNetBalancer,  // net/NAME/ID
  kCluster,      // outbound|80||NAME
};

struct RowOptions {
  TimeZone zone;          // of kDate and kClock
  std::string_view date;  // the day of a line that has a clock only
};

// Whether cells and columns are of one layout.
bool FitsColumns(std::span<const Cell> cells, std::span<const Column> columns);
// Cuts `line` at its blanks into at most as many cells as there are columns and answers how many there were: none as
// soon as one does not fit, so that another format's line costs little.
size_t CutFitting(std::string_view line, std::span<const Column> columns, std::span<Cell> cells);
// Reads cells that fit. Never kNoFormat.
ParseError ReadRow(std::span<const Cell> cells, std::span<const Column> columns, const RowOptions& options,
                   AccessRecord& record);

}  // namespace revertd

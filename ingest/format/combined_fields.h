// What the formats of nginx's "combined" family share:
//   HEAD [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"TAIL
// where HEAD ends in "$remote_addr - $remote_user". nginx escapes quotes and backslashes in every variable, so the
// first quote of a line opens the request and what stands right before it is the time. Pure functions, any thread.
#pragma once

#include <string_view>

#include "ingest/format/access_record.h"

namespace revertd {

struct CombinedFields {
  std::string_view before_user;  // all before " - $remote_user": the client, or host and client
  std::string_view time;
  std::string_view request;
  std::string_view status;
  std::string_view size;
  std::string_view tail;  // all after the user agent's quote
};

// Whether `line` has the layout; says nothing of the fields' own text.
bool SplitCombined(std::string_view line, CombinedFields& fields);
// Reads the fields but before_user and tail into `record`; start_ns is end_ns until a duration is known.
ParseError ReadCombined(const CombinedFields& fields, AccessRecord& record);

}  // namespace revertd

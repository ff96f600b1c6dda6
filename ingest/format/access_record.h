// AccessRecord: one request as an access log tells it, and ParseError: why a line told nothing.
//
// Thread contract: plain values. Invariant: every view points into the line that was parsed (or is empty), so a
// record lives no longer than its line. Text is as logged: escapes are not decoded, hosts are not lower-cased.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/counters.h"
#include "base/sample.h"

namespace revertd {

struct AccessRecord {
  TimeNs end_ns = 0;    // at the log's resolution
  TimeNs start_ns = 0;  // end less duration; equals end_ns where no duration is logged
  int status = 0;
  std::string_view method;    // empty: the request was not HTTP
  std::string_view host;      // without port, IPv6 in its brackets; empty: not logged
  std::string_view path;      // without the query; empty: the request was not HTTP
  std::string_view upstream;  // empty: not logged
  std::string_view release;   // empty: not logged
  int64_t bytes = kNotLogged;
  DurationNs duration_ns = kNotLogged;
  DurationNs upstream_ns = kNotLogged;
};

enum class ParseError : uint8_t {
  kNone,
  kEmpty,      // nothing but white space
  kNoFormat,   // no known format fits
  kBadTime,    // the format fits, its time does not
  kBadStatus,  // the format fits, its status does not
  kBadField,   // the format fits, another field does not
};

// "none", "empty", "no_format", "bad_time", "bad_status", "bad_field".
std::string_view NameOf(ParseError error);
// Where a line with this error is counted; not for kNone.
Counter CounterOf(ParseError error);

}  // namespace revertd

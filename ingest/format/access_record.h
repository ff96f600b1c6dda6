// AccessRecord: one request as an access log tells it, and ParseError: why a line told nothing.
//
// Thread contract: plain values. Invariant: every view points into the line that was parsed, into its reader's scratch
// memory or to a literal, so a record lives no longer than its line and until its reader's next Parse. Hosts are not
// lower-cased; text is as logged (a JSON string's own escapes are undone), `escapes` says what is still in it.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/counters.h"
#include "base/sample.h"

namespace revertd {

// How a server wrote bytes that its log could not hold, in method, path and host.
enum class Escapes : uint8_t {
  kNone,   // the text is what was asked for, or its escapes are left alone (Apache's \xhh, in lower case)
  kNginx,  // \xHH, \" and \\ stand for bytes; DecodeNginxEscapes undoes them
  kJson,   // those of a JSON string in a line that is read as text (nginx's escape=json)
};

// Of formats without a status (TCP, TLS logs): nothing is known, least of all a failure.
inline constexpr int kStatusNotLogged = -1;

struct AccessRecord {
  TimeNs end_ns = 0;    // at the log's best resolution; where only the start is logged, start plus duration
  TimeNs start_ns = 0;  // end less duration; equals end_ns where no duration is logged
  int status = kStatusNotLogged;
  bool aborted = false;  // the client went away by other evidence than 499 and 0: termination states, response flags
  Escapes escapes = Escapes::kNone;
  std::string_view method;    // empty: the request was not HTTP
  std::string_view host;      // without port, IPv6 in its brackets; empty: not logged
  std::string_view path;      // without the query; empty: the request was not HTTP
  std::string_view backend;   // backend, cluster or target group, a service's name where no host is logged
  std::string_view upstream;  // the server that answered: address or name, the last of a list; empty: not logged
  std::string_view release;   // empty: not logged
  int64_t bytes = kNotLogged;
  DurationNs duration_ns = kNotLogged;
  DurationNs upstream_ns = kNotLogged;  // the sum over tries
  DurationNs queue_ns = kNotLogged;     // saturation: time in the balancer's queue (HAProxy Tw)
  DurationNs connect_ns = kNotLogged;   // saturation: time to connect to the upstream (HAProxy Tc, nginx)
  int64_t queue_length = kNotLogged;    // saturation: requests queued before this one (HAProxy, both queues)
};

enum class ParseError : uint8_t {
  kNone,
  kEmpty,      // nothing but white space
  kNoFormat,   // no known format fits
  kBadTime,    // the format fits, its time does not
  kBadStatus,  // the format fits, its status does not
  kBadField,   // the format fits, another field does not
  kHeader,     // a directive or header line of the format: no request
  kPartial,    // a wrapped piece of a line that goes on in the next one
  kTooLong,    // joined from wrapped pieces, longer than kLineBytesMax
};

// "none", "empty", "no_format", "bad_time", "bad_status", "bad_field", "header", "partial", "too_long".
std::string_view NameOf(ParseError error);
// Where a line with this error is counted; not for kNone.
Counter CounterOf(ParseError error);

}  // namespace revertd

// HAProxy's log lines: "option httplog" (haproxy_http), "option httpslog" (haproxy_https), "option tcplog"
// (haproxy_tcp) and "option httplog clf" (haproxy_clf). Its other lines (handshake errors, "Connect from", a proxy
// that starts or stops) tell of no request and are nobody's.
//
// Times: the bracket is when the request came, in HAProxy's own time zone, which it does not log
// (ReaderOptions::zone; CLF logs UTC). The request's end is that plus its total time.
#pragma once

#include <span>
#include <string_view>

#include "ingest/format/format.h"

namespace revertd {

// In the order of detection; before the CLF family, whose combined format is a prefix of haproxy_clf.
std::span<const Format* const> HaproxyFormats();

// A TCP session has no status, but its termination state, a letter for who ended it and one for when, tells failures.
// They are told in the words of HTTP, as HAProxy itself would answer: 403 refused by a rule, 500 its own fault, 502 the
// server broke off, 503 no server was reached; kStatusNotLogged for any other end.
int StatusOfSession(std::string_view state);

}  // namespace revertd

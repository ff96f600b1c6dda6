// The head of a syslog message: RFC 3164 ("<134>Nov 21 03:12:35 host haproxy[71]: "), RFC 5424 ("<134>1 2026-11-21T...
// host app 71 - - ") and rsyslog's files and forwards ("2026-11-21T03:12:35.342+00:00 host app[71]: "). The priority
// may be absent. A pure function, any thread.
#pragma once

#include <string_view>

namespace revertd {

// Takes the head off `line`, and the byte order mark that may begin the message; false, and `line` unchanged, where
// no head stands there. An ordinary access line is never mistaken: without a priority there must be a host and a tag.
bool ConsumeSyslogHead(std::string_view& line);

}  // namespace revertd

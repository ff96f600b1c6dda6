// ErrorOf: an event's fields as the ErrorEvent that the rest of revertd speaks of: settled, grouped, cut and scrubbed.
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error_event.h"
#include "ingest/sentry/event_fields.h"
#include "ingest/sentry/sentry_report.h"

namespace revertd {

// `shift_ns` is added to the times that the sender told. An event that says nothing has Sentry's own title for it.
ErrorEvent ErrorOf(const EventFields& fields, std::string_view project, std::string_view service_tag,
                   DurationNs shift_ns);
TransactionTime TransactionOf(const EventFields& fields, DurationNs shift_ns);
// From the epoch to the last time there is; `time` is not negative, and 0, not said, stays so.
TimeNs ShiftedTime(TimeNs time, DurationNs shift_ns);
// 32 hexadecimal digits in lower case, of an id with or without hyphens; empty where it is none.
std::string EventIdOf(std::string_view text);

}  // namespace revertd

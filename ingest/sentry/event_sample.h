// SampleOf: what is kept of one event of a group, for people: JSON made anew from a list of what may be kept, never the
// event with things cut out. Kept are event_id, timestamp, level, platform, release, environment, transaction, logger,
// server_name, the SDK's and the runtime's and the system's name and version, the message, the exceptions (type, value,
// frames by module, function, file's name and line), tags whose name says nothing of a person or a secret, and of the
// request its method and URL. Texts that stay are Scrubbed. Never: users, cookies, headers, queries, environments,
// local variables, breadcrumbs, extra, other contexts.
//
// Pure, any thread.
#pragma once

#include <cstddef>
#include <string>

#include "base/error_event.h"
#include "ingest/sentry/event_fields.h"

namespace revertd {

inline constexpr size_t kSampleFramesMax = 30;  // of an exception, the innermost

// At most kErrorSampleMax bytes: tags go first, then frames; empty where it cannot be. `event` gives what was settled
// already: id, time, level.
std::string SampleOf(const EventFields& fields, const ErrorEvent& event);

}  // namespace revertd

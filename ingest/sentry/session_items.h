// Sessions, as SDKs tell of them: each session's updates ("session"), or sums of many ("sessions").
//
// Of updates, without remembering sessions: the one with `init` begins a session; an end by "crashed" or "abnormal"
// counts it as crashed (it is told once, and of a session that was begun); an error that was handled counts where the
// first update brings it along, or where an update while it goes on brings the first one, for SDKs send that once. So
// no session is counted twice, and none crashes that was not begun, but where an update is lost on its way.
//
// Pure functions, any thread.
#pragma once

#include <vector>

#include "base/error_event.h"
#include "ingest/sentry/json_text.h"

namespace revertd {

inline constexpr size_t kSessionSumsMax = 100;  // of one item: SDKs send one a minute

// project and service are left empty; the JsonText's status says whether it was an object. An update that counts
// nothing gives nothing.
std::vector<SessionCounts> ReadSessionUpdate(JsonText* json);
std::vector<SessionCounts> ReadSessionSums(JsonText* json);

}  // namespace revertd

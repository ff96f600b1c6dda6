// The health checks' past as the state keeps it: an event for each change of a check's level (event_json.h).
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/health.h"
#include "base/status.h"
#include "store/state_store.h"

namespace revertd {

// accept(change) for each that is kept, in the order they were told; without its detail.
Status ReadHealthChanges(const StateStore& state, const std::function<void(const HealthResult&)>& accept);

// What was known when the process before this one wrote for the last time: each change that is kept, and for each check
// its level once more at the end, for it held until then.
Status ReadHealthBefore(const StateStore& state, TimeNs now, const std::function<void(const HealthResult&)>& accept);

}  // namespace revertd

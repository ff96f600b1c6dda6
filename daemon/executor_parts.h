// What the two executors, of rollbacks and of releases, are wired with in the same way.
//
// Thread contract: pure; what is made runs where its user runs it.
#pragma once

#include <functional>
#include <string>

#include "actions/http_client.h"
#include "actions/notifier.h"
#include "actions/revert_executor.h"
#include "base/clock.h"

namespace revertd {

// http: outlives what is made.
OpenForge ForgesBy(HttpClient* http);
// Kills this process where that point is reached: for crash tests. Empty where the name is.
FaultPoint KillAt(std::string name);
// Clients of channels: a name that nobody looks up for us holds up neither what reaches for a channel nor a stop.
NotifierParts PartsForTelling(const Clock& clock, std::function<void()> wake,
                              std::function<void(const DeliveryEnd&)> on_end);
// For a person, of a delivery that was given up.
std::string WordsOfUndelivered(const DeliveryEnd& end);

}  // namespace revertd

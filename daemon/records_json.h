// What is known of one deploy, trigger or incident as one JSON object: the same for the commands and the HTTP API.
// Pure, any thread.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/deploy.h"
#include "base/event.h"
#include "base/trigger.h"
#include "base/verdict.h"
#include "store/executor_store.h"

namespace revertd {

// "verdicts" and "events" are lists of events as they were told, oldest first.
std::string DeployRecordJson(const Deploy& deploy, const std::vector<Verdict>& verdicts,
                             const std::vector<Event>& events);
std::string TriggerRecordJson(const RollbackTrigger& trigger, const std::vector<JournalRow>& journal);
// Without the record's text.
std::string IncidentJson(const Incident& incident, TimeNs now_ns);

}  // namespace revertd

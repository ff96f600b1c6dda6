// The NDJSON of events: one object a line with "event", "time_ns", "service", "deploy" and what the event adds. The
// same for `run` and `replay`; scripts depend on it.
#pragma once

#include <string>
#include <string_view>

#include "actions/notifier.h"
#include "actions/revert_executor.h"
#include "base/deploy.h"
#include "base/event.h"
#include "base/health.h"
#include "base/json_writer.h"
#include "base/trigger.h"
#include "base/verdict.h"
#include "base/window.h"
#include "daemon/health/health_board.h"
#include "ingest/source.h"

namespace revertd {

std::string ToEvent(const Deploy& deploy, TimeNs at_ns);
std::string ToEvent(const Verdict& verdict);
std::string ToEvent(const FollowUp& follow_up);
std::string ToEvent(const Decision& decision);
std::string ToEvent(const RollbackTrigger& trigger);
std::string ToEvent(const Recovery& recovery);
std::string ToEvent(const ExecutorEvent& step);
std::string ToEvent(const DeliveryEnd& end);
// Told when a check's level changes.
Event EventOf(const HealthResult& result);
// What was counted of one service in one second, by status class.
std::string ToEvent(const Window& window, std::string_view service);
// "format" where `what` is that, else "source" with "state"; both with "source".
std::string ToEvent(const SourceEvent& event);

// Members of an object that the caller has opened.
void AppendFields(JsonWriter& json, const Deploy& deploy);
void AppendFields(JsonWriter& json, const RollbackTrigger& trigger);
void AppendFields(JsonWriter& json, const HealthResult& result);
void AppendFields(JsonWriter& json, const HealthState& state);    // without times before the first answer
void AppendEvidence(JsonWriter& json, const Evidence& evidence);  // a whole object

}  // namespace revertd

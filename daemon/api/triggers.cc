// Rollbacks and their post-mortem records.
#include "base/strings.h"
#include "daemon/api/body.h"
#include "daemon/api/handlers.h"
#include "daemon/api/reply.h"
#include "daemon/event_json.h"
#include "daemon/incident_door.h"
#include "daemon/records_json.h"
#include "daemon/trigger_door.h"

namespace revertd {
namespace {

std::string ByWhom(const Body& body) {
  return body["by"].empty() ? std::string("a caller of the API") : Printable(body["by"]);
}

HttpReply Taken(const std::string& id) {
  JsonWriter json;
  return JsonReply(json.BeginObject().Field("id", id).EndObject().Take(), 202);
}

HttpReply Leave(ApiContext& context, const StatusOr<InboxMessage>& message) {
  if (!message.ok()) return StatusReply(message.status());
  if (const Status status = context.state().Post(*message); !status.ok()) return StatusReply(status);
  return Taken(message->trigger_id);
}

HttpReply Leave(ExecutorStore& executor, const ExecutorCommand& command) {
  if (const Status status = executor.Post(command); !status.ok()) return StatusReply(status);
  return Taken(command.subject);
}

// The record with its text, which only one at a time is asked for.
std::string WithRecord(const Incident& incident, TimeNs now) {
  std::string json = IncidentJson(incident, now);
  json.pop_back();
  json += ",\"record\":";
  AppendJsonString(json, incident.record);
  return json + "}";
}

}  // namespace

HttpAnswer ListTriggers(ApiContext& context, const HttpCall& /*call*/, const PathWords& /*words*/) {
  const auto triggers = context.state().ReadTriggers();
  if (!triggers.ok()) return StatusReply(triggers.status());
  return ListReply("triggers", *triggers, [](JsonWriter& json, const RollbackTrigger& trigger) {
    json.BeginObject();
    AppendFields(json, trigger);
    json.EndObject();
  });
}

HttpAnswer ShowTrigger(ApiContext& context, const HttpCall& /*call*/, const PathWords& words) {
  const auto trigger = FindTrigger(context.state(), words[0]);
  if (!trigger.ok()) return StatusReply(trigger.status());
  std::vector<JournalRow> journal;
  if (const auto executor = context.Executor(); executor.ok()) {
    auto rows = (*executor)->ReadJournal(trigger->id);
    if (!rows.ok()) return StatusReply(rows.status());
    journal = *std::move(rows);
  }
  return JsonReply(TriggerRecordJson(*trigger, journal));
}

HttpAnswer ApproveTrigger(ApiContext& context, const HttpCall& call, const PathWords& words) {
  const auto body = ReadBody(call.body, {"by"});
  if (!body.ok()) return StatusReply(body.status());
  return Leave(context, ApproveMessage(context.state(), words[0], "approved by " + ByWhom(*body)));
}

HttpAnswer DismissTrigger(ApiContext& context, const HttpCall& call, const PathWords& words) {
  const auto body = ReadBody(call.body, {"why", "by"});
  if (!body.ok()) return StatusReply(body.status());
  if (Trim((*body)["why"]).empty()) return StatusReply(InvalidArgument("member \"why\": a reason expected"));
  return Leave(context, DismissMessage(context.state(), words[0], (*body)["why"] + " (" + ByWhom(*body) + ")"));
}

HttpAnswer ListIncidents(ApiContext& context, const HttpCall& /*call*/, const PathWords& /*words*/) {
  const auto executor = context.Executor();
  if (!executor.ok()) return StatusReply(executor.status());
  const auto incidents = (*executor)->ReadIncidents();
  if (!incidents.ok()) return StatusReply(incidents.status());
  return ListReply("incidents", *incidents, [now = context.Now()](JsonWriter& json, const Incident& incident) {
    json.Raw(IncidentJson(incident, now));
  });
}

HttpAnswer ShowIncident(ApiContext& context, const HttpCall& /*call*/, const PathWords& words) {
  const auto executor = context.Executor();
  if (!executor.ok()) return StatusReply(executor.status());
  const auto incident = FindIncident(**executor, words[0]);
  if (!incident.ok()) return StatusReply(incident.status());
  return JsonReply(WithRecord(*incident, context.Now()));
}

HttpAnswer AnswerIncident(ApiContext& context, const HttpCall& call, const PathWords& words) {
  const auto body = ReadBody(call.body, {"question", "text", "by"});
  if (!body.ok()) return StatusReply(body.status());
  const auto executor = context.Executor();
  if (!executor.ok()) return StatusReply(executor.status());
  const auto command = AnswerCommand(
      **executor, {.id = words[0], .question = (*body)["question"], .text = (*body)["text"], .author = ByWhom(*body)});
  if (!command.ok()) return StatusReply(command.status());
  return Leave(**executor, *command);
}

HttpAnswer CloseIncident(ApiContext& context, const HttpCall& call, const PathWords& words) {
  const auto body = ReadBody(call.body, {"by"});
  if (!body.ok()) return StatusReply(body.status());
  const auto executor = context.Executor();
  if (!executor.ok()) return StatusReply(executor.status());
  const auto open = QuestionsStillOpen(**executor, words[0]);
  if (!open.ok()) return StatusReply(open.status());
  if (!open->empty()) return StatusReply(FailedPrecondition("unanswered: " + Join(*open, ", ")));
  return Leave(**executor, CloseCommand(words[0], ByWhom(*body)));
}

}  // namespace revertd

#include "daemon/records_json.h"

#include "actions/post_mortem.h"
#include "base/json_writer.h"
#include "daemon/event_json.h"

namespace revertd {

std::string DeployRecordJson(const Deploy& deploy, const std::vector<Verdict>& verdicts,
                             const std::vector<Event>& events) {
  JsonWriter json;
  json.BeginObject();
  AppendFields(json, deploy);
  json.Key("verdicts").BeginArray();
  for (const Verdict& verdict : verdicts) json.Raw(ToEvent(verdict));
  json.EndArray().Key("events").BeginArray();
  for (const Event& event : events) json.Raw(event.text);
  return json.EndArray().EndObject().Take();
}

std::string TriggerRecordJson(const RollbackTrigger& trigger, const std::vector<JournalRow>& journal) {
  JsonWriter json;
  json.BeginObject();
  AppendFields(json, trigger);
  if (!trigger.evidence.signal.empty()) {
    json.Key("evidence");
    AppendEvidence(json, trigger.evidence);
  }
  json.Key("journal").BeginArray();
  for (const JournalRow& row : journal) {
    json.BeginObject().Field("step", row.step).Field("begun_ns", row.begun_ns);
    if (row.finished_ns != 0) json.Field("finished_ns", row.finished_ns).Field("outcome", row.outcome);
    if (!row.detail.empty()) json.Field("detail", row.detail);
    json.EndObject();
  }
  return json.EndArray().EndObject().Take();
}

std::string IncidentJson(const Incident& incident, TimeNs now_ns) {
  JsonWriter json;
  json.BeginObject().Field("id", incident.trigger_id).Field("service", incident.service);
  json.Field("owner", incident.owner).Field("opened_ns", incident.opened_ns).Field("due_ns", incident.due_ns);
  const bool is_closed = incident.closed_ns != 0;
  json.Field("overdue", !is_closed && incident.due_ns < now_ns).Field("closed", is_closed);
  if (is_closed) json.Field("closed_ns", incident.closed_ns);
  json.Key("unanswered").BeginArray();
  for (const std::string& question : OpenQuestions(incident.answers)) json.String(question);
  return json.EndArray().EndObject().Take();
}

}  // namespace revertd

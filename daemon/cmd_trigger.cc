// `revertd trigger list|show|approve|dismiss`: what was decided, and a person's word on it.
#include <unistd.h>

#include "base/json_writer.h"
#include "daemon/cmd_status.h"
#include "daemon/event_json.h"
#include "daemon/output.h"
#include "daemon/with_state.h"

namespace revertd {
namespace {

StatusOr<RollbackTrigger> FindTrigger(const StateStore& store, const std::string& id) {
  auto trigger = store.ReadTrigger(id);
  if (!trigger.ok()) return trigger.status();
  if (!trigger->has_value()) return InvalidArgument("no trigger \"" + id + "\"; `revertd trigger list` shows all");
  return **std::move(trigger);
}

std::string Words(const RollbackTrigger& trigger, const std::vector<JournalRow>& journal) {
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

ExitCode PostWord(const std::string& config, const std::string& id, InboxMessage::Kind kind, const std::string& text) {
  return WithState(config, StateStore::Access::kInboxOnly, [&](const Config&, StateStore& store) -> Status {
    const auto trigger = FindTrigger(store, id);
    if (!trigger.ok()) return trigger.status();
    const bool dismiss = kind == InboxMessage::Kind::kTriggerDismiss;
    const bool open =
        trigger->state == TriggerState::kProposed || (dismiss && trigger->state == TriggerState::kPending);
    if (!open) {
      return InvalidArgument("trigger " + id + " is " + std::string(NameOf(trigger->state)) +
                             ": there is nothing to say to it");
    }
    SayIfNotRunning(store);
    InboxMessage message;
    message.kind = kind;
    message.trigger_id = id;
    message.text = text;
    REVERTD_RETURN_IF_ERROR(store.Post(message));
    JsonWriter json;
    return PrintLine(json.BeginObject().Field("trigger", id).EndObject().text());
  });
}

}  // namespace

ExitCode TriggerListCommand(const std::string& config) {
  return WithState(config, StateStore::Access::kReadOnly, [](const Config&, StateStore& store) -> Status {
    const auto triggers = store.ReadTriggers();
    if (!triggers.ok()) return triggers.status();
    OutputWriter out(STDOUT_FILENO);
    for (const RollbackTrigger& trigger : *triggers) {
      JsonWriter json;
      json.BeginObject();
      AppendFields(json, trigger);
      REVERTD_RETURN_IF_ERROR(out.Line(json.EndObject().text()));
    }
    return out.Flush();
  });
}

ExitCode TriggerShowCommand(const std::string& config_path, const std::string& id) {
  return WithState(config_path, StateStore::Access::kReadOnly, [&](const Config& config, StateStore& store) -> Status {
    const auto trigger = FindTrigger(store, id);
    if (!trigger.ok()) return trigger.status();
    const auto executor = ExecutorStore::Open(ExecutorDatabaseOf(config), ExecutorStore::Access::kReadOnly);
    if (!executor.ok()) return executor.status();
    const auto journal = (*executor)->ReadJournal(id);
    if (!journal.ok()) return journal.status();
    return PrintLine(Words(*trigger, *journal));
  });
}

ExitCode TriggerApproveCommand(const std::string& config, const std::string& id) {
  const char* user = ::getlogin();
  return PostWord(config, id, InboxMessage::Kind::kTriggerApprove,
                  std::string("approved by ") + (user != nullptr ? user : "uid " + std::to_string(::getuid())));
}

ExitCode TriggerDismissCommand(const std::string& config, const std::string& id, const std::string& why) {
  return PostWord(config, id, InboxMessage::Kind::kTriggerDismiss, why);
}

}  // namespace revertd

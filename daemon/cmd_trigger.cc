// `revertd trigger list|show|approve|dismiss`: what was decided, and a person's word on it.
#include <unistd.h>

#include "base/json_writer.h"
#include "daemon/cmd_status.h"
#include "daemon/event_json.h"
#include "daemon/output.h"
#include "daemon/records_json.h"
#include "daemon/trigger_door.h"
#include "daemon/with_state.h"

namespace revertd {
namespace {

using MakeMessage = StatusOr<InboxMessage> (*)(const StateStore& store, const std::string& id, const std::string& text);

ExitCode PostWord(const std::string& config, const std::string& id, MakeMessage make, const std::string& text) {
  return WithState(config, StateStore::Access::kInboxOnly, [&](const Config&, StateStore& store) -> Status {
    const auto message = make(store, id, text);
    if (!message.ok()) return AsUsage(message.status());
    SayIfNotRunning(store);
    REVERTD_RETURN_IF_ERROR(store.Post(*message));
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
    if (!trigger.ok()) return AsUsage(trigger.status());
    const auto executor = ExecutorStore::Open(ExecutorDatabaseOf(config), ExecutorStore::Access::kReadOnly);
    if (!executor.ok()) return executor.status();
    const auto journal = (*executor)->ReadJournal(id);
    if (!journal.ok()) return journal.status();
    return PrintLine(TriggerRecordJson(*trigger, *journal));
  });
}

ExitCode TriggerApproveCommand(const std::string& config, const std::string& id) {
  const char* user = ::getlogin();
  return PostWord(config, id, &ApproveMessage,
                  std::string("approved by ") + (user != nullptr ? user : "uid " + std::to_string(::getuid())));
}

ExitCode TriggerDismissCommand(const std::string& config, const std::string& id, const std::string& why) {
  return PostWord(config, id, &DismissMessage, why);
}

}  // namespace revertd

// `revertd incident list|show|answer|close`: post-mortem records, and what people say to them.
#include <unistd.h>

#include "base/json_writer.h"
#include "base/strings.h"
#include "daemon/cmd_status.h"
#include "daemon/incident_door.h"
#include "daemon/output.h"
#include "daemon/records_json.h"
#include "daemon/with_executor.h"
#include "store/state_store.h"

namespace revertd {
namespace {

std::string Author() {
  const char* user = ::getlogin();
  return user != nullptr ? user : "uid " + std::to_string(::getuid());
}

// A process of its own tells nothing of itself in the state.
void SayIfNobodyListens(const Config& config) {
  if (!config.executes) return;
  const auto state = StateStore::Open(config.state, StateStore::Access::kReadOnly);
  if (state.ok()) SayIfNotRunning(**state);
}

StatusOr<ExitCode> PrintDone(const std::string& id) {
  JsonWriter json;
  REVERTD_RETURN_IF_ERROR(PrintLine(json.BeginObject().Field("incident", id).EndObject().text()));
  return ExitCode::kDone;
}

}  // namespace

ExitCode IncidentListCommand(const std::string& config_path) {
  const auto print = [](const Config& /*config*/, const ExecutorStore& store) -> StatusOr<ExitCode> {
    const auto incidents = store.ReadIncidents();
    if (!incidents.ok()) return incidents.status();
    const TimeNs now_ns = SystemClock().Now();
    OutputWriter out(STDOUT_FILENO);
    for (const Incident& incident : *incidents) REVERTD_RETURN_IF_ERROR(out.Line(IncidentJson(incident, now_ns)));
    REVERTD_RETURN_IF_ERROR(out.Flush());
    return ExitCode::kDone;
  };
  return WithExecutor(config_path, ExecutorStore::Access::kReadOnly, print);
}

ExitCode IncidentShowCommand(const std::string& config_path, const std::string& id) {
  const auto print = [&](const Config& /*config*/, const ExecutorStore& store) -> StatusOr<ExitCode> {
    const auto incident = FindIncident(store, id);
    if (!incident.ok()) return AsUsage(incident.status());
    if (incident->record.empty()) return Unavailable("the record of " + id + " is not written yet; try again");
    OutputWriter out(STDOUT_FILENO);
    REVERTD_RETURN_IF_ERROR(out.Line(Trim(incident->record)));
    REVERTD_RETURN_IF_ERROR(out.Flush());
    return ExitCode::kDone;
  };
  return WithExecutor(config_path, ExecutorStore::Access::kReadOnly, print);
}

ExitCode IncidentAnswerCommand(const IncidentAnswerOptions& options) {
  const auto answer = [&](const Config& config, ExecutorStore& store) -> StatusOr<ExitCode> {
    const auto command = AnswerCommand(store, {options.id, options.question, options.text, Author()});
    if (!command.ok()) return AsUsage(command.status());
    SayIfNobodyListens(config);
    REVERTD_RETURN_IF_ERROR(store.Post(*command));
    return PrintDone(options.id);
  };
  return WithExecutor(options.config, ExecutorStore::Access::kCommandsOnly, answer);
}

ExitCode IncidentCloseCommand(const std::string& config_path, const std::string& id) {
  const auto close = [&](const Config& config, ExecutorStore& store) -> StatusOr<ExitCode> {
    const auto open = QuestionsStillOpen(store, id);
    if (!open.ok()) return AsUsage(open.status());
    if (!open->empty()) {
      Say("the post-mortem record of " + id + " stays open; unanswered: " + Join(*open, ", "));
      return ExitCode::kBadNews;
    }
    SayIfNobodyListens(config);
    REVERTD_RETURN_IF_ERROR(store.Post(CloseCommand(id, Author())));
    return PrintDone(id);
  };
  return WithExecutor(config_path, ExecutorStore::Access::kCommandsOnly, close);
}

}  // namespace revertd

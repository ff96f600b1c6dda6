// `revertd incident list|show|answer|close`: post-mortem records, and what people say to them.
#include <unistd.h>

#include <algorithm>

#include "actions/post_mortem.h"
#include "actions/post_mortem_desk.h"
#include "base/json_writer.h"
#include "base/strings.h"
#include "daemon/cmd_status.h"
#include "daemon/output.h"
#include "daemon/with_executor.h"
#include "store/state_store.h"

namespace revertd {
namespace {

// More than people type before the executor has looked; the close is judged by it again.
constexpr int kCommandsLookedAt = 10'000;

std::string MeantInstead(std::string_view wrong, const std::vector<std::string_view>& known) {
  const auto nearest = Nearest(wrong, known);
  return nearest ? "; did you mean \"" + std::string(*nearest) + "\"?" : "";
}

StatusOr<Incident> FindIncident(const ExecutorStore& store, const std::string& id) {
  auto incident = store.ReadIncident(id);
  if (!incident.ok()) return incident.status();
  if (incident->has_value()) return **std::move(incident);
  const auto all = store.ReadIncidents();
  if (!all.ok()) return all.status();
  std::vector<std::string_view> known;
  known.reserve(all->size());
  for (const Incident& one : *all) known.emplace_back(one.trigger_id);
  return InvalidArgument("no post-mortem record of \"" + id + "\"" + MeantInstead(id, known) +
                         "; `revertd incident list` shows all");
}

StatusOr<Incident> FindOpenIncident(const ExecutorStore& store, const std::string& id) {
  auto incident = FindIncident(store, id);
  if (incident.ok() && incident->closed_ns != 0) {
    return InvalidArgument("the post-mortem record of " + id + " is closed: there is nothing to say to it");
  }
  return incident;
}

Status CheckQuestion(const std::string& question) {
  std::vector<std::string_view> known;
  std::vector<std::string> names;
  for (const PostMortemQuestion& one : PostMortemQuestions()) {
    if (one.id == question) return OkStatus();
    known.push_back(one.id);
    names.emplace_back(one.id);
  }
  return InvalidArgument("no question \"" + question + "\"" + MeantInstead(question, known) +
                         " (known: " + Join(names, ", ") + ")");
}

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

// Questions that neither the record nor an answer on its way to the executor answers.
StatusOr<std::vector<std::string>> StillOpen(const ExecutorStore& store, const Incident& incident) {
  const auto commands = store.Peek(kCommandsLookedAt);
  if (!commands.ok()) return commands.status();
  PostMortemAnswers answers = incident.answers;
  for (const ExecutorCommand& command : *commands) {
    const bool is_answer = command.kind == ExecutorCommand::Kind::kIncidentAnswer;
    if (is_answer && command.subject == incident.trigger_id) answers.emplace_back(command.name, command.text);
  }
  return OpenQuestions(answers);
}

std::string Words(const Incident& incident, TimeNs now_ns) {
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
    for (const Incident& incident : *incidents) REVERTD_RETURN_IF_ERROR(out.Line(Words(incident, now_ns)));
    REVERTD_RETURN_IF_ERROR(out.Flush());
    return ExitCode::kDone;
  };
  return WithExecutor(config_path, ExecutorStore::Access::kReadOnly, print);
}

ExitCode IncidentShowCommand(const std::string& config_path, const std::string& id) {
  const auto print = [&](const Config& /*config*/, const ExecutorStore& store) -> StatusOr<ExitCode> {
    const auto incident = FindIncident(store, id);
    if (!incident.ok()) return incident.status();
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
    const auto incident = FindOpenIncident(store, options.id);
    if (!incident.ok()) return incident.status();
    REVERTD_RETURN_IF_ERROR(CheckQuestion(options.question));
    if (Trim(options.text).empty()) return InvalidArgument("--text is empty: that is no answer");
    if (options.text.size() > kAnswerBytesMax) {
      return InvalidArgument("--text is longer than " + std::to_string(kAnswerBytesMax) + " bytes");
    }
    SayIfNobodyListens(config);
    ExecutorCommand command;
    command.kind = ExecutorCommand::Kind::kIncidentAnswer;
    command.subject = options.id;
    command.name = options.question;
    command.text = options.text;
    command.author = Author();
    REVERTD_RETURN_IF_ERROR(store.Post(command));
    return PrintDone(options.id);
  };
  return WithExecutor(options.config, ExecutorStore::Access::kCommandsOnly, answer);
}

ExitCode IncidentCloseCommand(const std::string& config_path, const std::string& id) {
  const auto close = [&](const Config& config, ExecutorStore& store) -> StatusOr<ExitCode> {
    const auto incident = FindOpenIncident(store, id);
    if (!incident.ok()) return incident.status();
    const auto open = StillOpen(store, *incident);
    if (!open.ok()) return open.status();
    if (!open->empty()) {
      Say("the post-mortem record of " + id + " stays open; unanswered: " + Join(*open, ", "));
      return ExitCode::kBadNews;
    }
    SayIfNobodyListens(config);
    ExecutorCommand command;
    command.kind = ExecutorCommand::Kind::kIncidentClose;
    command.subject = id;
    command.author = Author();
    REVERTD_RETURN_IF_ERROR(store.Post(command));
    return PrintDone(id);
  };
  return WithExecutor(config_path, ExecutorStore::Access::kCommandsOnly, close);
}

}  // namespace revertd

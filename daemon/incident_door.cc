#include "daemon/incident_door.h"

#include <string_view>

#include "actions/post_mortem.h"
#include "actions/post_mortem_desk.h"
#include "base/strings.h"

namespace revertd {
namespace {

// More than people type before the executor has looked; the close is judged by it again.
constexpr int kCommandsLookedAt = 10'000;

std::string MeantInstead(std::string_view wrong, const std::vector<std::string_view>& known) {
  const auto nearest = Nearest(wrong, known);
  return nearest ? "; did you mean \"" + std::string(*nearest) + "\"?" : "";
}

StatusOr<Incident> FindOpenIncident(const ExecutorStore& store, const std::string& id) {
  auto incident = FindIncident(store, id);
  if (incident.ok() && incident->closed_ns != 0) {
    return FailedPrecondition("the post-mortem record of " + id + " is closed: there is nothing to say to it");
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

}  // namespace

StatusOr<Incident> FindIncident(const ExecutorStore& store, const std::string& id) {
  auto incident = store.ReadIncident(id);
  if (!incident.ok()) return incident.status();
  if (incident->has_value()) return **std::move(incident);
  const auto all = store.ReadIncidents();
  if (!all.ok()) return all.status();
  std::vector<std::string_view> known;
  known.reserve(all->size());
  for (const Incident& one : *all) known.emplace_back(one.trigger_id);
  return NotFound("no post-mortem record of \"" + id + "\"" + MeantInstead(id, known) +
                  "; `revertd incident list` shows all");
}

StatusOr<ExecutorCommand> AnswerCommand(const ExecutorStore& store, const IncidentAnswer& answer) {
  const auto incident = FindOpenIncident(store, answer.id);
  if (!incident.ok()) return incident.status();
  REVERTD_RETURN_IF_ERROR(CheckQuestion(answer.question));
  if (Trim(answer.text).empty()) return InvalidArgument("the text is empty: that is no answer");
  if (answer.text.size() > kAnswerBytesMax) {
    return InvalidArgument("the text is longer than " + std::to_string(kAnswerBytesMax) + " bytes");
  }
  ExecutorCommand command;
  command.kind = ExecutorCommand::Kind::kIncidentAnswer;
  command.subject = answer.id;
  command.name = answer.question;
  command.text = answer.text;
  command.author = answer.author;
  return command;
}

StatusOr<std::vector<std::string>> QuestionsStillOpen(const ExecutorStore& store, const std::string& id) {
  const auto incident = FindOpenIncident(store, id);
  if (!incident.ok()) return incident.status();
  const auto commands = store.Peek(kCommandsLookedAt);
  if (!commands.ok()) return commands.status();
  PostMortemAnswers answers = incident->answers;
  for (const ExecutorCommand& command : *commands) {
    const bool is_answer = command.kind == ExecutorCommand::Kind::kIncidentAnswer;
    if (is_answer && command.subject == id) answers.emplace_back(command.name, command.text);
  }
  return OpenQuestions(answers);
}

ExecutorCommand CloseCommand(const std::string& id, const std::string& author) {
  ExecutorCommand command;
  command.kind = ExecutorCommand::Kind::kIncidentClose;
  command.subject = id;
  command.author = author;
  return command;
}

}  // namespace revertd

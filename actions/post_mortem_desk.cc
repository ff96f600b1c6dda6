#include "actions/post_mortem_desk.h"

#include <algorithm>
#include <utility>

#include "actions/deploy_log.h"
#include "base/json_writer.h"
#include "base/strings.h"

namespace revertd {
namespace {

constexpr std::string_view kDeployLogCursor = "deploy_logs";
constexpr size_t kNameBytesMax = 200;  // of what others wrote and nobody needs whole

// The picture: so much before the change, and after the last thing that happened; at most so much in all.
constexpr int64_t kSecondsBefore = 15 * 60;
constexpr int64_t kSecondsAfter = 5 * 60;
constexpr int64_t kSecondsMax = 4 * 3600;
constexpr int64_t kPointSeconds = 10;  // one request a second is no share of errors yet

// Once one of them is done, people were told of a rollback or the remote has one.
bool TellsOfARollback(std::string_view step) {
  return step == "announced" || step == "proposed" || step == "pushed" || step == "push_verified";
}

template <typename T>
Status ReadInto(StatusOr<T> value, T* into) {
  if (!value.ok()) return value.status();
  *into = *std::move(value);
  return OkStatus();
}

std::string_view StepOf(ExecutorCommand::Kind kind) {
  switch (kind) {
    case ExecutorCommand::Kind::kIncidentAnswer: return "incident_answer";
    case ExecutorCommand::Kind::kIncidentClose: return "incident_close";
    case ExecutorCommand::Kind::kReleaseApprove: return "release_approve";
    case ExecutorCommand::Kind::kReleaseAbort: return "release_abort";
  }
  return "unknown";
}

bool IsOfARelease(ExecutorCommand::Kind kind) {
  return kind == ExecutorCommand::Kind::kReleaseApprove || kind == ExecutorCommand::Kind::kReleaseAbort;
}

int64_t BinOf(int64_t second) {
  const int64_t rest = second % kPointSeconds;
  return second - (rest < 0 ? rest + kPointSeconds : rest);
}

void AddSecond(const SecondCounts& counts, std::vector<SeriesPoint>* series) {
  const int64_t start = BinOf(counts.second);
  if (series->empty() || series->back().start_second != start) series->push_back({start, kPointSeconds, 0, 0});
  for (const uint32_t requests : counts.by_age.requests) series->back().requests += requests;
  for (const uint32_t errors : counts.by_age.errors) series->back().errors += errors;
}

TimeNs LastMoment(const PostMortemFacts& facts) {
  TimeNs last = facts.trigger.created_ns;
  for (const JournalRow& row : facts.journal) last = std::max({last, row.begun_ns, row.finished_ns});
  if (facts.recovery) last = std::max(last, facts.recovery->at_ns);
  return last;
}

// Where the picture's middle is: where the errors begin; a late call is far from its deploy.
TimeNs ChangeOf(const PostMortemFacts& facts) {
  const TimeNs onset = facts.trigger.evidence.onset_ns;
  const TimeNs finish = facts.deploy && facts.deploy->finished() ? facts.deploy->finish_ns : 0;
  const TimeNs change = onset != 0 ? onset : finish != 0 ? finish : facts.trigger.created_ns;
  const bool finish_is_near = finish != 0 && finish < change && change - finish < kHourNs;
  return finish_is_near ? finish : change;
}

}  // namespace

PostMortemDesk::PostMortemDesk(PostMortemTools tools) : tools_(std::move(tools)), folder_(tools_.state_folder) {}

Status PostMortemDesk::OnStep(const ExecutorEvent& event) {
  if (!event.begun && event.outcome == kDone && TellsOfARollback(event.step)) {
    REVERTD_RETURN_IF_ERROR(Open(event.trigger_id, event.service, event.at_ns));
  }
  // Asked and not remembered: the record may have been opened by an earlier process.
  auto incident = tools_.executor->ReadIncident(event.trigger_id);
  if (!incident.ok()) return incident.status();
  if (incident->has_value()) due_[event.trigger_id] = {event.at_ns + kQuiet, true, true};
  return OkStatus();
}

Status PostMortemDesk::Open(std::string_view trigger_id, std::string_view service, TimeNs at_ns) {
  ExecutorStore& store = *tools_.executor;
  std::optional<Incident> known;
  REVERTD_RETURN_IF_ERROR(ReadInto(store.ReadIncident(trigger_id), &known));
  if (known) return OkStatus();
  std::optional<RollbackTrigger> trigger;
  REVERTD_RETURN_IF_ERROR(ReadInto(tools_.state->ReadTrigger(trigger_id), &trigger));
  Incident incident;
  incident.trigger_id = trigger_id;
  incident.service = trigger ? trigger->service : std::string(service);
  if (trigger && tools_.owner_of) incident.owner = Printable(tools_.owner_of(*trigger));
  if (incident.owner.empty()) incident.owner = incident.service;
  incident.opened_ns = at_ns;
  incident.due_ns = at_ns + tools_.config->guard.post_mortem_due;
  JsonWriter json;
  json.BeginObject().Field("what", "opened").Field("service", incident.service).Field("owner", incident.owner);
  json.Field("due_ns", incident.due_ns).EndObject();
  return store.Together([&]() -> Status {
    REVERTD_RETURN_IF_ERROR(store.OpenIncident(incident));
    return store.Audit(kIncidentAudit, trigger_id, json.text(), at_ns);
  });
}

// A kill may have come between a step's row and OnStep, or before a record was written.
Status PostMortemDesk::LookThrough(TimeNs now_ns) {
  std::vector<std::string> ids;
  REVERTD_RETURN_IF_ERROR(ReadInto(tools_.executor->ReadTriggerIds(), &ids));
  const size_t first = ids.size() - std::min(ids.size(), kRollbacksLookedThrough);
  for (size_t i = first; i < ids.size(); ++i) {
    std::vector<JournalRow> rows;
    REVERTD_RETURN_IF_ERROR(ReadInto(tools_.executor->ReadJournal(ids[i]), &rows));
    const auto told = std::find_if(rows.begin(), rows.end(), [](const JournalRow& row) {
      return row.finished_ns != 0 && row.outcome == kDone && TellsOfARollback(row.step);
    });
    // What an older version of the program did is in the journal and not in the trail: nobody was asked for a record
    // of it then, and by now one would be overdue.
    std::optional<AuditHead> in_trail;
    REVERTD_RETURN_IF_ERROR(ReadInto(tools_.executor->FindAudit("step_finished", ids[i]), &in_trail));
    if (told == rows.end() || !in_trail) continue;
    REVERTD_RETURN_IF_ERROR(Open(ids[i], "", told->finished_ns));
    std::optional<Incident> incident;
    REVERTD_RETURN_IF_ERROR(ReadInto(tools_.executor->ReadIncident(ids[i]), &incident));
    const bool has_chart = RecordFolder::Exists(folder_.ChartPath(ids[i]));
    const bool is_there = has_chart && RecordFolder::Exists(folder_.MarkdownPath(ids[i]));
    if (!incident || (incident->closed_ns != 0 && is_there)) continue;
    // Seconds are kept for half an hour: a later picture would be coarser than the one that is there.
    const bool fresh = now_ns - incident->opened_ns < kHistorySecondsKept * kSecondNs;
    due_.try_emplace(ids[i], Due{now_ns, fresh || !has_chart, false});
  }
  looked_through_ = true;
  return OkStatus();
}

Status PostMortemDesk::WriteDueRecords(TimeNs now_ns) {
  if (!looked_through_) REVERTD_RETURN_IF_ERROR(LookThrough(now_ns));
  Status first_failure;
  for (auto entry = due_.begin(); entry != due_.end();) {
    Due& due = entry->second;
    if (due.at_ns > now_ns) {
      ++entry;
      continue;
    }
    const Status status = WriteRecord(entry->first, due.redraw);
    if (!status.ok()) {
      due.at_ns = now_ns + kRetryWait;
      if (first_failure.ok()) first_failure = Annotate(status, "the record of trigger " + entry->first);
      ++entry;
    } else if (std::exchange(due.once_more, false)) {
      due.at_ns = now_ns + kSettled;
      ++entry;
    } else {
      entry = due_.erase(entry);
    }
  }
  return first_failure;
}

Status PostMortemDesk::WriteRecord(const std::string& trigger_id, bool redraw) {
  std::optional<Incident> incident;
  REVERTD_RETURN_IF_ERROR(ReadInto(tools_.executor->ReadIncident(trigger_id), &incident));
  if (!incident) return OkStatus();
  StatusOr<PostMortemFacts> facts = ReadFacts(*incident);
  if (!facts.ok()) return facts.status();
  if (redraw) {
    REVERTD_RETURN_IF_ERROR(ReadInto(ReadSeries(*facts), &facts->series));
    const std::string svg = ChartSvg(PostMortemChart(*facts));
    if (!svg.empty()) REVERTD_RETURN_IF_ERROR(folder_.Write(folder_.ChartPath(trigger_id), svg));
  }
  const bool has_chart = RecordFolder::Exists(folder_.ChartPath(trigger_id));
  const std::string markdown = PostMortemMarkdown(*facts, has_chart ? RecordFolder::ChartName(trigger_id) : "");
  // The store first: `revertd incident show` works on a disk without room for files.
  REVERTD_RETURN_IF_ERROR(tools_.executor->WriteIncidentRecord(trigger_id, markdown));
  return folder_.Write(folder_.MarkdownPath(trigger_id), markdown);
}

StatusOr<PostMortemFacts> PostMortemDesk::ReadFacts(const Incident& incident) const {
  const StateStore& state = *tools_.state;
  PostMortemFacts facts;
  std::optional<RollbackTrigger> trigger;
  REVERTD_RETURN_IF_ERROR(ReadInto(state.ReadTrigger(incident.trigger_id), &trigger));
  if (!trigger) {
    // Another state.db than then: the record says what the executor knows.
    trigger.emplace();
    trigger->id = incident.trigger_id;
    trigger->service = incident.service;
    trigger->created_ns = incident.opened_ns;
  }
  facts.trigger = *std::move(trigger);
  if (!facts.trigger.deploy_id.empty()) {
    REVERTD_RETURN_IF_ERROR(ReadInto(state.ReadDeploy(facts.trigger.deploy_id), &facts.deploy));
    REVERTD_RETURN_IF_ERROR(ReadInto(state.ReadVerdicts(facts.trigger.deploy_id), &facts.verdicts));
    REVERTD_RETURN_IF_ERROR(ReadInto(state.ReadDecisions(facts.trigger.deploy_id), &facts.decisions));
  }
  REVERTD_RETURN_IF_ERROR(ReadInto(state.ReadRecovery(incident.trigger_id), &facts.recovery));
  REVERTD_RETURN_IF_ERROR(ReadInto(tools_.executor->ReadJournal(incident.trigger_id), &facts.journal));
  REVERTD_RETURN_IF_ERROR(ReadInto(tools_.executor->ReadDeliveries(incident.trigger_id), &facts.deliveries));
  AuditHead head;
  REVERTD_RETURN_IF_ERROR(ReadInto(tools_.executor->ReadAuditHead(), &head));
  facts.audit_head = head.text();
  facts.owner = incident.owner;
  facts.opened_ns = incident.opened_ns;
  facts.due_ns = incident.due_ns;
  facts.closed_ns = incident.closed_ns;
  facts.answers = incident.answers;
  ReadUndone(&facts);
  return facts;
}

// A mirror that is gone or locked is no reason to write no record.
void PostMortemDesk::ReadUndone(PostMortemFacts* facts) const {
  bool is_made = false;
  for (const JournalRow& row : facts->journal) {
    if (row.step == "planned") facts->plan = row.detail;
    if (row.step == "reverted") is_made = row.outcome == kDone;
  }
  const RepoConfig* repo = tools_.config->FindRepo(facts->trigger.repo);
  if (!is_made || tools_.git == nullptr || repo == nullptr) return;
  const auto commit = tools_.git->ReadPrepared(*repo, facts->trigger.id);
  if (!commit.ok() || !commit->has_value() || (*commit)->parents.empty()) return;
  facts->plan = (*commit)->message;
  const auto diffstat = tools_.git->DiffStat(*repo, (*commit)->parents.front(), (*commit)->sha);
  if (diffstat.ok()) facts->diffstat = *diffstat;
}

// Blocks where the seconds are gone, then seconds.
StatusOr<std::vector<SeriesPoint>> PostMortemDesk::ReadSeries(const PostMortemFacts& facts) const {
  const int64_t from = BinOf(FloorToSecond(ChangeOf(facts)) - kSecondsBefore);
  const int64_t to = std::min(CeilToSecond(LastMoment(facts)) + kSecondsAfter, from + kSecondsMax);
  std::vector<SecondCounts> seconds;
  REVERTD_RETURN_IF_ERROR(ReadInto(tools_.state->ReadSeconds(facts.trigger.service, from, to), &seconds));
  std::vector<HistoryBlock> blocks;
  REVERTD_RETURN_IF_ERROR(ReadInto(tools_.state->ReadBlocks(facts.trigger.service, from, to), &blocks));
  const int64_t blocks_to = seconds.empty() ? to : BinOf(seconds.front().second);
  std::vector<SeriesPoint> series;
  for (const HistoryBlock& block : blocks) {
    if (block.start_second + kHistoryBlockSeconds > blocks_to) break;
    series.push_back({block.start_second, kHistoryBlockSeconds, block.requests, block.errors});
  }
  for (const SecondCounts& counts : seconds) AddSecond(counts, &series);
  return series;
}

Status PostMortemDesk::TakeCommands(TimeNs now_ns) {
  std::vector<ExecutorCommand> commands;
  REVERTD_RETURN_IF_ERROR(ReadInto(tools_.executor->Peek(kCommandsPerCall), &commands));
  for (const ExecutorCommand& command : commands) REVERTD_RETURN_IF_ERROR(Take(command, now_ns));
  return OkStatus();
}

PostMortemDesk::Answer PostMortemDesk::Judge(const ExecutorCommand& command, const std::optional<Incident>& incident) {
  // A release has a database of its own, and whoever runs it takes what is said there.
  if (IsOfARelease(command.kind)) return {"no_such_release", Printable(command.subject.substr(0, kNameBytesMax))};
  if (!incident) return {"no_such_incident", Printable(command.subject.substr(0, kNameBytesMax))};
  if (incident->closed_ns != 0) return {"incident_closed", command.subject};
  if (command.kind == ExecutorCommand::Kind::kIncidentClose) {
    const std::vector<std::string> open = OpenQuestions(incident->answers);
    return open.empty() ? Answer{std::string(kDone), ""} : Answer{"unanswered", Join(open, ", ")};
  }
  const auto questions = PostMortemQuestions();
  const bool is_asked = std::any_of(questions.begin(), questions.end(),
                                    [&](const PostMortemQuestion& question) { return question.id == command.name; });
  if (!is_asked) return {"no_such_question", Printable(command.name.substr(0, kNameBytesMax))};
  if (Trim(command.text).empty()) return {"empty_answer", command.name};
  if (command.text.size() > kAnswerBytesMax) return {"answer_too_long", command.name};
  return {std::string(kDone), command.name};
}

Status PostMortemDesk::Take(const ExecutorCommand& command, TimeNs now_ns) {
  ExecutorStore& store = *tools_.executor;
  std::optional<Incident> incident;
  REVERTD_RETURN_IF_ERROR(ReadInto(store.ReadIncident(command.subject), &incident));
  const Answer answer = Judge(command, incident);
  const bool is_done = answer.outcome == kDone;
  const bool is_close = command.kind == ExecutorCommand::Kind::kIncidentClose;
  const std::string subject = incident ? command.subject : command.subject.substr(0, kNameBytesMax);
  JsonWriter json;
  json.BeginObject().Field("what", StepOf(command.kind)).Field("outcome", answer.outcome);
  if (!answer.detail.empty()) json.Field("detail", answer.detail);
  if (is_done && !is_close) json.Field("answer", command.text);
  json.Field("author", command.author.substr(0, kNameBytesMax)).EndObject();
  REVERTD_RETURN_IF_ERROR(store.Together([&]() -> Status {
    if (is_done && is_close) REVERTD_RETURN_IF_ERROR(store.CloseIncident(command.subject, now_ns));
    if (is_done && !is_close) {
      REVERTD_RETURN_IF_ERROR(store.AnswerIncident(command.subject, command.name, command.text, now_ns));
    }
    REVERTD_RETURN_IF_ERROR(store.Audit(kIncidentAudit, subject, json.text(), now_ns));
    return store.Done(command.id);
  }));
  if (is_done) {
    const auto [due, is_new] = due_.try_emplace(command.subject, Due{now_ns, false, false});
    // What the steps asked for is done now and, for the messages, later.
    if (!is_new) due->second = {std::min(due->second.at_ns, now_ns), due->second.redraw, true};
  }
  if (tools_.on_command) {
    tools_.on_command({command.subject, incident ? incident->service : "", std::string(StepOf(command.kind)),
                       answer.outcome, answer.detail, now_ns, false});
  }
  return OkStatus();
}

bool PostMortemDesk::IsWatchOver(const Deploy& deploy, const std::vector<Deploy>& all, TimeNs now_ns) const {
  if (now_ns - deploy.finish_ns >= tools_.config->detect.observe + kDeployLogSlack) return true;
  return now_ns >= deploy.finish_ns && std::any_of(all.begin(), all.end(), [&](const Deploy& other) {
           return other.service == deploy.service && other.start_ns > deploy.start_ns && other.start_ns <= now_ns;
         });
}

StatusOr<PostMortemDesk::LogState> PostMortemDesk::WriteDeployLog(const Deploy& deploy, TimeNs now_ns) {
  const std::string path = folder_.DeployLogPath(deploy.id);
  if (RecordFolder::Exists(path)) return LogState::kWasThere;
  DeployLogFacts facts;
  facts.deploy = deploy;
  REVERTD_RETURN_IF_ERROR(ReadInto(tools_.state->ReadVerdicts(deploy.id), &facts.verdicts));
  const bool is_waited_for = now_ns - deploy.finish_ns < tools_.config->detect.observe + kDeployLogVerdictWait;
  if (facts.verdicts.empty()) return LogState::kNeverJudged;
  if (facts.verdicts.back().state == VerdictState::kWatching && is_waited_for) return LogState::kTooEarly;
  REVERTD_RETURN_IF_ERROR(ReadInto(tools_.state->ReadDecisions(deploy.id), &facts.decisions));
  REVERTD_RETURN_IF_ERROR(folder_.Write(path, DeployLogMarkdown(facts)));
  return LogState::kWritten;
}

// The cursor is the finish of the newest deploy before which none is waited for. A log that is there is not written
// again, so what lies behind the cursor may be looked at as often as one likes.
Status PostMortemDesk::WriteDeployLogs(TimeNs now_ns) {
  const bool looked_lately = now_ns < next_deploy_look_ns_ && next_deploy_look_ns_ - now_ns <= kDeployLogWait;
  if (looked_lately) return OkStatus();
  next_deploy_look_ns_ = now_ns + kDeployLogWait;
  int64_t cursor = 0;
  REVERTD_RETURN_IF_ERROR(ReadInto(tools_.executor->ReadCursor(kDeployLogCursor), &cursor));
  std::vector<Deploy> deploys;
  REVERTD_RETURN_IF_ERROR(ReadInto(tools_.state->ReadDeploys(cursor - kToldLate), &deploys));
  std::stable_sort(deploys.begin(), deploys.end(),
                   [](const Deploy& a, const Deploy& b) { return a.finish_ns < b.finish_ns; });
  TimeNs done_to = cursor;
  bool none_waited_for = true;
  size_t written = 0;
  for (const Deploy& deploy : deploys) {
    if (!deploy.finished()) continue;
    LogState log = LogState::kTooEarly;
    if (IsWatchOver(deploy, deploys, now_ns)) {
      REVERTD_RETURN_IF_ERROR(ReadInto(WriteDeployLog(deploy, now_ns), &log));
    }
    none_waited_for = none_waited_for && log != LogState::kTooEarly;
    if (none_waited_for) done_to = std::max(done_to, deploy.finish_ns);
    if (log == LogState::kWritten && ++written == kDeployLogsPerCall) {
      next_deploy_look_ns_ = 0;  // there may be more
      break;
    }
  }
  return done_to == cursor ? OkStatus() : tools_.executor->WriteCursor(kDeployLogCursor, done_to);
}

Status PostMortemDesk::RunOnce(TimeNs now_ns) {
  Status first_failure = TakeCommands(now_ns);
  for (const Status& status : {WriteDueRecords(now_ns), WriteDeployLogs(now_ns)}) {
    if (first_failure.ok()) first_failure = status;
  }
  return first_failure;
}

}  // namespace revertd

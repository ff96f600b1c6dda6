// `revertd release status|approve|abort`: how releases stand, and a person's word on one that is under way.
#include <unistd.h>

#include <algorithm>

#include "base/json_writer.h"
#include "base/strings.h"
#include "daemon/commands.h"
#include "daemon/output.h"
#include "daemon/release/release_book.h"
#include "daemon/release/release_view.h"

namespace revertd {
namespace {

std::string Author() {
  const char* user = ::getlogin();
  return user != nullptr ? user : "uid " + std::to_string(::getuid());
}

// One named, else the newest of each environment.
StatusOr<std::vector<ReleaseRecord>> ReleasesToShow(const Config& config, const ReleaseOptions& options) {
  std::vector<ReleaseRecord> shown;
  if (!options.id.empty()) {
    auto record = FindRelease(config, options.id, options.environment);
    if (!record.ok()) return AsUsage(record.status());
    shown.push_back(*std::move(record));
    return shown;
  }
  const auto environments = EnvironmentsNamed(config, options.environment);
  if (!environments.ok()) return environments.status();
  for (const std::string& environment : *environments) {
    auto records = ReadReleasesOf(config, environment);
    if (!records.ok()) return AsUsage(records.status());
    if (!records->empty()) shown.push_back(std::move(records->back()));
  }
  return shown;
}

// A release whose file the configuration of today refuses; `why` is that refusal.
std::string UnreadableLine(const ReleaseRecord& record, const Status& why, bool as_json) {
  const bool has_ended = record.ended_ns != 0;
  if (!as_json) {
    return Printable("release " + record.id + " of " + record.environment + ": " +
                     (has_ended ? "ended, " + record.outcome : "not ended") +
                     "; its file does not fit the configuration: " + std::string(MessageOf(why)));
  }
  JsonWriter json;
  json.BeginObject().Field("release", record.id).Field("environment", record.environment);
  json.Field("state", has_ended ? "ended" : "unreadable").Field("outcome", record.outcome);
  return json.Field("error", MessageOf(why)).EndObject().text();
}

Status Show(const Config& config, const ReleaseRecord& record, bool as_json, OutputWriter* out) {
  const auto file = ParseKept(record, config);
  if (!file.ok()) return out->Line(UnreadableLine(record, file.status(), as_json));
  const auto rows = ReadReleaseRows(config, record);
  if (!rows.ok()) return rows.status();
  const ReleaseView view = {&record, &*file, &*rows, HasRunner(config, record.environment), {}, {}};
  if (as_json) return out->Line(ReleaseJson(config, view));
  for (const std::string& line : ReleaseTable(view, SystemClock().Now(), {.width = 160})) {
    REVERTD_RETURN_IF_ERROR(out->Line(line));
  }
  return OkStatus();
}

// The release that a person speaks of; it has not ended.
StatusOr<ReleaseRecord> ReleaseUnderWay(const Config& config, const ReleaseOptions& options) {
  auto record = FindRelease(config, options.id, options.environment);
  if (!record.ok()) return AsUsage(record.status());
  if (record->ended_ns != 0) return InvalidArgument("release " + record->id + " has ended: " + record->outcome);
  return record;
}

Status Post(const Config& config, const ReleaseRecord& record, const ExecutorCommand& command) {
  const auto store =
      ExecutorStore::Open(ReleaseDatabaseOf(config, record.environment), ExecutorStore::Access::kCommandsOnly);
  if (!store.ok()) return store.status();
  REVERTD_RETURN_IF_ERROR((*store)->Post(command));
  if (!HasRunner(config, record.environment)) {
    Say("nobody runs " + record.id + ": it takes effect at `revertd release resume " + record.id + "`");
  }
  JsonWriter json;
  return PrintLine(json.BeginObject().Field("release", record.id).EndObject().text());
}

// Where the configuration of today refuses the release's file nobody can carry it out or undo it: what is promoted can
// only be left, and the release ended.
Status EndUnreadable(const Config& config, const ReleaseRecord& record, const ReleaseOptions& options,
                     const Status& why_unreadable) {
  const std::string error(MessageOf(why_unreadable));
  if (!options.keep) {
    return InvalidArgument("release " + record.id +
                           " cannot be undone, its file does not fit the configuration: " + error +
                           "; `revertd release abort " + record.id + " --keep` ends it and leaves what is promoted");
  }
  const auto store = ExecutorStore::Open(ReleaseDatabaseOf(config, record.environment), ExecutorStore::Access::kOwner);
  if (!store.ok()) return store.status();
  const TimeNs now = SystemClock().Now();
  JsonWriter audit;
  audit.BeginObject().Field("author", Author()).Field("why", options.why).Field("error", error);
  const std::string text = audit.EndObject().text();
  REVERTD_RETURN_IF_ERROR((*store)->Together([&]() -> Status {
    REVERTD_RETURN_IF_ERROR((*store)->Audit("release_taken_over", record.id, text, now));
    return (*store)->EndRelease(record.id, now, "taken_over");
  }));
  JsonWriter json;
  return PrintLine(json.BeginObject().Field("release", record.id).EndObject().text());
}

Status CheckStep(const ReleaseFile& file, const std::string& step) {
  std::vector<std::string_view> names;
  for (const ReleaseStage& stage : file.stages) {
    for (const ReleaseStep& known : stage.steps) names.emplace_back(known.name);
  }
  if (std::ranges::find(names, step) != names.end()) return OkStatus();
  const auto nearest = Nearest(step, names);
  return InvalidArgument("release " + file.id + " has no step \"" + step + "\"" +
                         (nearest ? "; did you mean \"" + std::string(*nearest) + "\"?" : ""));
}

// command(config): what came of it.
template <typename Command>
ExitCode WithConfig(const std::string& path, Command&& command) {
  const auto config = ConfigOrFail(path);
  if (!config.ok()) return Fail(config.status());
  const Status status = command(*config);
  return status.ok() ? ExitCode::kDone : Fail(status);
}

}  // namespace

ExitCode ReleaseStatusCommand(const ReleaseOptions& options) {
  return WithConfig(options.config, [&](const Config& config) -> Status {
    const auto records = ReleasesToShow(config, options);
    if (!records.ok()) return records.status();
    if (records->empty()) Say("nothing was released yet");
    OutputWriter out(STDOUT_FILENO);
    for (const ReleaseRecord& record : *records) REVERTD_RETURN_IF_ERROR(Show(config, record, options.json, &out));
    return out.Flush();
  });
}

ExitCode ReleaseApproveCommand(const ReleaseOptions& options) {
  return WithConfig(options.config, [&](const Config& config) -> Status {
    const auto record = ReleaseUnderWay(config, options);
    if (!record.ok()) return record.status();
    const auto file = ParseKept(*record, config);
    if (!file.ok()) return file.status();
    REVERTD_RETURN_IF_ERROR(CheckStep(*file, options.step));
    ExecutorCommand command;
    command.kind = ExecutorCommand::Kind::kReleaseApprove;
    command.subject = record->id;
    command.name = options.step;
    command.author = Author();
    return Post(config, *record, command);
  });
}

ExitCode ReleaseAbortCommand(const ReleaseOptions& options) {
  return WithConfig(options.config, [&](const Config& config) -> Status {
    const auto record = ReleaseUnderWay(config, options);
    if (!record.ok()) return record.status();
    const auto file = ParseKept(*record, config);
    if (!file.ok() && !HasRunner(config, record->environment)) {
      return EndUnreadable(config, *record, options, file.status());
    }
    ExecutorCommand command;
    command.kind = ExecutorCommand::Kind::kReleaseAbort;
    command.subject = record->id;
    command.name = options.keep ? "keep" : "";
    command.text = options.why;
    command.author = Author();
    return Post(config, *record, command);
  });
}

}  // namespace revertd

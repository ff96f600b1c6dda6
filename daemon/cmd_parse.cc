// `revertd parse`: one JSON object a line of log, or of error events, for people who want to see what a reader makes of
// it.
#include <unistd.h>

#include <functional>
#include <string>

#include "base/counters.h"
#include "base/json_writer.h"
#include "daemon/commands.h"
#include "daemon/log_input.h"
#include "daemon/output.h"
#include "ingest/format/json_escapes.h"
#include "ingest/format/text_fields.h"
#include "ingest/format_detector.h"
#include "ingest/line_splitter.h"
#include "ingest/sentry/sentry_body.h"

namespace revertd {
namespace {

constexpr std::string_view kSentryFormat = "sentry";

void FieldIfLogged(JsonWriter& json, std::string_view key, int64_t value) {
  if (value != kNotLogged) json.Field(key, value);
}

void FieldIfPresent(JsonWriter& json, std::string_view key, std::string_view value) {
  if (!value.empty()) json.Field(key, value);
}

// The path as the client sent it, where the log says how to get it back.
std::string PathOf(const AccessRecord& record) {
  std::string path(record.path);
  switch (record.escapes) {
    case Escapes::kNone: break;
    case Escapes::kNginx: return DecodeNginxEscapes(path);
    case Escapes::kJson: path.resize(UndoJsonEscapes(path, path.data())); break;
  }
  return path;
}

std::string ToJson(const AccessRecord& record, std::string_view format) {
  JsonWriter json;
  json.BeginObject().Field("ok", true).Field("format", format);
  json.Field("time_ns", record.end_ns).Field("start_ns", record.start_ns);
  if (record.status != kStatusNotLogged) json.Field("status", record.status);
  FieldIfPresent(json, "method", record.method);
  FieldIfPresent(json, "host", record.host);
  FieldIfPresent(json, "path", PathOf(record));
  FieldIfLogged(json, "bytes", record.bytes);
  FieldIfLogged(json, "duration_ns", record.duration_ns);
  FieldIfLogged(json, "upstream_ns", record.upstream_ns);
  FieldIfPresent(json, "upstream", record.upstream);
  FieldIfPresent(json, "release", record.release);
  return json.EndObject().Take();
}

std::string ToJson(ParseError error, int64_t line_number) {
  JsonWriter json;
  json.BeginObject().Field("ok", false).Field("error", NameOf(error)).Field("line", line_number);
  return json.EndObject().Take();
}

// What is said of a line; empty: nothing.
using Telling = std::function<std::string(std::string_view line, int64_t line_number)>;

Telling OfRequests(FormatDetector& detector) {
  return [&detector](std::string_view line, int64_t line_number) -> std::string {
    AccessRecord record;
    const ParseError error = detector.Parse(line, record);
    if (error == ParseError::kHeader || error == ParseError::kPartial) return "";
    return error == ParseError::kNone ? ToJson(record, detector.chosen()->name()) : ToJson(error, line_number);
  };
}

std::string OfEvent(std::string_view line, int64_t line_number) {
  const StatusOr<ErrorEvent> event = ReadSentryLine(line, /*project=*/"", {});
  JsonWriter json;
  json.BeginObject().Field("ok", event.ok());
  if (!event.ok()) {
    json.Field("error", MessageOf(event.status())).Field("line", line_number);
    return json.EndObject().Take();
  }
  json.Field("format", kSentryFormat).Field("time_ns", event->at_ns).Field("event_id", event->event_id);
  json.Field("level", NameOf(event->level)).Field("type", event->type).Field("culprit", event->culprit);
  json.Field("title", event->title).Field("release", event->release).Field("environment", event->environment);
  return json.Field("fingerprint", FingerprintText(event->fingerprint)).EndObject().Take();
}

Status ParseLog(const std::string& path, const Telling& tell, OutputWriter& out) {
  auto input = LogInput::Open(path);
  if (!input.ok()) return input.status();
  Counters counters;
  LineSplitter splitter(&counters);
  int64_t line_number = 0;
  bool ended = false;
  while (!ended) {
    auto read = input->source()->Read(splitter.Space(), kSecondNs);
    if (!read.ok()) return Annotate(read.status(), "reading " + path);
    if (read->kind == ReadResult::Kind::kBytes) splitter.Filled(read->bytes);
    ended = read->kind == ReadResult::Kind::kEnd;
    if (ended) splitter.EndOfStream();
    std::string_view line;
    while (splitter.Next(&line)) {
      ++line_number;
      const std::string json = tell(line, line_number);
      if (!json.empty()) REVERTD_RETURN_IF_ERROR(out.Line(json));
    }
    // What was read is shown before the next read may wait.
    REVERTD_RETURN_IF_ERROR(out.Flush());
  }
  return OkStatus();
}

}  // namespace

ExitCode ParseCommand(const ParseOptions& options) {
  const bool of_events = options.format == kSentryFormat;
  const auto format = FormatOrAuto(of_events ? "auto" : options.format);
  if (!format.ok()) return Fail(format.status());
  auto zone = TimeZone::Named(options.timezone);
  if (!zone.ok()) return Fail(Annotate(zone.status(), "--timezone"));
  FormatDetector detector(*format, {.zone = *std::move(zone)});
  const Telling tell = of_events ? Telling(OfEvent) : OfRequests(detector);
  OutputWriter out(STDOUT_FILENO);
  for (const std::string& path : LogsOrStdin(options.logs)) {
    if (const Status status = ParseLog(path, tell, out); !status.ok()) return Fail(status);
  }
  return ExitCode::kDone;
}

}  // namespace revertd

#include "ingest/sentry/event_sample.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/json_writer.h"
#include "base/time_format.h"
#include "ingest/sentry/scrub.h"

namespace revertd {
namespace {

constexpr size_t kValueMax = 1024;       // bytes of a message or an exception's value
constexpr size_t kValueRead = 4 * 1024;  // of it that are looked at

// How much goes into it; each is smaller than the one before.
struct Bounds {
  size_t tags = 0;
  size_t frames = 0;
  size_t exceptions = 0;
};
constexpr std::array<Bounds, 5> kBounds = {{{.tags = 50, .frames = kSampleFramesMax, .exceptions = 10},
                                            {.tags = 0, .frames = kSampleFramesMax, .exceptions = 5},
                                            {.tags = 0, .frames = 12, .exceptions = 3},
                                            {.tags = 0, .frames = 4, .exceptions = 2},
                                            {.tags = 0, .frames = 0, .exceptions = 1}}};

std::string Clean(std::string_view text, size_t bytes_max) {
  return FieldText(Scrubbed(WellFormedUtf8(text.substr(0, kValueRead))), bytes_max);
}

// A file's or a request's place: its query may hold anything.
std::string CleanUrl(std::string_view url) {
  return FieldText(ScrubbedUrl(WellFormedUtf8(url.substr(0, kValueRead))), kErrorTextMax);
}

void PutText(JsonWriter* json, std::string_view key, const std::string& text) {
  if (!text.empty()) json->Field(key, text);
}

void PutNamed(JsonWriter* json, std::string_view key, std::string_view name, std::string_view version) {
  if (name.empty()) return;
  json->Key(key).BeginObject();
  PutText(json, "name", Clean(name, kErrorTextMax));
  // A version with four parts is no address.
  PutText(json, "version", FieldText(WellFormedUtf8(version.substr(0, kErrorTextMax)), kErrorTextMax));
  json->EndObject();
}

void PutFrames(JsonWriter* json, const std::vector<ErrorFrame>& frames, size_t frames_max) {
  if (frames.empty() || frames_max == 0) return;
  json->Key("frames").BeginArray();
  for (size_t i = frames.size() - std::min(frames.size(), frames_max); i < frames.size(); ++i) {
    const ErrorFrame& frame = frames[i];
    json->BeginObject();
    PutText(json, "module", CleanUrl(frame.module));
    PutText(json, "function", Clean(frame.function, kErrorTextMax));
    PutText(json, "filename", CleanUrl(frame.filename.empty() ? frame.package : frame.filename));
    if (frame.line > 0) json->Field("lineno", frame.line);
    if (frame.in_app) json->Field("in_app", *frame.in_app);
    json->EndObject();
  }
  json->EndArray();
}

void PutExceptions(JsonWriter* json, const EventFields& fields, const Bounds& bounds) {
  if (fields.exceptions.empty()) return PutFrames(json, fields.stack, bounds.frames);
  json->Key("exception").BeginArray();
  const size_t count = std::min(fields.exceptions.size(), bounds.exceptions);
  for (size_t i = fields.exceptions.size() - count; i < fields.exceptions.size(); ++i) {
    const ErrorException& exception = fields.exceptions[i];
    json->BeginObject();
    PutText(json, "type", Clean(exception.type, kErrorTextMax));
    PutText(json, "value", Clean(exception.value, kValueMax));
    PutFrames(json, exception.frames, bounds.frames);
    json->EndObject();
  }
  json->EndArray();
}

void PutTags(JsonWriter* json, const EventFields& fields, size_t tags_max) {
  json->Key("tags").BeginArray();
  size_t count = 0;
  for (const auto& [name, value] : fields.tags) {
    if (count == tags_max) break;
    if (NamesSecret(name) || NamesPerson(name) || value.empty()) continue;
    const bool url = value.find("://") != std::string_view::npos || value.front() == '/';
    json->BeginArray();
    json->String(Clean(name, kErrorTextMax)).String(url ? CleanUrl(value) : Clean(value, kErrorTextMax));
    json->EndArray();
    ++count;
  }
  json->EndArray();
}

std::string Write(const EventFields& fields, const ErrorEvent& event, const Bounds& bounds) {
  JsonWriter json;
  json.BeginObject();
  PutText(&json, "event_id", event.event_id);
  if (event.at_ns > 0) json.Field("timestamp", FormatRfc3339(event.at_ns));
  json.Field("level", NameOf(event.level));
  PutText(&json, "platform", Clean(fields.platform, kErrorTextMax));
  PutText(&json, "release", event.release);
  PutText(&json, "environment", event.environment);
  PutText(&json, "server_name", event.server_name);
  PutText(&json, "transaction", CleanUrl(fields.transaction));
  PutText(&json, "logger", Clean(fields.logger, kErrorTextMax));
  PutText(&json, "message", Clean(fields.formatted, kValueMax));
  PutExceptions(&json, fields, bounds);
  if (bounds.tags > 0 && !fields.tags.empty()) PutTags(&json, fields, bounds.tags);
  if (!fields.url.empty() || !fields.method.empty()) {
    json.Key("request").BeginObject();
    PutText(&json, "method", Clean(fields.method, kErrorTextMax));
    PutText(&json, "url", CleanUrl(fields.url));
    json.EndObject();
  }
  PutNamed(&json, "sdk", fields.sdk_name, fields.sdk_version);
  PutNamed(&json, "runtime", fields.runtime_name, fields.runtime_version);
  PutNamed(&json, "os", fields.os_name, fields.os_version);
  json.EndObject();
  return json.Take();
}

}  // namespace

std::string SampleOf(const EventFields& fields, const ErrorEvent& event) {
  for (const Bounds& bounds : kBounds) {
    std::string sample = Write(fields, event, bounds);
    if (sample.size() <= kErrorSampleMax) return sample;
  }
  return {};
}

}  // namespace revertd

// What revertd says of itself, and the kill switch.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "actions/guards.h"
#include "daemon/api/body.h"
#include "daemon/api/handlers.h"
#include "daemon/api/health_metrics.h"
#include "daemon/api/http_metrics.h"
#include "daemon/api/openapi.h"
#include "daemon/api/reply.h"
#include "daemon/api/sentry_metrics.h"

namespace revertd {
namespace {

// The analysis thread publishes every second; ten of them missed is no hiccup.
constexpr DurationNs kPublishedAgeMax = 10 * kSecondNs;

std::string SystemError() { return std::strerror(errno); }

Status TurnOn(const std::string& path, const std::string& why) {
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return Unavailable("the kill switch " + path + " cannot be made: " + SystemError());
  // The file alone is the switch: its words are for people, and a disk that is full does not matter.
  const std::string words = why + "\n";
  [[maybe_unused]] const ssize_t written = ::write(file, words.data(), words.size());
  ::close(file);
  return OkStatus();
}

Status TurnOff(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return OkStatus();
  return Unavailable("the kill switch " + path + " cannot be removed: " + SystemError());
}

HttpReply KillSwitchReply(const std::string& path) {
  const KillSwitch now = ReadKillSwitch(path);
  JsonWriter json;
  json.BeginObject().Field("on", now != KillSwitch::kOff).Field("readable", now != KillSwitch::kUnreadable);
  return JsonReply(json.Field("path", path).EndObject().Take());
}

// Troubles are no reason to restart it or to send nobody here: it lives, and says what is wrong. Names alone: whoever
// asks needs no token.
HttpReply ReadyReply(std::string_view why_not, std::string_view troubles = "") {
  JsonWriter json;
  json.BeginObject().Field("ready", why_not.empty());
  if (!why_not.empty()) json.Field("reason", why_not);
  if (!troubles.empty()) json.Field("troubles", troubles);
  return JsonReply(json.EndObject().Take(), why_not.empty() ? 200 : 503);
}

}  // namespace

HttpAnswer GetHealth(ApiContext& /*context*/, const HttpCall& /*call*/, const PathWords& /*words*/) {
  return JsonReply(R"({"ok":true})");
}

HttpAnswer GetReady(ApiContext& context, const HttpCall& /*call*/, const PathWords& /*words*/) {
  const auto published = context.tools().board->Read();
  if (published == nullptr) return ReadyReply("starting");
  if (!published->running) return ReadyReply("ending");
  const bool is_stuck = context.Now() - published->at_ns > kPublishedAgeMax;
  return ReadyReply(is_stuck ? "analysis_is_stuck" : "", published->troubles);
}

HttpAnswer GetMetrics(ApiContext& context, const HttpCall& /*call*/, const PathWords& /*words*/) {
  HttpReply reply;
  reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
  if (const auto published = context.tools().board->Read()) reply.body = published->metrics;
  reply.body += HealthMetricsText(context.tools().health->Read(), context.tools().health->results_dropped());
  if (context.tools().sentry != nullptr) reply.body += SentryMetricsText(context.tools().sentry->counters());
  if (context.counters() != nullptr) reply.body += HttpMetricsText(*context.counters());
  return reply;
}

HttpAnswer GetDescription(ApiContext& /*context*/, const HttpCall& /*call*/, const PathWords& /*words*/) {
  return JsonReply(std::string(OpenApiDescription()));
}

HttpAnswer GetStatus(ApiContext& context, const HttpCall& /*call*/, const PathWords& /*words*/) {
  const auto published = context.tools().board->Read();
  if (published == nullptr) return HttpError(503, "starting", "nothing is known yet; try again in a second");
  return JsonReply(published->status);
}

HttpAnswer GetKillSwitch(ApiContext& context, const HttpCall& /*call*/, const PathWords& /*words*/) {
  return KillSwitchReply(context.config().guard.kill_switch);
}

HttpAnswer PutKillSwitch(ApiContext& context, const HttpCall& call, const PathWords& /*words*/) {
  const auto body = ReadBody(call.body, {"on", "why", "by"});
  if (!body.ok()) return StatusReply(body.status());
  const std::string& on = (*body)["on"];
  if (on != "true" && on != "false") return StatusReply(InvalidArgument("member \"on\": true or false expected"));
  const std::string& path = context.config().guard.kill_switch;
  const std::string by = (*body)["by"].empty() ? "a caller of the API" : (*body)["by"];
  if (const Status status = on == "true" ? TurnOn(path, (*body)["why"] + " (" + by + ")") : TurnOff(path);
      !status.ok()) {
    return StatusReply(status);
  }
  InboxMessage message;
  message.kind = InboxMessage::Kind::kEvent;
  message.event.at_ns = context.Now();
  message.event.kind = "kill_switch";
  JsonWriter json;
  json.BeginObject().Field("event", "kill_switch").Field("time_ns", message.event.at_ns).Field("on", on == "true");
  message.event.text = json.Field("by", by).Field("why", (*body)["why"]).EndObject().Take();
  // The switch has been thrown, whether or not it can be told.
  [[maybe_unused]] const Status told = context.state().Post(message);
  return KillSwitchReply(path);
}

}  // namespace revertd

// Services, and what was counted of them.
#include <algorithm>
#include <map>
#include <set>

#include "analysis/series.h"
#include "base/time_format.h"
#include "daemon/api/handlers.h"
#include "daemon/api/reply.h"

namespace revertd {
namespace {

constexpr int64_t kWindowsDefaultSeconds = 5 * 60;
constexpr int64_t kServiceDeploysSince = 14 * 24 * 3600;  // seconds; the newest deploy of a service is among them

void AppendService(JsonWriter& json, const std::string& name, const ServiceConfig* configured, const Deploy* newest) {
  json.BeginObject().Field("service", name).Field("configured", configured != nullptr);
  if (configured != nullptr) {
    json.Field("mode", NameOf(configured->mode));
    if (!configured->repo.empty()) json.Field("repo", configured->repo);
  }
  if (newest != nullptr) json.Field("deploy", newest->id).Field("commit", newest->head);
  json.EndObject();
}

void AppendSecond(JsonWriter& json, const SecondCounts& counts) {
  const RateCounts all = AllAges(counts.by_age);
  json.BeginObject()
      .Field("second", counts.second)
      .Field("requests", all.requests)
      .Field("errors", all.errors)
      .EndObject();
}

// A bound of the interval, in seconds; nullopt: no time.
std::optional<int64_t> SecondOf(std::string_view text, int64_t otherwise) {
  if (text.empty()) return otherwise;
  const auto time = ParseTime(text);
  return time ? std::optional(FloorToSecond(*time)) : std::nullopt;
}

}  // namespace

HttpAnswer ListServices(ApiContext& context, const HttpCall& /*call*/, const PathWords& /*words*/) {
  const auto deploys = context.state().ReadDeploys(context.Now() - kServiceDeploysSince * kSecondNs);
  if (!deploys.ok()) return StatusReply(deploys.status());
  const auto minutes = context.state().ReadNewestMinutes();
  if (!minutes.ok()) return StatusReply(minutes.status());
  std::map<std::string, const Deploy*> services;  // name to its newest deploy
  for (const ServiceConfig& service : context.config().services) services.emplace(service.name, nullptr);
  for (const StoredMinute& minute : *minutes) services.emplace(minute.service, nullptr);
  for (const Deploy& deploy : *deploys) services.insert_or_assign(deploy.service, &deploy);
  return ListReply("services", services, [&](JsonWriter& json, const auto& entry) {
    AppendService(json, entry.first, context.config().FindService(entry.first), entry.second);
  });
}

HttpAnswer ListWindows(ApiContext& context, const HttpCall& call, const PathWords& words) {
  const int64_t now = FloorToSecond(context.Now());
  const auto to = SecondOf(call.Query("to"), now);
  const auto from = SecondOf(call.Query("from"), to.value_or(now) - kWindowsDefaultSeconds);
  if (!from || !to) return StatusReply(InvalidArgument("from and to are RFC 3339 or Unix seconds"));
  if (*to - *from > kHistorySecondsKept) {
    return StatusReply(InvalidArgument("seconds are kept for 30 minutes: ask for no more of them at a time"));
  }
  const auto seconds = context.state().ReadSeconds(words[0], *from, *to);
  if (!seconds.ok()) return StatusReply(seconds.status());
  return ListReply("windows", *seconds, &AppendSecond);
}

}  // namespace revertd

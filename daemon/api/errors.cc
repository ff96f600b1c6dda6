// What applications' error trackers told: their requests on the way in, and the groups of errors that were made of
// them.
#include <algorithm>
#include <vector>

#include "base/time_format.h"
#include "daemon/api/handlers.h"
#include "daemon/api/reply.h"
#include "daemon/sentry/sentry_reply.h"

namespace revertd {
namespace {

constexpr size_t kTransactionsMax = 1000;  // of one answer, those that came most

void AppendNames(JsonWriter& json, std::string_view key, const std::vector<std::string>& names) {
  json.Key(key).BeginArray();
  for (const std::string& name : names) json.String(name);
  json.EndArray();
}

void AppendGroup(JsonWriter& json, const ErrorGroupRecord& group) {
  json.BeginObject().Field("service", group.service).Field("fingerprint", FingerprintText(group.fingerprint));
  json.Field("type", group.type).Field("culprit", group.culprit).Field("title", group.title);
  json.Field("level", NameOf(group.level)).Field("events", group.events);
  json.Field("first_seen_ns", group.first_seen_ns).Field("last_seen_ns", group.last_seen_ns);
  AppendNames(json, "releases", group.releases);
  AppendNames(json, "environments", group.environments);
  json.Field("event_id", group.event_id);
  if (!group.sample.empty()) json.Key("sample").Raw(group.sample);
  json.EndObject();
}

struct TransactionRow {
  std::string_view project;
  std::string_view name;
  const HdrHistogram* times;
  uint64_t count;
};

void AppendTransaction(JsonWriter& json, const TransactionRow& row) {
  json.BeginObject().Field("project", row.project).Field("name", row.name).Field("count", row.count);
  json.Field("p50_ns", row.times->ValueAtQuantile(0.5)).Field("p90_ns", row.times->ValueAtQuantile(0.9));
  json.Field("p99_ns", row.times->ValueAtQuantile(0.99)).EndObject();
}

}  // namespace

HttpAnswer ListErrors(ApiContext& context, const HttpCall& call, const PathWords& /*words*/) {
  const std::string_view since_text = call.Query("since");
  const auto since = since_text.empty() ? std::optional<TimeNs>(0) : ParseTime(since_text);
  if (!since) return StatusReply(InvalidArgument("since: RFC 3339 or Unix seconds expected"));
  const auto groups = context.state().ReadErrorGroups(call.Query("service"), *since);
  if (!groups.ok()) return StatusReply(groups.status());
  return ListReply("errors", *groups, &AppendGroup);
}

HttpAnswer ShowError(ApiContext& context, const HttpCall& call, const PathWords& words) {
  const auto fingerprint = FingerprintOf(words[0]);
  if (!fingerprint) return StatusReply(InvalidArgument("a fingerprint of 16 hexadecimal digits expected"));
  const std::string_view service = call.Query("service");
  if (service.empty()) return StatusReply(InvalidArgument("service expected: groups are those of a service"));
  const auto group = context.state().ReadErrorGroup(service, *fingerprint);
  if (!group.ok()) return StatusReply(group.status());
  if (!group->has_value()) return StatusReply(NotFound("the service has no such group of errors"));
  JsonWriter json;
  AppendGroup(json, **group);
  return JsonReply(json.Take());
}

HttpAnswer ListTransactions(ApiContext& context, const HttpCall& call, const PathWords& /*words*/) {
  std::vector<TransactionRow> rows;
  if (const SentryDoor* door = context.tools().sentry) {
    door->transactions().ForEach(call.Query("project"),
                                 [&](std::string_view project, std::string_view name, const HdrHistogram& times) {
                                   const uint64_t count = times.total();
                                   if (count > 0) rows.push_back({project, name, &times, count});
                                 });
  }
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.count > b.count; });
  if (rows.size() > kTransactionsMax) rows.resize(kTransactionsMax);
  return ListReply("transactions", rows, &AppendTransaction);
}

HttpAnswer TakeEnvelope(ApiContext& context, const HttpCall& call, const PathWords& words) {
  return context.tools().sentry->Take(SentryEndpoint::kEnvelope, words[0], call);
}

HttpAnswer TakeStore(ApiContext& context, const HttpCall& call, const PathWords& words) {
  return context.tools().sentry->Take(SentryEndpoint::kStore, words[0], call);
}

HttpAnswer AnswerPreflight(ApiContext& /*context*/, const HttpCall& /*call*/, const PathWords& /*words*/) {
  return SentryPreflight();
}

}  // namespace revertd

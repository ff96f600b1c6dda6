#include "daemon/status_report.h"

#include "base/counters.h"
#include "base/json_writer.h"
#include "base/time_format.h"
#include "daemon/event_json.h"

namespace revertd {

namespace {

CounterValues Total(const std::vector<SourceSet::View>& sources) {
  CounterValues total{};
  for (const SourceSet::View& source : sources) {
    const CounterValues values = source.counters->Read();
    for (size_t i = 0; i < kCounterCount; ++i) total[i] += values[i];
  }
  return total;
}

void AppendSource(JsonWriter& json, const SourceSet::View& source) {
  const Format* format = source.facts->format.load();
  const bool ended = source.facts->ended.load();
  json.BeginObject().Field("name", source.name);
  json.Field("state", ended ? "ended" : source.facts->stale.load() ? "stale" : "live");
  json.Field("format", format == nullptr ? std::string_view("unknown") : format->name());
  json.Field("last_bytes_ns", source.facts->last_bytes_ns.load()).Key("counters").BeginObject();
  const CounterValues values = source.counters->Read();
  for (size_t i = 0; i < kCounterCount; ++i) {
    if (values[i] != 0) json.Field(NameOf(static_cast<Counter>(i)), values[i]);
  }
  json.EndObject().EndObject();
}

}  // namespace

std::string StatusJson(const StatusFacts& facts, const std::vector<SourceSet::View>& sources,
                       const ServiceTable& services, const std::vector<AnalysisLoop::Watch>& watches,
                       const std::vector<HealthState>& health) {
  JsonWriter json;
  json.BeginObject().Field("running", facts.running).Field("event_loop", facts.event_loop);
  json.Field("started_ns", facts.started_ns).Field("now_ns", facts.now_ns);
  if (facts.sealed_through != kNoSecond) json.Field("sealed_through", facts.sealed_through);
  json.Key("counters").BeginObject();
  const CounterValues total = Total(sources);
  for (size_t i = 0; i < kCounterCount; ++i) json.Field(NameOf(static_cast<Counter>(i)), total[i]);
  json.Field("events_dropped", facts.events_dropped).Field("writes_dropped", facts.writes_dropped);
  json.Field("rollup_bytes", facts.rollup_bytes).Field("rollup_chunks_cut", facts.rollup_chunks_cut);
  json.Field("rollups_out_of_order", facts.rollups_out_of_order);
  json.Field("troubles_begun", facts.troubles_begun).Field("heartbeats", facts.heartbeats);
  json.Field("heartbeats_failed", facts.heartbeats_failed);
  if (facts.sentry != nullptr) {
    json.Key("sentry");
    AppendValue(json, *facts.sentry);
    json.Field("errors_late", facts.errors.late).Field("errors_overflow", facts.errors.overflow);
  }
  json.Field("parts_overflow", facts.parts_overflow).EndObject();
  json.Key("troubles");
  AppendTroubles(json, facts.troubles);
  json.Key("sources").BeginArray();
  for (const SourceSet::View& source : sources) AppendSource(json, source);
  json.EndArray().Key("services").BeginArray();
  for (ServiceId id = 0; id < services.size(); ++id) json.String(services.NameOf(id));
  json.EndArray().Key("watches").BeginArray();
  for (const AnalysisLoop::Watch& watch : watches) {
    json.BeginObject().Field("deploy", watch.deploy.id).Field("service", watch.deploy.service);
    json.Field("kind", NameOf(watch.deploy.kind)).Field("state", NameOf(watch.verdict.state));
    json.Field("reason", watch.verdict.reason).EndObject();
  }
  json.EndArray().Key("follow_ups").BeginArray();
  for (const FollowUpDesk::Armed& armed : facts.follow_ups) {
    const Deploy& deploy = armed.record->deploy;
    json.BeginObject().Field("deploy", deploy.id).Field("service", deploy.service);
    json.Field("after", FormatDuration(armed.after_ns)).Field("due_ns", armed.due_second * kSecondNs).EndObject();
  }
  json.EndArray().Key("health").BeginArray();
  for (const HealthState& state : health) {
    json.BeginObject();
    AppendFields(json, state);
    json.EndObject();
  }
  return json.EndArray().EndObject().Take();
}

}  // namespace revertd

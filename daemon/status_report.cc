#include "daemon/status_report.h"

namespace revertd {

void AppendCounters(JsonWriter& json, const Counters& counters) {
  const CounterValues values = counters.Read();
  for (size_t i = 0; i < kCounterCount; ++i) json.Field(NameOf(static_cast<Counter>(i)), values[i]);
}

std::string StatusJson(const StatusFacts& facts, const Counters& counters, const ServiceTable& services,
                       const std::vector<AnalysisLoop::Watch>& watches) {
  JsonWriter json;
  json.BeginObject().Field("running", facts.running).Field("source", facts.source);
  json.Field("started_ns", facts.started_ns).Field("now_ns", facts.now_ns);
  if (facts.sealed_through != kNoSecond) json.Field("sealed_through", facts.sealed_through);
  json.Key("counters").BeginObject();
  AppendCounters(json, counters);
  json.Field("events_dropped", facts.events_dropped).Field("writes_dropped", facts.writes_dropped);
  json.Field("rollup_bytes", facts.rollup_bytes).Field("rollup_chunks_cut", facts.rollup_chunks_cut);
  json.Field("rollups_out_of_order", facts.rollups_out_of_order).EndObject();
  json.Key("services").BeginArray();
  for (ServiceId id = 0; id < services.size(); ++id) json.String(services.NameOf(id));
  json.EndArray().Key("watches").BeginArray();
  for (const AnalysisLoop::Watch& watch : watches) {
    json.BeginObject().Field("deploy", watch.deploy.id).Field("service", watch.deploy.service);
    json.Field("kind", NameOf(watch.deploy.kind)).Field("state", NameOf(watch.verdict.state));
    json.Field("reason", watch.verdict.reason).EndObject();
  }
  return json.EndArray().EndObject().Take();
}

}  // namespace revertd

#include "daemon/api/metrics_text.h"

#include <array>

#include "base/counters.h"
#include "daemon/api/http_metrics.h"
#include "daemon/api/prometheus_text.h"

namespace revertd {
namespace {

constexpr std::array kStates = {VerdictState::kWatching, VerdictState::kHealthy, VerdictState::kRegressed,
                                VerdictState::kInconclusive, VerdictState::kAmbiguous};

double Seconds(TimeNs time) { return static_cast<double>(time) / 1e9; }

void WriteSources(const std::vector<SourceSet::View>& sources, PrometheusText* text) {
  for (size_t i = 0; i < kCounterCount; ++i) {
    const auto counter = static_cast<Counter>(i);
    const std::string name(NameOf(counter));
    text->Family("revertd_" + name + "_total", "counter",
                 IsDrop(counter) ? "Lines of the source that became no sample: " + name + "."
                                 : "Of the source, as in `revertd status`: " + name + ".");
    for (const SourceSet::View& source : sources)
      text->Sample({{"source", source.name}}, source.counters->Get(counter));
  }
  text->Family("revertd_source_stale", "gauge", "1 where the source is silent for longer than its stale_after.");
  for (const SourceSet::View& source : sources) {
    text->Sample({{"source", source.name}}, uint64_t{source.facts->stale.load()});
  }
  text->Family("revertd_source_last_bytes_timestamp_seconds", "gauge", "When the source was last heard of.");
  for (const SourceSet::View& source : sources) {
    text->Sample({{"source", source.name}}, Seconds(source.facts->last_bytes_ns.load()));
  }
}

void WriteWatches(const std::vector<AnalysisLoop::Watch>& watches, PrometheusText* text) {
  text->Family("revertd_deploys_watched", "gauge", "Deploys under observation, by the state of their verdict.");
  for (const VerdictState state : kStates) {
    uint64_t count = 0;
    for (const AnalysisLoop::Watch& watch : watches) count += watch.verdict.state == state ? 1 : 0;
    text->Sample({{"state", NameOf(state)}}, count);
  }
}

void WriteTroubles(const StatusFacts& facts, PrometheusText* text) {
  text->Family("revertd_trouble", "gauge", "1 for each trouble that stands; meanwhile nothing is called healthy.");
  for (const Trouble& trouble : facts.troubles) {
    text->Sample({{"name", trouble.name}, {"subject", trouble.subject}}, uint64_t{1});
  }
}

struct One {
  std::string_view name;
  std::string_view type;
  std::string_view help;
};

void Write(const One& metric, uint64_t value, PrometheusText* text) {
  text->Family(metric.name, metric.type, metric.help);
  text->Sample({}, value);
}

}  // namespace

std::string MetricsText(const StatusFacts& facts, const std::vector<SourceSet::View>& sources,
                        const ServiceTable& services, const ServiceMetrics& counted,
                        const std::vector<AnalysisLoop::Watch>& watches) {
  PrometheusText text;
  text.Family("revertd_build_info", "gauge", "The version that runs.");
  text.Sample({{"version", REVERTD_VERSION}, {"event_loop", facts.event_loop}}, uint64_t{1});
  text.Family("revertd_start_timestamp_seconds", "gauge", "When the process began.");
  text.Sample({}, Seconds(facts.started_ns));
  if (facts.sealed_through != kNoSecond) {
    text.Family("revertd_sealed_through_timestamp_seconds", "gauge", "The newest second of the log that is counted.");
    text.Sample({}, static_cast<double>(facts.sealed_through));
  }
  WriteSources(sources, &text);
  WriteTroubles(facts, &text);
  Write({"revertd_troubles_begun_total", "counter", "Troubles that began."}, facts.troubles_begun, &text);
  Write({"revertd_heartbeats_total", "counter", "Heartbeats that were heard."}, facts.heartbeats, &text);
  Write({"revertd_heartbeats_failed_total", "counter", "Heartbeats that were not heard."}, facts.heartbeats_failed,
        &text);
  Write({"revertd_events_dropped_total", "counter", "Events not printed, for their reader was too slow."},
        facts.events_dropped, &text);
  Write({"revertd_writes_dropped_total", "counter", "Writes that the state never took."}, facts.writes_dropped, &text);
  Write({"revertd_rollup_bytes", "gauge", "Bytes of history in use, of all services."}, facts.rollup_bytes, &text);
  Write({"revertd_rollup_chunks_cut_total", "counter", "Pieces of history given back early for lack of bytes."},
        facts.rollup_chunks_cut, &text);
  Write({"revertd_rollups_out_of_order_total", "counter", "Windows too old for the history."},
        facts.rollups_out_of_order, &text);
  Write({"revertd_parts_overflow_total", "counter", "Seconds of routes and cohorts that found no place."},
        facts.parts_overflow, &text);
  const uint64_t left_out =
      services.size() > ServiceMetrics::kServicesMax ? services.size() - ServiceMetrics::kServicesMax : 0;
  Write({"revertd_services_left_out", "gauge", "Services beyond those whose requests are shown here."}, left_out,
        &text);
  WriteWatches(watches, &text);
  counted.Write(services, &text);
  return text.Take();
}

std::string HttpMetricsText(const HttpCounters& counters) {
  PrometheusText text;
  Write({"revertd_http_connections_total", "counter", "Connections accepted."}, counters.connections.load(), &text);
  Write({"revertd_http_connections", "gauge", "Connections open."}, counters.connections_now.load(), &text);
  Write(
      {"revertd_http_connections_evicted_total", "counter", "Closed while nothing came, to make room for another one."},
      counters.connections_evicted.load(), &text);
  Write({"revertd_http_connections_refused_total", "counter", "Refused, for every one was busy."},
        counters.connections_refused.load(), &text);
  Write({"revertd_http_requests_total", "counter", "Requests answered, by whatever status."}, counters.requests.load(),
        &text);
  Write({"revertd_http_requests_bad_total", "counter", "Not HTTP, or with a head beyond the limit."},
        counters.requests_bad.load(), &text);
  Write({"revertd_http_bodies_too_large_total", "counter", "Requests refused for their length."},
        counters.bodies_too_large.load(), &text);
  Write({"revertd_http_accept_errors_total", "counter", "Connections that the kernel could not give us."},
        counters.accept_errors.load(), &text);
  Write({"revertd_http_bodies_no_room_total", "counter", "Requests refused while other bodies were being read."},
        counters.bodies_no_room.load(), &text);
  Write({"revertd_http_waits_no_room_total", "counter", "Gates and streams refused while others waited."},
        counters.waits_no_room.load(), &text);
  Write({"revertd_http_timeouts_total", "counter", "Connections closed for their slowness."}, counters.timeouts.load(),
        &text);
  return text.Take();
}

}  // namespace revertd

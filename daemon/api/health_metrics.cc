#include "daemon/api/health_metrics.h"

#include "daemon/api/prometheus_text.h"

namespace revertd {
namespace {

double Seconds(int64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

using Labels = PrometheusText::Labels;

Labels LabelsOf(const HealthState& state) { return {{"service", state.newest.service}, {"check", state.newest.check}}; }

Labels LabelsOf(const HealthState& state, HealthLevel level) {
  Labels labels = LabelsOf(state);
  labels.emplace_back("level", NameOf(level));
  return labels;
}

void WriteLevels(const std::vector<HealthState>& states, PrometheusText* text) {
  text->Family("revertd_health_check_level", "gauge", "1 for the level that the health check has now.");
  for (const HealthState& state : states) {
    for (const HealthLevel level : kHealthLevels) {
      text->Sample(LabelsOf(state, level), uint64_t{state.newest.level == level});
    }
  }
  text->Family("revertd_health_checks_total", "counter", "Answers to the health check, by level.");
  for (const HealthState& state : states) {
    for (const HealthLevel level : kHealthLevels) {
      text->Sample(LabelsOf(state, level), state.results[static_cast<size_t>(level)]);
    }
  }
}

void WriteNewest(const std::vector<HealthState>& states, PrometheusText* text) {
  text->Family("revertd_health_check_duration_seconds", "gauge", "How long the newest answer took.");
  for (const HealthState& state : states) {
    if (state.is_asked()) text->Sample(LabelsOf(state), Seconds(state.newest.took_ns));
  }
  text->Family("revertd_health_check_timestamp_seconds", "gauge", "When the newest answer was asked for.");
  for (const HealthState& state : states) {
    if (state.is_asked()) text->Sample(LabelsOf(state), Seconds(state.newest.at_ns));
  }
}

}  // namespace

std::string HealthMetricsText(const std::vector<HealthState>& states, uint64_t results_dropped) {
  PrometheusText text;
  if (states.empty()) return text.Take();
  WriteLevels(states, &text);
  WriteNewest(states, &text);
  text.Family("revertd_health_checks_missed_total", "counter",
              "Times that the health check should have been asked and was not.");
  for (const HealthState& state : states) text.Sample(LabelsOf(state), state.missed);
  text.Family("revertd_health_results_dropped_total", "counter", "Answers that the analysis did not take in time.");
  text.Sample({}, results_dropped);
  return text.Take();
}

}  // namespace revertd

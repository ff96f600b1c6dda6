#include "analysis/attribution.h"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include "base/strings.h"

namespace revertd {
namespace {

struct Candidate {
  std::string_view service;
  const Series* series;
  int64_t requests;  // in the traffic interval
};

SecondInterval TrafficBefore(int64_t second) { return {second - kTrafficSeconds, second}; }

std::vector<Candidate> CandidatesFor(const DeployRecord& deploy, const SeriesByService& series,
                                     const DeployRegistry& registry, const CallGraph& graph) {
  std::vector<Candidate> candidates;
  for (const auto& [service, kept] : series) {
    if (service == deploy.deploy.service || graph.Related(service, deploy.deploy.service)) continue;
    if (!registry.MayBeControl(service, deploy.first_second())) continue;
    const int64_t requests = kept.Sum(TrafficBefore(deploy.baseline_end())).requests;
    if (requests > 0) candidates.push_back({service, &kept, requests});
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.requests > b.requests; });
  if (candidates.size() > kControlsMax) candidates.resize(kControlsMax);
  return candidates;
}

}  // namespace

CallGraph::CallGraph(const Config& config) {
  for (const ServiceConfig& service : config.services) calls_[service.name] = service.depends_on;
}

bool CallGraph::Reaches(std::string_view from, std::string_view to) const {
  std::set<std::string_view> seen = {from};
  std::deque<std::string_view> open = {from};
  while (!open.empty()) {
    const auto calls = calls_.find(open.front());
    open.pop_front();
    if (calls == calls_.end()) continue;
    for (const std::string& called : calls->second) {
      if (called == to) return true;
      if (seen.insert(called).second) open.push_back(called);
    }
  }
  return false;
}

bool CallGraph::Related(std::string_view a, std::string_view b) const { return Reaches(a, b) || Reaches(b, a); }

std::string ControlGroup::Names() const {
  std::vector<std::string> names;
  for (const ControlSource& source : sources) names.push_back(source.service);
  return Join(names, ",");
}

ControlGroup ChooseControls(const DeployRecord& deploy, const Baseline& baseline, const SeriesByService& series,
                            const DeployRegistry& registry, const CallGraph& graph, const RateMargins& margins,
                            int64_t horizon_seconds) {
  const auto target = series.find(deploy.deploy.service);
  if (target == series.end() || !baseline.known()) return {};
  const int64_t before = deploy.baseline_end();
  const double seconds = static_cast<double>(kTrafficSeconds);
  ControlGroup group;
  ControlTraffic traffic;
  RateCounts pooled;
  for (const Candidate& candidate : CandidatesFor(deploy, series, registry, graph)) {
    const Baseline own = EstimateBaseline(HistoryBefore(*candidate.series, before, registry.LeftOut(candidate.service)),
                                          before, margins);
    if (!own.known()) continue;
    traffic.control += static_cast<double>(candidate.requests) * own.reference / seconds;
    pooled += own.counts;
    group.sources.push_back({std::string(candidate.service), candidate.series, own});
  }
  const double requests = static_cast<double>(target->second.Sum(TrafficBefore(before)).requests) / seconds;
  traffic.target_null = requests * baseline.null_rate;
  traffic.target_reference = requests * baseline.reference;
  if (!ControlIsUsable(traffic, horizon_seconds)) return {};
  group.rate_before = pooled.rate();
  return group;
}

ControlReading ReadControls(const ControlGroup& group, const DeployRegistry& registry, int64_t second,
                            int64_t first_start) {
  ControlReading reading;
  for (const ControlSource& source : group.sources) {
    const AgeCounts* counts = source.series->Find(second);
    if (counts == nullptr || !registry.MayBeControl(source.service, second)) continue;
    const RateCounts started = StartedFrom(*counts, second, first_start);
    reading.counts += started;
    reading.expected += static_cast<double>(started.requests) * source.baseline.reference;
  }
  return reading;
}

}  // namespace revertd

#include "analysis/attribution.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace revertd {
namespace {

SignalPlan PlanBeside(Signal signal, const ControlGroup& controls, const SignalTimes& times) {
  SignalPlan plan;
  plan.signal = signal;
  plan.first_second = times.first_second;
  plan.horizon_seconds = times.horizon_seconds;
  plan.control_before = controls.before(signal).rate();
  plan.control_reference = controls.reference(signal);
  plan.control_noise = controls.own_noise(signal);
  return plan;
}

struct Candidate {
  std::string_view service;
  int64_t requests;  // in the minutes before the deploy
};

}  // namespace

CallGraph::CallGraph(const Config& config) {
  for (const ServiceConfig& service : config.services) {
    calls_[service.name] = service.depends_on;
    called_.insert(service.depends_on.begin(), service.depends_on.end());
  }
}

std::vector<std::string> CallGraph::CalleesOf(std::string_view service) const {
  std::set<std::string_view> seen = {service};
  std::vector<std::string> callees;
  std::deque<std::string_view> open = {service};
  while (!open.empty()) {
    const auto calls = calls_.find(open.front());
    open.pop_front();
    if (calls == calls_.end()) continue;
    for (const std::string& called : calls->second) {
      if (!seen.insert(called).second) continue;
      open.push_back(called);
      callees.push_back(called);
    }
  }
  return callees;
}

bool CallGraph::Reaches(std::string_view from, std::string_view to) const {
  if (!calls_.contains(from)) return false;
  const std::vector<std::string> callees = CalleesOf(from);
  return std::find(callees.begin(), callees.end(), to) != callees.end();
}

bool CallGraph::Related(std::string_view a, std::string_view b) const { return Reaches(a, b) || Reaches(b, a); }

ServiceSignals SignalsOf(std::string_view service, const SignalTimes& times, const ServiceSources& sources) {
  const auto series = sources.series.find(service);
  REVERTD_CHECK(series != sources.series.end());
  const std::vector<SecondInterval> left_out = sources.registry.LeftOut(service);
  if (sources.memo != nullptr) {
    const auto known = sources.memo->by_service.find(service);
    const bool is_same = known != sources.memo->by_service.end() && known->second.times == times;
    if (is_same && known->second.left_out == left_out) return known->second.signals;
  }
  ServiceSignals signals(service, series->second, sources.rollups, times, left_out, sources.margins);
  if (sources.memo != nullptr) {
    sources.memo->by_service.insert_or_assign(std::string(service), SignalsMemo::Known{times, left_out, signals});
  }
  return signals;
}

bool IsTroubled(const ServiceSignals& service, const RateCounts& counts) {
  constexpr double kTroubled = 2;
  constexpr double kEventsMin = 10;
  const Baseline& errors = service.baseline(Signal::kErrors);
  const double expected = static_cast<double>(counts.requests) * errors.reference;
  return errors.known() && static_cast<double>(counts.errors) > kTroubled * expected + kEventsMin;
}

ControlGroup ChooseControls(const ServiceSignals& target, const SignalTimes& times, const ServiceSources& sources) {
  std::vector<Candidate> candidates;
  for (const auto& [service, kept] : sources.series) {
    if (service == target.service() || sources.graph.Related(service, target.service())) continue;
    if (!sources.registry.MayBeControl(service, times.first_second)) continue;
    const int64_t requests = kept.Sum(times.minutes_before()).requests;
    if (requests > 0) candidates.push_back({service, requests});
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.requests > b.requests; });
  if (candidates.size() > kControlsMax) candidates.resize(kControlsMax);
  std::vector<ServiceSignals> services, troubled;
  for (const Candidate& candidate : candidates) {
    ServiceSignals signals = SignalsOf(candidate.service, times, sources);
    const SecondInterval minutes{times.first_second - kTrafficSeconds, times.first_second};
    const bool is_troubled = IsTroubled(signals, sources.series.find(candidate.service)->second.Sum(minutes));
    (is_troubled ? troubled : services).push_back(std::move(signals));
  }
  // One that is far from its own baseline before anything was deployed is no measure of what others should be. But
  // where most are in trouble, or the deployed one was with them, there is an outage, and whoever leaves them out
  // blames the deploy for it. Hours later the deployed one may be in trouble because of the deploy.
  const RateCounts before = sources.series.find(target.service())->second.Sum(times.minutes_before());
  const bool is_shared = !times.is_late() && IsTroubled(target, before);
  if (is_shared || troubled.size() > services.size()) {
    std::move(troubled.begin(), troubled.end(), std::back_inserter(services));
  }
  return {std::move(services), times.horizon_seconds};
}

SignalPlan PlanOf(Signal signal, const ServiceSignals& target, const ControlGroup& controls, const SignalTimes& times) {
  SignalPlan plan = PlanBeside(signal, controls, times);
  plan.baseline = target.baseline(signal);
  plan.slower_than_ns = target.slower_than_ns(signal);
  if (controls.UsableFor(signal, plan.baseline, target.ExposurePerSecond(signal)))
    plan.control = controls.Names(signal);
  return plan;
}

SignalPlan PlanOf(const JudgedRoute& route, const ControlGroup& controls, const SignalTimes& times) {
  SignalPlan plan = PlanBeside(Signal::kErrors, controls, times);
  plan.route = route.name;
  plan.baseline = route.baseline;
  if (controls.UsableFor(Signal::kErrors, route.baseline, route.requests_per_second)) {
    plan.control = controls.Names(Signal::kErrors);
  }
  return plan;
}

ControlGroup::ControlGroup(std::vector<ServiceSignals> services, int64_t horizon_seconds)
    : services_(std::move(services)), horizon_seconds_(horizon_seconds) {
  for (const Signal signal : kAllSignals) {
    if (!TraitsOf(signal).is_comparable) continue;
    double expected = 0, noise = 0;
    for (const ServiceSignals& service : services_) {
      const Baseline& own = service.baseline(signal);
      if (!own.known()) continue;
      per_second_[signal] += service.ExposurePerSecond(signal);
      expected += service.ExposurePerSecond(signal) * own.reference;
      noise += service.ExposurePerSecond(signal) * own.reference * own.spread.PassingOf(kControlBlockSeconds);
      before_[signal] += own.counts;
    }
    if (per_second_[signal] > 0) reference_[signal] = expected / per_second_[signal];
    if (expected > 0) own_noise_[signal] = noise / expected;
  }
}

bool ControlGroup::UsableFor(Signal signal, const Baseline& target, double target_per_second) const {
  if (!target.known()) return false;
  return ControlIsUsable({.grid = TraitsOf(signal).grid,
                          .target_null = target.null_rate,
                          .target_reference = target.reference,
                          .control_reference = reference_[signal],
                          .inverse_kappa = own_noise_[signal] + target.spread.PassingOf(kControlBlockSeconds),
                          .horizon_seconds = horizon_seconds_},
                         target_per_second, per_second_[signal]);
}

std::string ControlGroup::Names(Signal signal) const {
  std::vector<std::string> names;
  for (const ServiceSignals& service : services_) {
    if (service.baseline(signal).known()) names.push_back(service.service());
  }
  return Join(names, ",");
}

PerSignal<ControlGroup::Reading> ControlGroup::Read(const DeployRegistry& registry, int64_t second,
                                                    int64_t first_start) const {
  PerSignal<Reading> readings;
  ServiceSignals::Second read;
  for (const ServiceSignals& service : services_) {
    if (!registry.MayBeControl(service.service(), second)) continue;
    service.Read(second, first_start, &read);
    for (const Signal signal : kAllSignals) {
      const Baseline& own = service.baseline(signal);
      if (!own.known() || !TraitsOf(signal).is_comparable) continue;
      const RateCounts counts = service.CountsIn(read, signal);
      readings[signal].counts += counts;
      readings[signal].expected += static_cast<double>(counts.requests) * own.reference;
    }
  }
  return readings;
}

}  // namespace revertd

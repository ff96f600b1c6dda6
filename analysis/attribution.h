// Attribution: which services may stand as controls for a deploy, what is known of them before it, and the plan of
// a signal's watch beside them.
//
// One thread, the analysis thread. A control is a service with no declared call path to or from the deployed one (its
// callers suffer with it, what it calls may suffer from it) and no deploy of its own within 15 minutes.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/baseline.h"
#include "analysis/control.h"
#include "analysis/deploy_registry.h"
#include "analysis/routes.h"
#include "analysis/series.h"
#include "analysis/service_signals.h"
#include "analysis/signal_watch.h"
#include "config/config.h"

namespace revertd {

using SeriesByService = std::map<std::string, Series, std::less<>>;

// More add little evidence and make the first unrelated incident among them likelier.
inline constexpr size_t kControlsMax = 8;

class CallGraph {
 public:
  explicit CallGraph(const Config& config);
  // Whether one of the two calls the other, directly or through others.
  bool Related(std::string_view a, std::string_view b) const;
  // Whether `from` calls `to`, directly or through others.
  bool Reaches(std::string_view from, std::string_view to) const;
  bool HasCallers(std::string_view service) const { return called_.contains(service); }
  // What `service` calls, directly or through others, without itself.
  std::vector<std::string> CalleesOf(std::string_view service) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> calls_;
  std::set<std::string, std::less<>> called_;
};

// The services that a deploy is compared with, signal by signal.
class ControlGroup {
 public:
  ControlGroup() = default;
  ControlGroup(std::vector<ServiceSignals> services, int64_t horizon_seconds);

  // Whether they have traffic enough for a part of the deployed service with that baseline and so many events' chances
  // a second (requests; of traffic seconds).
  bool UsableFor(Signal signal, const Baseline& target, double target_per_second) const;
  std::string Names(Signal signal) const;  // comma separated, of those whose signal is known
  const RateCounts& before(Signal signal) const { return before_[signal]; }  // pooled
  // As ControlSettings::inverse_kappa, of the controls alone: weighted by their expected events.
  double own_noise(Signal signal) const { return own_noise_[signal]; }
  double reference(Signal signal) const { return reference_[signal]; }  // pooled, weighted by traffic

  // The counts of a second, of requests that started in `first_start` or later, and the events expected among them. A
  // service that is deployed itself at that second is left out.
  struct Reading {
    RateCounts counts;
    double expected = 0;
  };
  PerSignal<Reading> Read(const DeployRegistry& registry, int64_t second, int64_t first_start) const;

 private:
  std::vector<ServiceSignals> services_;
  int64_t horizon_seconds_ = 0;
  PerSignal<double> per_second_;
  PerSignal<RateCounts> before_;
  PerSignal<double> reference_;
  PerSignal<double> own_noise_;
};

// Services before one moment, each estimated once: where many are deployed together, all of them have the same
// controls. To be cleared before anything else is counted.
struct SignalsMemo {
  struct Known {
    SignalTimes times;
    std::vector<SecondInterval> left_out;
    ServiceSignals signals;
  };
  std::map<std::string, Known, std::less<>> by_service;
};

// What services are known by.
struct ServiceSources {
  const SeriesByService& series;
  const DeployRegistry& registry;
  const CallGraph& graph;
  const Rollups* rollups;  // nullptr: only errors are known
  SignalMargins margins;
  SignalsMemo* memo = nullptr;
};
// `service` must have a series.
ServiceSignals SignalsOf(std::string_view service, const SignalTimes& times, const ServiceSources& sources);
// Whether so many of its requests failed that the service is far from its own baseline, whatever was deployed.
bool IsTroubled(const ServiceSignals& service, const RateCounts& counts);
// The services with the most traffic before the deploy that may stand as its controls.
ControlGroup ChooseControls(const ServiceSignals& target, const SignalTimes& times, const ServiceSources& sources);

// Not yet: value_needed and calibration.
SignalPlan PlanOf(Signal signal, const ServiceSignals& target, const ControlGroup& controls, const SignalTimes& times);
// Of the errors of one route.
SignalPlan PlanOf(const JudgedRoute& route, const ControlGroup& controls, const SignalTimes& times);

}  // namespace revertd

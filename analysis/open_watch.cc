#include "analysis/open_watch.h"

#include <algorithm>
#include <span>
#include <utility>

#include "analysis/totals.h"
#include "base/check.h"

namespace revertd {
namespace {

RateMargins MarginsOf(const DetectConfig& detect) { return {detect.margin_errors, detect.margin_errors_abs}; }

double ValueNeeded(Signal signal, const DetectConfig& detect) {
  return static_cast<double>(kTracks) / (TraitsOf(signal).alpha_share * detect.false_rollback_rate);
}

// nullopt: nothing is known of what a tracker was told.
std::optional<ErrorPlan> PlanErrors(const WatchSources& sources, const SignalTimes& times, double value_factor,
                                    OpenWatch* watch) {
  const DetectConfig& detect = sources.config.detect;
  watch->errors = WatchErrors(watch->record->deploy,
                              {.before_second = times.before_second,
                               .first_second = times.first_second,
                               .length_seconds = times.horizon_seconds},
                              sources.error_sources());
  if (!watch->errors) return std::nullopt;
  return watch->errors->Plan({.false_rollback_rate = detect.false_rollback_rate / value_factor,
                              .margins = MarginsOf(detect),
                              .horizon_seconds = times.horizon_seconds},
                             sources.error_sources());
}

// Judged from watch->next_second on.
void OpenRelease(const WatchSources& sources, double value_factor, OpenWatch* watch) {
  const DeployRecord& record = *watch->record;
  const std::string& service = record.deploy.service;
  const DetectConfig& detect = sources.config.detect;
  const SignalTimes times{.before_second = record.baseline_end(),
                          .first_second = watch->next_second,
                          .horizon_seconds = detect.observe / kSecondNs};
  const ServiceSources services{
      sources.series,
      sources.registry,
      sources.graph,
      sources.rollups,
      SignalMargins{.errors = MarginsOf(detect),
                    .latency = {.factor = detect.margin_latency, .absolute = detect.margin_latency_abs}},
      &sources.memo};
  watch->signals = SignalsOf(service, times, services);
  watch->crowd = Crowd(watch->signals->busiest_block());
  watch->controls = ChooseControls(*watch->signals, times, services);
  WatchPlan plan;
  plan.deploy_id = record.deploy.id;
  plan.service = service;
  plan.first_second = times.first_second;
  for (const Signal signal : kAllSignals) {
    plan.signals.push_back(PlanOf(signal, *watch->signals, watch->controls, times));
    plan.signals.back().value_needed = value_factor * ValueNeeded(signal, detect);
  }
  // Shadow deploys are played on the service's errors alone: what they say of its controls holds for its routes too.
  SignalPlan& errors = plan.signals.front();
  errors.calibration = sources.shadows.CalibrationOf(service, times.before_second);
  const double errors_needed = errors.value_needed;
  const Calibration of_routes{.controlled = errors.calibration.controlled};
  // Where a control misled shadow deploys, it is trusted with no other signal's short blocks either; what it has earned
  // with errors is theirs alone.
  if (errors.calibration.controlled == ControlledRecord::kRefuted) {
    for (SignalPlan& signal : plan.signals) {
      if (signal.signal != Signal::kErrors) signal.calibration = of_routes;
    }
  }
  watch->routes =
      RoutesBefore(watch->parts->routes, times.before_second, sources.registry.LeftOut(service), MarginsOf(detect));
  if (!watch->routes.judged.empty()) errors.value_needed = errors_needed / kServiceWeight;
  for (const JudgedRoute& route : watch->routes.judged) {
    plan.signals.push_back(PlanOf(route, watch->controls, times));
    plan.signals.back().value_needed = errors_needed / route.weight;
    plan.signals.back().calibration = of_routes;
  }
  watch->callees = WatchCallees(service, times, services);
  plan.errors = PlanErrors(sources, times, value_factor, watch);
  if (const ServiceConfig* config = sources.config.FindService(service)) {
    watch->rule.emplace(config->rule, plan.signals.front().baseline.counts);
  }
  watch->seconds.resize(plan.signals.size());
  watch->release.emplace(std::move(plan));
}

// From before the deploy that was undone.
Baseline BaselineOfUndone(const RollbackTrigger* trigger, const OpenWatch& watch, const WatchSources& sources) {
  const DeployRecord* undone = nullptr;
  if (trigger != nullptr) undone = sources.registry.FindHead(trigger->service, trigger->head);
  const DeployRecord& reference = undone != nullptr ? *undone : *watch.record;
  return BaselineBefore(*watch.series, reference.baseline_end(), sources.registry.LeftOut(reference.deploy.service),
                        MarginsOf(sources.config.detect));
}

// A person's own rollback has no evidence: recovered is then what healthy would be, and nothing can be called not
// recovered.
RecoveryBounds BoundsWithoutEvidence(const Baseline& baseline) {
  RecoveryBounds bounds;
  bounds.still_bad = baseline.known() ? baseline.worse_rate : kNoRecoveryBound;
  return bounds;
}

// Errors of requests that the old version may have begun: it is not known of which route they were.
int64_t DyingErrors(const Series& series, int64_t second, int64_t first_start) {
  const AgeCounts* counts = series.Find(second);
  return counts != nullptr ? AllAges(*counts).errors - StartedFrom(*counts, second, first_start).errors : 0;
}

// All requests that end in the second count, whichever version they began on; of the errors those that the old
// version's cannot account for (docs/statistics.md, "Routes").
void FoldRoutes(const ControlGroup::Reading& control, int64_t second, OpenWatch* watch) {
  const int64_t dying = DyingErrors(*watch->series, second, watch->record->first_second());
  const std::vector<JudgedRoute>& judged = watch->routes.judged;
  const std::span<SignalSecond> seconds = std::span(watch->seconds).subspan(kSignals);
  std::fill(seconds.begin(), seconds.end(),
            SignalSecond{.control = control.counts, .control_expected = control.expected});
  watch->parts->routes.ForEachAt(second, [&](size_t part, const RateCounts& counts) {
    const auto route =
        std::find_if(judged.begin(), judged.end(), [part](const JudgedRoute& one) { return one.part == part; });
    if (route == judged.end()) return;
    SignalSecond& one = seconds[static_cast<size_t>(route - judged.begin())];
    one.target = one.told = {counts.requests, std::max<int64_t>(0, counts.errors - dying)};
  });
}

RateCounts CountsOfRoute(const PartSeries& routes, std::string_view name, int64_t second) {
  RateCounts of_route;
  routes.ForEachAt(second, [&](size_t part, const RateCounts& counts) {
    if (routes.NameOf(part) == name) of_route += counts;
  });
  return of_route;
}

// The counts of the signal that the rollback was for.
RateCounts ReadUndone(const WatchSources& sources, const OpenWatch& watch, int64_t second, int64_t first_start) {
  const Signal signal = SignalNamed(watch.undone_for.signal);
  if (IsErrorSignal(watch.undone_for.signal)) {
    const AgeCounts* counts = watch.series->Find(second);
    const int64_t requests = counts != nullptr ? StartedFrom(*counts, second, first_start).requests : 0;
    return CountsOf(watch.undone_for, sources.errors, watch.record->deploy.service, second,
                    watch.undone_by_second ? 1 : requests);
  }
  if (!watch.undone_for.route.empty()) return CountsOfRoute(watch.parts->routes, watch.undone_for.route, second);
  if (signal == Signal::kErrors) {
    const AgeCounts* counts = watch.series->Find(second);
    return counts != nullptr ? StartedFrom(*counts, second, first_start) : RateCounts{};
  }
  if (sources.rollups == nullptr) return {};
  JoinedTotals totals;
  sources.rollups->ReadSecond(watch.record->deploy.service, second, &totals);
  return CountsOf(signal, totals, watch.undone_for.slower_than_ns);
}

void OpenRecovery(const WatchSources& sources, OpenWatch* watch) {
  const RollbackTrigger* trigger = sources.triggers.Find(watch->record->deploy.trigger_id);
  // What a health check found is no rate of requests.
  const bool is_for_check = trigger != nullptr && trigger->evidence.signal == kRuleHealth;
  if (is_for_check) watch->undone_for_check = CheckOf(trigger->evidence);
  const bool has_evidence = trigger != nullptr && !trigger->evidence.signal.empty() && !is_for_check;
  const Baseline baseline = BaselineOfUndone(trigger, *watch, sources);
  RecoveryBounds bounds = has_evidence ? BoundsFromEvidence(trigger->evidence) : BoundsWithoutEvidence(baseline);
  if (has_evidence) watch->undone_for = trigger->evidence;
  // A service whose error rate wanders by itself is not called "not recovered" for that.
  const bool is_of_tracker = IsErrorSignal(watch->undone_for.signal);
  watch->undone_by_second = watch->undone_for.per_second;
  if (!is_of_tracker && SignalNamed(watch->undone_for.signal) == Signal::kErrors && baseline.known()) {
    bounds.inverse_kappa = std::max(bounds.inverse_kappa, baseline.spread.Of(kRecoveryBlockSeconds));
  }
  // A push is no rollout: the bad version may serve for a while yet, and what it does says nothing of the revert.
  if (watch->record->deploy.finish_guessed) bounds.normal.reset();
  watch->recovery.emplace(bounds, watch->record->first_second());
}

OpenWatch WatchFrom(int64_t first_second, DeployRecord* record, const WatchSources& sources) {
  OpenWatch watch;
  watch.record = record;
  watch.next_second = first_second;
  const auto series = sources.series.find(record->deploy.service);
  REVERTD_CHECK(series != sources.series.end());
  watch.series = &series->second;
  watch.parts = &sources.parts[record->deploy.service];
  return watch;
}

}  // namespace

ShadowSettings JudgingSettings(const DetectConfig& detect) {
  return {.margins = MarginsOf(detect),
          .horizon_seconds = detect.observe / kSecondNs,
          .value_needed = ValueNeeded(Signal::kErrors, detect)};
}

OpenWatch OpenFor(DeployRecord* record, const WatchSources& sources) {
  OpenWatch watch = WatchFrom(record->first_second(), record, sources);
  if (record->deploy.kind == DeployKind::kRevert) {
    OpenRecovery(sources, &watch);
  } else {
    OpenRelease(sources, 1, &watch);
  }
  return watch;
}

OpenWatch OpenFollowUp(DeployRecord* record, int64_t first_second, double value_factor, const WatchSources& sources) {
  OpenWatch watch = WatchFrom(first_second, record, sources);
  OpenRelease(sources, value_factor, &watch);
  return watch;
}

void Fold(const WatchSources& sources, OpenWatch* watch) {
  const int64_t second = watch->next_second++;
  const int64_t first = watch->record->first_second();
  if (watch->recovery) {
    watch->recovery->Observe(second, ReadUndone(sources, *watch, second, first));
    return;
  }
  const bool is_cold = second < first + kColdSeconds;
  const ServiceSignals& target = *watch->signals;
  ServiceSignals::Second read;
  target.Read(second, first, &read);
  const PerSignal<ControlGroup::Reading> control = watch->controls.Read(sources.registry, second, first);
  std::vector<SignalSecond>& seconds = watch->seconds;
  for (const Signal signal : kAllSignals) {
    const RateCounts told = target.CountsIn(read, signal);
    seconds[static_cast<size_t>(signal)] = {.target = is_cold ? target.CountsWhileCold(read, signal) : told,
                                            .told = told,
                                            .control = control[signal].counts,
                                            .control_expected = control[signal].expected};
  }
  SignalSecond& saturation = seconds[static_cast<size_t>(Signal::kSaturation)];
  if (watch->crowd.Observe(second, read.totals.saturation)) saturation = {};
  if (is_cold) saturation.target = {};  // pools are empty, as caches are
  SignalSecond& errors = seconds.front();
  errors.null_scale = watch->routes.mix.Observe(watch->parts->routes, second);
  const std::optional<CohortSecond> cohorts = SplitCohorts(watch->parts->cohorts, watch->record->deploy, second);
  const int64_t of_all = errors.target.requests;
  if (cohorts) {
    errors.cohorts = &*cohorts;
    errors.target = errors.told = cohorts->fresh;
  }
  FoldRoutes(control[Signal::kErrors], second, watch);
  watch->callees.Observe(second);
  if (watch->rule) watch->rule->Observe(second, errors.target);
  watch->release->Observe(second, seconds);
  if (!watch->errors || !watch->errors->IsSeen(second)) return;
  watch->release->ObserveErrors(
      second, watch->errors->Read(sources.registry, second, {.all = of_all, .fresh = errors.target.requests}));
}

}  // namespace revertd

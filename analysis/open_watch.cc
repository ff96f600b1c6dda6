#include "analysis/open_watch.h"

#include <array>
#include <span>
#include <utility>

#include "base/check.h"

namespace revertd {
namespace {

// w: the signals' shares of the false rollback rate.
constexpr double kErrorsAlphaShare = 0.35;
constexpr double kLatencyAlphaShare = 0.25;  // of all quantiles together
RateMargins MarginsOf(const DetectConfig& detect) { return {detect.margin_errors, detect.margin_errors_abs}; }

Baseline BaselineBefore(const DeployRecord& record, const Series& series, const WatchSources& sources) {
  const int64_t before = record.baseline_end();
  return EstimateBaseline(HistoryBefore(series, before, sources.registry.LeftOut(record.deploy.service)), before,
                          MarginsOf(sources.config.detect));
}

SignalPlan ErrorsPlan(const WatchSources& sources, OpenWatch* watch) {
  const DetectConfig& detect = sources.config.detect;
  const DeployRecord& record = *watch->record;
  const ShadowSettings judging = JudgingSettings(detect);
  SignalPlan plan;
  plan.signal = "errors";
  plan.baseline = BaselineBefore(record, *watch->series, sources);
  plan.calibration = sources.shadows.CalibrationOf(record.deploy.service, record.baseline_end());
  plan.margin_factor = detect.margin_errors;
  plan.value_needed = judging.value_needed;
  plan.first_second = record.first_second();
  plan.horizon_seconds = judging.horizon_seconds;
  watch->controls = ChooseControls(record, plan.baseline, sources.series, sources.registry, sources.graph,
                                   MarginsOf(detect), plan.horizon_seconds);
  plan.control = watch->controls.Names();
  plan.control_before = watch->controls.rate_before;
  return plan;
}

// No control is read for latency yet, and no shadow deploy was played on it: it asks a person, by itself it never acts.
SignalPlan LatencyPlan(const LatencyQuantile& quantile, const DetectConfig& detect, const DeployRecord& record) {
  SignalPlan plan;
  plan.signal = quantile.signal;
  plan.baseline = quantile.baseline;
  plan.factors = FactorGrid::kShare;
  plan.value_needed =
      static_cast<double>(kTracks * kLatencyQuantiles.size()) / (kLatencyAlphaShare * detect.false_rollback_rate);
  plan.first_second = record.first_second();
  plan.horizon_seconds = detect.observe / kSecondNs;
  plan.blames_alone = false;
  plan.slower_than_ns = quantile.slower_than_ns;
  return plan;
}

void OpenRelease(const WatchSources& sources, OpenWatch* watch) {
  const DeployRecord& record = *watch->record;
  const DetectConfig& detect = sources.config.detect;
  WatchPlan plan{.deploy_id = record.deploy.id,
                 .service = record.deploy.service,
                 .first_second = record.first_second(),
                 .signals = {ErrorsPlan(sources, watch)}};
  if (sources.rollups != nullptr) {
    watch->latency = EstimateLatency(*sources.rollups, record.deploy.service, record.baseline_end(),
                                     sources.registry.LeftOut(record.deploy.service),
                                     {.factor = detect.margin_latency, .absolute = detect.margin_latency_abs});
    for (const LatencyQuantile& quantile : *watch->latency) {
      plan.signals.push_back(LatencyPlan(quantile, detect, record));
    }
  }
  watch->release.emplace(std::move(plan));
}

// A person's own rollback has no evidence: recovered is then what healthy would be, against the baseline from before
// the deploy that was undone, and nothing can be called not recovered.
RecoveryBounds BoundsWithoutEvidence(const RollbackTrigger* trigger, const OpenWatch& watch,
                                     const WatchSources& sources) {
  const DeployRecord* undone = nullptr;
  if (trigger != nullptr) undone = sources.registry.FindHead(trigger->service, trigger->head);
  const DeployRecord& reference = undone != nullptr ? *undone : *watch.record;
  RecoveryBounds bounds;
  const Baseline baseline = BaselineBefore(reference, *watch.series, sources);
  bounds.still_bad = baseline.known() ? baseline.worse_rate : kNoRecoveryBound;
  return bounds;
}

void OpenRecovery(const WatchSources& sources, OpenWatch* watch) {
  const RollbackTrigger* trigger = sources.triggers.Find(watch->record->deploy.trigger_id);
  const bool has_evidence = trigger != nullptr && !trigger->evidence.signal.empty();
  const RecoveryBounds bounds =
      has_evidence ? BoundsFromEvidence(trigger->evidence) : BoundsWithoutEvidence(trigger, *watch, sources);
  watch->recovery.emplace(bounds, watch->record->first_second());
}

}  // namespace

ShadowSettings JudgingSettings(const DetectConfig& detect) {
  return {.margins = MarginsOf(detect),
          .horizon_seconds = detect.observe / kSecondNs,
          .value_needed = static_cast<double>(kTracks) / (kErrorsAlphaShare * detect.false_rollback_rate)};
}

OpenWatch OpenFor(DeployRecord* record, const WatchSources& sources) {
  OpenWatch watch;
  watch.record = record;
  watch.next_second = record->first_second();
  const auto series = sources.series.find(record->deploy.service);
  REVERTD_CHECK(series != sources.series.end());
  watch.series = &series->second;
  if (record->deploy.kind == DeployKind::kRevert) {
    OpenRecovery(sources, &watch);
  } else {
    OpenRelease(sources, &watch);
  }
  return watch;
}

void Fold(const WatchSources& sources, OpenWatch* watch) {
  const int64_t second = watch->next_second++;
  const int64_t first = watch->record->first_second();
  const AgeCounts* counts = watch->series->Find(second);
  const RateCounts target = counts != nullptr ? StartedFrom(*counts, second, first) : RateCounts{};
  if (watch->recovery) watch->recovery->Observe(second, target);
  if (!watch->release) return;
  const ControlReading control = ReadControls(watch->controls, sources.registry, second, first);
  std::array<SignalSecond, 1 + kLatencyQuantiles.size()> signals;
  signals[0] = {target, control.counts, control.expected};
  if (!watch->latency) {
    watch->release->Observe(second, std::span(signals).first(1));
    return;
  }
  const bool is_cold = second < first + kColdSeconds;
  const auto slow = ReadLatency(*sources.rollups, watch->record->deploy.service, second, is_cold, *watch->latency);
  for (size_t i = 0; i < slow.size(); ++i) signals[1 + i].target = slow[i];
  watch->release->Observe(second, signals);
}

}  // namespace revertd

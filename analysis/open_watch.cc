#include "analysis/open_watch.h"

#include <utility>

#include "base/check.h"

namespace revertd {
namespace {

constexpr double kErrorsAlphaShare = 0.35;  // w: errors' share of the false rollback rate
RateMargins MarginsOf(const DetectConfig& detect) { return {detect.margin_errors, detect.margin_errors_abs}; }

Baseline BaselineBefore(const DeployRecord& record, const Series& series, const WatchSources& sources) {
  const int64_t before = record.baseline_end();
  return EstimateBaseline(BaselineBlocks(series, before, sources.registry.LeftOut(record.deploy.service)), before,
                          MarginsOf(sources.config.detect));
}

void OpenRelease(const WatchSources& sources, OpenWatch* watch) {
  const DetectConfig& detect = sources.config.detect;
  const DeployRecord& record = *watch->record;
  WatchPlan plan;
  plan.deploy_id = record.deploy.id;
  plan.service = record.deploy.service;
  plan.signal = "errors";
  plan.baseline = BaselineBefore(record, *watch->series, sources);
  plan.margin_factor = detect.margin_errors;
  const ShadowSettings judging = JudgingSettings(detect);
  plan.value_needed = judging.value_needed;
  plan.first_second = record.first_second();
  plan.horizon_seconds = judging.horizon_seconds;
  plan.calibration = sources.shadows.CalibrationOf(plan.service, record.baseline_end());
  watch->controls = ChooseControls(record, plan.baseline, sources.series, sources.registry, sources.graph,
                                   MarginsOf(detect), plan.horizon_seconds);
  plan.control = watch->controls.Names();
  plan.control_before = watch->controls.rate_before;
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

void Fold(const DeployRegistry& registry, OpenWatch* watch) {
  const int64_t second = watch->next_second++;
  const int64_t first = watch->record->first_second();
  const AgeCounts* counts = watch->series->Find(second);
  const RateCounts target = counts != nullptr ? StartedFrom(*counts, second, first) : RateCounts{};
  if (watch->recovery) watch->recovery->Observe(second, target);
  if (!watch->release) return;
  const ControlReading control = ReadControls(watch->controls, registry, second, first);
  watch->release->Observe({second, target, control.counts, control.expected});
}

}  // namespace revertd

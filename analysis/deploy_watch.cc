#include "analysis/deploy_watch.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "analysis/power.h"

namespace revertd {
namespace {

constexpr int64_t kBlockSecondsWithControl = 5;
constexpr int64_t kBlockSecondsAlone = 20;  // no control: longer blocks, so that a short burst adds its cap once
constexpr double kHealthyValueNeeded = 20;
constexpr double kHealthyInverseKappaMin = 1.0 / 150;
constexpr double kPowerFactor = 5;

TimeNs EndOf(int64_t second) { return (second + 1) * kSecondNs; }

int64_t ColdBlockSeconds(const WatchPlan& plan) {
  return plan.control.empty() ? kBlockSecondsAlone : kBlockSecondsWithControl;
}

RateShiftSettings SettingsOf(const WatchPlan& plan) {
  RateShiftSettings settings;
  settings.null_rate = plan.baseline.null_rate;
  settings.inverse_kappa = plan.baseline.inverse_kappa;
  settings.slow = plan.calibration.slow;
  settings.fast = plan.calibration.fast;
  if (!plan.calibration.calibrated) {
    settings.slow = {.block_seconds = ColdBlockSeconds(plan), .log_cap = kLogCapUncalibrated};
    settings.fast = settings.slow;
  }
  settings.horizon_seconds = plan.horizon_seconds;
  return settings;
}

}  // namespace

DeployWatch::DeployWatch(WatchPlan plan)
    : plan_(std::move(plan)),
      settings_(SettingsOf(plan_)),
      shift_(settings_),
      healthy_(RateTest::Alternative::kBelow, plan_.baseline.worse_rate,
               std::max(plan_.baseline.inverse_kappa, kHealthyInverseKappaMin), ColdBlockSeconds(plan_)),
      control_(plan_.margin_factor, plan_.horizon_seconds) {
  Change(plan_.first_second - 1, VerdictState::kWatching, "watch_started");
}

void DeployWatch::Observe(const WatchSecond& second) {
  if (verdict_.state == VerdictState::kRegressed) return;
  shift_.Observe(second.target);
  healthy_.Observe(second.target);
  log_value_max_ = std::max(log_value_max_, shift_.LogValue());
  if (!plan_.control.empty()) {
    control_.Observe({static_cast<double>(second.target.requests) * plan_.baseline.null_rate,
                      static_cast<double>(second.target.errors), second.control_expected,
                      static_cast<double>(second.control.errors)});
    control_seen_ += second.control;
  }
  newest_has_traffic_ = second.target.requests > 0;
  seen_ += second.target;
  if (!onset_ && second.target.errors > 0) onset_ = second.second;
  if (onset_) since_onset_ += second.target;
  if ((second.second - plan_.first_second) % PowerBlockSeconds(settings_) == 0) block_requests_.push_back(0);
  if (!block_requests_.empty()) block_requests_.back() += second.target.requests;
}

double DeployWatch::LogBlame() const { return plan_.control.empty() ? log_value_max_ : control_.LogValue(); }

bool DeployWatch::Judge(int64_t second, double rival_log_blame) {
  if (verdict_.state == VerdictState::kRegressed || !plan_.baseline.known()) return false;
  if (!fired_at_ && log_value_max_ >= std::log(plan_.value_needed)) fired_at_ = second;
  if (!fired_at_) {
    // A service that falls silent may have died: the minute must have been seen, not waited for.
    if (!newest_has_traffic_) return false;
    const bool seen_enough = second + 1 - plan_.first_second >= kHealthySecondsMin;
    if (verdict_.state != VerdictState::kWatching || !seen_enough) return false;
    if (healthy_.LogValue() < std::log(kHealthyValueNeeded)) return false;
    return Change(second, VerdictState::kHealthy, plan_.signal + "_not_worse");
  }
  const bool control_agrees = plan_.control.empty() || LogBlame() >= std::log(kBlameValueNeeded);
  const bool rivals_agree = LogBlame() >= rival_log_blame + std::log(kRivalRatioNeeded);
  if (control_agrees && rivals_agree) return Change(second, VerdictState::kRegressed, plan_.signal + "_above_null");
  if (verdict_.state == VerdictState::kAmbiguous || second - *fired_at_ < kBlameWaitSeconds) return false;
  return Change(second, VerdictState::kAmbiguous, control_agrees ? "overlapping_deploys" : "control_moved_too");
}

bool DeployWatch::Close(int64_t second, std::string_view reason) {
  if (verdict_.state == VerdictState::kRegressed || verdict_.state == VerdictState::kAmbiguous) return false;
  if (fired_at_) return Change(second, VerdictState::kAmbiguous, "blame_undecided");
  if (verdict_.state != VerdictState::kWatching) return false;
  return Change(second, VerdictState::kInconclusive, plan_.baseline.known() ? reason : "no_baseline");
}

bool DeployWatch::Change(int64_t second, VerdictState state, std::string_view reason) {
  verdict_.deploy_id = plan_.deploy_id;
  verdict_.service = plan_.service;
  verdict_.state = state;
  verdict_.reason = reason;
  verdict_.calibrated = plan_.calibration.calibrated;
  verdict_.at_ns = EndOf(second);
  verdict_.evidence = {CurrentEvidence()};
  verdict_.power = state == VerdictState::kInconclusive ? Power() : 0;
  return true;
}

Verdict DeployWatch::Current(int64_t second) const {
  if (verdict_.state == VerdictState::kRegressed) return verdict_;  // the evidence that it rests on stands
  Verdict verdict = verdict_;
  verdict.at_ns = EndOf(second);
  verdict.evidence = {CurrentEvidence()};
  return verdict;
}

Evidence DeployWatch::CurrentEvidence() const {
  const Baseline& baseline = plan_.baseline;
  Evidence evidence;
  evidence.signal = plan_.signal;
  evidence.e_value = ValueOfLog(fired_at_ ? log_value_max_ : shift_.LogValue());
  evidence.e_value_needed = plan_.value_needed;
  evidence.before = baseline.counts.rate();
  evidence.before_null = baseline.null_rate;
  evidence.n_before = baseline.counts.requests;
  evidence.x_before = baseline.counts.errors;
  const RateCounts& after = onset_ ? since_onset_ : seen_;
  const RateInterval interval = WilsonInterval(after);
  evidence.after = after.rate();
  evidence.after_low = interval.low;
  evidence.after_high = interval.high;
  evidence.n_after = after.requests;
  evidence.x_after = after.errors;
  const double before = ObservedRate(baseline.counts);
  evidence.effect = before > 0 ? after.rate() / before : 0;
  evidence.onset_ns = onset_ ? *onset_ * kSecondNs : 0;
  evidence.control = plan_.control;
  if (!plan_.control.empty()) {
    evidence.control_e_value = ValueOfLog(control_.LogValue());
    evidence.control_before = plan_.control_before;
    evidence.control_after = control_seen_.rate();
    evidence.control_n_after = control_seen_.requests;
  }
  return evidence;
}

double DeployWatch::Power() const {
  if (!plan_.baseline.known()) return 0;
  return PowerAt(kPowerFactor * ObservedRate(plan_.baseline.counts), block_requests_, settings_,
                 std::log(plan_.value_needed));
}

}  // namespace revertd

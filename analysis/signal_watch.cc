#include "analysis/signal_watch.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "analysis/power.h"

namespace revertd {
namespace {

constexpr double kHealthyValueNeeded = 20;
constexpr double kHealthyInverseKappaMin = 1.0 / 150;
constexpr double kPowerFactor = 5;

bool IsQuick(const SignalPlan& plan) { return !plan.control.empty() && plan.calibration.quick_beside_control(); }

int64_t ColdBlockSeconds(const SignalPlan& plan) {
  const SignalTraits& traits = TraitsOf(plan.signal);
  return IsQuick(plan) ? traits.block_seconds_controlled : traits.block_seconds_alone;
}

// What was earned alone and what was earned beside a control are both good: the quicker one is taken.
TrackSetting SettingOf(const SignalPlan& plan, const TrackSetting& earned) {
  const TrackSetting cold{.block_seconds = ColdBlockSeconds(plan), .log_cap = kLogCapUncalibrated};
  if (!plan.calibration.calibrated) return cold;
  return IsQuick(plan) && cold.block_seconds < earned.block_seconds ? cold : earned;
}

RateShiftSettings SettingsOf(const SignalPlan& plan) {
  RateShiftSettings settings;
  settings.null_rate = plan.baseline.null_rate;
  settings.factors = TraitsOf(plan.signal).grid;
  settings.slow = SettingOf(plan, plan.calibration.slow);
  settings.fast = SettingOf(plan, plan.calibration.fast);
  settings.slow_inverse_kappa = plan.baseline.spread.Of(settings.slow.block_seconds);
  settings.fast_inverse_kappa = plan.baseline.spread.Of(settings.fast.block_seconds);
  settings.horizon_seconds = plan.horizon_seconds;
  return settings;
}

}  // namespace

SignalWatch::SignalWatch(SignalPlan plan)
    : plan_(std::move(plan)),
      settings_(SettingsOf(plan_)),
      shift_(settings_),
      healthy_(RateTest::Alternative::kBelow, plan_.baseline.worse_rate,
               std::max(plan_.baseline.spread.Of(ColdBlockSeconds(plan_)), kHealthyInverseKappaMin),
               ColdBlockSeconds(plan_)),
      control_({.grid = TraitsOf(plan_.signal).grid,
                .target_null = plan_.baseline.null_rate,
                .target_reference = plan_.baseline.reference,
                .control_reference = plan_.control_reference,
                .inverse_kappa = plan_.control_noise + plan_.baseline.spread.PassingOf(kControlBlockSeconds),
                .block_seconds = std::min(kControlBlockSeconds, settings_.fast.block_seconds),
                .horizon_seconds = plan_.horizon_seconds}) {}

void SignalWatch::Observe(int64_t second, const SignalSecond& counts) {
  const RateCounts& target = counts.target;
  shift_.Observe(target);
  healthy_.Observe(target);
  log_value_max_ = std::max(log_value_max_, shift_.LogValue());
  if (!fired_at_ && known() && log_value_max_ >= std::log(plan_.value_needed)) fired_at_ = second;
  if (has_control()) {
    control_.Observe({static_cast<double>(target.requests) * plan_.baseline.null_rate,
                      static_cast<double>(target.errors), counts.control_expected,
                      static_cast<double>(counts.control.errors)});
    control_seen_ += counts.control;
  }
  newest_has_traffic_ = target.requests > 0;
  seen_ += counts.told;
  if (!onset_ && MayBeOnset(counts.told)) onset_ = second;
  if (onset_) since_onset_ += counts.told;
  if ((second - plan_.first_second) % PowerBlockSeconds(settings_) == 0) block_requests_.push_back(0);
  if (!block_requests_.empty()) block_requests_.back() += target.requests;
}

bool SignalWatch::MayBeOnset(const RateCounts& target) const {
  if (traits().grid != FactorGrid::kFall) return target.errors > 0;
  return target.requests > 0 && target.rate() < plan_.baseline.null_rate;
}

bool SignalWatch::NotWorse() const { return healthy_.LogValue() >= std::log(kHealthyValueNeeded); }

double SignalWatch::LogBlame() const { return has_control() ? control_.LogValue() : log_value_max_; }

bool SignalWatch::ControlAgrees() const {
  return has_control() ? LogBlame() >= std::log(kBlameValueNeeded) : traits().blames_alone;
}

bool SignalWatch::calibrated() const {
  return plan_.calibration.calibrated || (IsQuick(plan_) && plan_.calibration.controlled == ControlledRecord::kEarned);
}

Evidence SignalWatch::CurrentEvidence() const {
  const Baseline& baseline = plan_.baseline;
  Evidence evidence;
  evidence.signal = traits().name;
  evidence.slower_than_ns = plan_.slower_than_ns;
  evidence.e_value = ValueOfLog(fired_at_ ? log_value_max_ : shift_.LogValue());
  evidence.e_value_needed = plan_.value_needed;
  evidence.before = baseline.counts.rate();
  evidence.before_null = baseline.null_rate;
  evidence.n_before = baseline.counts.requests;
  evidence.x_before = baseline.counts.errors;
  const RateCounts& after = onset_ ? since_onset_ : seen_;
  const RateInterval interval = traits().grid == FactorGrid::kFall ? PoissonInterval(after) : WilsonInterval(after);
  evidence.after = after.rate();
  evidence.after_low = interval.low;
  evidence.after_high = interval.high;
  evidence.n_after = after.requests;
  evidence.x_after = after.errors;
  const double before = ObservedRate(baseline.counts);
  evidence.effect = before > 0 ? after.rate() / before : 0;
  evidence.onset_ns = onset_ ? *onset_ * kSecondNs : 0;
  evidence.control = plan_.control;
  if (has_control()) {
    evidence.control_e_value = ValueOfLog(control_.LogValue());
    evidence.control_before = plan_.control_before;
    evidence.control_after = control_seen_.rate();
    evidence.control_n_after = control_seen_.requests;
  }
  return evidence;
}

double SignalWatch::Power() const {
  if (!known()) return 0;
  return PowerAt(kPowerFactor * ObservedRate(plan_.baseline.counts), block_requests_, settings_,
                 std::log(plan_.value_needed));
}

}  // namespace revertd

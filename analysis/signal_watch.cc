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

// Both sides are the same service: what passes in blocks is noise of each.
ControlSettings BesideOldVersion(const SignalPlan& plan) {
  return {.grid = TraitsOf(plan.signal).grid,
          .target_null = plan.baseline.null_rate,
          .target_reference = plan.baseline.reference,
          .control_reference = plan.baseline.reference,
          .inverse_kappa = 2 * plan.baseline.spread.PassingOf(kControlBlockSeconds),
          .horizon_seconds = plan.horizon_seconds};
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
  settings.second_look_seconds = TraitsOf(plan.signal).second_look_seconds;
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
                .horizon_seconds = plan_.horizon_seconds,
                .second_look_seconds = traits().second_look_seconds}),
      beside_(BesideOldVersion(plan_)),
      replicas_(beside_) {}

void SignalWatch::Observe(int64_t second, const SignalSecond& counts) {
  const RateCounts& target = counts.target;
  recent_.Add(second, {std::llround(static_cast<double>(target.requests) * counts.null_scale), target.errors});
  shift_.Observe(target, counts.null_scale);
  healthy_.Observe(target, counts.null_scale);
  log_value_max_ = std::max(log_value_max_, shift_.LogValue());
  if (!fired_at_ && known() && log_value_max_ >= std::log(plan_.value_needed)) fired_at_ = second;
  const double expected = static_cast<double>(target.requests) * plan_.baseline.null_rate * counts.null_scale;
  const auto events = static_cast<double>(target.errors);
  if (!plan_.control.empty()) {
    control_.Observe({expected, events, counts.control_expected, static_cast<double>(counts.control.errors)});
    control_seen_ += counts.control;
  }
  // Without requests of both, nothing is known of them in this second; a usable old version must be so all the time.
  ObserveReplicas(second, counts.cohorts != nullptr ? *counts.cohorts : CohortSecond{}, counts.null_scale);
  newest_has_traffic_ = target.requests > 0;
  seen_ += counts.told;
  if (!onset_ && MayBeOnset(counts.told)) onset_ = second;
  if (onset_) since_onset_ += counts.told;
  if ((second - plan_.first_second) % PowerBlockSeconds(settings_) == 0) block_requests_.push_back(0);
  if (!block_requests_.empty()) block_requests_.back() += target.requests;
}

void SignalWatch::ObserveReplicas(int64_t second, const CohortSecond& cohorts, double null_scale) {
  if (replicas_since_ == kNoSecond) {
    if (cohorts.fresh.requests == 0) return;
    replicas_since_ = second;
  }
  const auto fresh = static_cast<double>(cohorts.fresh.requests);
  const auto old = static_cast<double>(cohorts.old.requests);
  replicas_.Observe({fresh * beside_.target_null * null_scale, static_cast<double>(cohorts.fresh.errors),
                     old * beside_.control_reference * null_scale, static_cast<double>(cohorts.old.errors)});
  replicas_seen_ += cohorts.old;
  fresh_recent_.Add(second, cohorts.fresh);
  replicas_recent_.Add(second, cohorts.old);
  const auto seconds = static_cast<double>(std::min<int64_t>(second + 1 - replicas_since_, kReplicaSeconds));
  const auto per_second = [seconds](const RateCounts& sum) { return static_cast<double>(sum.requests) / seconds; };
  replicas_usable_ =
      known() && ControlIsUsable(beside_, per_second(fresh_recent_.Sum()), per_second(replicas_recent_.Sum()));
  if (!cohorts.fresh_names.empty()) fresh_names_ = cohorts.fresh_names;
  if (!cohorts.old_names.empty()) replica_names_ = cohorts.old_names;
}

bool SignalWatch::MayBeOnset(const RateCounts& target) const {
  if (traits().grid != FactorGrid::kFall) return target.errors > 0;
  return target.requests > 0 && target.rate() < plan_.baseline.null_rate;
}

bool SignalWatch::NotWorse() const {
  return healthy_.LogValue() >= std::log(kHealthyValueNeeded) && RecentlyNotWorse();
}

// A pause between bursts is long enough for the test; bad minutes just before it are not forgotten so soon.
bool SignalWatch::RecentlyNotWorse() const {
  const RateCounts recent = recent_.Sum();
  return static_cast<double>(recent.errors) < plan_.baseline.worse_rate * static_cast<double>(recent.requests);
}

double SignalWatch::LogBlame() const {
  if (has_replicas()) return replicas_.LogValue();
  return has_control() ? control_.LogValue() : log_value_max_;
}

bool SignalWatch::ControlAgrees() const {
  if (has_control()) return LogBlame() >= std::log(kBlameValueNeeded);
  // What calibration has earned was earned by the whole service's errors.
  return traits().blames_alone && !of_route();
}

bool SignalWatch::calibrated() const {
  return plan_.calibration.calibrated || (IsQuick(plan_) && plan_.calibration.controlled == ControlledRecord::kEarned);
}

Evidence SignalWatch::CurrentEvidence() const {
  const Baseline& baseline = plan_.baseline;
  Evidence evidence;
  evidence.signal = traits().name;
  evidence.route = plan_.route;
  evidence.cohort = fresh_names_;
  evidence.slower_than_ns = plan_.slower_than_ns;
  evidence.e_value = ValueOfLog(LogValue());
  evidence.e_value_needed = plan_.value_needed;
  evidence.before_null = baseline.null_rate;
  const RateCounts& after = onset_ ? since_onset_ : seen_;
  const RateInterval interval = traits().grid == FactorGrid::kFall ? PoissonInterval(after) : WilsonInterval(after);
  TellRates(baseline.counts, after, interval, &evidence);
  evidence.onset_ns = onset_ ? *onset_ * kSecondNs : 0;
  if (has_replicas()) {
    evidence.control = replica_names_;
    evidence.control_e_value = ValueOfLog(replicas_.LogValue());
    evidence.control_before = evidence.before;
    evidence.control_after = replicas_seen_.rate();
    evidence.control_n_after = replicas_seen_.requests;
  } else if (has_control()) {
    evidence.control = plan_.control;
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

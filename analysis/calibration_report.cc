#include "analysis/calibration_report.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "analysis/draw.h"
#include "base/check.h"
#include "config/config.h"

namespace revertd {
namespace {

constexpr double kUpperTail = 0.05;
constexpr int kBisections = 60;       // more than a double's digits
constexpr int64_t kRuns = 200;        // a standard error of 2.8 percentage points at a chance of 80 %
constexpr uint64_t kSeed = 20260101;  // the same service, the same answer

// ln P(X <= events) of a binomial X.
double LogBelowOrAt(int64_t events, int64_t trials, double rate) {
  const double n = static_cast<double>(trials);
  double sum = -std::numeric_limits<double>::infinity();
  for (int64_t i = 0; i <= events; ++i) {
    const double x = static_cast<double>(i);
    const double log_ways = std::lgamma(n + 1) - std::lgamma(x + 1) - std::lgamma(n - x + 1);
    sum = LogAdd(sum, log_ways + x * std::log(rate) + (n - x) * std::log1p(-rate));
  }
  return sum;
}

double LogMaxOf(const ShadowResult& shadow, Track track, const TrackSetting& setting) {
  const auto length = std::find(kBlockLengths.begin(), kBlockLengths.end(), setting.block_seconds);
  const auto cap = std::find(kLogCapsTried.begin(), kLogCapsTried.end(), setting.log_cap);
  REVERTD_CHECK(length != kBlockLengths.end() && cap != kLogCapsTried.end());
  const auto& of_length =
      shadow.log_max[static_cast<size_t>(track)][static_cast<size_t>(length - kBlockLengths.begin())];
  return of_length[static_cast<size_t>(cap - kLogCapsTried.begin())] * ShadowResult::kLogStep;
}

// Whether a deploy on the shadow's traffic would have been called regressed.
bool IsFalseAlarm(const ShadowResult& shadow, const Calibration& calibration, double log_needed) {
  const bool has_control = shadow.controlled != ControlledOutcome::kNoControl;
  if (has_control && calibration.quick_beside_control()) return shadow.controlled == ControlledOutcome::kBlamed;
  const TrackSetting cold{.block_seconds = TraitsOf(Signal::kErrors).block_seconds_alone,
                          .log_cap = kLogCapUncalibrated};
  const TrackSetting& slow = calibration.calibrated ? calibration.slow : cold;
  const TrackSetting& fast = calibration.calibrated ? calibration.fast : cold;
  return LogMaxOf(shadow, Track::kSlow, slow) >= log_needed || LogMaxOf(shadow, Track::kFast, fast) >= log_needed;
}

// Whether a watch of `plan` fires within `seconds` in enough of the runs; ends as soon as that is settled.
bool IsFound(const SignalPlan& plan, double rate, double requests_per_second, int64_t seconds) {
  const auto enough = static_cast<int64_t>(std::ceil(kFoundWithChance * static_cast<double>(kRuns)));
  std::mt19937_64 random(kSeed);  // NOLINT(bugprone-random-generator-seed)
  int64_t found = 0;
  for (int64_t run = 0; run < kRuns && found < enough && found + (kRuns - run) >= enough; ++run) {
    SignalWatch watch(plan);
    for (int64_t second = 0; second < seconds && !watch.fired_at(); ++second) {
      SignalSecond counts;
      counts.target.requests = DrawPoisson(requests_per_second, random);
      const double expected = rate * static_cast<double>(counts.target.requests);
      counts.target.errors = std::min(counts.target.requests, DrawPoisson(expected, random));
      watch.Observe(plan.first_second + second, counts);
    }
    if (watch.fired_at()) ++found;
  }
  return found >= enough;
}

}  // namespace

double UpperLimit95(int64_t events, int64_t trials) {
  if (events >= trials) return 1;
  double low = static_cast<double>(events) / static_cast<double>(trials);
  double high = 1;
  for (int i = 0; i < kBisections; ++i) {
    const double middle = (low + high) / 2;
    (LogBelowOrAt(events, trials, middle) > std::log(kUpperTail) ? low : high) = middle;
  }
  return high;
}

Tally& Tally::operator+=(const Tally& other) {
  judged += other.judged;
  fired += other.fired;
  return *this;
}

Tally WalkForward::Result::unearned() const {
  Tally sum = cold_start_controlled;
  return sum += cold_start;
}

WalkForward::Result& WalkForward::Result::operator+=(const Result& other) {
  earned += other.earned;
  cold_start_controlled += other.cold_start_controlled;
  cold_start += other.cold_start;
  return *this;
}

WalkForward::WalkForward(const ShadowSettings& settings)
    : settings_(settings),
      no_calls_(Config()),
      desk_(settings, no_calls_, [](std::string_view, const ShadowResult&) {}) {}

void WalkForward::Observe(std::string_view service, const ShadowResult& shadow) {
  SignalPlan plan;
  plan.horizon_seconds = settings_.horizon_seconds;
  plan.calibration = CalibrationOf(service, shadow.start_second - kSecondsBeforeDeployLeftOut);
  if (shadow.controlled != ControlledOutcome::kNoControl) plan.control = "the control of that moment";
  const bool fired = IsFalseAlarm(shadow, plan.calibration, std::log(settings_.value_needed));
  auto walk = walks_.find(service);
  if (walk == walks_.end()) walk = walks_.try_emplace(std::string(service)).first;
  Result& result = walk->second.result;
  Tally& unearned = plan.control.empty() ? result.cold_start : result.cold_start_controlled;
  (SignalWatch(plan).calibrated() ? result.earned : unearned) += {1, fired ? 1 : 0};
  std::deque<int64_t>& last_day = walk->second.last_day;
  last_day.push_back(shadow.start_second);
  while (last_day.front() <= shadow.start_second - kWalkForwardSeconds) last_day.pop_front();
  walk->second.kept = std::min(walk->second.kept + 1, static_cast<int64_t>(kShadowsKept));
  desk_.Restore(service, shadow);
}

WalkForward::Result WalkForward::Of(std::string_view service) const {
  const auto walk = walks_.find(service);
  if (walk == walks_.end()) return {};
  Result result = walk->second.result;
  const auto in_last_day = static_cast<int64_t>(walk->second.last_day.size());
  result.older_than_a_day = std::max<int64_t>(0, walk->second.kept - in_last_day);
  return result;
}

Calibration WalkForward::CalibrationOf(std::string_view service, int64_t second) const {
  return desk_.CalibrationOf(service, second);
}

SmallestRegressions SmallestFound(const SignalPlan& plan, double requests_per_second) {
  SmallestRegressions smallest;
  if (!plan.baseline.known() || requests_per_second <= 0) return smallest;
  const double old_rate = ObservedRate(plan.baseline.counts);
  const auto possible = [old_rate](size_t factor) {
    return factor < kRegressionsTried.size() && kRegressionsTried[factor] * old_rate <= 1;
  };
  // What is found in less time is found in more, so the search for less begins where that for more has ended.
  size_t factor = 0;
  for (size_t window = kFoundWithinSeconds.size(); window-- > 0;) {
    const int64_t seconds = std::min(kFoundWithinSeconds[window], plan.horizon_seconds);
    while (possible(factor) && !IsFound(plan, kRegressionsTried[factor] * old_rate, requests_per_second, seconds)) {
      ++factor;
    }
    if (!possible(factor)) return smallest;
    smallest[window] = kRegressionsTried[factor];
  }
  return smallest;
}

}  // namespace revertd

#include "analysis/late_watch.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/power.h"
#include "base/window.h"

namespace revertd {
namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

}  // namespace

LatePlan LatePlanOf(const RateHistory& history, int64_t before_second, const RateMargins& margins,
                    double value_needed) {
  LatePlan plan;
  plan.baseline = EstimateBaseline(history, before_second, margins);
  plan.null_rates = NullByTimeOfDay(history, plan.baseline, margins);
  plan.value_needed = value_needed;
  return plan;
}

LateTrack::LateTrack(Track track, int64_t block_seconds, double inverse_kappa)
    : block_seconds_(block_seconds), concentration_(ConcentrationOf(inverse_kappa)), factors_(FactorsOf(track)) {
  for (Course& course : courses_) course.log_r = kMinusInfinity;
}

void LateTrack::Observe(const HistoryBlock& block, double null_rate) {
  const int64_t start = BlockStart(block.start_second, block_seconds_);
  if (start != open_start_) {
    if (open_start_ != kNoSecond) CloseBlock();
    open_start_ = start;
    for (Course& course : courses_) {
      if (course.log_since <= 0) course = {course.log_r, 0, {block.start_second, {}}};
    }
  }
  expected_ += static_cast<double>(block.requests) * null_rate;
  counts_ += {block.requests, block.errors};
  open_ = CappedLogEvidence(factors_, static_cast<double>(counts_.errors), expected_, concentration_, concentration_,
                            kLogCapUncalibrated);
}

void LateTrack::CloseBlock() {
  for (size_t i = 0; i < factors_.size(); ++i) {
    Course& course = courses_[i];
    course.log_r = LogRNow(i);
    course.log_since += open_.log_e[i];
    course.onset.since += counts_;
  }
  expected_ = 0;
  counts_ = {};
}

double LateTrack::LogRNow(size_t factor) const { return LogAdd(courses_[factor].log_r, 0) + open_.log_e[factor]; }

double LateTrack::LogValue() const {
  if (open_start_ == kNoSecond) return kMinusInfinity;
  double log_sum = kMinusInfinity;
  for (size_t i = 0; i < factors_.size(); ++i) log_sum = LogAdd(log_sum, LogRNow(i));
  const auto blocks = static_cast<double>(BlocksIn(kLateHorizonSeconds, block_seconds_));
  return log_sum - std::log(static_cast<double>(factors_.size()) * blocks);
}

LateTrack::Onset LateTrack::BestOnset() const {
  size_t best = 0;
  for (size_t i = 1; i < factors_.size(); ++i) {
    if (LogRNow(i) > LogRNow(best)) best = i;
  }
  Onset onset = courses_[best].onset;
  onset.since += counts_;
  return onset;
}

LateWatch::LateWatch(const LatePlan& plan)
    : plan_(plan),
      slow_(Track::kSlow, kLateSlowBlockSeconds, plan.baseline.spread.Of(kLateSlowBlockSeconds)),
      fast_(Track::kFast, kLateFastBlockSeconds, plan.baseline.spread.Of(kLateFastBlockSeconds)),
      null_rate_(plan.baseline.null_rate) {}

void LateWatch::Observe(const HistoryBlock& block) {
  const double null_rate = plan_.null_rates[DayBinOf(block.start_second)];
  if (fired_at_ || null_rate <= 0) return;
  null_rate_ = null_rate;
  slow_.Observe(block, null_rate);
  fast_.Observe(block, null_rate);
  if (LogValue() >= std::log(plan_.value_needed)) fired_at_ = block.start_second + kHistoryBlockSeconds - 1;
}

double LateWatch::LogValue() const { return std::max(slow_.LogValue(), fast_.LogValue()); }

Evidence LateWatch::CurrentEvidence() const {
  const LateTrack::Onset onset = (fast_.LogValue() > slow_.LogValue() ? fast_ : slow_).BestOnset();
  Evidence evidence;
  evidence.signal = "errors";
  evidence.e_value = ValueOfLog(LogValue());
  evidence.e_value_needed = plan_.value_needed;
  evidence.before_null = null_rate_;
  TellRates(plan_.baseline.counts, onset.since, WilsonInterval(onset.since), &evidence);
  evidence.onset_ns = onset.second * kSecondNs;
  return evidence;
}

}  // namespace revertd

#include "analysis/control.h"

#include <algorithm>
#include <cmath>

#include "analysis/rate_shift.h"

namespace revertd {
namespace {

constexpr std::array<double, 6> kFactors = {1.3, 1.7, 2.5, 5, 12, 30};
// The control's counts are discounted towards this many events: two services never share a multiplier exactly.
constexpr double kControlEventsTrusted = 20;
constexpr double kElevated = 2;      // the control's last minute against its expectation
constexpr double kNullElevated = 3;  // then the target may be at x3 before it is blamed
constexpr double kEffectUsable = 5;

LogEvidence EvidenceOf(const ControlSecond& block) {
  const double discount = kControlEventsTrusted / (kControlEventsTrusted + block.events_control);
  return CappedLogEvidence(kFactors, block.events_target, block.expected_target, discount * block.expected_control,
                           discount * block.events_control, kLogCapUncalibrated);
}

}  // namespace

ControlShift::ControlShift(double margin_factor, int64_t horizon_seconds)
    : margin_factor_(margin_factor),
      mixture_(kFactors.size(), OnsetWeights(BlocksIn(kOnsetNearSeconds, kControlBlockSeconds),
                                             BlocksIn(horizon_seconds, kControlBlockSeconds))),
      open_(EvidenceOf({})) {}

bool ControlShift::ControlIsElevated(const ControlSecond& second) {
  Minute& slot = minute_[minute_next_];
  minute_next_ = (minute_next_ + 1) % minute_.size();
  slot = {second.expected_control, second.events_control};
  // Summed anew: adding and subtracting would let rounding errors of a burst stay behind.
  minute_sum_ = {};
  for (const Minute& kept : minute_) {
    minute_sum_.expected += kept.expected;
    minute_sum_.events += kept.events;
  }
  return minute_sum_.events > 0 && minute_sum_.events >= kElevated * minute_sum_.expected;
}

void ControlShift::Observe(const ControlSecond& second) {
  if (block_seconds_ == kControlBlockSeconds) {
    mixture_.CloseBlock(open_);
    block_seconds_ = 0;
    block_ = {};
  }
  const double allowance = ControlIsElevated(second) ? std::max(1.0, kNullElevated / margin_factor_) : 1.0;
  ++block_seconds_;
  // A second in which the control saw nothing to compare with says nothing about the target either.
  if (second.expected_control > 0) {
    block_.expected_target += allowance * second.expected_target;
    block_.events_target += second.events_target;
    block_.expected_control += second.expected_control;
    block_.events_control += second.events_control;
  }
  open_ = EvidenceOf(block_);
}

bool ControlIsUsable(const ControlTraffic& traffic, int64_t horizon_seconds) {
  if (traffic.control <= 0 || traffic.target_null <= 0) return false;
  const double seconds = static_cast<double>(kControlBlockSeconds);
  ControlSecond block;
  block.expected_target = seconds * traffic.target_null;
  block.events_target = seconds * kEffectUsable * traffic.target_reference;
  block.expected_control = seconds * traffic.control;
  block.events_control = block.expected_control;
  const LogEvidence evidence = EvidenceOf(block);
  double best = 0;
  for (size_t i = 0; i < evidence.count; ++i) best = std::max(best, evidence.log_e[i]);
  // One factor of six carries the evidence; the onset is taken to be the first block (weight 3/4).
  const double start = std::log(0.75 / static_cast<double>(evidence.count));
  return start + best * static_cast<double>(BlocksIn(horizon_seconds, kControlBlockSeconds)) >=
         std::log(kBlameValueNeeded);
}

}  // namespace revertd

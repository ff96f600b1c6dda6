#include "analysis/control.h"

#include <algorithm>
#include <cmath>

namespace revertd {
namespace {

constexpr std::array<double, 6> kRateFactors = {1.3, 1.7, 2.5, 5, 12, 30};
constexpr std::array<double, 6> kShareFactors = {1.1, 1.3, 1.7, 2.5, 5, 12};
constexpr std::array<double, 4> kFallFactors = {0.7, 0.4, 0.15, 0.02};
// The control's counts are discounted towards this many events: two services never share a multiplier exactly.
constexpr double kControlEventsTrusted = 20;
constexpr double kTroubled = 2;      // the control's last minute against its expectation
constexpr double kNullTroubled = 3;  // then the target may be at x3 before it is blamed
constexpr double kEffectUsable = 5;
constexpr double kCapShareMin = 0.2;

std::span<const double> FactorsOf(FactorGrid grid) {
  switch (grid) {
    case FactorGrid::kRate: return kRateFactors;
    case FactorGrid::kShare: return kShareFactors;
    case FactorGrid::kFall: return kFallFactors;
  }
  return {};
}

// K = f muC, K' = f xC: the control is trusted up to so many events, and no further than both sides' own noise lets it.
// Where that noise is wider than a block's rate itself, a burst is most of what a block shows, and it adds less.
LogEvidence EvidenceOf(std::span<const double> factors, double concentration, const ControlSecond& block) {
  double discount = kControlEventsTrusted / (kControlEventsTrusted + block.events_control);
  if (discount * block.expected_control > concentration) discount = concentration / block.expected_control;
  const double log_cap = kLogCapUncalibrated * std::clamp(concentration, kCapShareMin, 1.0);
  return CappedLogEvidence(factors, block.events_target, block.expected_target, discount * block.expected_control,
                           discount * block.events_control, log_cap);
}

// What the target's expectation is multiplied by while the control is in trouble: never to its own disadvantage.
double AllowanceOf(const ControlSettings& settings) {
  if (settings.target_null <= 0) return 1;
  const double moved =
      FactorOfEffect(settings.grid, kNullTroubled, settings.target_reference) * settings.target_reference;
  const double allowance = moved / settings.target_null;
  return settings.grid == FactorGrid::kFall ? std::min(1.0, allowance) : std::max(1.0, allowance);
}

}  // namespace

ControlShift::ControlShift(const ControlSettings& settings)
    : factors_(FactorsOf(settings.grid)),
      concentration_(ConcentrationOf(settings.inverse_kappa)),
      troubled_(FactorOfEffect(settings.grid, kTroubled, settings.control_reference)),
      allowance_(AllowanceOf(settings)),
      block_length_(settings.block_seconds),
      mixture_(factors_.size(), OnsetWeights(BlocksIn(kOnsetNearSeconds, block_length_),
                                             BlocksIn(settings.horizon_seconds, block_length_),
                                             SecondLookBlock(settings.second_look_seconds, block_length_))),
      open_(EvidenceOf(factors_, concentration_, {})) {}

bool ControlShift::ControlIsTroubled(const ControlSecond& second) {
  minute_[minute_next_] = {second.expected_control, second.events_control};
  minute_next_ = (minute_next_ + 1) % minute_.size();
  // Summed anew: adding and subtracting would let rounding errors of a burst stay behind.
  Minute sum;
  for (const Minute& kept : minute_) {
    sum.expected += kept.expected;
    sum.events += kept.events;
  }
  if (troubled_ < 1) return sum.events <= troubled_ * sum.expected;
  return sum.events > 0 && sum.events >= troubled_ * sum.expected;
}

void ControlShift::Observe(const ControlSecond& second) {
  if (block_seconds_ == block_length_) {
    mixture_.CloseBlock(open_);
    block_seconds_ = 0;
    block_ = {};
  }
  const double allowance = ControlIsTroubled(second) ? allowance_ : 1;
  ++block_seconds_;
  // A second in which the control saw nothing to compare with says nothing about the target either.
  if (second.expected_control > 0) {
    block_.expected_target += allowance * second.expected_target;
    block_.events_target += second.events_target;
    block_.expected_control += second.expected_control;
    block_.events_control += second.events_control;
  }
  open_ = EvidenceOf(factors_, concentration_, block_);
}

bool ControlIsUsable(const ControlSettings& settings, double target_per_second, double control_per_second) {
  const double seconds = static_cast<double>(kControlBlockSeconds);
  const double moved = FactorOfEffect(settings.grid, kEffectUsable, settings.target_reference);
  ControlSecond block;
  block.expected_target = seconds * target_per_second * settings.target_null;
  block.events_target = seconds * target_per_second * moved * settings.target_reference;
  block.expected_control = seconds * control_per_second * settings.control_reference;
  block.events_control = block.expected_control;
  if (block.expected_target <= 0 || block.expected_control <= 0) return false;
  const LogEvidence evidence = EvidenceOf(FactorsOf(settings.grid), ConcentrationOf(settings.inverse_kappa), block);
  double best = 0;
  for (size_t i = 0; i < evidence.count; ++i) best = std::max(best, evidence.log_e[i]);
  // One factor of six carries the evidence; the onset is taken to be the first block (weight 3/4).
  const double start = std::log(0.75 / static_cast<double>(evidence.count));
  return start + best * static_cast<double>(BlocksIn(settings.horizon_seconds, kControlBlockSeconds)) >=
         std::log(kBlameValueNeeded);
}

}  // namespace revertd

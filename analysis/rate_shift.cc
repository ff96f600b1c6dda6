#include "analysis/rate_shift.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/check.h"

namespace revertd {
namespace {

constexpr int64_t kTestHorizonSeconds = int64_t{30} * 60;  // as long as anything is tested
constexpr std::array<double, 3> kSlowFactors = {1.3, 1.7, 2.5};
constexpr std::array<double, 3> kFastFactors = {5, 12, 30};
constexpr std::array<double, 3> kSlowShareFactors = {1.1, 1.3, 1.7};
constexpr std::array<double, 3> kFastShareFactors = {2.5, 5, 12};
constexpr std::array<double, 2> kSlowFallFactors = {0.7, 0.4};
constexpr std::array<double, 2> kFastFallFactors = {0.15, 0.02};
constexpr std::array<double, 5> kBelowFactors = {0.8, 0.6, 0.4, 0.2, 0.05};
constexpr std::array<double, 6> kAboveFactors = {1.3, 1.7, 2.5, 5, 12, 30};

// K' is K for a known spread; with infinite K the formula uses neither.
LogEvidence EvidenceOf(std::span<const double> factors, const OpenBlock& block, double concentration, double log_cap) {
  return CappedLogEvidence(factors, block.events(), block.expected(), concentration, concentration, log_cap);
}

std::span<const double> FactorsOf(RateTest::Alternative alternative) {
  if (alternative == RateTest::Alternative::kBelow) return kBelowFactors;
  return kAboveFactors;
}

const TrackSetting& SettingOf(const RateShiftSettings& settings, Track track) {
  return track == Track::kSlow ? settings.slow : settings.fast;
}

double InverseKappaOf(const RateShiftSettings& settings, Track track) {
  return track == Track::kSlow ? settings.slow_inverse_kappa : settings.fast_inverse_kappa;
}

}  // namespace

std::span<const double> FactorsOf(Track track, FactorGrid grid) {
  const auto of = [track](std::span<const double> slow, std::span<const double> fast) {
    return track == Track::kSlow ? slow : fast;
  };
  switch (grid) {
    case FactorGrid::kRate: return of(kSlowFactors, kFastFactors);
    case FactorGrid::kShare: return of(kSlowShareFactors, kFastShareFactors);
    case FactorGrid::kFall: return of(kSlowFallFactors, kFastFallFactors);
  }
  return {};
}

double FactorOfEffect(FactorGrid grid, double times, double rate) {
  if (grid == FactorGrid::kFall) return 1 / times;
  return grid == FactorGrid::kShare ? times / (1 + (times - 1) * rate) : times;
}

double ConcentrationOf(double inverse_kappa) {
  return inverse_kappa > 0 ? 1 / inverse_kappa : std::numeric_limits<double>::infinity();
}

int64_t BlocksIn(int64_t seconds, int64_t block_seconds) {
  return std::max<int64_t>(1, (seconds + block_seconds - 1) / block_seconds);
}

int64_t SecondLookBlock(int64_t second_look_seconds, int64_t block_seconds) {
  return second_look_seconds == 0 ? OnsetWeights::kNoSecondLook : second_look_seconds / block_seconds + 1;
}

void OpenBlock::Add(double expected, double events) {
  ++seconds_;
  expected_ += expected;
  events_ += events;
}

RateTrack::RateTrack(const RateShiftSettings& settings, Track track)
    : null_rate_(settings.null_rate),
      log_cap_(SettingOf(settings, track).log_cap),
      factors_(FactorsOf(track, settings.factors)),
      concentration_(ConcentrationOf(InverseKappaOf(settings, track))),
      block_(SettingOf(settings, track).block_seconds),
      mixture_(factors_.size(),
               OnsetWeights(BlocksIn(settings.near_seconds, SettingOf(settings, track).block_seconds),
                            BlocksIn(settings.horizon_seconds, SettingOf(settings, track).block_seconds),
                            SecondLookBlock(settings.second_look_seconds, SettingOf(settings, track).block_seconds))),
      open_(EvidenceOf(factors_, block_, concentration_, log_cap_)) {
  REVERTD_CHECK(SettingOf(settings, track).block_seconds > 0 && settings.null_rate > 0);
}

void RateTrack::Observe(const RateCounts& second, double null_scale) {
  // A complete block is closed by the next second, so that its own last second still shows in LogValue.
  if (block_.complete()) {
    mixture_.CloseBlock(open_);
    block_.Clear();
  }
  block_.Add(static_cast<double>(second.requests) * null_rate_ * null_scale, static_cast<double>(second.errors));
  open_ = EvidenceOf(factors_, block_, concentration_, log_cap_);
}

RateShift::RateShift(const RateShiftSettings& settings)
    : slow_(settings, Track::kSlow), fast_(settings, Track::kFast) {}

void RateShift::Observe(const RateCounts& second, double null_scale) {
  slow_.Observe(second, null_scale);
  fast_.Observe(second, null_scale);
}

double RateShift::LogValue() const { return std::max(slow_.LogValue(), fast_.LogValue()); }

RateTest::RateTest(Alternative alternative, double bound, double inverse_kappa, int64_t block_seconds)
    : factors_(FactorsOf(alternative)),
      bound_(bound),
      concentration_(ConcentrationOf(inverse_kappa)),
      block_(block_seconds),
      mixture_(factors_.size(),
               OnsetWeights(BlocksIn(kOnsetNearSeconds, block_seconds), BlocksIn(kTestHorizonSeconds, block_seconds))),
      open_(EvidenceOf(factors_, block_, concentration_, kLogCapUncalibrated)) {}

void RateTest::Observe(const RateCounts& second, double bound_scale) {
  if (block_.complete()) {
    mixture_.CloseBlock(open_);
    block_.Clear();
  }
  block_.Add(static_cast<double>(second.requests) * bound_ * bound_scale, static_cast<double>(second.errors));
  open_ = EvidenceOf(factors_, block_, concentration_, kLogCapUncalibrated);
}

}  // namespace revertd

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

BlockTest::BlockTest(const Settings& settings, const OnsetWeights& weights)
    : settings_(settings), mixture_(settings.factors.size(), weights), open_(EvidenceOfBlock()) {
  REVERTD_CHECK(settings.block_seconds > 0);
}

// K' is K for a known spread; with infinite K the formula uses neither.
LogEvidence BlockTest::EvidenceOfBlock() const {
  return CappedLogEvidence(settings_.factors, events_, expected_, settings_.concentration, settings_.concentration,
                           settings_.log_cap);
}

void BlockTest::Observe(double expected, double events) {
  // A complete block is closed by the next second, so that its own last second still shows in LogValue.
  if (seconds_ == settings_.block_seconds) {
    mixture_.CloseBlock(open_);
    seconds_ = 0;
    expected_ = events_ = 0;
  }
  ++seconds_;
  expected_ += expected;
  events_ += events;
  open_ = EvidenceOfBlock();
}

RateTrack::RateTrack(const RateShiftSettings& settings, Track track)
    : null_rate_(settings.null_rate),
      test_({.factors = FactorsOf(track, settings.factors),
             .concentration = ConcentrationOf(InverseKappaOf(settings, track)),
             .log_cap = SettingOf(settings, track).log_cap,
             .block_seconds = SettingOf(settings, track).block_seconds},
            OnsetWeights(BlocksIn(settings.near_seconds, SettingOf(settings, track).block_seconds),
                         BlocksIn(settings.horizon_seconds, SettingOf(settings, track).block_seconds),
                         SecondLookBlock(settings.second_look_seconds, SettingOf(settings, track).block_seconds))) {
  REVERTD_CHECK(settings.null_rate > 0);
}

void RateTrack::Observe(const RateCounts& second, double null_scale) {
  test_.Observe(static_cast<double>(second.requests) * null_rate_ * null_scale, static_cast<double>(second.errors));
}

RateShift::RateShift(const RateShiftSettings& settings)
    : slow_(settings, Track::kSlow), fast_(settings, Track::kFast) {}

void RateShift::Observe(const RateCounts& second, double null_scale) {
  slow_.Observe(second, null_scale);
  fast_.Observe(second, null_scale);
}

double RateShift::LogValue() const { return std::max(slow_.LogValue(), fast_.LogValue()); }

RateTest::RateTest(Alternative alternative, double bound, double inverse_kappa, int64_t block_seconds)
    : bound_(bound),
      test_({.factors = FactorsOf(alternative),
             .concentration = ConcentrationOf(inverse_kappa),
             .log_cap = kLogCapUncalibrated,
             .block_seconds = block_seconds},
            OnsetWeights(BlocksIn(kOnsetNearSeconds, block_seconds), BlocksIn(kTestHorizonSeconds, block_seconds))) {}

void RateTest::Observe(const RateCounts& second, double bound_scale) {
  test_.Observe(static_cast<double>(second.requests) * bound_ * bound_scale, static_cast<double>(second.errors));
}

}  // namespace revertd

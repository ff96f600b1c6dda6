// RateShift: has the rate of a kind of event risen above a null rate since a known second? Two tracks, one for small
// and one for large effects, each an e-process of its own; and RateTest, the plain test of a rate against a bound.
//
// Pure folds over seconds: parameters are fixed at the start, one Observe a second in order, also for seconds without
// requests. Any thread. Formulas: docs/statistics.md. Tied to no signal: errors of requests are only the first use.
#pragma once

#include <cstdint>
#include <span>

#include "analysis/e_process.h"
#include "analysis/series.h"

namespace revertd {

inline constexpr int64_t kOnsetNearSeconds =
    int64_t{15} * 60;  // the second share of the onset's weights is spread over these
inline constexpr double kLogCapUncalibrated = 2.0794415416798357;  // ln 8: the most that one block may add

// Small effects, large effects.
enum class Track : uint8_t { kSlow, kFast };
// What is worse: more of rates that are small, as errors', or of those that may be near one, as the share slower than
// the median; or less, as of arriving requests.
enum class FactorGrid : uint8_t { kRate, kShare, kFall };
// Of the rate under the alternative, from small effects to large ones.
std::span<const double> FactorsOf(Track track, FactorGrid grid = FactorGrid::kRate);
// What an effect of `times` > 1 multiplies a rate by: itself, the odds of a share, or one over it for a fall.
double FactorOfEffect(FactorGrid grid, double times, double rate);

struct TrackSetting {
  int64_t block_seconds = 20;
  double log_cap = kLogCapUncalibrated;
  friend bool operator==(const TrackSetting&, const TrackSetting&) = default;
};

struct RateShiftSettings {
  double null_rate = 1;
  FactorGrid factors = FactorGrid::kRate;
  TrackSetting slow;
  TrackSetting fast;
  double slow_inverse_kappa = 0;  // of blocks as long as the track's
  double fast_inverse_kappa = 0;
  int64_t near_seconds = kOnsetNearSeconds;
  int64_t second_look_seconds = 0;  // after so many a shift may come to light that could not be seen before; 0: none
  int64_t horizon_seconds = int64_t{15} * 60;
};

// K of 1/kappa: infinity for no spread beyond Poisson's.
double ConcentrationOf(double inverse_kappa);
// At least 1; a block that is begun counts.
int64_t BlocksIn(int64_t seconds, int64_t block_seconds);
// The block of the second look; OnsetWeights::kNoSecondLook for 0 seconds.
int64_t SecondLookBlock(int64_t second_look_seconds, int64_t block_seconds);

// Events against their expectation, block by block: one grid of factors under the onset mixture.
class BlockTest {
 public:
  struct Settings {
    std::span<const double> factors;
    double concentration = 0;
    double log_cap = kLogCapUncalibrated;
    int64_t block_seconds = 1;
  };
  BlockTest(const Settings& settings, const OnsetWeights& weights);
  void Observe(double expected, double events);  // of the next second
  double LogValue() const { return mixture_.LogValue(open_); }

 private:
  LogEvidence EvidenceOfBlock() const;

  Settings settings_;
  OnsetMixture mixture_;
  int64_t seconds_ = 0;  // of the open block, and its sums
  double expected_ = 0;
  double events_ = 0;
  LogEvidence open_;
};

class RateTrack {
 public:
  RateTrack(const RateShiftSettings& settings, Track track);
  void Observe(const RateCounts& second, double null_scale = 1);
  double LogValue() const { return test_.LogValue(); }

 private:
  double null_rate_;
  BlockTest test_;
};

class RateShift {
 public:
  explicit RateShift(const RateShiftSettings& settings);
  // `null_scale`: what the null rate is multiplied by in this second.
  void Observe(const RateCounts& second, double null_scale = 1);
  // ln of the larger track's E; it is to be held against 2 / (share * alpha), half for each track.
  double LogValue() const;

 private:
  RateTrack slow_;
  RateTrack fast_;
};

// Against the null "rate >= bound" with factors below one, or "rate <= bound" with factors above one. The onset is a
// mixture here too: what began badly and then went well (a restart, a cold pool) must not stay undecided for good.
class RateTest {
 public:
  enum class Alternative { kBelow, kAbove };
  RateTest(Alternative alternative, double bound, double inverse_kappa, int64_t block_seconds);
  void Observe(const RateCounts& second, double bound_scale = 1);
  double LogValue() const { return test_.LogValue(); }

 private:
  double bound_;
  BlockTest test_;
};

}  // namespace revertd

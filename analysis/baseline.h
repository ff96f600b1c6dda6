// Baseline: what a service's history says of its rate before a deploy, and the rates that a deploy is tested against.
//
// Pure, any thread. Formulas and constants: docs/statistics.md, "Baseline". Nothing here is tied to errors: x of n.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "analysis/series.h"

namespace revertd {

// The practical null: a rate up to max(factor * old, old + absolute) is not worse.
struct RateMargins {
  double factor = 1.25;
  double absolute = 0.0002;
};

// The lengths of block, in seconds, that detection may work with.
inline constexpr std::array<int64_t, 7> kBlockLengths = {2, 5, 10, 20, 40, 80, 120};

// 1/kappa >= 0 by length of block: the squared relative spread of a block's rate; 0 is Poisson. Noise that is new in
// every second averages out as blocks grow, noise that lasts does not: each length has its own.
class BlockSpread {
 public:
  BlockSpread() = default;
  explicit BlockSpread(double of_all) { by_length_.fill(of_all); }
  double Of(int64_t block_seconds) const;  // one of kBlockLengths
  // What of it averages out as blocks grow: noise of the service alone, where what lasts may be shared with others.
  double PassingOf(int64_t block_seconds) const;
  void Set(size_t length, double inverse_kappa) { by_length_[length] = inverse_kappa; }
  void RaiseTo(double least);

 private:
  std::array<double, kBlockLengths.size()> by_length_{};
};

struct Baseline {
  RateCounts counts;      // what the bound rests on
  int64_t blocks = 0;     // history blocks seen
  double dispersion = 1;  // phi >= 1: variance of a block's events over its mean
  BlockSpread spread;
  double reference = 1;   // p_ref: the old rate, read at its upper bound
  double null_rate = 1;   // p_null: the largest rate that is still called not worse
  double worse_rate = 1;  // a deploy is healthy once rates of this and above are refuted

  bool known() const { return counts.requests > 0; }
};

// With fewer blocks little is known of how they spread.
inline constexpr int64_t kBlocksEnough = 30;

inline constexpr int64_t kSecondsBeforeDeployLeftOut = 30;

// Short blocks' spread is read from so many seconds: what is kept of them also before a deploy that is told of late.
inline constexpr int64_t kSpreadSeconds = kKeptSeconds - kLateRegistrationSeconds;

// What a baseline is made of: x of n by block, ascending.
struct RateHistory {
  std::vector<HistoryBlock> blocks = {};  // of kHistoryBlockSeconds
  std::vector<HistoryBlock> recent = {};  // of the last kSpreadSeconds, shorter ones, each of recent_seconds
  int64_t recent_seconds = 1;
};
// Of the 14 days that lie before `before_second`, without the blocks that touch an excluded interval. The block that
// `before_second` cuts is made of its kept seconds, so that a young service loses none of its little history.
RateHistory HistoryBefore(const Series& series, int64_t before_second, const std::vector<SecondInterval>& excluded);

// `before_second` ends the last hour. Without any request in the blocks every rate is 1: nothing can be worse.
Baseline EstimateBaseline(const RateHistory& history, int64_t before_second, const RateMargins& margins);
// Of a series' errors.
Baseline BaselineBefore(const Series& series, int64_t before_second, const std::vector<SecondInterval>& excluded,
                        const RateMargins& margins);

// The observed rate, with half an event where there was none: a ratio and a power need a number above zero.
double ObservedRate(const RateCounts& counts);

// p_null: the largest rate that is not worse than `reference`, which is the old rate read at its upper bound.
double NullRate(double reference, const RateMargins& margins);

// U(x, n) = phi Ginv(1 - a0; x/phi + 1) / n, at most 1; a0 = 1e-4.
double UpperRate(const RateCounts& counts, double dispersion);

}  // namespace revertd

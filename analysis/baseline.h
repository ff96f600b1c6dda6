// Baseline: what a service's history says of its rate before a deploy, and the rates that a deploy is tested against.
//
// Pure, any thread. Formulas and constants: docs/statistics.md, "Baseline". Nothing here is tied to errors: x of n.
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/series.h"

namespace revertd {

// The practical null: a rate up to max(factor * old, old + absolute) is not worse.
struct RateMargins {
  double factor = 1.25;
  double absolute = 0.0002;
};

struct Baseline {
  RateCounts counts;         // what the bound rests on
  int64_t blocks = 0;        // history blocks seen
  double dispersion = 1;     // phi >= 1: variance of a block's events over its mean
  double inverse_kappa = 0;  // 1/kappa >= 0: squared relative spread of a block's rate; 0 is Poisson
  double reference = 1;      // p_ref: the old rate, read at its upper bound
  double null_rate = 1;      // p_null: the largest rate that is still called not worse
  double worse_rate = 1;     // a deploy is healthy once rates of this and above are refuted

  bool known() const { return counts.requests > 0; }
};

inline constexpr int64_t kSecondsBeforeDeployLeftOut = 30;

// The blocks of 14 days that lie before `before_second` and touch no excluded interval. The block that
// `before_second` cuts is made of its kept seconds, so that a young service loses none of its little history.
std::vector<HistoryBlock> BaselineBlocks(const Series& series, int64_t before_second,
                                         const std::vector<SecondInterval>& excluded);

// `before_second` ends the last hour. Without any request in `blocks` every rate is 1: nothing can be worse.
Baseline EstimateBaseline(const std::vector<HistoryBlock>& blocks, int64_t before_second, const RateMargins& margins);

// The observed rate, with half an event where there was none: a ratio and a power need a number above zero.
double ObservedRate(const RateCounts& counts);

// U(x, n) = phi Ginv(1 - a0; x/phi + 1) / n, at most 1; a0 = 1e-4.
double UpperRate(const RateCounts& counts, double dispersion);

}  // namespace revertd

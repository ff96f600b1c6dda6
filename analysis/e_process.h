// The arithmetic of e-processes, in log space: Bayes factors of a block of counts and the mixtures over block onset.
//
// Who: detectors of this folder, any thread; everything is a value. Invariants: 1. no function overflows or returns
// NaN for counts and expectations in [0, 1e9]; 2. one block never adds more than the cap that its caller names.
// Source: docs/statistics.md, sections "Bayes factor" and "Onset"; Ramdas, Grunwald, Vovk, Shafer (2023).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace revertd {

inline constexpr size_t kFactorsMax = 6;
// e-values are told as plain numbers; JSON has no infinity, so they stop at e^690, about 1e299.
inline constexpr double kLogValueMax = 690.0;

// ln(e^a + e^b), also for -infinity.
double LogAdd(double a, double b);
// e^log_value, kept below e^kLogValueMax.
double ValueOfLog(double log_value);

// ln of BF_m = m^x ((K + mu) / (K + m mu))^(x + K'), the evidence of x events for m mu against mu expected ones.
// `concentration` is K (infinity: Poisson), `pseudo_events` is K'. mu = 0 is no observation and answers 0.
double LogBayesFactor(double factor, double events, double expected, double concentration, double pseudo_events);

// One ln e-value a factor; only the first `count` are used.
struct LogEvidence {
  std::array<double, kFactorsMax> log_e{};
  size_t count = 0;
};
// min(log_cap, ln BF_m) for every factor m.
LogEvidence CappedLogEvidence(std::span<const double> factors, double events, double expected, double concentration,
                              double pseudo_events, double log_cap);

// pi_b, the chance beforehand that the shift begins in block b = 1, 2, ...: 3/4 on the first, 1/8 spread over the
// blocks of the first `near_blocks`, 1/8 over those of `horizon_blocks` (the first block left out of both). Where what
// is looked for may come to light only at `second_look`, a known block beyond the first, a third of the first block's
// weight is that one's.
class OnsetWeights {
 public:
  static constexpr int64_t kNoSecondLook = 0;
  OnsetWeights(int64_t near_blocks, int64_t horizon_blocks, int64_t second_look = kNoSecondLook)
      : near_blocks_(near_blocks), horizon_blocks_(horizon_blocks), second_look_(second_look) {}
  double Of(int64_t block) const;
  double UnspentAfter(int64_t block) const;  // 1 less the weights up to and including `block`

 private:
  int64_t near_blocks_;
  int64_t horizon_blocks_;
  int64_t second_look_;
};

// Mixture over factors and over the block in which the shift began: S_m = (A_m + pi_b) e_m,
// E = mean_m S_m + 1 - sum_{i<=b} pi_i, and A_m <- S_m when block b ends.
class OnsetMixture {
 public:
  OnsetMixture(size_t factors, const OnsetWeights& weights);

  // ln E where the open block's evidence so far is `open`.
  double LogValue(const LogEvidence& open) const;
  void CloseBlock(const LogEvidence& block);

 private:
  size_t factors_;
  OnsetWeights weights_;
  int64_t block_ = 1;
  double weight_;                                // pi of the open block
  double weight_unspent_;                        // 1 - sum of pi up to and including the open block
  std::array<double, kFactorsMax> log_carried_;  // ln A_m
};

}  // namespace revertd

// LateWatch: errors that begin to rise hours after a deploy, when its own watch is over: leaks, caches that fill,
// jobs that run at night. An e-SR detector on each of two tracks, R_m <- (R_m + 1) e_m, over the history's blocks.
//
// Pure fold over blocks in ascending order, any thread: the same blocks give the same answer, live or read back after a
// restart. Nothing acts on it: there is no control, so what it finds is a person's case.
// Guarantee, where the null and the blocks' spread hold: E R is at most the number of blocks begun, so a track's mean
// time to a false call is at least value_needed horizons (an average run length), and by Markov at the call it makes
// one within a horizon with a chance of at most 1 / value_needed. Blocks without requests are not seen and add nothing.
// Formulas: docs/statistics.md, "Late watch". Source: Shin, Ramdas, Rinaldo (2023), e-detectors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "analysis/baseline.h"
#include "analysis/e_process.h"
#include "analysis/rate_shift.h"
#include "analysis/time_of_day.h"
#include "base/sinks.h"
#include "base/verdict.h"

namespace revertd {

inline constexpr int64_t kLateHorizonSeconds = int64_t{12} * 3600;  // from the deploy's finish
// Of alpha, spent beside it: 3e-4 at the usual 1e-3. Signals share it as they share alpha.
inline constexpr double kLateAlphaShare = 0.3;

// Large effects need no longer blocks than the history has; for small ones three are joined: an incident of a minute or
// two then adds its cap once or twice, and noise that lasts half a minute is inside a block, where the spread holds it.
inline constexpr int64_t kLateFastBlockSeconds = kHistoryBlockSeconds;
inline constexpr int64_t kLateSlowBlockSeconds = 3 * kHistoryBlockSeconds;

struct LatePlan {
  Baseline baseline;  // before the deploy
  DayNull null_rates{};
  double value_needed = 0;  // of mean_m R_m over the blocks in kLateHorizonSeconds, for one track
};

// From what lies before `before_second`; null_rates of a baseline that is not known mean nothing.
LatePlan LatePlanOf(const RateHistory& history, int64_t before_second, const RateMargins& margins, double value_needed);

class LateTrack {
 public:
  LateTrack(Track track, int64_t block_seconds, double inverse_kappa);
  void Observe(const HistoryBlock& block, double null_rate);
  // ln of mean_m R_m over the blocks in the horizon, the open block as far as it is seen.
  double LogValue() const;

  // Of the factor whose R is largest: since its evidence last fell to nothing, as CUSUM does.
  struct Onset {
    int64_t second = 0;
    RateCounts since;
  };
  Onset BestOnset() const;

 private:
  struct Course {
    double log_r;          // of the blocks that are closed
    double log_since = 0;  // ln of the product of e_m since the onset; above 0 within a course
    Onset onset;
  };
  void CloseBlock();
  double LogRNow(size_t factor) const;

  int64_t block_seconds_;
  double concentration_;
  std::span<const double> factors_;
  std::array<Course, kFactorsMax> courses_{};
  int64_t open_start_ = kNoSecond;  // of the open block; kNoSecond: none yet
  double expected_ = 0;
  RateCounts counts_;
  LogEvidence open_;
};

class LateWatch {
 public:
  explicit LateWatch(const LatePlan& plan);

  void Observe(const HistoryBlock& block);
  // The last second of the block in which it fired; nothing is observed after it.
  std::optional<int64_t> fired_at() const { return fired_at_; }
  double LogValue() const;  // the larger track's, to be held against ln value_needed
  Evidence CurrentEvidence() const;

 private:
  LatePlan plan_;
  LateTrack slow_;
  LateTrack fast_;
  double null_rate_;  // of the newest block
  std::optional<int64_t> fired_at_;
};

}  // namespace revertd

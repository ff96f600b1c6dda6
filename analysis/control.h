// ControlShift: did the deployed service move more than the services that were not deployed? The e-process E_D that
// blame rests on, and whether a control has enough traffic to be asked at all.
//
// Pure fold over seconds, any thread. Given the sum of both sides' events, the deployed side's share is binomial for
// any multiplier that both share, so an outage that hits both is no evidence. Formulas: docs/statistics.md, "Control".
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "analysis/e_process.h"
#include "analysis/rate_shift.h"

namespace revertd {

inline constexpr double kBlameValueNeeded = 100;    // E_D
inline constexpr int64_t kBlameWaitSeconds = 60;    // from E firing to "ambiguous"
inline constexpr int64_t kControlBlockSeconds = 5;  // at most: E_D may not be slower than an E of shorter blocks

struct ControlSettings {
  FactorGrid grid = FactorGrid::kRate;
  double target_null = 0;  // rates: p_null and p_ref of the deployed service,
  double target_reference = 0;
  double control_reference = 0;  // and the controls' together
  // Squared relative spread of a block's rate that is noise of one side alone, of both sides added up.
  double inverse_kappa = 0;
  int64_t block_seconds = kControlBlockSeconds;
  int64_t horizon_seconds = 0;
  int64_t second_look_seconds = 0;  // as RateShiftSettings'
};

// One second of both sides. `expected_target` is at the target's null rate, `expected_control` at the control's
// reference rate; both zero where no control could be read in that second.
struct ControlSecond {
  double expected_target = 0;
  double events_target = 0;
  double expected_control = 0;
  double events_control = 0;
};

class ControlShift {
 public:
  explicit ControlShift(const ControlSettings& settings);
  void Observe(const ControlSecond& second);
  double LogValue() const { return mixture_.LogValue(open_); }

 private:
  struct Minute {
    double expected = 0;
    double events = 0;
  };
  bool ControlIsTroubled(const ControlSecond& second);

  std::span<const double> factors_;
  double concentration_;
  // From this multiple of its expectation on (for a fall: down to it) the control is in trouble.
  double troubled_;
  double allowance_;  // and the target's expectation is multiplied by this
  int64_t block_length_;
  OnsetMixture mixture_;
  LogEvidence open_;
  int64_t block_seconds_ = 0;
  ControlSecond block_;              // sums
  std::array<Minute, 60> minute_{};  // ring: the control's last 60 seconds
  size_t minute_next_ = 0;
};

// Whether E_D would reach kBlameValueNeeded within the horizon if the target's odds rose five-fold (its rate fell to a
// fifth) and both sides saw just what they expect, with so many requests a second each.
bool ControlIsUsable(const ControlSettings& settings, double target_per_second, double control_per_second);

}  // namespace revertd

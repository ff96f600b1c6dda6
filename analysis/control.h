// ControlShift: did the deployed service move more than the services that were not deployed? The e-process E_D that
// blame rests on, and whether a control has enough traffic to be asked at all.
//
// Pure fold over seconds, any thread. Given the sum of both sides' events, the deployed side's share is binomial for
// any multiplier that both share, so an outage that hits both is no evidence. Formulas: docs/statistics.md, "Control".
#pragma once

#include <array>
#include <cstdint>

#include "analysis/e_process.h"

namespace revertd {

inline constexpr double kBlameValueNeeded = 100;  // E_D
inline constexpr int64_t kBlameWaitSeconds = 60;  // from E firing to "ambiguous"
inline constexpr int64_t kControlBlockSeconds = 5;

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
  ControlShift(double margin_factor, int64_t horizon_seconds);
  void Observe(const ControlSecond& second);
  double LogValue() const { return mixture_.LogValue(open_); }

 private:
  struct Minute {
    double expected = 0;
    double events = 0;
  };
  bool ControlIsElevated(const ControlSecond& second);

  double margin_factor_;
  OnsetMixture mixture_;
  LogEvidence open_;
  int64_t block_seconds_ = 0;
  ControlSecond block_;              // sums
  std::array<Minute, 60> minute_{};  // ring: the control's last 60 seconds
  Minute minute_sum_;
  size_t minute_next_ = 0;
};

// Expected traffic of both sides, events a second at the reference rates.
struct ControlTraffic {
  double target_null = 0;       // expected_target a second
  double target_reference = 0;  // the same at p_ref
  double control = 0;           // expected_control a second
};
// Whether E_D would reach kBlameValueNeeded within the horizon if the target's events rose five-fold and both sides
// saw just what they expect.
bool ControlIsUsable(const ControlTraffic& traffic, int64_t horizon_seconds);

}  // namespace revertd

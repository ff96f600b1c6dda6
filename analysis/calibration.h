// Calibration: which of the detector's settings a service's own history has earned, by the shadow deploys that were
// played on it (shadow_deploy.h).
//
// A setting is accepted for a track if no shadow deploy fired, and the tail of their largest E, fitted beyond 30 with
// Hill's estimator, makes firing at most half as likely as Ville's inequality promises; it must also have been the kind
// of setting that a day ago would have been right (walk-forward). Among the accepted the one that finds the mixed-in
// regressions soonest is taken. Formulas: docs/statistics.md, "Calibration". Source: Hill (1975) for the tail.
//
// Pure, any thread.
#pragma once

#include <cstdint>
#include <span>

#include "analysis/shadow_deploy.h"

namespace revertd {

inline constexpr int64_t kWalkForwardSeconds = int64_t{24} * 3600;
inline constexpr size_t kShadowsTimed = 60;  // the newest ones tell the delays

// What shadow deploys showed of the quick settings that a usable control allows (signal.h): too little yet, that the
// control held them back whenever they fired, or that it let them blame a healthy deploy.
enum class ControlledRecord : uint8_t { kUnproven, kEarned, kRefuted };
// So often held back and never not: incidents that were the service's own would have passed at least once.
inline constexpr int64_t kHeldBackNeeded = 3;

struct Calibration {
  bool calibrated = false;  // both tracks have an accepted setting
  TrackSetting slow = {};   // meaningful only if calibrated
  TrackSetting fast = {};
  int64_t shadows = 0;
  ControlledRecord controlled = ControlledRecord::kUnproven;

  // Whether a usable control brings the quick settings: they are earned, or nothing is yet and nothing refutes them.
  bool quick_beside_control() const {
    return controlled == ControlledRecord::kEarned || (controlled == ControlledRecord::kUnproven && !calibrated);
  }
};

// `results` ascending by start. `value_needed` of E for one track, above 30.
Calibration Calibrate(std::span<const ShadowResult> results, double value_needed);

}  // namespace revertd

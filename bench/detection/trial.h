// Trial: one simulated deploy before the real detector, through the doors that production uses: history restored,
// windows second by second, a deploy registered, verdicts and decisions taken from the sink. The rivals see the same.
//
// Pure given the seed; any thread, each trial with a loop of its own.
#pragma once

#include <array>
#include <cstdint>

#include "bench/detection/history.h"
#include "bench/detection/rivals.h"

namespace revertd::bench {

struct Outcome {
  int64_t regressed_second = kNever;  // seconds from the finish to the verdict, at whose end it stands
  int64_t regressed_requests = 0;     // of the new version until then
  int64_t ambiguous_second = kNever;
  int64_t fifth_error_second = kNever;
  bool acted = false;  // the gate wrote a trigger
  bool healthy = false;
  bool calibrated = false;
  bool control_usable = false;
  std::array<int64_t, kRivals.size()> rival_second{};
  friend bool operator==(const Outcome&, const Outcome&) = default;
};
Outcome RunTrial(const Cell& cell, const TrialSettings& settings, const History& history, uint64_t seed);

}  // namespace revertd::bench

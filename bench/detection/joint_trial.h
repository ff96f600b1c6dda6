// JointTrial: a deploy judged by everything at once (errors, three quantiles of durations, arrivals) before the real
// loop with its roll-ups, second by second from an hour before on: latency and traffic know no more than that hour.
//
// Pure given the seed; any thread, each trial with a loop of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/verdict.h"
#include "bench/detection/duration_model.h"
#include "bench/detection/history.h"
#include "bench/detection/rivals.h"

namespace revertd::bench {

inline constexpr char kNeighbour[] = "neighbour";
// Where the noise is AR(1), durations and arrivals drift too.
inline constexpr double kDurationLogDeviation = 0.1;
inline constexpr double kArrivalLogDeviation = 0.2;
// The hour that latency is judged by, the 30 s before a deploy that are no baseline, and a block.
inline constexpr int64_t kJointLiveSeconds = 3'720;

struct JointCell {
  Cell traffic;  // its effect is on errors
  Pace pace;     // of the new version
  std::string_view pace_name;
  bool warms_up = false;       // all durations are 2.5 times as long at the finish; that decays over 20 s
  bool has_neighbour = false;  // a service of the same size, deployed within a minute of the target, and not worse
  bool is_reverted = false;    // what is found is rolled back, and watched until its recovery is told
  bool recovers = true;        // whether the rollback helps
};
// "binomial, 20 req/s, 0.1 %, p99 x2, control: none".
std::string Describe(const JointCell& cell);

struct JointOutcome {
  int64_t regressed_second = kNever;  // from the finish, at whose end the verdict stands
  int64_t ambiguous_second = kNever;
  std::string signal;  // that led the last of both
  bool acted = false;
  bool neighbour_regressed = false;
  bool neighbour_ambiguous = false;
  std::optional<RecoveryState> recovery;  // of what was rolled back
  int64_t recovery_second = kNever;       // from the rollback's finish
  friend bool operator==(const JointOutcome&, const JointOutcome&) = default;

  // When the signal's evidence sufficed, whether or not the deploy could be blamed for it.
  int64_t FiredSecond() const;
};
// The history is the target's; `settings.live_seconds` at least kJointLiveSeconds.
JointOutcome RunJointTrial(const JointCell& cell, const TrialSettings& settings, const History& history, uint64_t seed);

}  // namespace revertd::bench

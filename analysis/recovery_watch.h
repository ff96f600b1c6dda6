// RecoveryWatch: after a rollback, did production recover, in the signal that the rollback was for? Two e-processes at
// 5 %: one against "still bad", one against "back to normal"; the first to reach 20 decides, never before 30 s, and
// undecided at 30 min.
//
// Pure fold over the seconds after the revert's finish, any thread. Formulas: docs/statistics.md, "Recovery".
#pragma once

#include <cstdint>
#include <optional>

#include "analysis/rate_shift.h"
#include "base/verdict.h"

namespace revertd {

inline constexpr int64_t kRecoveryWarmUpSeconds = 5;  // after the finish; errors say nothing yet
inline constexpr int64_t kRecoveryBlockSeconds = 5;
inline constexpr int64_t kRecoverySecondsMin = 30;                // of evidence, after the warm-up
inline constexpr int64_t kRecoverySecondsMax = int64_t{30} * 60;  // after the finish

struct RecoveryBounds {
  double still_bad = 1;              // recovered: rates of this and above are refuted
  std::optional<double> normal;      // not recovered: rates up to this are refuted; none: never said
  double rate_bad = 0;               // told beside the answer; 0: not known
  double inverse_kappa = 1.0 / 150;  // squared relative spread of a block of kRecoveryBlockSeconds, at least this
  bool falls = false;                // less is worse, as of traffic: "of this and above" is "of this and below"
  int64_t warm_up_seconds = kRecoveryWarmUpSeconds;
};
// After the finish: rollouts are done and caches warm, and a check that fails still fails for good.
inline constexpr int64_t kCheckRecoverySeconds = int64_t{5} * 60;
// As `still_bad`: no count of good requests refutes it, so that undecided is the end. Of what falls, the second.
inline constexpr double kNoRecoveryBound = 1e-9;
inline constexpr double kNoRecoveryBoundOfFall = 1e9;
// sqrt(p_null p_bad) and p_null. Nothing to tell apart (p_bad no worse than p_null) leaves both sides silent. After a
// rollback for slowness caches are cold once more: so long nothing is said of it.
RecoveryBounds BoundsFromEvidence(const Evidence& evidence);

class RecoveryWatch {
 public:
  RecoveryWatch(const RecoveryBounds& bounds, int64_t finish_second);

  // Counts of the new version in `second`, called for every second from the finish on, in order.
  void Observe(int64_t second, const RateCounts& counts);
  // Of a rollback for a health check: whether one fails still, as of every second; nothing where that is not known.
  // Nothing has recovered before none does, whatever the requests say, and nothing has where one still does so long
  // after.
  void ObserveCheck(int64_t second, std::optional<bool> fails);
  RecoveryState state() const {
    return checks_are_well_ || state_ != RecoveryState::kRecovered ? state_ : RecoveryState::kWatching;
  }
  void Close();  // undecided unless decided
  // Everything but the ids; at_ns is the end of the newest second.
  Recovery Report() const;

 private:
  RecoveryBounds bounds_;
  int64_t finish_second_;
  int64_t last_second_;
  RateTest recovered_;
  RateTest not_recovered_;
  RateCounts seen_;
  RecoveryState state_ = RecoveryState::kWatching;
  double log_value_ = 0;  // of the side that decided
  bool checks_are_well_ = true;
};

}  // namespace revertd

#include "analysis/recovery_watch.h"

#include <algorithm>
#include <cmath>

#include "analysis/latency.h"
#include "analysis/signal.h"

namespace revertd {
namespace {

constexpr double kValueNeeded = 20;

}  // namespace

RecoveryBounds BoundsFromEvidence(const Evidence& evidence) {
  RecoveryBounds bounds;
  bounds.rate_bad = evidence.after;
  bounds.falls = SignalNamed(evidence.signal) == Signal::kTraffic;
  if (evidence.slower_than_ns > 0) bounds.warm_up_seconds = kColdSeconds;
  if (bounds.falls ? evidence.after >= evidence.before_null : evidence.after <= evidence.before_null) {
    bounds.still_bad = bounds.falls ? kNoRecoveryBoundOfFall : kNoRecoveryBound;
    return bounds;
  }
  const double normal = std::max(kNoRecoveryBound, evidence.before_null);
  bounds.still_bad = std::sqrt(normal * std::max(kNoRecoveryBound, evidence.after));
  bounds.normal = normal;
  return bounds;
}

RecoveryWatch::RecoveryWatch(const RecoveryBounds& bounds, int64_t finish_second)
    : bounds_(bounds),
      finish_second_(finish_second),
      last_second_(finish_second - 1),
      recovered_(bounds.falls ? RateTest::Alternative::kAbove : RateTest::Alternative::kBelow, bounds.still_bad,
                 bounds.inverse_kappa, kRecoveryBlockSeconds),
      not_recovered_(bounds.falls ? RateTest::Alternative::kBelow : RateTest::Alternative::kAbove,
                     bounds.normal.value_or(1.0), bounds.inverse_kappa, kRecoveryBlockSeconds) {}

void RecoveryWatch::Observe(int64_t second, const RateCounts& counts) {
  if (state_ != RecoveryState::kWatching) return;
  last_second_ = second;
  const int64_t elapsed = second + 1 - finish_second_;
  if (elapsed <= bounds_.warm_up_seconds) return;
  recovered_.Observe(counts);
  not_recovered_.Observe(counts);
  seen_ += counts;
  if (elapsed < bounds_.warm_up_seconds + kRecoverySecondsMin) return;
  const double log_needed = std::log(kValueNeeded);
  // Both at once cannot be: the bad side is asked first, so that doubt falls on the side of a person's attention.
  if (bounds_.normal && not_recovered_.LogValue() >= log_needed) {
    state_ = RecoveryState::kNotRecovered;
    log_value_ = not_recovered_.LogValue();
  } else if (recovered_.LogValue() >= log_needed) {
    state_ = RecoveryState::kRecovered;
    log_value_ = recovered_.LogValue();
  } else if (elapsed >= kRecoverySecondsMax) {
    Close();
  }
}

void RecoveryWatch::ObserveCheck(int64_t second, std::optional<bool> fails) {
  const bool is_told = state() != RecoveryState::kWatching;
  if (is_told) return;
  last_second_ = second;
  checks_are_well_ = fails.has_value() && !*fails;
  const bool is_late = second + 1 - finish_second_ >= kCheckRecoverySeconds;
  if (fails.value_or(false) && is_late) {
    state_ = RecoveryState::kNotRecovered;
    log_value_ = 0;
  }
}

void RecoveryWatch::Close() {
  if (state() != RecoveryState::kWatching) return;
  state_ = RecoveryState::kUndecided;
  log_value_ = recovered_.LogValue();
}

Recovery RecoveryWatch::Report() const {
  Recovery recovery;
  recovery.state = state();
  recovery.e_value = state() == RecoveryState::kWatching ? 1 : ValueOfLog(log_value_);
  recovery.rate_bad = bounds_.rate_bad;
  recovery.rate_now = seen_.rate();
  recovery.n_now = seen_.requests;
  recovery.at_ns = (last_second_ + 1) * kSecondNs;
  return recovery;
}

}  // namespace revertd

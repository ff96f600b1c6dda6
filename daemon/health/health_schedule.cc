#include "daemon/health/health_schedule.h"

#include <algorithm>

#include "base/check.h"

namespace revertd {
namespace {

// Checks that are asked once an hour are first asked sooner: what was well before a deploy has to be known.
constexpr DurationNs kFirstWithin = kMinuteNs;

// The golden ratio's multiples spread over the unit interval whatever their number: nobody needs to know how many
// checks there are, and one more moves none of the others.
double PhaseOf(size_t check) {
  constexpr double kGoldenRatio = 0.6180339887498949;
  const double turns = static_cast<double>(check) * kGoldenRatio;
  return turns - static_cast<double>(static_cast<uint64_t>(turns));
}

}  // namespace

HealthSchedule::HealthSchedule(const std::vector<DurationNs>& every, TimeNs now) {
  for (const DurationNs interval : every) {
    REVERTD_CHECK(interval > 0);
    const auto first =
        static_cast<DurationNs>(static_cast<double>(std::min(interval, kFirstWithin)) * PhaseOf(checks_.size()));
    checks_.push_back({.every = interval, .due_ns = now + first});
  }
}

std::optional<HealthSchedule::Due> HealthSchedule::TakeDue(TimeNs now) {
  Check* longest = nullptr;
  for (Check& check : checks_) {
    if (check.is_asked || check.due_ns > now) continue;
    if (longest == nullptr || check.due_ns < longest->due_ns) longest = &check;
  }
  if (longest == nullptr) return std::nullopt;
  const auto missed = static_cast<uint64_t>((now - longest->due_ns) / longest->every);
  longest->due_ns = now + longest->every;
  longest->is_asked = true;
  return Due{.check = static_cast<size_t>(longest - checks_.data()), .missed = missed};
}

void HealthSchedule::Done(size_t check) {
  REVERTD_CHECK(checks_[check].is_asked);
  checks_[check].is_asked = false;
}

std::optional<DurationNs> HealthSchedule::RestFor(TimeNs now) const {
  std::optional<DurationNs> rest;
  for (const Check& check : checks_) {
    if (check.is_asked) continue;
    const DurationNs wait = std::max<DurationNs>(check.due_ns - now, 0);
    rest = std::min(rest.value_or(wait), wait);
  }
  return rest;
}

}  // namespace revertd

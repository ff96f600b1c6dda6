// ClockWatch: the wall clock held against one that nobody can set (Clock::Monotonic), from look to look.
//
// A clock that is slewed gains or loses at most some hundredths of a second in a second and is none of our business;
// one that is set jumps by what it was wrong, and what was told before and after no longer lies on one line of time.
// While the machine is suspended both clocks go on, so that an awakening is no step; it is a gap, in which nothing was
// looked at. Steps smaller than `step_max` each are not seen: whoever sets a clock by a second every second is slewing
// it.
//
// Pure; one thread.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"

namespace revertd {

// In words for people; empty: nothing of the kind.
struct ClockView {
  std::string stepped;
  std::string paused;
};

class ClockWatch {
 public:
  // Looks are a second apart. So long a gap is no busy disk (a locked database is waited for, some five seconds).
  static constexpr DurationNs kGapMax = 15 * kSecondNs;
  // What happened stands for so long; a step also until the log's times have agreed with the clock for as long.
  static constexpr DurationNs kStandsFor = kMinuteNs;

  explicit ClockWatch(DurationNs step_max) : step_max_(step_max) {}

  // log_disagrees: the log's times lie far ahead of the wall clock or behind it.
  ClockView Look(TimeNs wall, TimeNs monotonic, bool log_disagrees);

 private:
  struct Standing {
    std::string words;
    TimeNs quiet_since = 0;  // monotonic
  };
  void Compare(DurationNs wall_went, DurationNs time_went, TimeNs monotonic);
  static std::string Hear(std::optional<Standing>* standing, TimeNs monotonic);

  const DurationNs step_max_;
  std::optional<TimeNs> wall_;  // of the look before
  TimeNs monotonic_ = 0;
  std::optional<Standing> step_;
  std::optional<Standing> pause_;
};

}  // namespace revertd

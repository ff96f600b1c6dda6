// LogTimeWatch: whether the times that the log tells agree with the wall clock: in what is counted, and in what each
// source tells and cannot be counted for its times.
//
// Pure; one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace revertd {

// Of one source since it was opened.
struct LineCounts {
  uint64_t counted = 0;
  uint64_t too_late = 0;     // dropped: older than what is sealed
  uint64_t from_future = 0;  // dropped: too far ahead of the wall clock
};

struct LogTimeFinding {
  bool is_ahead = false;  // else behind
  std::string source;     // empty: of what is counted
  std::string words;
};

class LogTimeWatch {
 public:
  // By which the newest counted second may be ahead of the wall clock: two machines of which each is a bit off.
  static constexpr DurationNs kAheadMax = 30 * kSecondNs;
  // By which it may be behind while lines come in: the lateness, and balancers that write their log in large pieces.
  static constexpr DurationNs kBehindMax = kMinuteNs;
  // Lines are compared over so long: one damaged line says nothing.
  static constexpr DurationNs kCompareOver = 10 * kSecondNs;

  void SeeSource(std::string_view source, const LineCounts& counts, TimeNs monotonic);
  // newest_counted: the newest sealed second; 0: none. After SeeSource of every source.
  std::vector<LogTimeFinding> Look(TimeNs wall, TimeNs newest_counted);

 private:
  struct Source {
    LineCounts before;
    TimeNs compared_at = 0;
    uint64_t counted = 0;
    uint64_t too_late = 0;  // in the newest comparison, where they are more than those counted; else 0
    uint64_t from_future = 0;
  };
  std::map<std::string, Source, std::less<>> sources_;
  bool lines_came_ = false;  // lines were counted since the look before
  TimeNs came_at_ = 0;       // wall: of the look that saw the newest; 0: none yet
};

}  // namespace revertd

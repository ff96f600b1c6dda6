// HealthSchedule: which health check is asked when. Each is asked every `every`, from a first time of its own on, so
// that a hundred of them do not begin in one moment.
//
// Always holds: two questions of one check begin at least its `every` apart, and never is a check asked twice at once.
// What could not be asked in time is left out and counted, never made up for: answers that come in a burst say no more
// than one of them.
//
// Thread contract: none of its own; pure. Time is an argument, of a clock that nobody sets (Clock::Monotonic). Whoever
// shares it locks it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace revertd {

class HealthSchedule {
 public:
  struct Due {
    size_t check = 0;
    uint64_t missed = 0;  // times that passed without a question: nobody was free, or the check was still being asked
  };

  // `every`: of each check, in the order in which they are named from here on.
  HealthSchedule(const std::vector<DurationNs>& every, TimeNs now);

  // The one that is due for the longest time. From then on it is being asked, until Done.
  std::optional<Due> TakeDue(TimeNs now);
  void Done(size_t check);
  // Until the next one that is not being asked is due, 0 where one is; nullopt: all are being asked.
  std::optional<DurationNs> RestFor(TimeNs now) const;

 private:
  struct Check {
    DurationNs every = 0;
    TimeNs due_ns = 0;
    bool is_asked = false;
  };

  std::vector<Check> checks_;
};

}  // namespace revertd

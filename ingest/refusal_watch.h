// RefusalWatch: whether the lines of a source come to something. Lines that come and cannot be counted, for whatever
// reason, blind as silence does.
//
// Headers, empty and partial lines are no refusals, nor are lines that the process before counted: nothing that they
// tell is missing from what is counted.
//
// Pure; one thread.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/counters.h"

namespace revertd {

// Since the newest counted line.
struct RefusedLines {
  uint64_t lines = 0;
  Counter most = Counter::kCount;  // the counter of most of them; kCount: none was refused
  DurationNs standing = 0;         // since the first of them was seen
};

class RefusalWatch {
 public:
  RefusedLines Look(const Counters& counters, TimeNs monotonic);

 private:
  CounterValues before_{};       // at the newest counted line
  std::optional<TimeNs> since_;  // monotonic: the first refusal after it was seen
};

}  // namespace revertd

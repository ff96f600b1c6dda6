#include "base/clock.h"

#include <ctime>

#include <chrono>
#include <thread>

namespace revertd {

TimeNs SystemClock::Now() const {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// CLOCK_MONOTONIC stands still while the machine is suspended: the wall clock would seem to jump at every awakening,
// and what was silent for a night would be a second old.
TimeNs SystemClock::Monotonic() const {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * kSecondNs + now.tv_nsec;
}

void SystemClock::SleepFor(DurationNs duration) { std::this_thread::sleep_for(std::chrono::nanoseconds(duration)); }

}  // namespace revertd

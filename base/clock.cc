#include "base/clock.h"

#include <chrono>
#include <thread>

namespace revertd {

TimeNs SystemClock::Now() const {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void SystemClock::SleepFor(DurationNs duration) { std::this_thread::sleep_for(std::chrono::nanoseconds(duration)); }

}  // namespace revertd

// TwoClocks: a wall clock that the test sets and a monotonic one that only goes on. Any thread.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace revertd {

class TwoClocks final : public Clock {
 public:
  TimeNs Now() const override { return wall_.load(); }
  TimeNs Monotonic() const override { return monotonic_.load(); }
  void SleepFor(DurationNs duration) override { Pass(duration); }

  void Pass(DurationNs duration) {
    wall_ += duration;
    monotonic_ += duration;
  }
  void Set(DurationNs by) { wall_ += by; }

 private:
  std::atomic<TimeNs> wall_{1'763'700'000 * kSecondNs};
  std::atomic<TimeNs> monotonic_{5'000 * kSecondNs};
};

}  // namespace revertd

// Time. Everything that thinks takes the time as an argument; only the rim asks a Clock, and tests own that clock.
#pragma once

#include <cstdint>

namespace revertd {

using TimeNs = int64_t;      // nanoseconds since the Unix epoch, UTC
using DurationNs = int64_t;  // nanoseconds

inline constexpr DurationNs kMicrosecondNs = 1'000;
inline constexpr DurationNs kMillisecondNs = 1'000'000;
inline constexpr DurationNs kSecondNs = 1'000'000'000;
inline constexpr DurationNs kMinuteNs = 60 * kSecondNs;
inline constexpr DurationNs kHourNs = 60 * kMinuteNs;

// The whole second that holds `time`, also before the epoch.
constexpr int64_t FloorToSecond(TimeNs time) {
  const int64_t second = time / kSecondNs;
  return time % kSecondNs < 0 ? second - 1 : second;
}

// The first whole second that starts at `time` or later.
constexpr int64_t CeilToSecond(TimeNs time) {
  const int64_t floor = FloorToSecond(time);
  return floor * kSecondNs == time ? floor : floor + 1;
}

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimeNs Now() const = 0;  // wall clock
  // Goes on evenly, whatever is done to the wall clock and while the machine is suspended too; since when is nobody's
  // business. For ages, waits, and what must hold when a clock is set. A clock that is never set is its own.
  virtual TimeNs Monotonic() const { return Now(); }
  virtual void SleepFor(DurationNs duration) = 0;  // a test's clock advances itself instead of waiting
};

class SystemClock final : public Clock {
 public:
  TimeNs Now() const override;
  TimeNs Monotonic() const override;
  void SleepFor(DurationNs duration) override;
};

}  // namespace revertd

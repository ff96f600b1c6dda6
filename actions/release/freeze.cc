#include "actions/release/freeze.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/check.h"
#include "base/time_zone.h"

namespace revertd {
namespace {

constexpr int kDayMinutes = 24 * 60;
constexpr int kWindowDaysMax = 7;  // FreezeWindow::minutes
// Clocks are set at a quarter of an hour that they show, and by two hours at most.
constexpr int kClockQuarter = 15;
constexpr int kClockChangeMax = 120;

struct Interval {
  TimeNs begin_ns = 0;
  TimeNs end_ns = 0;
  const FreezeWindow* window = nullptr;
};

// What the clock shows `minutes` after the beginning of a day, in its own reckoning. The day is counted from 1970.
TimeNs ToUtc(const TimeZone& zone, int64_t day, int minutes) {
  const std::chrono::year_month_day date(std::chrono::sys_days(std::chrono::days(day + minutes / kDayMinutes)));
  const int minute = minutes % kDayMinutes;
  return zone.ToUtc({.year = static_cast<int>(date.year()),
                     .month = static_cast<int>(static_cast<unsigned>(date.month())),
                     .day = static_cast<int>(static_cast<unsigned>(date.day())),
                     .hour = minute / 60,
                     .minute = minute % 60,
                     .second = 0});
}

// The first moment at which the clock shows that or later. A time that is skipped has none of its own: then it is the
// moment of the change, which is also that of the time after the gap.
TimeNs FirstShown(const TimeZone& zone, int64_t day, int minutes) {
  TimeNs first = ToUtc(zone, day, minutes);
  const int next_quarter = (minutes / kClockQuarter + 1) * kClockQuarter;
  for (int later = next_quarter; later <= minutes + kClockChangeMax; later += kClockQuarter) {
    first = std::min(first, ToUtc(zone, day, later));
  }
  return first;
}

// From which moment on the clock never shows less than that again.
TimeNs NeverLessFrom(const TimeZone& zone, int64_t day, int minutes) {
  const TimeNs minute_before = ToUtc(zone, day, minutes - 1);
  const DurationNs repeats = zone.RepeatsAfter(minute_before);
  return repeats > 0 ? minute_before + repeats + kMinuteNs : FirstShown(zone, day, minutes);
}

int64_t DayOf(TimeNs now) { return std::chrono::floor<std::chrono::days>(std::chrono::nanoseconds(now)).count(); }

// All windows that may hold at `now` or join on to one that does.
std::vector<Interval> IntervalsAround(const ReleaseFile& file, TimeNs now) {
  const auto zone = TimeZone::Named(file.time_zone);
  REVERTD_CHECK(zone.ok());
  std::vector<Interval> intervals;
  const int64_t today = DayOf(now);
  // A day more on either side: the zone's day may be another than that of UTC.
  for (int64_t day = today - kWindowDaysMax - 1; day <= today + kFreezeDaysMax; ++day) {
    const int weekday = static_cast<int>((day + 3) % 7);  // 1970 began on a Thursday
    for (const FreezeWindow& window : file.freeze) {
      if (std::ranges::find(window.days, weekday) == window.days.end()) continue;
      intervals.push_back({FirstShown(*zone, day, window.from_minute),
                           NeverLessFrom(*zone, day, window.from_minute + window.minutes), &window});
    }
  }
  std::ranges::sort(intervals, {}, &Interval::begin_ns);
  return intervals;
}

}  // namespace

std::optional<Frozen> FrozenAt(const ReleaseFile& file, TimeNs now) {
  if (file.freeze.empty()) return std::nullopt;
  std::optional<Frozen> frozen;
  std::vector<const FreezeWindow*> told;
  for (const Interval& interval : IntervalsAround(file, now)) {
    if (interval.end_ns <= now) continue;
    if (interval.begin_ns <= now) {
      if (!frozen) frozen.emplace();
      frozen->until_ns = std::max(frozen->until_ns, interval.end_ns);
      const bool is_told = std::ranges::find(told, interval.window) != told.end();
      if (is_told || interval.window->why.empty()) continue;
      told.push_back(interval.window);
      frozen->why += (frozen->why.empty() ? "" : "; ") + interval.window->why;
    } else if (frozen && interval.begin_ns <= frozen->until_ns) {
      frozen->until_ns = std::max(frozen->until_ns, interval.end_ns);
    }
  }
  return frozen;
}

}  // namespace revertd

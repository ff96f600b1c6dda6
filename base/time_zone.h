// TimeZone: what a log means by a wall clock time that it wrote without its offset from UTC.
//
// Thread contract: an immutable value; copies are cheap.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace revertd {

// Proleptic Gregorian; 60 is a second of the next minute.
struct CivilTime {
  int64_t year = 1970;
  int month = 1;  // from 1
  int day = 1;    // from 1
  int hour = 0;
  int minute = 0;
  int second = 0;
};

class TimeZone {
 public:
  TimeZone();  // UTC
  // The machine's own zone (TZ or /etc/localtime); UTC where there is none.
  static TimeZone Local();
  // "UTC", "local", or a name of the IANA database ("Europe/Berlin"). InvalidArgument for any other.
  static StatusOr<TimeZone> Named(std::string_view name);

  // An hour that a clock change repeats means its first pass, one that it skips means the time had it not been
  // skipped: both within an hour, which is all that such a log says.
  TimeNs ToUtc(const CivilTime& time) const;
  // How much later the wall clock shows the same once more; 0 where it does not.
  DurationNs RepeatsAfter(TimeNs time) const;

 private:
  struct Rules;
  std::shared_ptr<const Rules> rules_;  // null: UTC
};

}  // namespace revertd

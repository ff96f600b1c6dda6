#include "daemon/watchdog/clock_watch.h"

#include "daemon/watchdog/troubles.h"

namespace revertd {
namespace {

std::string WordsOfStep(DurationNs step) {
  if (step > 0) {
    return "the wall clock was set ahead by " + LengthText(step) +
           ": what the log and people told before and after it does not lie on one line of time";
  }
  return "the wall clock was set back by " + LengthText(-step) +
         ": until it is where it was, lines with the new time are too late; they are dropped and counted "
         "(lines_too_late)";
}

}  // namespace

ClockView ClockWatch::Look(TimeNs wall, TimeNs monotonic, bool log_disagrees) {
  if (wall_) Compare(wall - *wall_, monotonic - monotonic_, monotonic);
  wall_ = wall;
  monotonic_ = monotonic;
  if (step_ && log_disagrees) step_->quiet_since = monotonic;
  return {.stepped = Hear(&step_, monotonic), .paused = Hear(&pause_, monotonic)};
}

void ClockWatch::Compare(DurationNs wall_went, DurationNs time_went, TimeNs monotonic) {
  const DurationNs step = wall_went - time_went;
  if (step > step_max_ || step < -step_max_) step_ = {WordsOfStep(step), monotonic};
  if (time_went <= kGapMax) return;
  pause_ = {"nothing was looked at for " + LengthText(time_went) +
                ": the machine was suspended, or the process was stopped or starved",
            monotonic};
}

std::string ClockWatch::Hear(std::optional<Standing>* standing, TimeNs monotonic) {
  if (*standing && monotonic - (*standing)->quiet_since >= kStandsFor) standing->reset();
  return *standing ? (*standing)->words : "";
}

}  // namespace revertd

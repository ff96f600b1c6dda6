#include "daemon/watchdog/log_time_watch.h"

#include <utility>

#include "daemon/watchdog/troubles.h"

namespace revertd {
namespace {

LogTimeFinding Dropped(bool is_ahead, std::string_view source, uint64_t lines) {
  return {is_ahead, std::string(source),
          "most lines are not counted, for their times are " +
              std::string(is_ahead ? "ahead of the clock (lines_from_future)" : "too late (lines_too_late)") + ": " +
              std::to_string(lines) + " in " + LengthText(LogTimeWatch::kCompareOver) + "; was a clock set?"};
}

}  // namespace

void LogTimeWatch::SeeSource(std::string_view source, const LineCounts& counts, TimeNs monotonic) {
  auto known = sources_.find(source);
  if (known == sources_.end()) {
    // What a process before us left in the counters is nothing: they begin with it.
    known = sources_.emplace(source, Source{.before = {}, .compared_at = monotonic}).first;
  }
  Source& seen = known->second;
  if (std::exchange(seen.counted, counts.counted) != counts.counted) lines_came_ = true;
  if (monotonic - seen.compared_at < kCompareOver) return;
  const auto more_than_counted = [&](uint64_t now, uint64_t before) {
    return now - before > counts.counted - seen.before.counted ? now - before : 0;
  };
  seen.too_late = more_than_counted(counts.too_late, seen.before.too_late);
  seen.from_future = more_than_counted(counts.from_future, seen.before.from_future);
  seen.before = counts;
  seen.compared_at = monotonic;
}

std::vector<LogTimeFinding> LogTimeWatch::Look(TimeNs wall, TimeNs newest_counted) {
  std::vector<LogTimeFinding> findings;
  if (std::exchange(lines_came_, false)) came_at_ = wall;
  if (newest_counted != 0 && newest_counted - wall > kAheadMax) {
    findings.push_back({true, "",
                        "what is counted is " + LengthText(newest_counted - wall) +
                            " ahead of the clock: lines with the time of the clock are too late, they are dropped and "
                            "counted (lines_too_late, lines_already_counted)"});
  }
  if (newest_counted != 0 && came_at_ != 0 && came_at_ - newest_counted > kBehindMax) {
    findings.push_back({false, "",
                        "the newest line counted is " + LengthText(came_at_ - newest_counted) +
                            " behind the clock: a backlog is read, the balancer holds its log back, or its clock is "
                            "behind"});
  }
  for (const auto& [name, source] : sources_) {
    if (source.from_future != 0) findings.push_back(Dropped(true, name, source.from_future));
    if (source.too_late != 0) findings.push_back(Dropped(false, name, source.too_late));
  }
  return findings;
}

}  // namespace revertd

// Pretend deploys on recorded traffic (A/A): a deploy that did not happen, every so often, each judged by the real
// analysis loop with every signal that it knows, as a real one would be. Whatever fires is false, unless the traffic
// itself changed for the worse. Pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/verdict.h"
#include "bench/detection/recorded_series.h"

namespace revertd::bench {

struct PretendSettings {
  int64_t every_seconds = 3600;  // from one deploy's start to the next; above kPretendDeploySeconds + observe_seconds
  int64_t offsets = 4;           // runs, each later by an equal part of every_seconds: deploys of one run never overlap
  int64_t before_seconds = 600;  // of traffic before the first deploy
  int64_t observe_seconds = 900;
};
inline constexpr int64_t kPretendDeploySeconds = 10;  // from start to finish

struct PretendDeploy {
  int64_t start_second = 0;
  Verdict verdict;  // the last one told
  bool triggered = false;
};

// One service's deploys of one run.
struct PretendRun {
  std::string service;
  int64_t offset_seconds = 0;
  std::vector<PretendDeploy> deploys;

  int64_t Count(VerdictState state) const;
  int64_t triggered() const;
  int64_t calibrated() const;
};

PretendRun PlayPretendDeploys(const RecordedSeries& series, const std::string& service, const PretendSettings& settings,
                              int64_t offset_seconds);

}  // namespace revertd::bench

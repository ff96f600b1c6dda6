// What bench/trigger_bench writes, and what must come of it: traffic that is the same in every run, one deploy after
// the other that fails, and for each the line that decides it, from a run of the analysis itself over the same seconds.
//
// Pure but for the memory it takes; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/deploy.h"
#include "config/config.h"

namespace revertd::bench {

// The deployed service; others that never fail stand beside it as its controls.
inline constexpr std::string_view kTarget = "checkout";
inline constexpr size_t kLinesPerSecond = 50;  // of all of them
// Before the first deploy: a baseline of a few blocks and of the seconds that are left out just before a deploy.
inline constexpr int64_t kHistorySeconds = 200;
// Of the traffic that stands beside: services that the target calls, so that they are no controls and the answer does
// not depend on how many of their lines come.
inline constexpr int kOtherServices = 48;

// A configuration file of all these services. The executor leaves alone what is proposed, so that no git runs.
std::string ConfigText(const std::string& folder);
std::string OtherHost(int service);

// Line `i` of a second.
struct TrafficLine {
  std::string_view service;
  bool is_error = false;
};
TrafficLine LineAt(int64_t second, size_t i, int64_t bad_from);
inline constexpr DurationNs kLineDuration = 100 * kMillisecondNs;
// As it stands in the log.
std::string TextOf(const TrafficLine& line, int64_t second);

struct TriggerCase {
  Deploy deploy;
  int64_t decided_second = 0;   // the trigger rests on this one and those before
  int64_t deciding_second = 0;  // whose first line seals it: the deciding line
};

// Deploys from `first_second` + kHistorySeconds on; each starts after the deciding second of the one before it.
std::vector<TriggerCase> PlanCases(const Config& config, int64_t first_second, size_t count);

}  // namespace revertd::bench

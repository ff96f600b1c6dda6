// HealthBoard: what health checks found: the newest result of each, for whoever asks, and every result once, in order,
// for the analysis thread.
//
// Thread contract: thread-safe. Bounded: one state for each check of the configuration, and kWaitingMax results that
// nobody took yet; beyond it the oldest is dropped and counted.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/health.h"
#include "config/config.h"

namespace revertd {

inline constexpr std::array kHealthLevels = {HealthLevel::kOk, HealthLevel::kWarn, HealthLevel::kFatal,
                                             HealthLevel::kUnknown};

struct HealthState {
  HealthResult newest;  // level kUnknown, reason "not_asked_yet" and at_ns 0 before the first
  TimeNs since_ns = 0;  // wall clock; its level has been that since then
  std::array<uint64_t, kHealthLevels.size()> results = {};  // so many of each level
  uint64_t missed = 0;                                      // times that it should have been asked and was not

  bool is_asked() const { return newest.at_ns != 0; }
};

class HealthBoard {
 public:
  // The analysis thread takes them ten times a second; this many wait where it is stuck for minutes.
  static constexpr size_t kWaitingMax = 1024;

  explicit HealthBoard(const Config& config);

  // Of a check of the configuration; whether its level is another than before is said here.
  void Put(HealthResult result, uint64_t missed = 0);

  // Those that nobody took before, oldest first.
  std::vector<HealthResult> Take();

  // In the order of the configuration.
  std::vector<HealthState> Read() const;
  uint64_t results_dropped() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, size_t> places_;  // service and check, to its place in states_
  std::vector<HealthState> states_;
  std::deque<HealthResult> waiting_;  // oldest first
  uint64_t results_dropped_ = 0;
};

}  // namespace revertd

// The sidecar's own state as one JSON object: written to the store every second by `run`, shown by `revertd status`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analysis/analysis_loop.h"
#include "base/service_table.h"
#include "daemon/health/health_board.h"
#include "daemon/sentry/sentry_counters.h"
#include "daemon/watchdog/troubles.h"
#include "ingest/source_set.h"

namespace revertd {

struct StatusFacts {
  std::string_view event_loop;  // "io_uring" or "poll"
  TimeNs started_ns = 0;
  TimeNs now_ns = 0;
  bool running = true;
  int64_t sealed_through = 0;  // Unix second; kNoSecond before the first line
  uint64_t events_dropped = 0;
  uint64_t writes_dropped = 0;
  uint64_t rollup_bytes = 0;          // in use, of all services
  uint64_t rollup_chunks_cut = 0;     // history given back early for lack of bytes
  uint64_t rollups_out_of_order = 0;  // windows too old for the tiers
  std::vector<FollowUpDesk::Armed> follow_ups = {};
  std::vector<Trouble> troubles = {};  // that stand
  uint64_t troubles_begun = 0;
  uint64_t heartbeats = 0;                 // heard
  uint64_t heartbeats_failed = 0;          // not heard
  const SentryCounters* sentry = nullptr;  // nullptr: error events are not taken
  ErrorBook::Counters errors = {};         // what of them is evidence of nothing
  uint64_t parts_overflow = 0;             // seconds of routes and cohorts that found no place in what is remembered
};

// The counters of all sources together, then each source with those of its own that are not zero.
std::string StatusJson(const StatusFacts& facts, const std::vector<SourceSet::View>& sources,
                       const ServiceTable& services, const std::vector<AnalysisLoop::Watch>& watches,
                       const std::vector<HealthState>& health);

}  // namespace revertd

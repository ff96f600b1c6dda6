// MemoryBound: how much memory and disk the configuration lets `run` take. Computed, not measured; tests hold the
// process to it (tests/daemon/memory_bound_test.cc, bench/window_memory.cc).
//
// Pure. Bytes are of windows, names and history: what grows with services. The program itself, its buffers and a
// deploy's watches are a few megabytes more, whatever the configuration.
#pragma once

#include <cstdint>

#include "config/config.h"

namespace revertd {

struct MemoryBound {
  uint64_t ring = 0;     // the seconds that ingest counts in
  uint64_t names = 0;    // services, the busiest routes, cohorts
  uint64_t series = 0;   // seconds by age and blocks of 14 days, for the detector
  uint64_t rollups = 0;  // tiers of one and ten seconds
  uint64_t disk = 0;     // minutes of 14 days in state.db

  uint64_t memory() const { return ring + names + series + rollups; }
};

// Of `config` with all its services busy.
MemoryBound MemoryBoundOf(const Config& config);

}  // namespace revertd

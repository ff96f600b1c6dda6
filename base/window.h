// Window: one service's sealed second, as the collector hands it to analysis.
//
// Requests are split by age class: how many whole seconds before its end second a request started. Only classes that
// wholly started after a deploy's finish are evidence of the new version, and a deploy may be registered after its
// traffic was counted, so the split is kept for every second.
//
// While its second is open, lines count into `cells` alone, one addition each; by_class and by_age, which everybody
// reads, are sums of it that the ring makes when the second is taken. What lines write stands in front: a line touches
// one cache line of the cells, the two from the bytes to the histogram's head, and the one of its bucket. All bits zero
// is an empty window.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "base/hdr_histogram.h"
#include "base/sample.h"
#include "base/window_detail.h"

namespace revertd {

inline constexpr size_t kStatusClasses = static_cast<size_t>(StatusClass::kCount);
inline constexpr size_t kCacheLineBytes = 64;
inline constexpr int64_t kNoSecond = std::numeric_limits<int64_t>::min();

struct alignas(kCacheLineBytes) Window {
  std::array<std::array<uint32_t, kAgeClasses>, kStatusClasses> cells{};  // by status class, then age class

  int64_t second = 0;  // Unix time of the second's start
  uint64_t bytes = 0;
  ServiceId service = ServiceTable::kOther;
  bool touched = false;  // whether anything was counted; until then nothing else here is set
  Saturation saturation;
  // Of all requests that were not aborted and whose duration is logged. So aligned, its octaves are whole cache lines.
  alignas(kCacheLineBytes / 2) HdrHistogram latency;

  std::array<uint32_t, kStatusClasses> by_class{};
  AgeCounts by_age;
  std::span<RouteCounts> routes;    // empty where not asked for; the last is `_other`
  std::span<CohortCounts> cohorts;  // the same
};

}  // namespace revertd

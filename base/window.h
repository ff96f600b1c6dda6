// Window: one service's sealed second, as the collector hands it to analysis.
//
// Requests are split by age class: how many whole seconds before its end second a request started. Only classes that
// wholly started after a deploy's finish are evidence of the new version, and a deploy may be registered after its
// traffic was counted, so the split is kept for every second.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "base/hdr_histogram.h"
#include "base/sample.h"

namespace revertd {

inline constexpr size_t kStatusClasses = static_cast<size_t>(StatusClass::kCount);

// Ages in whole seconds: 0, 1, 2-3, 4-7, 8-15, 16-31, 32-63, 64 and more.
inline constexpr size_t kAgeClasses = 8;
constexpr size_t AgeClassOf(int64_t age_seconds) {
  if (age_seconds <= 0) return 0;
  const size_t power = static_cast<size_t>(std::bit_width(static_cast<uint64_t>(age_seconds)));
  return power < kAgeClasses ? power : kAgeClasses - 1;
}
// The oldest age in a class; the last class has none (-1): such a request may have started at any time.
constexpr int64_t OldestAgeOf(size_t age_class) {
  return age_class + 1 == kAgeClasses ? -1 : (int64_t{1} << age_class) - 1;
}

// What detection reads of one second. Aborted requests are in neither array; errors are the 5xx among `requests`.
struct AgeCounts {
  std::array<uint32_t, kAgeClasses> requests{};
  std::array<uint32_t, kAgeClasses> errors{};
};

inline constexpr int64_t kNoSecond = std::numeric_limits<int64_t>::min();

struct Window {
  ServiceId service = ServiceTable::kOther;
  int64_t second = kNoSecond;  // Unix time of the second's start
  std::array<uint32_t, kStatusClasses> by_class{};
  AgeCounts by_age;
  uint64_t bytes = 0;
  HdrHistogram latency;
};

}  // namespace revertd

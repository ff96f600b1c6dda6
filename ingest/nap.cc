#include "ingest/nap.h"

#include <algorithm>

#include "base/limits.h"

namespace revertd {

DurationNs NapAfter(size_t bytes, DurationNs since_last) {
  // The longest that kNapBytes may take to gather before the source counts as idle.
  constexpr DurationNs kIdleFill = kNapMax * static_cast<DurationNs>(kNapBytes / kBusyBytes);
  if (bytes == 0 || bytes >= kReadBytes || since_last < 0 || since_last > kIdleFill) return 0;
  const DurationNs fill = since_last * static_cast<DurationNs>(kNapBytes) / static_cast<DurationNs>(bytes);
  if (fill > kIdleFill || fill < kNapMin) return 0;
  return std::min(fill, kNapMax);
}

}  // namespace revertd

#include "daemon/memory_bound.h"

#include "analysis/late_desk.h"
#include "analysis/part_series.h"
#include "analysis/rollups.h"
#include "analysis/series.h"
#include "analysis/shadow_desk.h"
#include "base/limits.h"
#include "base/window_ring.h"
#include "ingest/detail_finder.h"

namespace revertd {
namespace {

// A name of up to 255 bytes in the service table and in each map of analysis, with what the allocator and a tree's node
// add to it.
constexpr uint64_t kServiceNameBytes = 4 * 512;
// Key and header of a row, and pages that are not full after rows were inserted out of order.
constexpr uint64_t kRowOverheadBytes = 16;
constexpr uint64_t kPageFillDivisor = 2;

}  // namespace

MemoryBound MemoryBoundOf(const Config& config) {
  const uint64_t services = config.limits.table_places();
  const auto minutes = static_cast<uint64_t>(kMinuteTier.kept_seconds / kMinuteTier.grain_seconds);
  MemoryBound bound;
  bound.ring = services * WindowRing::BytesPerService(kRingSeconds, config.window_parts());
  bound.names = services * (kServiceNameBytes + DetailFinder::BytesPerService(config));
  bound.series = services * (Series::BytesMax() + ShadowDesk::BytesPerService() + LateDesk::BytesPerService());
  const WindowParts parts = config.window_parts();
  if (parts.routes > 0 || parts.cohorts) bound.series += services * 2 * PartSeries::BytesMax();
  bound.rollups = services * Rollups::BytesPerService(/*minutes_in_memory=*/false);
  const uint64_t row_bytes = kMinuteTier.interval_bytes + kRowOverheadBytes;
  bound.disk = services * minutes * (row_bytes + row_bytes / kPageFillDivisor);
  return bound;
}

}  // namespace revertd

#include "ingest/nap.h"

#include <algorithm>

#include "base/limits.h"
#include "ingest/unix_queue.h"

namespace revertd {
namespace {

// A source of fewer datagrams than this in a nap's time is idle.
constexpr size_t kBusyDatagrams = 4;
// For an empty one; the bytes are rounded up to a power of two.
constexpr size_t kDatagramCharge = 1280;

}  // namespace

NapLimits UnixQueueNaps(int64_t length) {
  if (length < kUnixQueueWanted) return {.busy = kBusyDatagrams, .gather = 0};
  return {.busy = kBusyDatagrams, .gather = std::min(static_cast<size_t>(length) / 4, kGatherMax)};
}

NapLimits ReceiveBufferNaps(size_t bytes) {
  return {.busy = ReceiveBufferCharge(kBusyDatagrams, 0), .gather = std::min(bytes / 4, kGatherMax)};
}

size_t ReceiveBufferCharge(size_t datagrams, size_t bytes) { return datagrams * kDatagramCharge + 2 * bytes; }

static_assert(2 * kPipeNaps.gather == kReadBytes, "a read that was filled left more behind");

DurationNs NapAfter(size_t amount, DurationNs since_last, const NapLimits& limits) {
  // The longest that `gather` may take to come before the source counts as idle.
  const DurationNs idle_fill = kNapMax * static_cast<DurationNs>(limits.gather / limits.busy);
  if (amount == 0 || amount >= 2 * limits.gather || since_last < 0 || since_last > idle_fill) return 0;
  const DurationNs fill = since_last * static_cast<DurationNs>(limits.gather) / static_cast<DurationNs>(amount);
  if (fill > idle_fill || fill < kNapMin) return 0;
  return std::min(fill, kNapMax);
}

}  // namespace revertd

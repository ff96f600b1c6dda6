// Counters of everything that happens to a byte, above all of every way to lose one.
//
// Thread contract: each Counters object has one writer thread; any thread may read. Relaxed load+store costs about a
// nanosecond where fetch_add costs seven, and a reader needs no order between counters.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace revertd {

enum class Counter : uint8_t {
  kBytesRead,
  kLinesRead,            // every line that ended, also the empty and the bad
  kLinesSampled,         // became a sample in a window
  kLinesSlowPath,        // a fast plan left the line to the exact reader (not a drop)
  kLinesEmpty,           // nothing but white space
  kLinesTooLong,         // longer than kLineBytesMax
  kLinesNoFormat,        // no known format fits
  kLinesBadTime,         // the format fits, its time does not
  kLinesBadStatus,       // the format fits, its status does not
  kLinesBadField,        // the format fits, another field does not
  kLinesHeader,          // directives and header lines (W3C); no request, so nothing is lost
  kLinesPartial,         // wrapped pieces (CRI "P") that went on in a later line and are counted with it
  kLinesUnterminated,    // the stream ended inside a line; the line is parsed all the same
  kLinesLate,            // older than the newest, within the lateness: counted in their own second (not a drop)
  kLinesTooLate,         // older than the lateness: their second is sealed
  kLinesAlreadyCounted,  // read again after a restart; their second was counted and kept by the process before
  kLinesFromFuture,      // further ahead than kFutureSecondsMax of the wall clock, in a replay of their neighbours
  kLinesNoRoomInRing,    // analysis fell behind by the whole ring
  kServicesOverflow,     // lines of services beyond the table's capacity, counted in _other
  kRoutesOverflow,       // lines counted under their service's route `_other`
  kCohortsOverflow,      // lines counted under their service's cohort `_other`
  kReadErrors,
  kTimeJumps,       // a replay's log went ahead by more than kFutureSecondsMax and stayed there
  kFilesRotated,    // a followed file was renamed away and another took its place
  kFilesTruncated,  // a followed file shrank and is read from its start
  kFilesLost,       // a file that was not read to its end is gone: whatever was left in it is not counted
  kDatagrams,
  kDatagramsTruncated,  // longer than a receive buffer; what fits is read
  kKernelDrops,         // datagrams that the kernel threw away because the socket's buffer was full
  kConnections,         // accepted
  kConnectionsRefused,  // over the limit
  kFramingErrors,       // a syslog stream whose octet count makes no sense; its connection is closed
  kCount
};

inline constexpr size_t kCounterCount = static_cast<size_t>(Counter::kCount);

std::string_view NameOf(Counter counter);
// Whether a line under this counter became no sample. lines_read = lines_sampled + sum of the drops.
bool IsDrop(Counter counter);

using CounterValues = std::array<uint64_t, kCounterCount>;

class Counters {
 public:
  void Add(Counter counter, uint64_t count = 1) {
    auto& value = values_[static_cast<size_t>(counter)];
    value.store(value.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  uint64_t Get(Counter counter) const { return values_[static_cast<size_t>(counter)].load(std::memory_order_relaxed); }
  CounterValues Read() const;

 private:
  std::array<std::atomic<uint64_t>, kCounterCount> values_{};
};

}  // namespace revertd

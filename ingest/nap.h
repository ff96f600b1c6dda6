// NapAfter: how long a source under load is left alone, so that many lines are taken in one wake-up.
//
// A wake-up costs as much as a hundred lines. Where every line is a write() or a datagram of its own, a reader that
// wakes for each is busy waking; one that looks again after a nap finds them all together. Nothing is napped away: an
// idle source is read at once, and so is one that brings more in kNapMin than a nap may gather, or that has brought so
// much that its reader is behind.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace revertd {

// What a line may wait longer at most, the loop's own lateness aside.
inline constexpr DurationNs kNapMax = 200 * kMicrosecondNs;
// A shorter one saves less than it costs.
inline constexpr DurationNs kNapMin = 50 * kMicrosecondNs;

// In what the source's queue in the kernel is counted in: bytes or datagrams.
struct NapLimits {
  size_t busy;    // a source that brings less than this in kNapMax is idle: it wakes for each line
  size_t gather;  // what a nap may let gather, well below what the queue holds; 0: never nap. At most kGatherMax
};
inline constexpr size_t kGatherMax = size_t{4} * 1024 * 1024;
// Of a pipe: about four lines, 20,000 a second; and what it holds unless it was widened, so that no writer is held up.
inline constexpr NapLimits kPipeNaps{.busy = 1024, .gather = size_t{64} * 1024};
// Of a unix datagram socket whose queue holds `length`, in datagrams: none where it is shorter than is wanted
// (ingest/unix_queue.h), for it would be full before a nap is over, and what its senders drop nobody counts.
NapLimits UnixQueueNaps(int64_t length);
// Of a UDP socket whose receive buffer has `bytes`, as the kernel tells it; in what the kernel charges it.
NapLimits ReceiveBufferNaps(size_t bytes);
// What the kernel charges a receive buffer for `datagrams` of together `bytes`, at most.
size_t ReceiveBufferCharge(size_t datagrams, size_t bytes);

// After a read that brought `amount`, `since_last` after the one before: 0 for none, or kNapMin to kNapMax. Twice what
// a nap may gather is none: more may wait already. Any clock will do: a step of it looks like silence, and an idle
// source does not nap.
DurationNs NapAfter(size_t amount, DurationNs since_last, const NapLimits& limits);

}  // namespace revertd

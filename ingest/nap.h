// NapAfter: how long a source under load is left alone, so that many lines are taken in one wake-up.
//
// A wake-up costs as much as a hundred lines. Where every line is a write() of its own, a reader that wakes for each is
// busy waking; one that looks again after a nap finds them all together. Nothing is napped away: an idle source is read
// at once, and so is one that brings more in kNapMin than a nap may gather, or filled its read and has more waiting.
#pragma once

#include <cstddef>

#include "base/clock.h"

namespace revertd {

// What a line may wait longer at most, the loop's own lateness aside.
inline constexpr DurationNs kNapMax = 200 * kMicrosecondNs;
// A shorter one saves less than it costs.
inline constexpr DurationNs kNapMin = 50 * kMicrosecondNs;
// What a nap may let gather: what a pipe holds unless it was widened, so that no writer is held up by a nap.
inline constexpr size_t kNapBytes = 64 * 1024;
// A source that brings less than this in kNapMax (about four lines, 20,000 a second) is idle: it wakes for each.
inline constexpr size_t kBusyBytes = 1024;

// After a read of at most kReadBytes that brought `bytes`, `since_last` after the one before: 0 for none, or kNapMin to
// kNapMax. Any clock will do: a step of it looks like silence, and an idle source does not nap.
DurationNs NapAfter(size_t bytes, DurationNs since_last);

}  // namespace revertd

// The limits that more than one folder shares. Each has its reason here and, where reaching it loses something, its
// counter in base/counters.h. A limit that one folder alone needs stands in that folder.
#pragma once

#include <cstddef>
#include <cstdint>

namespace revertd {

// A log line longer than this is cut off and counted (Counter::kLinesTooLong). nginx's own buffers for a request line
// and headers are 8 KiB each; 64 KiB leaves room for a long referer and user agent beside them.
inline constexpr size_t kLineBytesMax = 64 * 1024;

// One read. Fits in L2 beside the windows that a burst of lines touches (measured: larger reads ran slower).
inline constexpr size_t kReadBytes = 128 * 1024;

// Services that one process counts, configured ones and those learned from hosts, unless the configuration says other
// (limits.services). One more goes to `_other`, counted (Counter::kServicesOverflow) and never judged. Memory follows
// the services that have traffic; the bound, not the use, follows this number.
inline constexpr uint32_t kServicesDefault = 256;
// A bound of about 20 GB; who has more services than this balances them with more than one process.
inline constexpr int64_t kServicesMax = 10'000;

// Routes counted a service (limits.routes), by default none: finding a line's route takes about as long as all the rest
// of its way (30 to 60 ns). The busiest are judged by themselves (docs/statistics.md). Beyond 256 the tail of a
// service's paths is noise.
inline constexpr int64_t kRoutesDefault = 0;
inline constexpr int64_t kRoutesMax = 256;

// Seconds that the window ring holds between ingest and analysis: the lateness plus room for analysis to fall behind.
inline constexpr uint32_t kRingSeconds = 16;

// Log time that a line may come late before its second is sealed (nginx buffers its logs).
inline constexpr int64_t kLatenessSecondsDefault = 5;
inline constexpr int64_t kLatenessSecondsMax = 10;  // must stay below kRingSeconds with room for analysis

// A line whose time lies further than this ahead of the wall clock is a counted drop (Counter::kLinesFromFuture): one
// such line would seal every second before it and turn the true ones into late drops.
inline constexpr int64_t kFutureSecondsMax = 60;

}  // namespace revertd

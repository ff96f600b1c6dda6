// What an HTTP server allows, and what it counted. The server keeps them, its sessions obey them.
//
// Thread contract: limits are values; counters are relaxed atomics that the server's thread alone adds to and any
// thread reads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace revertd {

struct HttpServerLimits {
  size_t connections_max = 256;         // each holds one file and its buffers
  size_t header_bytes_max = 16 * 1024;  // of request line and headers; of what stands around a body's chunks
  size_t bodies_bytes_max = size_t{64} * 1024 * 1024;  // held at a time, of all connections together
  DurationNs header_timeout = 10 * kSecondNs;          // from the connection's begin, or a later request's first byte
  DurationNs body_timeout = 30 * kSecondNs;
  DurationNs write_timeout = 30 * kSecondNs;  // of one reply, or one piece of a stream
  DurationNs idle_timeout = 60 * kSecondNs;   // between requests
  DurationNs poll_every = 100 * kMillisecondNs;
};

// Of all time.
struct HttpCounters {
  std::atomic<uint64_t> connections{0};          // accepted
  std::atomic<uint64_t> connections_now{0};      // open
  std::atomic<uint64_t> connections_evicted{0};  // waited longest for a request while another one came
  std::atomic<uint64_t> connections_refused{0};  // none could be evicted
  std::atomic<uint64_t> accept_errors{0};        // the kernel had no connection for us; tried again after poll_every
  std::atomic<uint64_t> requests{0};             // answered, by any status
  std::atomic<uint64_t> requests_bad{0};         // not HTTP, or beyond the header's limit
  std::atomic<uint64_t> bodies_too_large{0};
  std::atomic<uint64_t> bodies_no_room{0};  // beyond bodies_bytes_max
  std::atomic<uint64_t> waits_no_room{0};   // waits and streams beyond half of connections_max
  std::atomic<uint64_t> timeouts{0};        // of a header, a body, a write, or between requests
};

}  // namespace revertd

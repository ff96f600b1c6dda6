// How many datagrams the kernel queues for a unix datagram socket, and what to say where that is too few.
//
// A full queue refuses the sender: one that does not wait (nginx, HAProxy) drops the line, the kernel counts nothing,
// and however fast this side reads, a burst that comes while it is not on a core is lost beyond the queue.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace revertd {

// A balancer's burst between two turns of the scheduler (4 ms) at 100,000 requests a second. The kernel's default is
// 10, and a socket keeps the value that held when it was made.
inline constexpr int64_t kUnixQueueWanted = 512;

// Datagrams, as the kernel is set now; nothing where it does not tell.
std::optional<int64_t> UnixQueueLength();
// One sentence for a person; empty where the queue is long enough.
std::string UnixQueueWarning(int64_t length);

}  // namespace revertd

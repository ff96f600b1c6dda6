// How many datagrams a socket has lost because its receive buffer was full, as the kernel counts them.
#pragma once

#include <cstdint>
#include <optional>

namespace revertd {

// Since the socket was opened, modulo 2^32; nothing where the kernel does not tell (before Linux 4.12). Asked for now
// and then: the count that can come with each datagram (SO_RXQ_OVFL) costs a copy a datagram and stops when they stop.
std::optional<uint32_t> KernelDropsOf(int fd);

}  // namespace revertd

// How many datagrams a socket has lost, as the kernel tells it: beside each datagram (SO_RXQ_OVFL), and on its own.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>

namespace revertd {

// Room for the one control message that is asked for.
inline constexpr size_t kControlBytes = CMSG_SPACE(sizeof(uint32_t));

// The count that came with a datagram; nothing until the socket has lost one.
std::optional<uint32_t> KernelDropsIn(const msghdr& head);
// The socket's own count now, also when no datagram comes any more; nothing where the kernel does not tell.
std::optional<uint32_t> KernelDropsOf(int fd);

}  // namespace revertd

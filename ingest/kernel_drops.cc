#include "ingest/kernel_drops.h"

#include <linux/sock_diag.h>

#include <array>
#include <cstring>

namespace revertd {

std::optional<uint32_t> KernelDropsIn(const msghdr& head) {
  // CMSG_NXTHDR takes a pointer to non-const and changes nothing.
  auto* all = const_cast<msghdr*>(&head);
  for (cmsghdr* one = CMSG_FIRSTHDR(all); one != nullptr; one = CMSG_NXTHDR(all, one)) {
    if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SO_RXQ_OVFL) continue;
    uint32_t drops = 0;
    std::memcpy(&drops, CMSG_DATA(one), sizeof(drops));
    return drops;
  }
  return std::nullopt;
}

std::optional<uint32_t> KernelDropsOf(int fd) {
  std::array<uint32_t, SK_MEMINFO_VARS> facts{};
  socklen_t bytes = sizeof(facts);
  if (::getsockopt(fd, SOL_SOCKET, SO_MEMINFO, facts.data(), &bytes) != 0) return std::nullopt;
  if (bytes < (SK_MEMINFO_DROPS + 1) * sizeof(uint32_t)) return std::nullopt;
  return facts[SK_MEMINFO_DROPS];
}

}  // namespace revertd

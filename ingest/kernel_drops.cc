#include "ingest/kernel_drops.h"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <array>

namespace revertd {

std::optional<uint32_t> KernelDropsOf(int fd) {
  std::array<uint32_t, SK_MEMINFO_VARS> facts{};
  socklen_t bytes = sizeof(facts);
  if (::getsockopt(fd, SOL_SOCKET, SO_MEMINFO, facts.data(), &bytes) != 0) return std::nullopt;
  if (bytes < (SK_MEMINFO_DROPS + 1) * sizeof(uint32_t)) return std::nullopt;
  return facts[SK_MEMINFO_DROPS];
}

}  // namespace revertd

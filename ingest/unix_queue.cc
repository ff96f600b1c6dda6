#include "ingest/unix_queue.h"

#include <fstream>

namespace revertd {

std::optional<int64_t> UnixQueueLength() {
  std::ifstream file("/proc/sys/net/unix/max_dgram_qlen");
  int64_t length = 0;
  if (!(file >> length)) return std::nullopt;
  return length;
}

std::string UnixQueueWarning(int64_t length) {
  if (length >= kUnixQueueWanted) return "";
  return "the kernel queues " + std::to_string(length) +
         " unix datagrams, so senders that do not wait lose lines in bursts, and only they know; before starting: "
         "sysctl net.unix.max_dgram_qlen=" +
         std::to_string(kUnixQueueWanted);
}

}  // namespace revertd

#include "ingest/read_io.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>

namespace revertd {

StatusOr<bool> WaitReadable(int fd, DurationNs timeout) {
  pollfd wanted{.fd = fd, .events = POLLIN, .revents = 0};
  // Rounded up: a wait of half a millisecond must not become a busy loop.
  const int64_t milliseconds = (timeout + kMillisecondNs - 1) / kMillisecondNs;
  const int ready =
      poll(&wanted, 1, static_cast<int>(std::clamp<int64_t>(milliseconds, 0, std::numeric_limits<int>::max())));
  if (ready < 0 && errno != EINTR) {
    return Unavailable("waiting for the log stream: " + std::generic_category().message(errno));
  }
  return ready > 0;
}

StatusOr<ReadResult> PollReadSource::Read(std::span<char> into, DurationNs timeout) {
  const StatusOr<bool> ready = WaitReadable(fd_, timeout);
  if (!ready.ok()) return ready.status();
  if (!*ready) return ReadResult{.kind = ReadResult::Kind::kTimeout, .bytes = 0};
  const ssize_t bytes = read(fd_, into.data(), into.size());
  if (bytes > 0) return ReadResult{.kind = ReadResult::Kind::kBytes, .bytes = static_cast<size_t>(bytes)};
  if (bytes == 0) return ReadResult{.kind = ReadResult::Kind::kEnd, .bytes = 0};
  // Somebody else took the bytes of a shared non-blocking pipe, or a signal came: neither is an end.
  if (errno == EAGAIN || errno == EINTR) return ReadResult{.kind = ReadResult::Kind::kTimeout, .bytes = 0};
  return Unavailable("reading the log stream: " + std::generic_category().message(errno));
}

}  // namespace revertd

// PollReadSource: poll() and read(). Contract as in byte_source.h.
#pragma once

#include "ingest/byte_source.h"

namespace revertd {

// Whether `fd` has bytes, its end or an error to read within `timeout`; false also when a signal came first.
StatusOr<bool> WaitReadable(int fd, DurationNs timeout);

class PollReadSource final : public ByteSource {
 public:
  explicit PollReadSource(int fd) : fd_(fd) {}
  StatusOr<ReadResult> Read(std::span<char> into, DurationNs timeout) override;

 private:
  const int fd_;
};

}  // namespace revertd

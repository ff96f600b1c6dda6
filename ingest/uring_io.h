// UringSource: reads a file descriptor through io_uring, one read at a time. Contract as in byte_source.h.
//
// A read that did not finish in time is cancelled and waited for before Read() returns. The alternative, to leave it
// in flight into memory that the caller must then keep, saves one cancel every 200 ms of silence and makes every
// owner of a buffer depend on the source's lifetime. No SQPOLL: its kernel thread starves a small sidecar.
#pragma once

#include <memory>
#include <string>

#include "ingest/byte_source.h"

struct io_uring;

namespace revertd {

class UringSource final : public ByteSource {
 public:
  // nullptr where the kernel refuses, and then `reason` says why.
  static std::unique_ptr<UringSource> Open(int fd, std::string* reason);
  ~UringSource() override;
  UringSource(const UringSource&) = delete;
  UringSource& operator=(const UringSource&) = delete;

  StatusOr<ReadResult> Read(std::span<char> into, DurationNs timeout) override;
  std::string_view name() const override { return "io_uring"; }

 private:
  UringSource(int fd, std::unique_ptr<io_uring> ring);

  // The result of one read as the kernel gives it: bytes, 0 at the end, or a negated errno.
  StatusOr<int> ReadOnce(std::span<char> into, DurationNs timeout);
  StatusOr<int> CancelAndReap();

  const int fd_;
  std::unique_ptr<io_uring> ring_;
};

}  // namespace revertd

// DatagramBatch: takes many datagrams from a socket with one system call.
//
// recvmmsg() and not io_uring's multishot receive: that costs the kernel no less a datagram (docs/performance.md), and
// takes each one up when it comes, where this takes what has gathered. Thread contract: one thread.
#pragma once

#include <sys/socket.h>

#include <array>
#include <memory>
#include <string_view>

#include "ingest/event_loop.h"

namespace revertd {

class DatagramBatch {
 public:
  static constexpr size_t kAtOnce = 64;

  DatagramBatch();
  DatagramBatch(const DatagramBatch&) = delete;
  DatagramBatch& operator=(const DatagramBatch&) = delete;

  // Takes what `fd` has queued, kAtOnce at most, and never waits. Answers 0, or errno where the socket failed.
  int Receive(int fd);
  size_t size() const { return size_; }
  // The first kReceiveBytes of datagram `i` < size(); good until the next Receive().
  std::string_view BytesOf(size_t i) const { return {bytes_.get() + i * kReceiveBytes, heads_[i].msg_len}; }
  // It was longer.
  bool IsTruncated(size_t i) const { return (heads_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0; }

 private:
  const std::unique_ptr<char[]> bytes_;  // touched only as far as datagrams are long
  std::array<iovec, kAtOnce> pieces_{};
  std::array<mmsghdr, kAtOnce> heads_{};
  size_t size_ = 0;
};

}  // namespace revertd

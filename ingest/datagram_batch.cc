#include "ingest/datagram_batch.h"

#include <cerrno>

namespace revertd {

DatagramBatch::DatagramBatch() : bytes_(std::make_unique_for_overwrite<char[]>(kAtOnce * kReceiveBytes)) {
  for (size_t i = 0; i < kAtOnce; ++i) {
    pieces_[i] = {.iov_base = bytes_.get() + i * kReceiveBytes, .iov_len = kReceiveBytes};
    heads_[i].msg_hdr.msg_iov = &pieces_[i];
    heads_[i].msg_hdr.msg_iovlen = 1;
  }
}

int DatagramBatch::Receive(int fd) {
  // Neither a sender's address nor control messages are asked for, so the kernel writes lengths and flags alone, and
  // the vectors stay as they were made.
  const int count = ::recvmmsg(fd, heads_.data(), kAtOnce, MSG_DONTWAIT, nullptr);
  size_ = count < 0 ? 0 : static_cast<size_t>(count);
  if (count >= 0 || errno == EAGAIN || errno == EINTR) return 0;
  // An ICMP answer to a datagram of ours: there is none, but the kernel may say so all the same.
  return errno == ECONNREFUSED ? 0 : errno;
}

}  // namespace revertd

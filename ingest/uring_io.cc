#include "ingest/uring_io.h"

#include <liburing.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <optional>
#include <system_error>

#include "base/check.h"
#include "ingest/read_io.h"

namespace revertd {
namespace {

constexpr unsigned kEntries = 4;  // a read and its cancel, with room to spare
constexpr uint64_t kReadTag = 1;
constexpr uint64_t kCancelTag = 2;
constexpr uint64_t kCurrentPosition = std::numeric_limits<uint64_t>::max();  // io_uring's offset -1

Status Failed(std::string_view doing, int negated_errno) {
  return Unavailable(std::string(doing) + ": " + std::generic_category().message(-negated_errno));
}

}  // namespace

std::unique_ptr<UringSource> UringSource::Open(int fd, std::string* reason) {
  auto ring = std::make_unique<io_uring>();
  if (const int error = io_uring_queue_init(kEntries, ring.get(), 0); error < 0) {
    // ENOSYS: no io_uring; EPERM, EACCES: forbidden, as in most containers; ENOMEM: the memlock limit of old kernels.
    *reason = "the kernel refuses io_uring: " + std::generic_category().message(-error);
    return nullptr;
  }
  constexpr unsigned kNeeded = IORING_FEAT_RW_CUR_POS | IORING_FEAT_EXT_ARG;
  if ((ring->features & kNeeded) != kNeeded) {
    io_uring_queue_exit(ring.get());
    *reason = "the kernel's io_uring is older than Linux 5.11";
    return nullptr;
  }
  return std::unique_ptr<UringSource>(new UringSource(fd, std::move(ring)));
}

UringSource::UringSource(int fd, std::unique_ptr<io_uring> ring) : fd_(fd), ring_(std::move(ring)) {}

UringSource::~UringSource() { io_uring_queue_exit(ring_.get()); }

StatusOr<ReadResult> UringSource::Read(std::span<char> into, DurationNs timeout) {
  StatusOr<int> result = ReadOnce(into, timeout);
  if (result.ok() && *result == -EAGAIN) {
    // The descriptor is non-blocking (whoever shares it may have made it so): wait for bytes, then try once more.
    const StatusOr<bool> ready = WaitReadable(fd_, timeout);
    if (!ready.ok()) return ready.status();
    if (*ready) result = ReadOnce(into, timeout);
  }
  if (!result.ok()) return result.status();
  if (*result > 0) return ReadResult{.kind = ReadResult::Kind::kBytes, .bytes = static_cast<size_t>(*result)};
  if (*result == 0) return ReadResult{.kind = ReadResult::Kind::kEnd, .bytes = 0};
  if (*result == -EAGAIN || *result == -ECANCELED || *result == -EINTR) {
    return ReadResult{.kind = ReadResult::Kind::kTimeout, .bytes = 0};
  }
  return Failed("reading the log stream", *result);
}

StatusOr<int> UringSource::ReadOnce(std::span<char> into, DurationNs timeout) {
  io_uring_sqe* entry = io_uring_get_sqe(ring_.get());
  REVERTD_CHECK(entry != nullptr);
  const auto size = static_cast<unsigned>(std::min<size_t>(into.size(), std::numeric_limits<int>::max()));
  io_uring_prep_read(entry, fd_, into.data(), size, kCurrentPosition);
  io_uring_sqe_set_data64(entry, kReadTag);
  if (const int error = io_uring_submit(ring_.get()); error < 0) return Failed("submitting a read to io_uring", error);

  __kernel_timespec wait{.tv_sec = timeout / kSecondNs, .tv_nsec = timeout % kSecondNs};
  io_uring_cqe* completion = nullptr;
  const int waited = io_uring_wait_cqe_timeout(ring_.get(), &completion, &wait);
  if (waited < 0 || completion == nullptr) return CancelAndReap();
  const int result = completion->res;
  io_uring_cqe_seen(ring_.get(), completion);
  return result;
}

// The read may finish before the cancel reaches it: then its bytes are the answer, not lost.
StatusOr<int> UringSource::CancelAndReap() {
  io_uring_sqe* entry = io_uring_get_sqe(ring_.get());
  REVERTD_CHECK(entry != nullptr);
  io_uring_prep_cancel64(entry, kReadTag, 0);
  io_uring_sqe_set_data64(entry, kCancelTag);
  if (const int error = io_uring_submit(ring_.get()); error < 0) return Failed("cancelling a read of io_uring", error);

  std::optional<int> read_result;
  bool cancel_answered = false;
  while (!read_result || !cancel_answered) {
    io_uring_cqe* completion = nullptr;
    const int waited = io_uring_wait_cqe(ring_.get(), &completion);
    if (waited == -EINTR) continue;  // the cancel is on its way, a signal does not change that
    if (waited < 0) return Failed("waiting for io_uring", waited);
    if (completion->user_data == kReadTag) read_result = completion->res;
    if (completion->user_data == kCancelTag) cancel_answered = true;
    io_uring_cqe_seen(ring_.get(), completion);
  }
  return *read_result;
}

}  // namespace revertd

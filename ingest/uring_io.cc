#include "ingest/uring_io.h"

#include <liburing.h>
#include <poll.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/check.h"

namespace revertd {
namespace {

constexpr unsigned kEntries = 64;              // requests and cancels between two waits; more are submitted in rounds
constexpr unsigned kCompletionEntries = 4096;  // beyond it the kernel ends multishots, which rearm
constexpr uint64_t kNobody = 0;                // the completion of a cancel
// The timer in front of a poll has the poll's number and this bit.
constexpr uint64_t kTimerBit = uint64_t{1} << 63;
constexpr int kBufferGroup = 0;
constexpr size_t kBufferRingBytes = UringLoop::kBuffers * sizeof(io_uring_buf);

static_assert((UringLoop::kBuffers & (UringLoop::kBuffers - 1)) == 0, "the ring of buffers wants a power of two");

std::string Words(int error) { return std::generic_category().message(error); }

__kernel_timespec ToTimespec(DurationNs duration) {
  return {.tv_sec = duration / kSecondNs, .tv_nsec = duration % kSecondNs};
}

// Multishot receive came with Linux 6.0 and cannot be asked for; zero-copy send came with it and can.
bool HasMultishotReceive(io_uring* ring) {
  io_uring_probe* probe = io_uring_get_probe_ring(ring);
  const bool has = probe != nullptr && io_uring_opcode_supported(probe, IORING_OP_SEND_ZC) != 0;
  io_uring_free_probe(probe);
  return has;
}

io_uring_buf_ring* RegisterBufferRing(io_uring* ring, std::string* reason) {
  void* memory = ::mmap(nullptr, kBufferRingBytes, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  if (memory == MAP_FAILED) {
    *reason = "no memory for the ring of buffers";
    return nullptr;
  }
  io_uring_buf_reg wanted{};
  wanted.ring_addr = reinterpret_cast<uint64_t>(memory);
  wanted.ring_entries = UringLoop::kBuffers;
  wanted.bgid = kBufferGroup;
  if (const int error = io_uring_register_buf_ring(ring, &wanted, 0); error < 0) {
    *reason = "the kernel refuses provided buffers: " + Words(-error);
    ::munmap(memory, kBufferRingBytes);
    return nullptr;
  }
  auto* buffer_ring = static_cast<io_uring_buf_ring*>(memory);
  io_uring_buf_ring_init(buffer_ring);
  return buffer_ring;
}

// Where HasRoom() has said so.
io_uring_sqe* NextEntry(io_uring* ring) {
  io_uring_sqe* entry = io_uring_get_sqe(ring);
  REVERTD_CHECK(entry != nullptr);
  return entry;
}

}  // namespace

std::unique_ptr<UringLoop> UringLoop::Open(std::string* reason) {
  auto ring = std::make_unique<io_uring>();
  io_uring_params how{};
  how.flags = IORING_SETUP_CQSIZE | IORING_SETUP_COOP_TASKRUN;
  how.cq_entries = kCompletionEntries;
  if (const int error = io_uring_queue_init_params(kEntries, ring.get(), &how); error < 0) {
    // ENOSYS: no io_uring; EPERM, EACCES: forbidden, as in most containers; EINVAL: older than the flags.
    *reason = "the kernel refuses io_uring: " + Words(-error);
    return nullptr;
  }
  io_uring_buf_ring* buffer_ring = nullptr;
  if ((how.features & IORING_FEAT_EXT_ARG) == 0 || !HasMultishotReceive(ring.get())) {
    *reason = "the kernel's io_uring is older than Linux 6.0";
  } else {
    buffer_ring = RegisterBufferRing(ring.get(), reason);
  }
  if (buffer_ring == nullptr) {
    io_uring_queue_exit(ring.get());
    return nullptr;
  }
  return std::unique_ptr<UringLoop>(new UringLoop(std::move(ring), buffer_ring));
}

UringLoop::UringLoop(std::unique_ptr<io_uring> ring, io_uring_buf_ring* buffer_ring)
    : ring_(std::move(ring)),
      buffer_ring_(buffer_ring),
      buffers_(std::make_unique_for_overwrite<char[]>(kBuffers * kReceiveBytes)) {
  for (unsigned i = 0; i < kBuffers; ++i) {
    io_uring_buf_ring_add(buffer_ring_, buffers_.get() + i * kReceiveBytes, kReceiveBytes, static_cast<uint16_t>(i),
                          io_uring_buf_ring_mask(kBuffers), static_cast<int>(i));
  }
  io_uring_buf_ring_advance(buffer_ring_, kBuffers);
  completions_.reserve(kCompletionEntries);
}

UringLoop::~UringLoop() {
  // Ends every request before the buffers go.
  io_uring_queue_exit(ring_.get());
  ::munmap(buffer_ring_, kBufferRingBytes);
}

EventLoop::Id UringLoop::Add(Kind kind, int fd, OnEvent on_event) {
  Request request{.kind = kind, .fd = fd, .on_event = std::move(on_event)};
  requests_.emplace(++last_id_, std::move(request));
  wanted_.push_back(last_id_);
  return last_id_;
}

void UringLoop::Rest(Id readable, DurationNs duration) {
  const auto found = requests_.find(readable);
  REVERTD_CHECK(found != requests_.end() && found->second.kind == Kind::kReadable);
  found->second.is_resting = duration > 0;
  found->second.rest = ToTimespec(duration);
}

void UringLoop::Remove(Id id) {
  const auto found = requests_.find(id);
  if (found == requests_.end() || found->second.removed) return;
  found->second.removed = true;
  if (found->second.in_flight) {
    unwanted_.push_back(id);
    // Submitted at once: the caller may close the descriptor, and its number may soon be another's.
    if (!SubmitWanted().ok()) return;
    io_uring_submit(ring_.get());
  }
}

bool UringLoop::HasRoom() {
  if (io_uring_sq_space_left(ring_.get()) < 2) io_uring_submit(ring_.get());
  return io_uring_sq_space_left(ring_.get()) >= 2;
}

void UringLoop::Cancel(Id id) {
  io_uring_sqe* entry = NextEntry(ring_.get());
  io_uring_prep_cancel64(entry, id, 0);
  io_uring_sqe_set_data64(entry, kNobody);
}

Status UringLoop::SubmitWanted() {
  for (const Id id : unwanted_) {
    if (!HasRoom()) return Unavailable("io_uring takes no more requests");
    // A poll that still waits behind its timer goes with the timer.
    Cancel(id | kTimerBit);
    Cancel(id);
  }
  unwanted_.clear();
  for (const Id id : wanted_) {
    const auto found = requests_.find(id);
    if (found == requests_.end()) continue;
    if (found->second.removed) {
      if (!found->second.in_flight) requests_.erase(found);
      continue;
    }
    REVERTD_RETURN_IF_ERROR(Submit(id, found->second));
  }
  wanted_.clear();
  return OkStatus();
}

// A link: the kernel starts the poll when the timer is over, so a rest costs neither a system call nor a wake-up.
void UringLoop::PutTimerInFront(Id id, __kernel_timespec* rest) {
  io_uring_sqe* entry = NextEntry(ring_.get());
  io_uring_prep_timeout(entry, rest, 0, IORING_TIMEOUT_ETIME_SUCCESS);
  entry->flags |= IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(entry, id | kTimerBit);
}

Status UringLoop::Submit(Id id, Request& request) {
  if (!HasRoom()) return Unavailable("io_uring takes no more requests");
  if (std::exchange(request.is_resting, false)) PutTimerInFront(id, &request.rest);
  io_uring_sqe* entry = NextEntry(ring_.get());
  switch (request.kind) {
    case Kind::kReadable: io_uring_prep_poll_add(entry, request.fd, POLLIN); break;
    case Kind::kStream: io_uring_prep_recv_multishot(entry, request.fd, nullptr, 0, 0); break;
    case Kind::kAccept: io_uring_prep_multishot_accept(entry, request.fd, nullptr, nullptr, SOCK_CLOEXEC); break;
  }
  if (request.kind == Kind::kStream) {
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = kBufferGroup;
  }
  io_uring_sqe_set_data64(entry, id);
  request.in_flight = true;
  return OkStatus();
}

Status UringLoop::RunOnce(DurationNs timeout) {
  REVERTD_RETURN_IF_ERROR(SubmitWanted());
  __kernel_timespec wait = ToTimespec(timeout);
  io_uring_cqe* first = nullptr;
  const int waited = io_uring_submit_and_wait_timeout(ring_.get(), &first, 1, &wait, nullptr);
  if (waited < 0 && waited != -ETIME && waited != -EINTR && waited != -EBUSY) {
    return Unavailable("waiting for the log sources: " + Words(-waited));
  }
  Drain();
  return OkStatus();
}

// Takes all completions first and only then calls back: a callback may itself submit.
void UringLoop::Drain() {
  std::array<io_uring_cqe*, 256> batch;
  while (const unsigned count = io_uring_peek_batch_cqe(ring_.get(), batch.data(), batch.size())) {
    completions_.clear();
    for (unsigned i = 0; i < count; ++i) completions_.push_back({batch[i]->user_data, batch[i]->res, batch[i]->flags});
    io_uring_cq_advance(ring_.get(), count);
    for (const Completion& completion : completions_) Handle(completion);
    if (count < batch.size()) return;
  }
}

void UringLoop::Handle(const Completion& completion) {
  const auto found = requests_.find(completion.id);
  if (found == requests_.end()) return;  // a cancel's own
  Request& request = found->second;
  const bool goes_on = (completion.flags & IORING_CQE_F_MORE) != 0;
  request.in_flight = goes_on;
  const bool wanted = !request.removed && Tell(request, completion);
  if ((completion.flags & IORING_CQE_F_BUFFER) != 0) GiveBack(completion.flags);
  if (goes_on) return;
  // References into an unordered_map stay good while callbacks add to it.
  if (wanted && !request.removed) {
    wanted_.push_back(completion.id);
  } else {
    requests_.erase(completion.id);
  }
}

bool UringLoop::Tell(Request& request, const Completion& completion) {
  const int result = completion.result;
  // No buffer was free, the completions overflowed, a signal came: the request is made anew.
  if (result == -ENOBUFS || result == -EINTR || result == -EAGAIN) return true;
  if (result == -ECONNABORTED && request.kind == Kind::kAccept) return true;
  if (result < 0) {
    request.on_event({.error = -result});
    return false;
  }
  switch (request.kind) {
    case Kind::kReadable: request.on_event({}); return true;
    case Kind::kAccept: request.on_event({.accepted = result}); return true;
    case Kind::kStream: break;
  }
  if (result == 0) {
    request.on_event({.ended = true});
    return false;
  }
  request.on_event({.bytes = {BufferOf(completion.flags), static_cast<size_t>(result)}});
  return true;
}

char* UringLoop::BufferOf(unsigned flags) {
  REVERTD_CHECK((flags & IORING_CQE_F_BUFFER) != 0);
  return buffers_.get() + size_t{flags >> IORING_CQE_BUFFER_SHIFT} * kReceiveBytes;
}

void UringLoop::GiveBack(unsigned flags) {
  io_uring_buf_ring_add(buffer_ring_, BufferOf(flags), kReceiveBytes,
                        static_cast<uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT), io_uring_buf_ring_mask(kBuffers), 0);
  io_uring_buf_ring_advance(buffer_ring_, 1);
}

}  // namespace revertd

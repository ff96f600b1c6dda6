// UringLoop: the event loop on io_uring. Contract as in event_loop.h; the only file that knows liburing.
//
// Streams are received from with one multishot request each, into a ring of buffers that the kernel picks from.
// Descriptors that are only watched (pipes, datagram sockets, inotify) are polled once and again after each callback,
// so that what a callback leaves unread is told again. No SQPOLL: its kernel thread starves a small sidecar. Files are
// not read through it: a read from the page cache gains nothing from a ring.
#pragma once

#include <linux/time_types.h>

#include <unordered_map>
#include <vector>

#include "ingest/event_loop.h"

struct io_uring;
struct io_uring_buf_ring;
struct io_uring_cqe;

namespace revertd {

class UringLoop final : public EventLoop {
 public:
  // Buffers that wait for what is received, over all sockets. When none is free, bytes wait in the sockets' own.
  static constexpr unsigned kBuffers = 128;

  // nullptr where the kernel refuses, and then `reason` says why.
  static std::unique_ptr<UringLoop> Open(std::string* reason);
  ~UringLoop() override;
  UringLoop(const UringLoop&) = delete;
  UringLoop& operator=(const UringLoop&) = delete;

  void Rest(Id readable, DurationNs duration) override;
  void Remove(Id id) override;
  Status RunOnce(DurationNs timeout) override;
  std::string_view name() const override { return "io_uring"; }

 private:
  struct Request {
    Kind kind;
    int fd;
    OnEvent on_event;
    __kernel_timespec rest{};  // of kReadable: how long its next poll waits before it looks
    bool is_resting = false;   // it does; the kernel reads `rest` when the poll is submitted
    bool in_flight = false;    // the kernel will complete it once more
    bool removed = false;      // its owner is gone; it lives until the kernel lets go
  };
  struct Completion {
    Id id;
    int result;
    unsigned flags;
  };

  UringLoop(std::unique_ptr<io_uring> ring, io_uring_buf_ring* buffer_ring);

  Id Add(Kind kind, int fd, OnEvent on_event) override;
  Status SubmitWanted();
  Status Submit(Id id, Request& request);
  void PutTimerInFront(Id id, __kernel_timespec* rest);
  void Cancel(Id id);
  // For two entries that are submitted together; false: io_uring takes no more.
  bool HasRoom();
  void Drain();
  void Handle(const Completion& completion);
  // Makes a completion an event and calls back. False: the registration has ended.
  bool Tell(Request& request, const Completion& completion);
  char* BufferOf(unsigned flags);
  void GiveBack(unsigned flags);

  std::unique_ptr<io_uring> ring_;
  io_uring_buf_ring* const buffer_ring_;
  std::unique_ptr<char[]> buffers_;
  std::unordered_map<Id, Request> requests_;
  std::vector<Id> wanted_;    // to be submitted before the next wait
  std::vector<Id> unwanted_;  // to be cancelled before the next wait
  std::vector<Completion> completions_;
  Id last_id_ = 0;
};

}  // namespace revertd

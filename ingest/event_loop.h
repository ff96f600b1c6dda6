// EventLoop: the one place where the ingest thread waits: readable descriptors, sockets and a time limit.
//
// Two implementations behave alike: io_uring (ingest/uring_io.h) with multishot receive and accept and buffers that the
// kernel picks, and poll() (ingest/poll_io.h) where io_uring is refused, as in most containers. Datagrams are not the
// loop's to receive: their socket is watched and read in batches (ingest/datagram_batch.h), the same under both.
// Thread contract: one thread calls everything, and callbacks come from RunOnce() on it. A callback may add and remove,
// also itself. No memory of the caller's is ever in flight: what is received lies in buffers of the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/limits.h"
#include "base/status.h"

namespace revertd {

// The room for one piece of a stream, or one datagram: the longest line and a syslog head in front of it.
inline constexpr size_t kReceiveBytes = kLineBytesMax + 2048;

class EventLoop {
 public:
  struct Event {
    int error = 0;                // errno; the registration has ended, no further event comes
    bool ended = false;           // of a stream: the other side closed it; no further event comes
    std::string_view bytes = {};  // good until the callback returns
    int accepted = -1;            // the new descriptor, now the callback's to close
  };
  using OnEvent = std::function<void(const Event&)>;
  using Id = uint64_t;

  virtual ~EventLoop() = default;

  // Called whenever `fd` has bytes, its end or an error to read, again and again until it is read.
  Id WatchReadable(int fd, OnEvent on_event) { return Add(Kind::kReadable, fd, std::move(on_event)); }
  // From within its own callback: `fd` is looked at again only when `duration` is over. All else goes on meanwhile.
  virtual void Rest(Id readable, DurationNs duration) = 0;
  // `fd` is a connected stream socket; one event a piece.
  Id ReceiveStream(int fd, OnEvent on_event) { return Add(Kind::kStream, fd, std::move(on_event)); }
  // `fd` listens; one event a connection.
  Id Accept(int fd, OnEvent on_event) { return Add(Kind::kAccept, fd, std::move(on_event)); }
  // Ends a registration, also one that has ended by itself. Its callback is not called again; `fd` may be closed.
  virtual void Remove(Id id) = 0;

  // Waits at most `timeout` for something to happen and calls back for all that has. A signal ends the wait early.
  virtual Status RunOnce(DurationNs timeout) = 0;
  // "io_uring" or "poll".
  virtual std::string_view name() const = 0;

 protected:
  enum class Kind : uint8_t { kReadable, kStream, kAccept };

 private:
  virtual Id Add(Kind kind, int fd, OnEvent on_event) = 0;
};

// io_uring where the kernel offers what is needed and `allow_uring`; else poll(), and then `fallback_reason` says why
// in words for a person.
std::unique_ptr<EventLoop> OpenEventLoop(bool allow_uring, std::string* fallback_reason);

}  // namespace revertd

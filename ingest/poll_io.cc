#include "ingest/poll_io.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace revertd {
namespace {

constexpr size_t kDatagramsAtOnce = 64;
// Of one socket before the others have their turn; poll() tells again what is left.
constexpr int kRoundsMax = 8;

}  // namespace

struct PollLoop::Datagrams {
  Datagrams() : bytes(std::make_unique_for_overwrite<char[]>(kDatagramsAtOnce * kReceiveBytes)) {}

  // recvmmsg() writes into what it is given, so each call starts anew.
  void Reset() {
    for (size_t i = 0; i < kDatagramsAtOnce; ++i) {
      pieces[i] = {.iov_base = bytes.get() + i * kReceiveBytes, .iov_len = kReceiveBytes};
      heads[i] = {};
      heads[i].msg_hdr.msg_iov = &pieces[i];
      heads[i].msg_hdr.msg_iovlen = 1;
    }
  }

  std::unique_ptr<char[]> bytes;  // touched only as far as datagrams are long
  std::array<iovec, kDatagramsAtOnce> pieces{};
  std::array<mmsghdr, kDatagramsAtOnce> heads{};
};

PollLoop::PollLoop() : datagrams_(std::make_unique<Datagrams>()) {}
PollLoop::~PollLoop() = default;

EventLoop::Id PollLoop::Add(Kind kind, int fd, OnEvent on_event) {
  // A connection that is gone again between poll() and accept() must not block the thread.
  if (kind == Kind::kAccept) ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  watched_[++last_id_] = {kind, fd, std::make_shared<const OnEvent>(std::move(on_event)), {}};
  return last_id_;
}

void PollLoop::Rest(Id readable, DurationNs duration) {
  watched_.at(readable).rests_until = std::chrono::steady_clock::now() + std::chrono::nanoseconds(duration);
}

Status PollLoop::RunOnce(DurationNs timeout) {
  std::vector<pollfd> wanted;
  std::vector<Id> ids;
  const auto now = std::chrono::steady_clock::now();
  for (const auto& [id, watched] : watched_) {
    if (watched.rests_until > now) {
      timeout = std::min<DurationNs>(timeout, std::chrono::nanoseconds(watched.rests_until - now).count());
      continue;
    }
    wanted.push_back({.fd = watched.fd, .events = POLLIN, .revents = 0});
    ids.push_back(id);
  }
  const timespec wait{.tv_sec = timeout / kSecondNs, .tv_nsec = timeout % kSecondNs};
  const int ready = ::ppoll(wanted.data(), wanted.size(), &wait, nullptr);
  if (ready < 0 && errno != EINTR) {
    return Unavailable("waiting for the log sources: " + std::generic_category().message(errno));
  }
  for (size_t i = 0; ready > 0 && i < wanted.size(); ++i) {
    if (wanted[i].revents != 0) Serve(ids[i]);
  }
  return OkStatus();
}

void PollLoop::Serve(Id id) {
  const auto found = watched_.find(id);  // an earlier callback of this round may have removed it
  if (found == watched_.end()) return;
  switch (found->second.kind) {
    case Kind::kReadable: Tell(id, {}); break;
    case Kind::kDatagrams: ServeDatagrams(id); break;
    case Kind::kStream: ServeStream(id); break;
    case Kind::kAccept: ServeAccept(id); break;
  }
}

void PollLoop::ServeDatagrams(Id id) {
  for (int round = 0; round < kRoundsMax; ++round) {
    const auto found = watched_.find(id);
    if (found == watched_.end()) return;
    datagrams_->Reset();
    const int count = ::recvmmsg(found->second.fd, datagrams_->heads.data(), kDatagramsAtOnce, MSG_DONTWAIT, nullptr);
    if (count < 0) {
      // An ICMP answer to a datagram of ours: there is none, but the kernel may say so all the same.
      if (errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED) Fail(id, {.error = errno});
      return;
    }
    for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
      const mmsghdr& head = datagrams_->heads[i];
      Tell(id, {.bytes = {datagrams_->bytes.get() + i * kReceiveBytes, head.msg_len},
                .truncated = (head.msg_hdr.msg_flags & MSG_TRUNC) != 0});
    }
    if (static_cast<size_t>(count) < kDatagramsAtOnce) return;
  }
}

void PollLoop::ServeStream(Id id) {
  const ssize_t bytes = ::recv(watched_.at(id).fd, datagrams_->bytes.get(), kReceiveBytes, MSG_DONTWAIT);
  if (bytes > 0) {
    Tell(id, {.bytes = {datagrams_->bytes.get(), static_cast<size_t>(bytes)}});
  } else if (bytes == 0) {
    Fail(id, {.ended = true});
  } else if (errno != EAGAIN && errno != EINTR) {
    Fail(id, {.error = errno});
  }
}

void PollLoop::ServeAccept(Id id) {
  const int fd = ::accept4(watched_.at(id).fd, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0) {
    Tell(id, {.accepted = fd});
  } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
    Fail(id, {.error = errno});
  }
}

void PollLoop::Fail(Id id, const Event& event) {
  const std::shared_ptr<const OnEvent> on_event = watched_.at(id).on_event;
  watched_.erase(id);
  (*on_event)(event);
}

void PollLoop::Tell(Id id, const Event& event) {
  const auto found = watched_.find(id);
  if (found == watched_.end()) return;
  const std::shared_ptr<const OnEvent> on_event = found->second.on_event;
  (*on_event)(event);
}

}  // namespace revertd

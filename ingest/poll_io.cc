#include "ingest/poll_io.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace revertd {

PollLoop::PollLoop() : bytes_(std::make_unique_for_overwrite<char[]>(kReceiveBytes)) {}

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
    case Kind::kStream: ServeStream(id); break;
    case Kind::kAccept: ServeAccept(id); break;
  }
}

void PollLoop::ServeStream(Id id) {
  const ssize_t bytes = ::recv(watched_.at(id).fd, bytes_.get(), kReceiveBytes, MSG_DONTWAIT);
  if (bytes > 0) {
    Tell(id, {.bytes = {bytes_.get(), static_cast<size_t>(bytes)}});
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

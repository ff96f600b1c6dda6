#include "tests/daemon/http/caller.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace revertd {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

Deadline Patience() { return std::chrono::steady_clock::now() + kPatience; }

bool WaitFor(int fd, short events, Deadline deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  pollfd wanted = {.fd = fd, .events = events, .revents = 0};
  return ::poll(&wanted, 1, static_cast<int>(std::max<int64_t>(left, 0))) > 0;
}

void Unblock(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

size_t LengthIn(const std::string& head) {
  constexpr std::string_view kName = "Content-Length: ";
  const size_t at = head.find(kName);
  if (at == std::string::npos) return 0;
  const size_t begin = at + kName.size();
  return ParseUnsigned(std::string_view(head).substr(begin, head.find("\r\n", begin) - begin)).value();
}

}  // namespace

SocketCaller::SocketCaller(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    Unblock(fd_);
  } else {
    Close();
  }
}

SocketCaller::SocketCaller(const std::string& unix_path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  unix_path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    Unblock(fd_);
  } else {
    Close();
  }
}

SocketCaller::SocketCaller(SocketCaller&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), read_(std::move(other.read_)) {}
SocketCaller::~SocketCaller() { Close(); }

void SocketCaller::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void SocketCaller::HalfClose() { ::shutdown(fd_, SHUT_WR); }

size_t SocketCaller::SendNow(std::string_view bytes) {
  const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent > 0 ? static_cast<size_t>(sent) : 0;
}

bool SocketCaller::Send(std::string_view bytes) {
  const Deadline deadline = Patience();
  while (!bytes.empty()) {
    if (!WaitFor(fd_, POLLOUT, deadline)) return false;
    const size_t sent = SendNow(bytes);
    if (sent == 0 && errno != EAGAIN) return false;
    bytes.remove_prefix(sent);
  }
  return true;
}

SocketCaller::Got SocketCaller::Receive(Deadline deadline) {
  std::array<char, 64 * 1024> piece;
  if (fd_ < 0 || !WaitFor(fd_, POLLIN, deadline)) return Got::kNothing;
  const ssize_t got = ::recv(fd_, piece.data(), piece.size(), MSG_DONTWAIT);
  if (got <= 0) return Got::kEnd;  // a reset is an end, too
  read_.append(piece.data(), static_cast<size_t>(got));
  return Got::kBytes;
}

std::optional<ReadReply> SocketCaller::Read(bool has_body) {
  const Deadline deadline = Patience();
  while (true) {
    const size_t end = read_.find("\r\n\r\n");
    if (end != std::string::npos) {
      ReadReply reply = {.head = read_.substr(0, end + 4)};
      const size_t length = has_body ? LengthIn(reply.head) : 0;
      if (read_.size() >= end + 4 + length) {
        reply.status = static_cast<int>(ParseUnsigned(reply.head.substr(9, 3)).value_or(0));
        reply.body = read_.substr(end + 4, length);
        read_.erase(0, end + 4 + length);
        return reply;
      }
    }
    if (Receive(deadline) != Got::kBytes) return std::nullopt;
  }
}

std::string SocketCaller::ReadAtLeast(size_t bytes) {
  const Deadline deadline = Patience();
  while (read_.size() < bytes && Receive(deadline) == Got::kBytes) {
  }
  return std::exchange(read_, {});
}

std::optional<std::string> SocketCaller::ReadToEnd() {
  const Deadline deadline = Patience();
  while (true) {
    const Got got = Receive(deadline);
    if (got == Got::kNothing) return std::nullopt;
    if (got == Got::kEnd) return std::exchange(read_, {});
  }
}

std::string Get(std::string_view path, std::string_view headers) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: here\r\n" + std::string(headers) + "\r\n";
}

std::string Post(std::string_view path, std::string_view body, std::string_view headers) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: here\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

RunningServer::RunningServer(HttpHandler* handler, HttpServerLimits limits, const std::string& address) {
  auto server = HttpServer::Listen(*ParseListenAddress(address), 0600, handler, &clock, limits);
  REVERTD_CHECK(server.ok());
  server_ = std::move(*server);
  thread_ = std::thread([this] { server_->Run(); });
}

RunningServer::~RunningServer() { Stop(); }

void RunningServer::Stop() {
  server_->Stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace revertd

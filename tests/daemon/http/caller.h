// A caller of an HTTP server that writes its bytes itself, and a server on a thread of its own. Every wait is for the
// kernel to say that something happened, and ends after kPatience at the latest.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "daemon/http/http_server.h"
#include "tests/daemon/http/scripted_handler.h"

namespace revertd {

inline constexpr std::chrono::seconds kPatience{20};

struct ReadReply {
  int status = 0;
  std::string head = {};
  std::string body = {};

  bool operator==(const ReadReply&) const = default;
};

class SocketCaller {
 public:
  explicit SocketCaller(uint16_t port);  // of 127.0.0.1
  explicit SocketCaller(const std::string& unix_path);
  ~SocketCaller();
  SocketCaller(SocketCaller&& other) noexcept;
  SocketCaller& operator=(SocketCaller&&) = delete;
  SocketCaller(const SocketCaller&) = delete;
  SocketCaller& operator=(const SocketCaller&) = delete;

  bool is_connected() const { return fd_ >= 0; }
  // All of it; false: the server takes no more.
  bool Send(std::string_view bytes);
  // As much as the kernel takes without waiting; 0: nothing now, or never again.
  size_t SendNow(std::string_view bytes);
  void HalfClose();
  void Close();

  // The next reply with a Content-Length, or without a body; nullopt: the connection ended before, or patience did.
  std::optional<ReadReply> Read(bool has_body = true);
  // Until at least `bytes` have come in, those left over by Read among them; what there is.
  std::string ReadAtLeast(size_t bytes);
  // Everything until the server ends the connection; nullopt: it did not.
  std::optional<std::string> ReadToEnd();
  bool IsEnded() { return ReadToEnd().has_value(); }

 private:
  enum class Got { kBytes, kEnd, kNothing };
  Got Receive(std::chrono::steady_clock::time_point deadline);

  int fd_ = -1;
  std::string read_;
};

// "GET /path HTTP/1.1" with a Host and more header lines, each with its CRLF.
std::string Get(std::string_view path, std::string_view headers = "");
std::string Post(std::string_view path, std::string_view body, std::string_view headers = "");

class RunningServer {
 public:
  RunningServer(HttpHandler* handler, HttpServerLimits limits, const std::string& address = "tcp:127.0.0.1:0");
  ~RunningServer();
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  SocketCaller Connect() const { return SocketCaller(server_->port()); }
  // Whether the server's thread ended.
  void Stop();
  const HttpCounters& counters() const { return server_->counters(); }
  uint16_t port() const { return server_->port(); }

  ManualClock clock;

 private:
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

// Asks again and again, with a breath between, until it is so; false: kPatience is over.
template <typename Condition>
bool Soon(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

}  // namespace revertd

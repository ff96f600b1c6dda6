// HttpServer: HTTP/1.1 on one TCP address or unix socket, on one thread. The one place that knows Boost.Beast, on
// Asio's ordinary epoll: what is slow here can never slow the reading of logs. It carries bytes and time to its
// sessions (http_session.h), which know what they mean.
//
// Thread contract: Listen, then Run on a thread of its own; Stop and counters() from any thread. Destroyed after Run
// has returned, or without it. Limits hold whoever calls: connections, time and bytes are bounded, and what is refused
// is counted. Where there is no room for one more connection, the one that has waited longest for a request's head is
// ended; if all are busy the new one is told 503. Bodies are bounded together, before they are read. Waits and streams
// hold at most half of the connections, so that others are still answered. Timeouts are looked at every poll_every,
// never early.
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/status.h"
#include "config/listen_address.h"
#include "daemon/http/http_call.h"
#include "daemon/http/http_limits.h"
#include "daemon/http/http_parser.h"

namespace revertd {

class HttpServer {
 public:
  // Binds; Unavailable where the address is taken or not ours. A unix socket that nobody listens on is replaced, its
  // file has `socket_mode` before anybody can connect. `handler` and `clock` must outlive the server.
  static StatusOr<std::unique_ptr<HttpServer>> Listen(const ListenAddress& address, unsigned socket_mode,
                                                      HttpHandler* handler, Clock* clock, HttpServerLimits limits = {});
  ~HttpServer();

  void Run();             // until Stop; open connections end then
  void Stop();            // once or more, before or during Run
  uint16_t port() const;  // that the kernel chose, of TCP
  const HttpCounters& counters() const;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The parser of the server's sessions, for those who drive a session themselves.
std::unique_ptr<HttpParser> NewBeastParser();

}  // namespace revertd

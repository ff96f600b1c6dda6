#include "tests/daemon/api/over_socket.h"

#include "tests/daemon/http/caller.h"

namespace revertd {

struct OverSocket::Server {
  explicit Server(HttpHandler* handler) : running(handler, {}) {}
  RunningServer running;
};

OverSocket::OverSocket(HttpHandler* handler) : server_(std::make_unique<Server>(handler)) {}
OverSocket::~OverSocket() = default;

std::optional<std::string> OverSocket::Exchange(std::string_view request) {
  SocketCaller caller = server_->running.Connect();
  if (!caller.Send(request)) return std::nullopt;
  const auto reply = caller.Read();
  if (!reply) return std::nullopt;
  return reply->head + "\r\n" + reply->body;
}

}  // namespace revertd

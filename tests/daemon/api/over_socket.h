// The API behind a real server and socket. Apart from its users: the HTTP tests' caller and the API's routes have a
// word in common.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/http/http_call.h"

namespace revertd {

class OverSocket {
 public:
  explicit OverSocket(HttpHandler* handler);
  ~OverSocket();
  OverSocket(const OverSocket&) = delete;
  OverSocket& operator=(const OverSocket&) = delete;

  // Sends the bytes on a connection of their own; head and body of the reply. nullopt: there was none.
  std::optional<std::string> Exchange(std::string_view request);

 private:
  struct Server;
  std::unique_ptr<Server> server_;
};

}  // namespace revertd

// HttpDoor: the API as a part of the running sidecar: its own connection to the state, the server, and its thread.
//
// Thread contract: Open, then Start, from one thread; the destructor ends the thread.
#pragma once

#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/status.h"
#include "config/config.h"
#include "daemon/api/api.h"
#include "daemon/api/board.h"
#include "daemon/http/http_server.h"
#include "store/state_store.h"

namespace revertd {

class HttpDoor {
 public:
  // Needs config.http; the state must have been made by its owner. Reads the secrets and binds the address. All that is
  // passed must outlive the door.
  static StatusOr<std::unique_ptr<HttpDoor>> Open(const Config& config, const Board* board, const HealthBoard* health,
                                                  Clock* clock);
  ~HttpDoor();

  void Start();
  uint16_t port() const { return server_->port(); }

 private:
  HttpDoor() = default;

  std::unique_ptr<StateStore> state_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

}  // namespace revertd

// HttpDoor: the API as a part of the running sidecar: its own connection to the state, the server, and its thread.
//
// Thread contract: Open, then Start, from one thread; the destructor ends the thread, and that of the tee: it waits
// kTeeSendLimit at most.
#pragma once

#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/status.h"
#include "config/config.h"
#include "daemon/api/api.h"
#include "daemon/api/board.h"
#include "daemon/http/http_server.h"
#include "daemon/sentry/sentry_door.h"
#include "daemon/sentry/sentry_intake.h"
#include "daemon/sentry/sentry_tee.h"
#include "store/state_store.h"

namespace revertd {

class HttpDoor {
 public:
  // Needs config.http, and `intake` where config.sentry is given; the state must have been made by its owner. Reads the
  // secrets and binds the address. All that is passed must outlive the door.
  static StatusOr<std::unique_ptr<HttpDoor>> Open(const Config& config, const Board* board, const HealthBoard* health,
                                                  Clock* clock, SentryIntake* intake = nullptr);
  ~HttpDoor();

  void Start();
  uint16_t port() const { return server_->port(); }

 private:
  HttpDoor() = default;
  Status OpenSentry(const SentryConfig& config, SentryIntake* intake, Clock* clock);

  std::unique_ptr<StateStore> state_;
  std::unique_ptr<SentryTee> tee_;
  std::unique_ptr<SentryDoor> sentry_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

}  // namespace revertd

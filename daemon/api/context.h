// ApiContext: what the handlers of the API stand on. They read the two databases and the board, and change nothing but
// by leaving messages, as the commands do: whatever comes in over HTTP goes through the same door as `revertd deploy`.
//
// Thread contract: the HTTP server's thread alone.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "config/config.h"
#include "daemon/api/board.h"
#include "daemon/doors/told.h"
#include "daemon/health/health_board.h"
#include "daemon/http/http_call.h"
#include "daemon/http/http_server.h"
#include "daemon/sentry/sentry_door.h"
#include "store/executor_store.h"
#include "store/state_store.h"

namespace revertd {

struct ApiSecrets {
  std::string token = {};           // empty: none is asked for
  std::string webhook_secret = {};  // empty: webhooks are refused
  std::string sentry_secret = {};   // empty: signed webhooks of Sentry's are refused
};

struct ApiTools {
  const Config* config = nullptr;
  StateStore* state = nullptr;  // kInboxOnly
  Clock* clock = nullptr;
  const Board* board = nullptr;
  const HealthBoard* health = nullptr;
  SentryDoor* sentry = nullptr;  // none: error events are not taken
  ApiSecrets secrets = {};
};

class ApiContext {
 public:
  // Deliveries and releases remembered while their rows may still be on their way: more than come in a minute.
  static constexpr size_t kRememberedMax = 1000;

  explicit ApiContext(ApiTools tools) : tools_(std::move(tools)) {}

  const Config& config() const { return *tools_.config; }
  StateStore& state() const { return *tools_.state; }
  const ApiTools& tools() const { return tools_; }
  const HttpCounters* counters() const { return counters_; }  // nullptr: no server
  void SetCounters(const HttpCounters* counters) { counters_ = counters; }
  TimeNs Now() const { return tools_.clock->Now(); }
  // executor.db, opened when first asked for: the executor may start later. The status says why there is none.
  StatusOr<ExecutorStore*> Executor();

  // Whether the delivery is new; it is known from then on. What was kept before a restart the events know.
  bool IsNewDelivery(const std::string& key);
  void ForgetDelivery(const std::string& key);
  // What was told of a Sentry release, for the deploys of it that are told later.
  void RememberRelease(const Told& release);
  const Told* FindRelease(std::string_view version) const;  // nullptr: none

 private:
  const ApiTools tools_;
  const HttpCounters* counters_ = nullptr;
  std::unique_ptr<ExecutorStore> executor_;
  std::deque<std::string> deliveries_;  // oldest first
  std::deque<Told> releases_;           // one a version, oldest first
};

}  // namespace revertd

// Doors: everything through which the running sidecar hears of deploys besides its inbox, and is asked: the HTTP API,
// the branches that it asks for, the manifests that it keeps and watches. Each has a thread of its own and leaves what
// it heard in the inbox, so that there is one way in.
//
// Thread contract: Open, Start and destruction on one thread. Destruction waits for a question to a remote that is
// under way, at most BranchPoller::kAskLimit.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/status.h"
#include "config/config.h"
#include "daemon/api/board.h"
#include "daemon/api/http_door.h"
#include "daemon/doors/branch_poller.h"
#include "daemon/doors/manifest_keeper.h"
#include "daemon/health/health_board.h"

namespace revertd {

class Doors {
 public:
  // Opens what the configuration asks for; the state must have been made by its owner. `sentry` is
  // needed where config.sentry is given. All that is passed outlives it.
  static StatusOr<std::unique_ptr<Doors>> Open(const Config& config, const Board* board, const HealthBoard* health,
                                               Clock* clock, SentryIntake* sentry);
  ~Doors();

  void Start();

 private:
  Doors() = default;

  std::unique_ptr<HttpDoor> http_;
  std::unique_ptr<BranchPoller> branches_;
  std::unique_ptr<ManifestKeeper> manifest_;
};

}  // namespace revertd

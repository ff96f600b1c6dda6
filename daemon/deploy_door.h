// What every door of deploys does, `revertd deploy` and the HTTP API: it checks what is asked against the state and
// makes the message that it leaves the sidecar. Statuses name the kind of refusal: InvalidArgument, a word that is
// none; NotFound, no such deploy; FailedPrecondition, a deploy that is past it. What a door does not see, the sidecar
// refuses.
//
// Thread contract: that of the store given.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/deploy.h"
#include "base/status.h"
#include "config/config.h"
#include "store/state_store.h"

namespace revertd {

// A deploy as somebody tells of it; what is empty is not said.
struct DeployAsked {
  std::string service;
  std::string repo;
  std::string base;
  std::string commit;
  std::string id;
  TimeNs start_ns = 0;   // 0: now
  TimeNs finish_ns = 0;  // 0: it begins; else a whole deploy
};

// The deploy to be registered. Told twice (a script that was tried again), it has the same id; a second try after it
// was abandoned has one of its own.
StatusOr<Deploy> CheckedStart(const Config& config, const StateStore& store, const DeployAsked& asked, TimeNs now);
Status CheckFinish(const StateStore& store, const std::string& id);
Status CheckAbandon(const StateStore& store, const std::string& id);

InboxMessage StartMessage(Deploy deploy);
InboxMessage FinishMessage(const std::string& id, TimeNs at_ns);
InboxMessage AbandonMessage(const std::string& id, TimeNs at_ns, const std::string& why);
// Of the newest deploy of this revision, for those that know no id.
InboxMessage AbandonHeadMessage(const std::string& service, const std::string& head, TimeNs at_ns,
                                const std::string& why);

}  // namespace revertd

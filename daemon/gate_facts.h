// What the gate asks of the world when a decision about a deploy is due: the kill switch, what was done and is being
// done, and whether a release answers for the service.
//
// Thread contract: the analysis thread alone.
#pragma once

#include "analysis/gate.h"
#include "base/clock.h"
#include "base/deploy.h"
#include "config/config.h"
#include "store/executor_store.h"
#include "store/state_store.h"

namespace revertd {

// Fails closed: facts that cannot be read answer with the kill switch on and the reason why. journal: nullptr where no
// executor has made one yet.
GateFacts ReadGateFacts(const Config& config, const StateStore& state, const ExecutorStore* journal, TimeNs now,
                        const Deploy& deploy);

}  // namespace revertd

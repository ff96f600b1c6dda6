// What the gate asks of the world when a decision is due: the kill switch, and what was done and is being done.
//
// Thread contract: the analysis thread alone.
#pragma once

#include <string_view>

#include "analysis/gate.h"
#include "base/clock.h"
#include "config/config.h"
#include "store/executor_store.h"
#include "store/state_store.h"

namespace revertd {

// Fails closed: facts that cannot be read answer with the kill switch on and the reason why. journal: nullptr where no
// executor has made one yet.
GateFacts ReadGateFacts(const Config& config, const StateStore& state, const ExecutorStore* journal, TimeNs now,
                        std::string_view repo);

}  // namespace revertd

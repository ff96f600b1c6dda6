// Commands that other processes left in state.db's inbox, carried out by the running sidecar in their order; but what
// releases answer for comes first.
//
// Thread contract: the analysis thread alone.
#pragma once

#include "analysis/analysis_loop.h"
#include "base/status.h"
#include "daemon/store_sink.h"
#include "store/state_store.h"

namespace revertd {

// Takes every release's charge that is there, then a limited number of the rest. A message leaves the inbox only once
// its effect is durable; one that was carried out and then seen again after a crash changes nothing.
Status TakeInbox(StateStore* store, AnalysisLoop* analysis, StoreSink* sink, TimeNs now);

}  // namespace revertd

// Commands that other processes left in state.db's inbox, carried out by the running sidecar in their order.
//
// Thread contract: the analysis thread alone.
#pragma once

#include "analysis/analysis_loop.h"
#include "base/status.h"
#include "daemon/store_sink.h"
#include "store/state_store.h"

namespace revertd {

// Takes what is there. A message leaves the inbox only once its effect is durable; one that was carried out and then
// seen again after a crash changes nothing.
Status TakeInbox(StateStore* store, AnalysisLoop* analysis, StoreSink* sink, TimeNs now);

}  // namespace revertd

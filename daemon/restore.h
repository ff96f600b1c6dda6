// Gives a new AnalysisLoop what the state remembers, so that a restart in the middle of a watch changes no verdict.
#pragma once

#include "analysis/analysis_loop.h"
#include "analysis/rollups.h"
#include "base/clock.h"
#include "base/status.h"
#include "store/state_store.h"

namespace revertd {

Status RestoreAnalysis(const StateStore& store, TimeNs now, AnalysisLoop* analysis);
// Of it deploys, triggers, and what became of them.
Status RestoreDecided(const StateStore& store, TimeNs now, AnalysisLoop* analysis);
// The minutes that were open when the process before this one ended go on.
Status RestoreRollups(const StateStore& store, Rollups* rollups);

}  // namespace revertd

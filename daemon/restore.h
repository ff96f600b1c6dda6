// Gives a new AnalysisLoop what the state remembers, so that a restart in the middle of a watch changes no verdict.
#pragma once

#include "analysis/analysis_loop.h"
#include "base/clock.h"
#include "base/status.h"
#include "store/state_store.h"

namespace revertd {

Status RestoreAnalysis(const StateStore& store, TimeNs now, AnalysisLoop* analysis);

}  // namespace revertd

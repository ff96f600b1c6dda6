// The part of AnalysisLoop that takes error events.
#include "analysis/analysis_loop.h"

namespace revertd {

void AnalysisLoop::RestoreErrorGroup(const ErrorGroupRecord& group) { errors_.Restore(group); }

void AnalysisLoop::RestoreErrorBlock(const ErrorBlock& block) { errors_.Restore(block); }

void AnalysisLoop::RestoreSessionBlock(const SessionBlock& block) { errors_.Restore(block); }

void AnalysisLoop::OnErrorEvent(const ErrorEvent& event) { errors_.Take(event); }

void AnalysisLoop::OnSessions(const SessionCounts& sessions) { errors_.Take(sessions); }

}  // namespace revertd

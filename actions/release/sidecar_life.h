// Whether a sidecar runs that could judge what a release deploys, by the state that it writes every second.
//
// Thread contract: any thread that may use the store.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "store/state_store.h"

namespace revertd {

// It writes its state every second; older than this it judges nothing any more.
inline constexpr DurationNs kSidecarSilenceMax = kMinuteNs;

// Empty: it runs. Else why not, in words.
StatusOr<std::string> WhyNoSidecar(const StateStore& state, TimeNs now);

}  // namespace revertd

// Whether a sidecar runs on a state, for the commands that leave it a message.
#pragma once

#include "store/state_store.h"

namespace revertd {

// One line for the person if none does. A state that cannot be read says nothing here; the command itself will.
void SayIfNotRunning(const StateStore& store);

}  // namespace revertd

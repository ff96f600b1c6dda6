// The few cells that every build runs: fixed seed, some seconds on one core, wide bands that only a broken detector or
// a broken simulation leaves. It holds answers, never times of the machine.
#pragma once

#include "bench/detection/cells.h"

namespace revertd::bench {

// Prints each figure with its band; the process's exit code: 0 if all are within.
int RunQuick(const RunSettings& given);

}  // namespace revertd::bench

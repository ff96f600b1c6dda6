// What must hold before a figure is printed: the bounds agree with known values, and the detector's answers depend on
// neither batching nor repetition. A failure stops the process.
#pragma once

#include <cstdint>

namespace revertd::bench {

void CheckAnswers(uint64_t seed);

}  // namespace revertd::bench

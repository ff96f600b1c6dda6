// The kernels that this machine can run, for tests that hold each of them to one reference.
#pragma once

#include <vector>

#include "ingest/fast/byte_index.h"

namespace revertd {

inline std::vector<SimdKernel> AvailableKernels() {
  std::vector<SimdKernel> kernels;
  for (const SimdKernel kernel : {SimdKernel::kPortable, SimdKernel::kAvx2, SimdKernel::kAvx512}) {
    if (IsAvailable(kernel)) kernels.push_back(kernel);
  }
  return kernels;
}

}  // namespace revertd

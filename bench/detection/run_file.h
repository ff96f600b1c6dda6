// The run file: all that a run found and what it rests on, as kept in bench/runs. Any thread.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "bench/detection/error_events.h"
#include "bench/detection/joint.h"
#include "bench/detection/late.h"

namespace revertd::bench {

// What a run rests on, and all that it found.
struct Run {
  std::string machine;
  std::string commit;
  std::string arguments;
  RunSettings settings;
  std::vector<CellResult> cells;
  std::vector<ValidityResult> validity;
  std::vector<JointResult> joint;
  std::vector<ErrorEventResult> error_events;
  std::vector<LateResult> late;
  Lines tables;
  Lines misses;
};
// One JSON object, a cell a line.
std::string RunFileText(const Run& run);
Status WriteFile(const std::string& path, const std::string& text);

}  // namespace revertd::bench

// The tables, as docs/statistics.md shows them. Pure but for MachineName; any thread.
#pragma once

#include <string>
#include <vector>

#include "bench/detection/cells.h"
#include "bench/detection/validity.h"

namespace revertd::bench {

using Lines = std::vector<std::string>;

// Worst cell of each model, ours beside the rivals; then every cell.
Lines HealthyTables(const std::vector<CellResult>& results);
Lines DelayTable(const std::vector<CellResult>& results);
Lines OutageTable(const std::vector<CellResult>& results);
Lines ValidityTable(const std::vector<ValidityResult>& results);

// The processor's name and the number of hardware threads; "unknown" where the system does not tell.
std::string MachineName();

}  // namespace revertd::bench

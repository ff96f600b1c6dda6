// What health checks found as Prometheus text, from the same states as GET /v1/health. docs/api.md lists the metrics.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/health/health_board.h"

namespace revertd {

// Nothing at all where there are no checks.
std::string HealthMetricsText(const std::vector<HealthState>& states, uint64_t results_dropped);

}  // namespace revertd

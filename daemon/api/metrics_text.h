// The sidecar's state as Prometheus text, from the same facts as `revertd status`. docs/api.md lists the metrics. Pure.
#pragma once

#include <string>
#include <vector>

#include "analysis/analysis_loop.h"
#include "base/service_table.h"
#include "daemon/api/service_metrics.h"
#include "daemon/status_report.h"
#include "ingest/source_set.h"

namespace revertd {

std::string MetricsText(const StatusFacts& facts, const std::vector<SourceSet::View>& sources,
                        const ServiceTable& services, const ServiceMetrics& counted,
                        const std::vector<AnalysisLoop::Watch>& watches);

}  // namespace revertd

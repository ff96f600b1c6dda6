// What became of error events as Prometheus text. docs/api.md lists the metrics. Any thread.
#pragma once

#include <string>

#include "daemon/sentry/sentry_counters.h"

namespace revertd {

std::string SentryMetricsText(const SentryCounters& counters);

}  // namespace revertd

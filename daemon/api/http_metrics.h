// The HTTP server's own counters as Prometheus text. Pure, any thread.
#pragma once

#include <string>

#include "daemon/http/http_server.h"

namespace revertd {

std::string HttpMetricsText(const HttpCounters& counters);

}  // namespace revertd

// What Prometheus (or whatever speaks its HTTP API) answers to an instant query, as one number.
//
// Pure functions; any thread.
#pragma once

#include <optional>
#include <string>

#include "actions/http_client.h"

namespace revertd {

// Exactly one of number and problem is given.
struct PrometheusReading {
  std::optional<double> number;  // may be infinite, as Prometheus's may
  std::string problem;           // a reason: "prometheus_no_sample" and the like
  std::string detail;            // of the problem, as Prometheus says it: unbounded, not printable
};

// One sample, or a scalar. NaN is a problem: where nothing was asked of the service, a rate of failures is none.
PrometheusReading ReadPrometheus(const HttpResponse& response);

}  // namespace revertd

// Text formats that are columns in a fixed order: Envoy's and Istio's default access logs, Amazon's load balancers
// (application, classic, network) and S3, Squid; and uWSGI's request log, which is a sentence. W3C logs, whose columns
// a directive names, are in w3c.h.
#pragma once

#include <span>

#include "ingest/format/format.h"

namespace revertd {

// In the order of detection.
std::span<const Format* const> ColumnFormats();

}  // namespace revertd

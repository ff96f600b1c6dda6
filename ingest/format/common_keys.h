// The names that many loggers use for the same things; for JSON and LTSV alike.
#pragma once

#include <vector>

#include "ingest/format/keyed_fields.h"

namespace revertd {

// Without "host", which is the client's in LTSV. A duration's unit is in its name ("took_ms", "latency_seconds") or its
// form.
std::vector<KeyedRow> CommonRows();

}  // namespace revertd

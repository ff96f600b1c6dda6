// What the keys of each server's JSON access log mean. Tables only; the engine is keyed_fields.h.
#pragma once

#include <vector>

#include "ingest/format/keyed_fields.h"

namespace revertd {

// In the order in which a line is tried; the last takes every line that looks like a request at all.
std::vector<KeyedDialect> JsonDialects();

}  // namespace revertd

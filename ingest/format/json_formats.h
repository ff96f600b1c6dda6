// The formats that write one JSON object a line: those of servers and clouds, nginx's and the generic one.
#pragma once

#include <span>

#include "ingest/format/format.h"

namespace revertd {

// In the order of detection.
std::span<const Format* const> JsonFormats();
// From "FIELD=KEY,...".
StatusOr<std::unique_ptr<const Format>> CustomJsonFormat(std::string_view field_map);

}  // namespace revertd

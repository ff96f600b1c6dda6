// LTSV (ltsv.org): one request a line as "label:value" pairs with tabs between them.
#pragma once

#include <span>

#include "ingest/format/format.h"

namespace revertd {

// In the order of detection.
std::span<const Format* const> LtsvFormats();
// From "FIELD=LABEL,...".
StatusOr<std::unique_ptr<const Format>> CustomLtsvFormat(std::string_view field_map);

}  // namespace revertd

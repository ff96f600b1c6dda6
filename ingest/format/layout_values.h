// What the text of one layout field says, written into a record. Pure, any thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/time_zone.h"
#include "ingest/format/access_record.h"
#include "ingest/format/layout.h"
#include "ingest/format/time_pattern.h"

namespace revertd {

// Fills the part of `record` that `field` is about; a time becomes end_ns. A request that is none leaves method and
// path empty. `pattern` is that of kTimeOther.
ParseError ReadLayoutValue(LayoutField field, std::string_view text, const std::optional<TimePattern>& pattern,
                           const TimeZone& zone, AccessRecord& record);

}  // namespace revertd

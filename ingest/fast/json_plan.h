// The fast plan of JSON logs: a server writes the same keys in the same order on every line, so the text between the
// values is the same too. The plan learns it from a line that the exact reader read, and proves each line by comparing
// all of it: keys, quotes, brackets, to the byte. What stands between is values, whose ends are the quotes that stage
// one found. A line with another order, another key or an escape where it matters is left to the exact reader; when
// many are left in a row, the plan learns anew.
//
// Thread contract: as for FastPlan.
#pragma once

#include <memory>

#include "ingest/fast/fast_plan.h"
#include "ingest/format/format.h"
#include "ingest/format/keyed_fields.h"

namespace revertd {

// `exact` reads as the format's own reader with the same options does.
std::unique_ptr<FastPlan> NewJsonPlan(std::shared_ptr<const KeyedFamily> family, uint16_t dialect,
                                      const ReaderOptions& options, const FieldNeeds& needs,
                                      std::unique_ptr<LineReader> exact);

}  // namespace revertd

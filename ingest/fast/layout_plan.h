// LayoutPlan: a Layout (format/layout.h) compiled for the fast path. Fields are cut out by the ordinal of the line's
// quotes, a few short searches find the words between them, and eight-byte compares of the literals prove the layout.
#pragma once

#include <memory>

#include "ingest/fast/fast_plan.h"
#include "ingest/format/layout.h"

namespace revertd {

// nullptr where the layout has fields that no fast plan reads, or no quotes to go by.
std::unique_ptr<FastPlan> NewLayoutPlan(const Layout& layout, const FieldNeeds& needs);

}  // namespace revertd

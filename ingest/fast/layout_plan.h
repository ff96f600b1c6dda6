// LayoutPlan: a Layout (format/layout.h) compiled for the fast path. Fields are cut out by the ordinal of the line's
// quotes, a few short searches find the words between them, and eight-byte compares of the literals prove the layout.
#pragma once

#include <memory>
#include <vector>

#include "ingest/fast/fast_plan.h"
#include "ingest/format/layout.h"

namespace revertd {

// A layout that the exact reader asks, in its order. The plan reads the lines of those that are wanted.
struct PlanLayout {
  const Layout* layout;
  bool wanted;
};

// Layouts with fields that no fast plan reads, without quotes to go by, or of which a line might fit an earlier one as
// well are left to the exact reader; nullptr where none remains.
std::unique_ptr<FastPlan> NewLayoutPlan(const std::vector<PlanLayout>& layouts, const FieldNeeds& needs);

}  // namespace revertd

// Cohorts: which of a service's versions are new and which are old, while both serve side by side. Requests of the new
// ones are the deploy's alone, and the old ones are the best control there is: what hits both is not the deploy.
//
// A name that was first seen at the deploy's start or later is new, or that one alone which is the deploy's commit.
// Pure functions of what PartSeries keeps; one thread, the analysis thread. docs/statistics.md, "Cohorts".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "analysis/part_series.h"
#include "base/deploy.h"

namespace revertd {

struct CohortSecond {
  RateCounts fresh;         // of the new versions,
  RateCounts old;           // and of the others, in one second
  std::string fresh_names;  // comma separated, of those with requests in it
  std::string old_names;
};

// Before a deploy names must be known for so long: an old version that is seldom asked would look new else.
inline constexpr int64_t kCohortsKnownSeconds = 3600;

// nullopt: no new version was seen yet, or what served before the deploy is not known for kCohortsKnownSeconds, or not
// by name (more versions than a window has places for).
std::optional<CohortSecond> SplitCohorts(const PartSeries& parts, const Deploy& deploy, int64_t second);

}  // namespace revertd

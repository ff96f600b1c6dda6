// Cohorts: which of a service's versions are new and which are old, while both serve side by side. Requests of the new
// ones are the deploy's alone, and the old ones are the best control there is: what hits both is not the deploy.
//
// A name that was first seen at the deploy's start or later is new. Pure functions of what PartSeries keeps; one
// thread, the analysis thread. docs/statistics.md, "Cohorts".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "analysis/part_series.h"

namespace revertd {

struct CohortSecond {
  RateCounts fresh;         // of the new versions,
  RateCounts old;           // and of the others, in one second
  std::string fresh_names;  // comma separated, of those with requests in it
  std::string old_names;
};

// nullopt: no new version was seen yet, or what served before the deploy is not known (names seen since a restart).
std::optional<CohortSecond> SplitCohorts(const PartSeries& parts, int64_t deploy_start_second, int64_t second);

}  // namespace revertd

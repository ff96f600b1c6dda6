#include "analysis/cohorts.h"

namespace revertd {
namespace {

void AddName(std::string_view name, std::string* names) {
  if (!names->empty()) *names += ',';
  *names += name;
}

}  // namespace

std::optional<CohortSecond> SplitCohorts(const PartSeries& parts, int64_t deploy_start_second, int64_t second) {
  if (parts.known_since() == kNoSecond || parts.known_since() >= deploy_start_second) return std::nullopt;
  bool any_fresh = false;
  for (size_t part = 0; part < parts.size(); ++part) {
    any_fresh |= parts.FirstSeen(part) >= deploy_start_second && parts.FirstSeen(part) <= second;
  }
  if (!any_fresh) return std::nullopt;
  CohortSecond split;
  parts.ForEachAt(second, [&](size_t part, const RateCounts& counts) {
    const bool is_fresh = parts.FirstSeen(part) >= deploy_start_second;
    (is_fresh ? split.fresh : split.old) += counts;
    AddName(parts.NameOf(part), is_fresh ? &split.fresh_names : &split.old_names);
  });
  return split;
}

}  // namespace revertd

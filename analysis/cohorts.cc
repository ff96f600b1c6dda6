#include "analysis/cohorts.h"

#include <algorithm>
#include <vector>

#include "analysis/deploy_registry.h"

namespace revertd {
namespace {

void AddName(std::string_view name, std::string* names) {
  if (!names->empty()) *names += ',';
  *names += name;
}

// By part: whether it is a new version, by what was seen through `second`.
std::vector<bool> FreshParts(const PartSeries& parts, const Deploy& deploy, int64_t second) {
  const int64_t start = FloorToSecond(deploy.start_ns);
  std::vector<bool> fresh(parts.size());
  std::vector<bool> named(parts.size());
  bool any_named = false;
  for (size_t part = 0; part < parts.size(); ++part) {
    if (parts.FirstSeen(part) < start || parts.FirstSeen(part) > second) continue;
    fresh[part] = true;
    named[part] = SameRevision(deploy.head, parts.NameOf(part));
    any_named = any_named || named[part];
  }
  return any_named ? named : fresh;
}

}  // namespace

std::optional<CohortSecond> SplitCohorts(const PartSeries& parts, const Deploy& deploy, int64_t second) {
  const int64_t known_from = FloorToSecond(deploy.start_ns) - kCohortsKnownSeconds;
  if (parts.known_since() == kNoSecond || parts.known_since() > known_from) return std::nullopt;
  if (parts.UnnamedBetween(known_from, second)) return std::nullopt;
  const std::vector<bool> fresh = FreshParts(parts, deploy, second);
  if (std::find(fresh.begin(), fresh.end(), true) == fresh.end()) return std::nullopt;
  CohortSecond split;
  parts.ForEachAt(second, [&](size_t part, const RateCounts& counts) {
    (fresh[part] ? split.fresh : split.old) += counts;
    AddName(parts.NameOf(part), fresh[part] ? &split.fresh_names : &split.old_names);
  });
  return split;
}

}  // namespace revertd

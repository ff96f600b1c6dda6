// Attribution: which services may stand as controls for a deploy, and what is known of them before it.
//
// One thread, the analysis thread. A control is a service with no declared call path to or from the deployed one (its
// callers suffer with it, what it calls may suffer from it) and no deploy of its own within 15 minutes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/baseline.h"
#include "analysis/control.h"
#include "analysis/deploy_registry.h"
#include "analysis/series.h"
#include "config/config.h"

namespace revertd {

using SeriesByService = std::map<std::string, Series, std::less<>>;

// More add little evidence and make the first unrelated incident among them likelier.
inline constexpr size_t kControlsMax = 8;
inline constexpr int64_t kTrafficSeconds = int64_t{5} * 60;  // before the deploy, for the expected traffic

class CallGraph {
 public:
  explicit CallGraph(const Config& config);
  // Whether one of the two calls the other, directly or through others.
  bool Related(std::string_view a, std::string_view b) const;

 private:
  bool Reaches(std::string_view from, std::string_view to) const;
  std::map<std::string, std::vector<std::string>, std::less<>> calls_;
};

struct ControlSource {
  std::string service;
  const Series* series = nullptr;
  Baseline baseline;
};

struct ControlGroup {
  std::vector<ControlSource> sources;  // empty: no usable control
  double rate_before = 0;

  std::string Names() const;  // comma separated
};

// The controls for a deploy with this baseline, or an empty group if all of them together have too little traffic.
ControlGroup ChooseControls(const DeployRecord& deploy, const Baseline& baseline, const SeriesByService& series,
                            const DeployRegistry& registry, const CallGraph& graph, const RateMargins& margins,
                            int64_t horizon_seconds);

// The group's counts in a second, of requests that started in `first_start` or later, and its expected events; a
// source that is deployed itself at that second is left out.
struct ControlReading {
  RateCounts counts;
  double expected = 0;
};
ControlReading ReadControls(const ControlGroup& group, const DeployRegistry& registry, int64_t second,
                            int64_t first_start);

}  // namespace revertd

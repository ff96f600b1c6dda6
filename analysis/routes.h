// Routes of a deployed service: which of them are judged by themselves, and what a changed mix of them does to the
// rate that the whole service may have.
//
// Pure functions of what PartSeries keeps; one thread, the analysis thread. docs/statistics.md, "Routes".
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "analysis/baseline.h"
#include "analysis/part_series.h"

namespace revertd {

// The more are judged, the more each must show; beyond so many the rest is watched as a part of the service.
inline constexpr size_t kRoutesJudged = 16;
// Of a signal's share of the false rollback rate: the service itself keeps this, its routes have the rest by traffic.
inline constexpr double kServiceWeight = 0.5;

struct JudgedRoute {
  size_t part = 0;  // in the PartSeries
  std::string name;
  Baseline baseline;
  double weight = 0;  // all of a service's and kServiceWeight add up to at most 1
  double requests_per_second = 0;
};

// Is the mix of routes what it was? Where more of the requests go to routes that always had more errors, the service's
// rate rises and no version is guilty: its null rate is multiplied by how much the mix of the last minute explains.
class RouteMix {
 public:
  static constexpr int64_t kMinuteSeconds = 60;

  RouteMix() = default;
  explicit RouteMix(const std::vector<RateCounts>& before);  // by part
  // At least 1: a mix that would let expect fewer errors excuses nothing and accuses nobody.
  double Observe(const PartSeries& parts, int64_t second);

 private:
  struct Minute {
    double requests = 0;
    double expected = 0;
  };
  std::vector<double> rates_;                    // by part,
  double mean_ = 0;                              // of parts that came later, and of all before the deploy
  std::array<Minute, kMinuteSeconds> minute_{};  // ring by second
};

struct Routes {
  std::vector<JudgedRoute> judged;  // the busiest first
  RouteMix mix;
};
// `left_out`: seconds of the service that no baseline is made of.
Routes RoutesBefore(const PartSeries& parts, int64_t before_second, const std::vector<SecondInterval>& left_out,
                    const RateMargins& margins);

}  // namespace revertd

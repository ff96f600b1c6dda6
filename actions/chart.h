// Chart: the course of a rate around a deploy as an SVG picture that stands alone: no script, no font and no picture
// from elsewhere, readable in a dark and in a light window, and to a screen reader by its title and description.
//
// Pure, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace revertd {

// What was counted in [start_second, start_second + seconds).
struct SeriesPoint {
  int64_t start_second = 0;
  int64_t seconds = 1;
  int64_t requests = 0;
  int64_t errors = 0;

  bool operator==(const SeriesPoint&) const = default;
};

struct ChartMark {
  enum class Kind { kDeploy, kTrigger, kPush, kRecovery };
  Kind kind = Kind::kDeploy;
  TimeNs at_ns = 0;
  std::string label;
};

struct Chart {
  enum class Unit { kErrorShare, kRequestRate };
  Unit unit = Unit::kErrorShare;
  std::string title;
  std::string description;
  std::vector<SeriesPoint> points;  // oldest first, not overlapping; a point without requests has no error share
  std::vector<ChartMark> marks;     // one beyond the drawn time, which is from the first point to the last, is left out
};

// As many as the picture has room for; of more, neighbours are drawn as one.
inline constexpr size_t kChartPointsMax = 400;

// Empty where there is no point.
std::string ChartSvg(const Chart& chart);

// `points` joined into at most `most` (at least 1), each of the same number of seconds; a hole stays a hole where
// nothing falls into such a stretch.
std::vector<SeriesPoint> JoinPoints(const std::vector<SeriesPoint>& points, size_t most);

}  // namespace revertd

#include "analysis/traffic.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "analysis/gamma_quantile.h"
#include "analysis/time_of_day.h"

namespace revertd {
namespace {

constexpr int64_t kHourSeconds = 3600;
constexpr int64_t kDaysBack = 13;
constexpr int64_t kStretchSeconds = 15 * kHistoryBlockSeconds;  // ten minutes
constexpr int64_t kStretchBlocksMin = 12;                       // of 15
constexpr int64_t kSameTimeSeconds = kHourSeconds;              // so long afterwards it is still the same time of day
constexpr double kNullShare = 0.7;                              // of the expected rate: fewer is worse
constexpr double kLowerTail = 1e-4;
constexpr double kInverseKappaMin = 0.02;  // kappa = 50: arrivals come in bursts
constexpr double kRatioMin = 0.25;         // of a time of day to the minutes before it

struct Arrivals {
  int64_t blocks = 0;
  int64_t requests = 0;
  double rate() const { return static_cast<double>(requests) / static_cast<double>(blocks * kHistoryBlockSeconds); }
};

Arrivals ArrivalsIn(const std::vector<HistoryBlock>& blocks, const SecondInterval& interval) {
  const auto before = [](const HistoryBlock& block, int64_t second) { return block.start_second < second; };
  Arrivals arrivals;
  for (auto block = std::lower_bound(blocks.begin(), blocks.end(), interval.from, before);
       block != blocks.end() && block->start_second + kHistoryBlockSeconds <= interval.to; ++block) {
    ++arrivals.blocks;
    arrivals.requests += block->requests;
  }
  return arrivals;
}

// The quietest ten minutes of the last hour: what came of a short crowd does not stay.
Arrivals QuietestStretch(const std::vector<HistoryBlock>& blocks, int64_t before_second) {
  Arrivals quietest;
  for (int64_t to = before_second; to > before_second - kHourSeconds; to -= kStretchSeconds) {
    const Arrivals stretch = ArrivalsIn(blocks, {to - kStretchSeconds, to});
    if (stretch.blocks < kStretchBlocksMin) continue;
    if (quietest.blocks == 0 || stretch.rate() < quietest.rate()) quietest = stretch;
  }
  return quietest;
}

// How the days before went on from this time of day: the median of after to before, at most 1. nullopt: nobody knows.
std::optional<double> SeasonalRatio(const std::vector<HistoryBlock>& blocks, int64_t before_second,
                                    int64_t first_second, int64_t horizon_seconds) {
  std::vector<double> ratios;
  for (int64_t day = 1; day <= kDaysBack; ++day) {
    const int64_t back = day * kDaySeconds;
    const Arrivals before = ArrivalsIn(blocks, {before_second - back - kHourSeconds, before_second - back});
    const Arrivals after = ArrivalsIn(blocks, {first_second - back, first_second - back + horizon_seconds});
    if (before.requests == 0 || after.blocks == 0) continue;
    ratios.push_back(after.rate() / before.rate());
  }
  if (ratios.empty()) return std::nullopt;
  const auto middle = ratios.begin() + static_cast<std::ptrdiff_t>(ratios.size() / 2);
  std::nth_element(ratios.begin(), middle, ratios.end());
  return std::clamp(*middle, kRatioMin, 1.0);
}

// Seconds as counts of arrivals, so that their spread is estimated as any rate's.
RateHistory AsArrivals(const RateHistory& history, int64_t before_second) {
  RateHistory arrivals{.recent_seconds = history.recent_seconds};
  for (const HistoryBlock& block : history.blocks) {
    if (block.start_second < before_second - kHourSeconds) continue;
    arrivals.blocks.push_back({block.start_second, kHistoryBlockSeconds, block.requests});
  }
  for (const HistoryBlock& second : history.recent)
    arrivals.recent.push_back({second.start_second, 1, second.requests});
  return arrivals;
}

}  // namespace

Baseline EstimateTraffic(const RateHistory& history, int64_t before_second, int64_t first_second,
                         int64_t horizon_seconds) {
  Baseline baseline;
  const Arrivals quietest = QuietestStretch(history.blocks, before_second);
  if (quietest.blocks == 0 || quietest.rate() < kTrafficRateMin) return baseline;
  const auto seasonal = SeasonalRatio(history.blocks, before_second, first_second, horizon_seconds);
  // Without a day of history the next minutes are like the last; of hours later nothing is expected.
  if (!seasonal && first_second - before_second > kSameTimeSeconds) return baseline;
  baseline = EstimateBaseline(AsArrivals(history, before_second), before_second, {.factor = 1, .absolute = 0});
  const double phi = baseline.dispersion;
  const double seconds = static_cast<double>(quietest.blocks * kHistoryBlockSeconds);
  const double lower =
      phi * GammaUpperQuantile(std::max(static_cast<double>(quietest.requests) / phi, 0.5), 1 - kLowerTail) / seconds;
  baseline.reference = lower * seasonal.value_or(1);
  baseline.null_rate = kNullShare * baseline.reference;
  baseline.worse_rate = baseline.null_rate;
  baseline.spread.RaiseTo(kInverseKappaMin);
  return baseline;
}

RateCounts TrafficOf(uint64_t arrived) {
  if (arrived == 0) return {};
  return {1, static_cast<int64_t>(arrived)};
}

}  // namespace revertd

#include "analysis/saturation.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "analysis/rollup_blocks.h"
#include "analysis/totals.h"

namespace revertd {
namespace {

// A queue in which one of a hundred waits harms nobody: it is there to be used.
constexpr RateMargins kMargins{.factor = 1.25, .absolute = 0.01};
constexpr double kCrowd = 1.25;    // times the busiest block before
constexpr double kDeviations = 3;  // of a Poisson count: more than that is no chance

int64_t MostInASecond(const std::vector<HistoryBlock>& blocks) {
  int64_t busiest = 0;
  for (const HistoryBlock& block : blocks) busiest = std::max(busiest, block.requests);
  const double a_second = kCrowd * static_cast<double>(busiest) / static_cast<double>(kHistoryBlockSeconds);
  return std::llround(std::ceil(a_second + kDeviations * std::sqrt(a_second)));
}

}  // namespace

SaturationBefore EstimateSaturation(const Rollups& rollups, std::string_view service, int64_t before_second,
                                    const std::vector<SecondInterval>& left_out) {
  const auto histories = HistoriesOfHour(rollups, service, before_second, left_out, [](const JoinedTotals& totals) {
    return std::array<RateCounts, 1>{WaitedOf(totals.saturation)};
  });
  return {EstimateBaseline(histories[0], before_second, kMargins), MostInASecond(histories[0].blocks)};
}

RateCounts WaitedOf(const Saturation& saturation, int64_t requests_max) {
  const auto told = static_cast<int64_t>(saturation.told);
  if (told > requests_max) return {};
  return {told, static_cast<int64_t>(saturation.waited)};
}

}  // namespace revertd

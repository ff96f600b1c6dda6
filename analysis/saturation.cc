#include "analysis/saturation.h"

#include <algorithm>
#include <array>

#include "analysis/rollup_blocks.h"
#include "analysis/totals.h"

namespace revertd {
namespace {

// A queue in which one of a hundred waits harms nobody: it is there to be used.
constexpr RateMargins kMargins{.factor = 1.25, .absolute = 0.01};

}  // namespace

SaturationBefore EstimateSaturation(const Rollups& rollups, std::string_view service, int64_t before_second,
                                    const std::vector<SecondInterval>& left_out) {
  const auto histories = HistoriesOfHour(rollups, service, before_second, left_out, [](const JoinedTotals& totals) {
    return std::array<RateCounts, 1>{WaitedOf(totals.saturation)};
  });
  int64_t busiest_block = 0;
  for (const HistoryBlock& block : histories[0].blocks) busiest_block = std::max(busiest_block, block.requests);
  return {EstimateBaseline(histories[0], before_second, kMargins), busiest_block};
}

RateCounts WaitedOf(const Saturation& saturation) {
  return {static_cast<int64_t>(saturation.told), static_cast<int64_t>(saturation.waited)};
}

bool Crowd::Observe(int64_t second, const Saturation& saturation) {
  recent_.Add(second, WaitedOf(saturation));
  seconds_ = std::min(seconds_ + 1, kHistoryBlockSeconds);
  return recent_.Sum().requests * kHistoryBlockSeconds > busiest_block_ * seconds_;
}

}  // namespace revertd

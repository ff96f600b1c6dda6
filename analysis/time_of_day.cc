#include "analysis/time_of_day.h"

#include <algorithm>
#include <tuple>

namespace revertd {

size_t DayBinOf(int64_t second) {
  return static_cast<size_t>((second - BlockStart(second, kDaySeconds)) / kDayBinSeconds);
}

DayNull NullByTimeOfDay(const RateHistory& history, const Baseline& baseline, const RateMargins& margins) {
  struct Bin {
    RateCounts counts;
    int64_t blocks = 0;
  };
  std::array<Bin, std::tuple_size_v<DayNull>> bins{};
  for (const HistoryBlock& block : history.blocks) {
    Bin& bin = bins[DayBinOf(block.start_second)];
    bin.counts += {block.requests, block.errors};
    ++bin.blocks;
  }
  DayNull null_rates{};
  for (size_t i = 0; i < bins.size(); ++i) {
    RateCounts counts;
    int64_t blocks = 0;
    for (const size_t shift : {bins.size() - 1, size_t{0}, size_t{1}}) {
      const Bin& bin = bins[(i + shift) % bins.size()];
      counts += bin.counts;
      blocks += bin.blocks;
    }
    if (blocks < kBlocksEnough) continue;
    null_rates[i] = std::max(baseline.null_rate, NullRate(UpperRate(counts, baseline.dispersion), margins));
  }
  return null_rates;
}

Baseline AtTimeOfDay(const Baseline& baseline, const RateHistory& history, const RateMargins& margins,
                     int64_t first_second, int64_t last_second) {
  Baseline raised = baseline;
  if (!baseline.known() || baseline.null_rate <= 0) return raised;
  const DayNull null_rates = NullByTimeOfDay(history, baseline, margins);
  const double null_rate =
      std::max({baseline.null_rate, null_rates[DayBinOf(first_second)], null_rates[DayBinOf(last_second)]});
  const double factor = null_rate / baseline.null_rate;
  raised.null_rate = null_rate;
  raised.reference = std::min(1.0, baseline.reference * factor);
  raised.worse_rate = std::min(1.0, baseline.worse_rate * factor);
  return raised;
}

}  // namespace revertd

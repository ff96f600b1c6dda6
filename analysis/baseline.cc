#include "analysis/baseline.h"

#include <algorithm>
#include <map>

#include "analysis/gamma_quantile.h"

namespace revertd {
namespace {

constexpr double kUpperTail = 1e-4;             // a0
constexpr double kLastHourEventsEnough = 2000;  // of x / phi: then the last hour alone is the baseline
constexpr double kHistoryWeightEvents = 50;     // of phi: how many events the history counts for beside the last hour
constexpr int64_t kBlocksEnough = 30;           // below: phi and kappa have floors
constexpr double kDispersionFloor = 2;
constexpr double kInverseKappaFloor = 0.02;
constexpr double kIncidentFactor = 8;  // blocks above 8 mu + 10 are incidents, left to the cap
constexpr double kIncidentEvents = 10;
constexpr double kWorseFactor = 2;  // "healthy" refutes x2 of the reference, or 5 margins above it
constexpr double kWorseMargins = 5;
constexpr int64_t kHourSeconds = 3600;

double AsDouble(int64_t value) { return static_cast<double>(value); }

struct Spread {
  double dispersion = 1;
  double inverse_kappa = 0;
};

// Residuals are taken against each hour's own mean, so that the day's course is not called noise.
Spread SpreadOf(const std::vector<HistoryBlock>& blocks, double absolute_margin) {
  std::map<int64_t, RateCounts> hours;
  for (const HistoryBlock& block : blocks) hours[block.start_second / kHourSeconds] += {block.requests, block.errors};
  double squares = 0, expected_sum = 0, excess = 0, scale = 0;
  for (const HistoryBlock& block : blocks) {
    const double expected = AsDouble(block.requests) * hours[block.start_second / kHourSeconds].rate();
    const double residual = AsDouble(block.errors) - expected;
    squares += residual * residual;
    expected_sum += expected;
    if (AsDouble(block.errors) > kIncidentFactor * expected + kIncidentEvents) continue;
    excess += residual * residual - expected;
    const double level = std::max(expected, AsDouble(block.requests) * absolute_margin);
    scale += level * level;
  }
  Spread spread;
  if (expected_sum > 0) spread.dispersion = std::max(1.0, squares / expected_sum);
  if (scale > 0) spread.inverse_kappa = std::max(0.0, excess) / scale;
  if (static_cast<int64_t>(blocks.size()) < kBlocksEnough) {
    spread.dispersion = std::max(spread.dispersion, kDispersionFloor);
    spread.inverse_kappa = std::max(spread.inverse_kappa, kInverseKappaFloor);
  }
  return spread;
}

// The last hour's rate drawn towards the whole history's.
double ShrunkRate(const RateCounts& last_hour, const RateCounts& all, double dispersion) {
  if (all.errors == 0) return 0;
  const double weight = kHistoryWeightEvents * dispersion;
  return (AsDouble(last_hour.errors) + weight) / (AsDouble(last_hour.requests) + weight / all.rate());
}

}  // namespace

double ObservedRate(const RateCounts& counts) {
  if (counts.errors > 0 || counts.requests == 0) return counts.rate();
  return 0.5 / static_cast<double>(counts.requests);
}

double UpperRate(const RateCounts& counts, double dispersion) {
  if (counts.requests <= 0) return 1;
  const double shape = AsDouble(counts.errors) / dispersion + 1;
  return std::min(1.0, dispersion * GammaUpperQuantile(shape, kUpperTail) / AsDouble(counts.requests));
}

std::vector<HistoryBlock> BaselineBlocks(const Series& series, int64_t before_second,
                                         const std::vector<SecondInterval>& excluded) {
  const int64_t cut_start = HistoryBlockStart(before_second);
  std::vector<HistoryBlock> blocks;
  series.ForEachBlock([&](const HistoryBlock& block) {
    if (block.start_second < before_second - kBaselineHistorySeconds || block.start_second >= cut_start) return;
    if (AnyTouches(excluded, block.start_second, block.start_second + kHistoryBlockSeconds)) return;
    blocks.push_back(block);
  });
  const RateCounts cut = series.Sum({cut_start, before_second});
  if (cut.requests > 0 && !AnyTouches(excluded, cut_start, before_second)) {
    blocks.push_back({cut_start, cut.requests, cut.errors});
  }
  return blocks;
}

Baseline EstimateBaseline(const std::vector<HistoryBlock>& blocks, int64_t before_second, const RateMargins& margins) {
  RateCounts all, last_hour;
  for (const HistoryBlock& block : blocks) {
    all += {block.requests, block.errors};
    if (block.start_second >= before_second - kHourSeconds) last_hour += {block.requests, block.errors};
  }
  Baseline baseline;
  baseline.blocks = static_cast<int64_t>(blocks.size());
  const Spread spread = SpreadOf(blocks, margins.absolute);
  baseline.dispersion = spread.dispersion;
  baseline.inverse_kappa = spread.inverse_kappa;
  const bool hour_is_enough = AsDouble(last_hour.errors) / spread.dispersion >= kLastHourEventsEnough;
  baseline.counts = hour_is_enough ? last_hour : all;
  if (!baseline.known()) return baseline;
  const double reference =
      std::max(UpperRate(baseline.counts, spread.dispersion), ShrunkRate(last_hour, all, spread.dispersion));
  baseline.reference = std::min(1.0, reference);
  baseline.null_rate = std::min(1.0, std::max(margins.factor * reference, reference + margins.absolute));
  baseline.worse_rate = std::min(1.0, std::max(kWorseFactor * reference, reference + kWorseMargins * margins.absolute));
  return baseline;
}

}  // namespace revertd

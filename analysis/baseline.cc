#include "analysis/baseline.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "analysis/gamma_quantile.h"
#include "base/check.h"

namespace revertd {
namespace {

constexpr double kUpperTail = 1e-4;             // a0
constexpr double kLastHourEventsEnough = 2000;  // of x / phi: then the last hour alone is the baseline
constexpr double kHistoryWeightEvents = 50;     // of phi: how many events the history counts for beside the last hour
constexpr double kDispersionFloor = 2;          // of fewer than kBlocksEnough blocks
constexpr double kInverseKappaFloor = 0.02;
constexpr double kSpreadDeviations = 2;  // of the spread's estimate: about one in forty is larger
constexpr double kIncidentFactor = 8;    // blocks above 8 mu + 10 are incidents, left to the cap
constexpr double kIncidentEvents = 10;
constexpr size_t kCalmShare = 4;    // an hour's calm blocks: all but the worst one of so many
constexpr double kWorseFactor = 2;  // "healthy" refutes x2 of the reference, or 5 margins above it
constexpr double kWorseMargins = 5;
constexpr int64_t kHourSeconds = 3600;

double AsDouble(int64_t value) { return static_cast<double>(value); }

struct Noise {
  double dispersion = 1;
  double inverse_kappa = 0;
};

struct HourOf {
  RateCounts all;
  RateCounts calm;  // an outage of minutes must not hide itself in the mean of its hour
};
std::map<int64_t, HourOf> ByHour(const std::vector<HistoryBlock>& blocks) {
  std::map<int64_t, HourOf> hours;
  std::vector<RateCounts> of_hour;
  for (auto block = blocks.begin(); block != blocks.end();) {
    const int64_t number = block->start_second / kHourSeconds;
    of_hour.clear();
    for (; block != blocks.end() && block->start_second / kHourSeconds == number; ++block) {
      of_hour.push_back({block->requests, block->errors});
    }
    const auto calm = of_hour.end() - static_cast<std::ptrdiff_t>(of_hour.size() / kCalmShare);
    std::nth_element(of_hour.begin(), calm, of_hour.end(),
                     [](const RateCounts& a, const RateCounts& b) { return a.rate() < b.rate(); });
    HourOf& hour = hours[number];
    for (auto counts = of_hour.begin(); counts != of_hour.end(); ++counts) {
      hour.all += *counts;
      if (counts < calm) hour.calm += *counts;
    }
  }
  return hours;
}

// Of blocks of one length. Residuals are taken against each hour's own mean, so that the day's course is not called
// noise.
Noise NoiseOf(const std::vector<HistoryBlock>& blocks, double absolute_margin) {
  const std::map<int64_t, HourOf> hours = ByHour(blocks);
  double squares = 0, expected_sum = 0, excess = 0, scale = 0;
  for (const HistoryBlock& block : blocks) {
    const HourOf& hour = hours.at(block.start_second / kHourSeconds);
    const double expected = AsDouble(block.requests) * hour.all.rate();
    const double residual = AsDouble(block.errors) - expected;
    squares += residual * residual;
    expected_sum += expected;
    const double calm = AsDouble(block.requests) * hour.calm.rate();
    if (AsDouble(block.errors) > kIncidentFactor * calm + kIncidentEvents) continue;
    excess += residual * residual - expected;
    const double level = std::max(expected, AsDouble(block.requests) * absolute_margin);
    scale += level * level;
  }
  Noise noise;
  if (expected_sum > 0) noise.dispersion = std::max(1.0, squares / expected_sum);
  if (scale > 0) noise.inverse_kappa = std::max(0.0, excess) / scale;
  return noise;
}

// The blocks of `length` seconds that shorter ones make up.
std::vector<HistoryBlock> Joined(const std::vector<HistoryBlock>& blocks, int64_t length) {
  std::vector<HistoryBlock> joined;
  for (const HistoryBlock& block : blocks) {
    const int64_t start = BlockStart(block.start_second, length);
    if (joined.empty() || joined.back().start_second != start) joined.push_back({start, 0, 0});
    joined.back().requests += block.requests;
    joined.back().errors += block.errors;
  }
  return joined;
}

// Ten minutes hold few blocks: what they say of short ones is read at its upper bound, and never beyond what the
// history allows: noise that is new each second has 40/L of the history's 1/kappa in blocks of L seconds, noise that
// lasts has the same.
double ShortSpread(const RateHistory& history, int64_t length, double of_history, double absolute_margin) {
  const double most = of_history * AsDouble(kHistoryBlockSeconds) / AsDouble(length);
  if (length < history.recent_seconds) return most;
  const std::vector<HistoryBlock> blocks = Joined(history.recent, length);
  if (static_cast<int64_t>(blocks.size()) < kBlocksEnough) return most;
  const double upper = 1 + kSpreadDeviations * std::sqrt(2 / AsDouble(static_cast<int64_t>(blocks.size())));
  return std::clamp(upper * NoiseOf(blocks, absolute_margin).inverse_kappa, of_history, most);
}

BlockSpread SpreadOf(const RateHistory& history, double of_history, double absolute_margin) {
  BlockSpread spread;
  for (size_t i = 0; i < kBlockLengths.size(); ++i) {
    const int64_t length = kBlockLengths[i];
    double inverse_kappa = of_history;
    if (length < kHistoryBlockSeconds) inverse_kappa = ShortSpread(history, length, of_history, absolute_margin);
    if (length > kHistoryBlockSeconds) {
      inverse_kappa = std::min(of_history, NoiseOf(Joined(history.blocks, length), absolute_margin).inverse_kappa);
    }
    spread.Set(i, inverse_kappa);
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

Baseline BaselineBefore(const Series& series, int64_t before_second, const std::vector<SecondInterval>& excluded,
                        const RateMargins& margins) {
  return EstimateBaseline(HistoryBefore(series, before_second, excluded), before_second, margins);
}

double ObservedRate(const RateCounts& counts) {
  if (counts.errors > 0 || counts.requests == 0) return counts.rate();
  return 0.5 / static_cast<double>(counts.requests);
}

double NullRate(double reference, const RateMargins& margins) {
  return std::min(1.0, std::max(margins.factor * reference, reference + margins.absolute));
}

double UpperRate(const RateCounts& counts, double dispersion) {
  if (counts.requests <= 0) return 1;
  const double shape = AsDouble(counts.errors) / dispersion + 1;
  return std::min(1.0, dispersion * GammaUpperQuantile(shape, kUpperTail) / AsDouble(counts.requests));
}

double BlockSpread::Of(int64_t block_seconds) const {
  const auto length = std::find(kBlockLengths.begin(), kBlockLengths.end(), block_seconds);
  REVERTD_CHECK(length != kBlockLengths.end());
  return by_length_[static_cast<size_t>(length - kBlockLengths.begin())];
}

double BlockSpread::PassingOf(int64_t block_seconds) const {
  return std::max(0.0, Of(block_seconds) - Of(kHistoryBlockSeconds));
}

void BlockSpread::RaiseTo(double least) {
  for (double& inverse_kappa : by_length_) inverse_kappa = std::max(inverse_kappa, least);
}

RateHistory HistoryBefore(const Series& series, int64_t before_second, const std::vector<SecondInterval>& excluded) {
  const int64_t cut_start = HistoryBlockStart(before_second);
  RateHistory history;
  std::vector<HistoryBlock>& blocks = history.blocks;
  series.ForEachBlock([&](const HistoryBlock& block) {
    if (block.start_second < before_second - kBaselineHistorySeconds || block.start_second >= cut_start) return;
    if (AnyTouches(excluded, block.start_second, block.start_second + kHistoryBlockSeconds)) return;
    blocks.push_back(block);
  });
  const RateCounts cut = series.Sum({cut_start, before_second});
  if (cut.requests > 0 && !AnyTouches(excluded, cut_start, before_second)) {
    blocks.push_back({cut_start, cut.requests, cut.errors});
  }
  for (int64_t second = before_second - kSpreadSeconds; second < before_second; ++second) {
    const AgeCounts* counts = series.Find(second);
    if (counts == nullptr || AnyTouches(excluded, second, second + 1)) continue;
    const RateCounts sum = AllAges(*counts);
    history.recent.push_back({second, sum.requests, sum.errors});
  }
  return history;
}

Baseline EstimateBaseline(const RateHistory& history, int64_t before_second, const RateMargins& margins) {
  const std::vector<HistoryBlock>& blocks = history.blocks;
  RateCounts all, last_hour;
  for (const HistoryBlock& block : blocks) {
    all += {block.requests, block.errors};
    if (block.start_second >= before_second - kHourSeconds) last_hour += {block.requests, block.errors};
  }
  Baseline baseline;
  baseline.blocks = static_cast<int64_t>(blocks.size());
  const Noise noise = NoiseOf(blocks, margins.absolute);
  baseline.dispersion = noise.dispersion;
  baseline.spread = SpreadOf(history, noise.inverse_kappa, margins.absolute);
  if (baseline.blocks < kBlocksEnough) {
    baseline.dispersion = std::max(baseline.dispersion, kDispersionFloor);
    baseline.spread.RaiseTo(kInverseKappaFloor);
  }
  const bool hour_is_enough = AsDouble(last_hour.errors) / baseline.dispersion >= kLastHourEventsEnough;
  baseline.counts = hour_is_enough ? last_hour : all;
  if (!baseline.known()) return baseline;
  const double reference =
      std::max(UpperRate(baseline.counts, baseline.dispersion), ShrunkRate(last_hour, all, baseline.dispersion));
  baseline.reference = std::min(1.0, reference);
  baseline.null_rate = NullRate(reference, margins);
  baseline.worse_rate = std::min(1.0, std::max(kWorseFactor * reference, reference + kWorseMargins * margins.absolute));
  return baseline;
}

}  // namespace revertd

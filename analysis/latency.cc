#include "analysis/latency.h"

#include <algorithm>
#include <cmath>

#include "analysis/rollup_blocks.h"
#include "analysis/totals.h"

namespace revertd {
namespace {

constexpr double kColdFactor = 3;
// Roll-ups join up to this many neighbouring buckets into one for most services; at the joints all tiers count alike.
constexpr size_t kJoined = 8;

constexpr size_t NextJoint(size_t bucket) {
  return bucket == 0 ? 0 : 1 + (bucket - 1 + kJoined - 1) / kJoined * kJoined;
}

// Where the first joint is at or above which at most a share of 1 - quantile of the counts lies.
DurationNs JointOf(const WideHistogram& histogram, double quantile) {
  const auto allowed = static_cast<uint64_t>(std::floor((1 - quantile) * static_cast<double>(histogram.total())));
  uint64_t below = 0;
  size_t joint = 0;
  histogram.ForEachCount([&](size_t bucket, uint64_t count) {
    if (histogram.total() - below > allowed) joint = NextJoint(bucket + 1);
    below += count;
  });
  return HdrHistogram::LowestOf(joint);
}

DurationNs JointAtLeast(DurationNs duration) {
  size_t joint = NextJoint(HdrHistogram::BucketOf(duration));
  while (HdrHistogram::LowestOf(joint) < duration && joint + kJoined < HdrHistogram::kBuckets) joint += kJoined;
  return HdrHistogram::LowestOf(joint);
}

DurationNs Times(DurationNs duration, double factor) {
  return static_cast<DurationNs>(std::llround(static_cast<double>(duration) * factor));
}

// Worse is twice the odds: twice a share of a half would be everything.
double WorseShare(double share) { return std::min(1.0, 2 * share / (1 + share)); }

}  // namespace

LatencyQuantiles EstimateLatency(const Rollups& rollups, std::string_view service, int64_t before_second,
                                 const std::vector<SecondInterval>& left_out, const LatencyMargins& margins) {
  LatencyQuantiles quantiles;
  Totals of_hour;
  ForEachBlockOf({before_second - kRollupHistorySeconds, before_second}, kHistoryBlockSeconds, left_out,
                 [&](int64_t start, int64_t end) { rollups.Sum(service, start, end, &of_hour); });
  const WideHistogram& hour = of_hour.latency;
  if (hour.empty()) return quantiles;
  std::array<DurationNs, kLatencyQuantiles.size()> old_ns{};
  for (size_t i = 0; i < quantiles.size(); ++i) old_ns[i] = JointOf(hour, kLatencyQuantiles[i]);
  const auto histories =
      HistoriesOfHour(rollups, service, before_second, left_out, [&old_ns](const JoinedTotals& totals) {
        std::array<RateCounts, kLatencyQuantiles.size()> slower;
        for (size_t i = 0; i < slower.size(); ++i) slower[i] = CountSlower(totals.latency, old_ns[i]);
        return slower;
      });
  const auto requests = static_cast<int64_t>(hour.total());
  for (size_t i = 0; i < quantiles.size(); ++i) {
    LatencyQuantile& quantile = quantiles[i];
    quantile.slower_than_ns = JointAtLeast(std::max(Times(old_ns[i], margins.factor), old_ns[i] + margins.absolute));
    const DurationNs cold_ns = Times(old_ns[i], std::max(margins.factor, kColdFactor));
    quantile.slower_cold_ns = JointAtLeast(std::max(cold_ns, old_ns[i] + Times(margins.absolute, kColdFactor)));
    // The margin is in the duration: at it, the share above the old quantile is what may not be passed.
    Baseline baseline = EstimateBaseline(histories[i], before_second, {.factor = 1, .absolute = 0});
    const double nominal = (1 - kLatencyQuantiles[i]) * static_cast<double>(requests);
    const RateCounts at_quantile{requests, static_cast<int64_t>(std::ceil(nominal))};
    baseline.null_rate = std::max(baseline.reference, UpperRate(at_quantile, baseline.dispersion));
    baseline.worse_rate = WorseShare(baseline.null_rate);
    baseline.counts = {requests, CountSlower(hour, quantile.slower_than_ns).errors};
    baseline.reference = std::min(baseline.null_rate, UpperRate(baseline.counts, baseline.dispersion));
    quantile.baseline = baseline;
  }
  return quantiles;
}

}  // namespace revertd

#include "analysis/power.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>

#include "analysis/baseline.h"
#include "analysis/draw.h"
#include "analysis/gamma_quantile.h"

namespace revertd {
namespace {

constexpr double kNormal975 = 1.959963984540054;
constexpr int64_t kRunsMax = 400;               // a standard error of 2.5 percentage points at worst
constexpr int64_t kBlocksSimulatedMax = 80000;  // bounds the cost of one verdict to some 20 ms

}  // namespace

RateInterval WilsonInterval(const RateCounts& counts) {
  if (counts.requests <= 0) return {};
  const double n = static_cast<double>(counts.requests);
  const double rate = counts.rate();
  const double square = kNormal975 * kNormal975;
  const double centre = (rate + square / (2 * n)) / (1 + square / n);
  const double half = kNormal975 / (1 + square / n) * std::sqrt(rate * (1 - rate) / n + square / (4 * n * n));
  // At the ends both terms are equal but for rounding, which would show as 3e-18.
  const double low = counts.errors == 0 ? 0 : std::max(0.0, centre - half);
  const double high = counts.errors == counts.requests ? 1 : std::min(1.0, centre + half);
  return {low, high};
}

RateInterval PoissonInterval(const RateCounts& counts) {
  if (counts.requests <= 0) return {};
  const double seconds = static_cast<double>(counts.requests);
  const double events = static_cast<double>(counts.errors);
  const double low = counts.errors == 0 ? 0 : GammaUpperQuantile(events, 0.975) / seconds;
  return {low, GammaUpperQuantile(events + 1, 0.025) / seconds};
}

void TellRates(const RateCounts& before, const RateCounts& after, const RateInterval& interval, Evidence* evidence) {
  evidence->before = before.rate();
  evidence->n_before = before.requests;
  evidence->x_before = before.errors;
  evidence->after = after.rate();
  evidence->after_low = interval.low;
  evidence->after_high = interval.high;
  evidence->n_after = after.requests;
  evidence->x_after = after.errors;
  const double observed = ObservedRate(before);
  evidence->effect = observed > 0 ? after.rate() / observed : 0;
}

int64_t PowerBlockSeconds(const RateShiftSettings& settings) {
  return std::min(settings.slow.block_seconds, settings.fast.block_seconds);
}

double PowerAt(double rate, const std::vector<int64_t>& block_requests, const RateShiftSettings& settings,
               double log_value_needed) {
  const int64_t blocks = static_cast<int64_t>(block_requests.size());
  if (blocks == 0) return 0;
  // The detector sees a whole block as one of its seconds; the onset's weights keep their blocks.
  const int64_t unit = PowerBlockSeconds(settings);
  RateShiftSettings by_block = settings;
  for (int64_t* seconds : {&by_block.near_seconds, &by_block.horizon_seconds, &by_block.slow.block_seconds,
                           &by_block.fast.block_seconds}) {
    *seconds = BlocksIn(*seconds, unit);
  }
  by_block.second_look_seconds /= unit;
  const int64_t runs = std::clamp<int64_t>(kBlocksSimulatedMax / blocks, 20, kRunsMax);
  std::mt19937_64 random(20260101);  // NOLINT(bugprone-random-generator-seed): the same watch, the same answer
  int64_t found = 0;
  for (int64_t run = 0; run < runs; ++run) {
    RateShift shift(by_block);
    for (int64_t requests : block_requests) {
      const double mean = std::min(1.0, rate) * static_cast<double>(requests);
      shift.Observe({requests, std::min(requests, DrawPoisson(mean, random))});
      if (shift.LogValue() < log_value_needed) continue;
      ++found;
      break;
    }
  }
  return static_cast<double>(found) / static_cast<double>(runs);
}

}  // namespace revertd

#include "analysis/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace revertd {
namespace {

constexpr double kTailFrom = 30;       // E above it is tail
constexpr double kTailScaleMin = 1;    // of ln E: what an e-process has at its boundary, P(E > x) = 1/x
constexpr double kShareOfPromise = 2;  // firing must be this many times rarer than 1 / value_needed

struct Setting {
  size_t length;
  size_t cap;
};

double LogMax(const ShadowResult& result, size_t track, const Setting& setting) {
  return result.log_max[track][setting.length][setting.cap] * ShadowResult::kLogStep;
}

bool NoneFired(std::span<const ShadowResult> results, size_t track, const Setting& setting, double log_needed) {
  return std::all_of(results.begin(), results.end(),
                     [&](const ShadowResult& result) { return LogMax(result, track, setting) < log_needed; });
}

bool IsAccepted(std::span<const ShadowResult> results, size_t track, const Setting& setting, double log_needed) {
  if (!NoneFired(results, track, setting, log_needed)) return false;
  const double tail_from = std::log(kTailFrom);
  double excess = 0;
  double tail = 0;
  for (const ShadowResult& result : results) {
    const double log_max = LogMax(result, track, setting);
    if (log_max <= tail_from) continue;
    excess += log_max - tail_from;
    ++tail;
  }
  const double scale = std::max(kTailScaleMin, tail > 0 ? excess / tail : 0);
  const double log_chance =
      std::log((tail + 1) / (static_cast<double>(results.size()) + 1)) - (log_needed - tail_from) / scale;
  return log_chance <= -log_needed - std::log(kShareOfPromise);
}

// Mean ln of the seconds to the regressions of the track.
double MeanLogDelay(std::span<const ShadowResult> results, size_t track, const Setting& setting) {
  const auto timed = results.last(std::min(results.size(), kShadowsTimed));
  double sum = 0;
  for (const ShadowResult& result : timed) {
    for (const auto& grid : result.log_delay[track]) {
      sum += grid[setting.length][setting.cap] * ShadowResult::kLogStep;
    }
  }
  return sum / static_cast<double>(timed.size() * kEffectsTried);
}

std::optional<TrackSetting> Choose(std::span<const ShadowResult> results, size_t track, double log_needed) {
  const int64_t day_before = results.back().start_second - kWalkForwardSeconds;
  const auto split = std::partition_point(results.begin(), results.end(), [day_before](const ShadowResult& result) {
    return result.start_second <= day_before;
  });
  const std::span<const ShadowResult> before(results.begin(), split);
  std::optional<Setting> best;
  double best_delay = std::numeric_limits<double>::infinity();
  for (size_t length = 0; length < kBlockLengths.size(); ++length) {
    for (size_t cap = 0; cap < kLogCapsTried.size(); ++cap) {
      const Setting setting{length, cap};
      // Accepted a day ago, and again with what came since: that none fired since is part of the second.
      if (!IsAccepted(before, track, setting, log_needed) || !IsAccepted(results, track, setting, log_needed)) continue;
      const double delay = MeanLogDelay(results, track, setting);
      if (delay >= best_delay) continue;
      best_delay = delay;
      best = setting;
    }
  }
  if (!best) return std::nullopt;
  return TrackSetting{kBlockLengths[best->length], kLogCapsTried[best->cap]};
}

}  // namespace

Calibration Calibrate(std::span<const ShadowResult> results, double value_needed) {
  Calibration calibration;
  calibration.shadows = static_cast<int64_t>(results.size());
  if (results.empty()) return calibration;
  const double log_needed = std::log(value_needed);
  const auto slow = Choose(results, static_cast<size_t>(Track::kSlow), log_needed);
  const auto fast = Choose(results, static_cast<size_t>(Track::kFast), log_needed);
  if (!slow || !fast) return calibration;
  calibration.calibrated = true;
  calibration.slow = *slow;
  calibration.fast = *fast;
  return calibration;
}

}  // namespace revertd

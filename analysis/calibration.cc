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

// `log_max(result)` is ln of the largest E of one shadow deploy.
template <typename LogMaxOf>
bool IsRareEnough(std::span<const ShadowResult> results, double log_needed, LogMaxOf&& log_max) {
  const double tail_from = std::log(kTailFrom);
  double excess = 0;
  double tail = 0;
  for (const ShadowResult& result : results) {
    const double value = log_max(result);
    if (value >= log_needed) return false;
    if (value <= tail_from) continue;
    excess += value - tail_from;
    ++tail;
  }
  const double scale = std::max(kTailScaleMin, tail > 0 ? excess / tail : 0);
  const double log_chance =
      std::log((tail + 1) / (static_cast<double>(results.size()) + 1)) - (log_needed - tail_from) / scale;
  return log_chance <= -log_needed - std::log(kShareOfPromise);
}

// Accepted a day ago, and again with what came since: that none fired since is part of the second.
template <typename LogMaxOf>
bool IsAccepted(std::span<const ShadowResult> results, double log_needed, LogMaxOf&& log_max) {
  const int64_t day_before = results.back().start_second - kWalkForwardSeconds;
  const auto split = std::partition_point(results.begin(), results.end(), [day_before](const ShadowResult& result) {
    return result.start_second <= day_before;
  });
  return IsRareEnough({results.begin(), split}, log_needed, log_max) && IsRareEnough(results, log_needed, log_max);
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
  std::optional<Setting> best;
  double best_delay = std::numeric_limits<double>::infinity();
  for (size_t length = 0; length < kBlockLengths.size(); ++length) {
    for (size_t cap = 0; cap < kLogCapsTried.size(); ++cap) {
      const Setting setting{length, cap};
      const auto log_max = [&](const ShadowResult& result) { return LogMax(result, track, setting); };
      if (!IsAccepted(results, log_needed, log_max)) continue;
      const double delay = MeanLogDelay(results, track, setting);
      if (delay >= best_delay) continue;
      best_delay = delay;
      best = setting;
    }
  }
  if (!best) return std::nullopt;
  return TrackSetting{kBlockLengths[best->length], kLogCapsTried[best->cap]};
}

ControlledRecord RecordOf(std::span<const ShadowResult> results) {
  const auto count = [&](ControlledOutcome outcome) {
    return std::count_if(results.begin(), results.end(),
                         [outcome](const ShadowResult& result) { return result.controlled == outcome; });
  };
  if (count(ControlledOutcome::kBlamed) > 0) return ControlledRecord::kRefuted;
  return count(ControlledOutcome::kHeldBack) >= kHeldBackNeeded ? ControlledRecord::kEarned
                                                                : ControlledRecord::kUnproven;
}

}  // namespace

Calibration Calibrate(std::span<const ShadowResult> results, double value_needed) {
  Calibration calibration;
  calibration.shadows = static_cast<int64_t>(results.size());
  if (results.empty()) return calibration;
  const double log_needed = std::log(value_needed);
  calibration.controlled = RecordOf(results);
  const auto slow = Choose(results, static_cast<size_t>(Track::kSlow), log_needed);
  const auto fast = Choose(results, static_cast<size_t>(Track::kFast), log_needed);
  if (!slow || !fast) return calibration;
  calibration.calibrated = true;
  calibration.slow = *slow;
  calibration.fast = *fast;
  return calibration;
}

}  // namespace revertd

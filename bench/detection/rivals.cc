#include "bench/detection/rivals.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "bench/detection/traffic_model.h"

namespace revertd::bench {
namespace {

constexpr double kNormalThousandth = 3.0902;  // one-sided 0.001
constexpr double kNormalHundredth = 2.3263;   // two-sided 0.02: Kayenta's confidence of 98 %
constexpr double kAlpha = 0.001;
constexpr double kExpectedEventsMin = 5;  // the textbook's condition for a normal approximation
constexpr double kThreshold = 0.01;
constexpr int kThresholdSeconds = 3;
constexpr int kFailuresInARow = 3;
constexpr double kKayentaTolerance = 0.25;
constexpr int64_t kKayentaStepSeconds = 6;  // 50 points in 5 min: the fewest that its documentation advises
constexpr int64_t kKayentaJudgeSeconds = 300;

struct Difference {
  bool testable = false;
  double value = 0;
  double variance = 0;
};

Difference DifferenceOf(const RateCounts& before, const RateCounts& after) {
  Difference difference;
  if (before.requests == 0 || after.requests == 0) return difference;
  const auto n0 = static_cast<double>(before.requests);
  const auto n1 = static_cast<double>(after.requests);
  const double pooled = static_cast<double>(before.errors + after.errors) / (n0 + n1);
  difference.testable = pooled * std::min(n0, n1) >= kExpectedEventsMin && pooled < 1;
  difference.value = after.rate() - before.rate();
  difference.variance = pooled * (1 - pooled) * (1 / n0 + 1 / n1);
  return difference;
}

// The first second at whose end `fires` says so of everything since the finish.
template <typename Fires>
int64_t FirstSecond(const RivalView& view, Fires fires) {
  RateCounts sum;
  for (size_t i = 0; i < view.after.size(); ++i) {
    sum += view.after[i];
    const Difference difference = DifferenceOf(view.last_hour, sum);
    if (difference.testable && difference.value > 0 && fires(difference)) return static_cast<int64_t>(i) + 1;
  }
  return kNever;
}

// Error rates of steps; a step without requests is no point.
std::vector<double> StepRates(std::span<const RateCounts> seconds) {
  std::vector<double> rates;
  for (size_t start = 0; start + kKayentaStepSeconds <= seconds.size(); start += kKayentaStepSeconds) {
    RateCounts step;
    for (const RateCounts& second : seconds.subspan(start, kKayentaStepSeconds)) step += second;
    if (step.requests > 0) rates.push_back(step.rate());
  }
  return rates;
}

}  // namespace

int64_t ZTestEachSecond(const RivalView& view) {
  return FirstSecond(view, [](const Difference& difference) {
    return difference.value > kNormalThousandth * std::sqrt(difference.variance);
  });
}

int64_t MixtureSprt(const RivalView& view) {
  // The mixture's deviation is the old rate itself: effects of about a doubling are what it looks for.
  const double deviation = std::max(view.last_hour.rate(), kRateOutOfNothing);
  return FirstSecond(view, [mixing = deviation * deviation](const Difference& difference) {
    const double variance = difference.variance;
    const double log_ratio = 0.5 * std::log(variance / (variance + mixing)) +
                             mixing * difference.value * difference.value / (2 * variance * (variance + mixing));
    return log_ratio >= -std::log(kAlpha);
  });
}

int64_t FixedThreshold(const RivalView& view) {
  int in_a_row = 0;
  for (size_t i = 0; i < view.after.size(); ++i) {
    in_a_row = view.after[i].rate() > kThreshold ? in_a_row + 1 : 0;
    if (in_a_row == kThresholdSeconds) return static_cast<int64_t>(i) + 1;
  }
  return kNever;
}

int64_t ConsecutiveFailures(const RivalView& view) {
  Random random(view.seed);
  int in_a_row = 0;
  for (size_t i = 0; i < view.after.size(); ++i) {
    if (view.after[i].requests == 0) continue;
    const bool failed = std::uniform_real_distribution<double>(0, 1)(random) < view.after[i].rate();
    in_a_row = failed ? in_a_row + 1 : 0;
    if (in_a_row == kFailuresInARow) return static_cast<int64_t>(i) + 1;
  }
  return kNever;
}

LocationShift MannWhitneyShift(std::span<const double> a, std::span<const double> b, double normal_quantile) {
  std::vector<double> differences;
  differences.reserve(a.size() * b.size());
  for (const double x : a) {
    for (const double y : b) differences.push_back(x - y);
  }
  const auto pairs = static_cast<double>(differences.size());
  const double deviation = std::sqrt(pairs * static_cast<double>(a.size() + b.size() + 1) / 12);
  const auto nth = [&differences](double rank) {
    const auto place = differences.begin() + static_cast<ptrdiff_t>(std::max(0.0, rank));
    std::nth_element(differences.begin(), place, differences.end());
    return *place;
  };
  LocationShift shift;
  shift.estimate = nth(std::floor(pairs / 2));
  shift.low = nth(std::floor(pairs / 2 - normal_quantile * deviation));
  return shift;
}

int64_t KayentaJudge(const RivalView& view) {
  const bool has_control = !view.control.empty();
  for (int64_t elapsed = kKayentaJudgeSeconds; elapsed <= static_cast<int64_t>(view.after.size());
       elapsed += kKayentaJudgeSeconds) {
    const auto length = static_cast<size_t>(elapsed);
    const std::span<const RateCounts> reference =
        has_control ? view.control.first(length) : view.before.last(std::min(length, view.before.size()));
    const std::vector<double> experiment = StepRates(view.after.first(length));
    const std::vector<double> control = StepRates(reference);
    if (experiment.empty() || control.empty()) continue;
    const LocationShift shift = MannWhitneyShift(experiment, control, kNormalHundredth);
    if (shift.low > kKayentaTolerance * std::abs(shift.estimate)) return elapsed;
  }
  return kNever;
}

}  // namespace revertd::bench

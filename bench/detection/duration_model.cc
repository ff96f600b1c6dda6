#include "bench/detection/duration_model.h"

#include <cmath>
#include <numbers>

namespace revertd::bench {
namespace {

constexpr size_t kPoints = size_t{1} << 14;  // 164 of them above p99
constexpr int kBitsOfDraw = 16;              // of a random number's 64
constexpr int64_t kDrawsOfNumber = 64 / kBitsOfDraw;

struct Part {
  double share;
  double median_ns;
  double log_deviation;
};
constexpr Part kParts[] = {{0.9, 30e6, 0.5}, {0.1, 90e6, 0.7}};

double ShareBelow(double log_ns) {
  double sum = 0;
  for (const Part& part : kParts) {
    const double z = (log_ns - std::log(part.median_ns)) / part.log_deviation;
    sum += part.share * std::erfc(-z / std::numbers::sqrt2) / 2;
  }
  return sum;
}

double LogQuantile(double quantile) {
  double low = std::log(1e5), high = std::log(1e11);
  for (int i = 0; i < 50; ++i) {
    const double middle = (low + high) / 2;
    (ShareBelow(middle) < quantile ? low : high) = middle;
  }
  return high;
}

}  // namespace

const DurationModel& DurationModel::Usual() {
  static const DurationModel model;
  return model;
}

DurationModel::DurationModel() {
  points_.reserve(kPoints);
  for (size_t i = 0; i < kPoints; ++i) {
    const double quantile = (static_cast<double>(i) + 0.5) / static_cast<double>(kPoints);
    points_.push_back(static_cast<float>(std::exp(LogQuantile(quantile))));
  }
}

DurationNs DurationModel::Quantile(double quantile) const {
  return static_cast<DurationNs>(points_[static_cast<size_t>(quantile * static_cast<double>(kPoints))]);
}

void DurationModel::Record(int64_t requests, const Pace& pace, Random& random, HdrHistogram* latency) const {
  const auto slow_from = static_cast<size_t>((1 - pace.slowest_share) * static_cast<double>(kPoints));
  uint64_t bits = 0;
  for (int64_t i = 0; i < requests; ++i) {
    bits = i % kDrawsOfNumber == 0 ? random() : bits >> kBitsOfDraw;
    const size_t point = bits & (kPoints - 1);
    const double factor = point >= slow_from ? pace.all * pace.slowest : pace.all;
    latency->Record(static_cast<DurationNs>(static_cast<double>(points_[point]) * factor));
  }
}

}  // namespace revertd::bench

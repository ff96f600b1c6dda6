#include "bench/detection/bounds.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "config/config.h"

namespace revertd::bench {
namespace {

constexpr double kFalseAlarm = 1e-3;

double BernoulliDivergence(double p, double q) {
  double sum = p > 0 ? p * std::log(p / q) : 0;
  if (p < 1) sum += (1 - p) * std::log((1 - p) / (1 - q));
  return sum;
}

// Of gamma-Poisson counts with the same shape and two means; what both logarithms share cancels.
double GammaPoissonDivergence(double shape, double mean, double null_mean) {
  const auto log_ratio = [=](double x, double mu) {
    return shape * std::log(shape / (shape + mu)) + x * std::log(mu / (shape + mu));
  };
  double sum = 0, mass = 0;
  for (double x = 0; mass < 1 - 1e-10 && x < 1e6; ++x) {
    const double log_count = std::lgamma(x + shape) - std::lgamma(shape) - std::lgamma(x + 1);
    const double probability = std::exp(log_count + log_ratio(x, mean));
    sum += probability * (log_ratio(x, mean) - log_ratio(x, null_mean));
    mass += probability;
  }
  return sum;
}

// P(X <= hits) for X binomial.
double BinomialBelow(int64_t hits, int64_t runs, double p) {
  double sum = 0;
  const auto n = static_cast<double>(runs);
  for (int64_t i = 0; i <= hits; ++i) {
    const auto x = static_cast<double>(i);
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(x + 1) - std::lgamma(n - x + 1) + x * std::log(p) +
                    (n - x) * std::log1p(-p));
  }
  return sum;
}

}  // namespace

double PracticalNull(double error_rate) {
  const DetectConfig margins;
  return std::max(margins.margin_errors * error_rate, error_rate + margins.margin_errors_abs);
}

double InformationPerSecond(double requests, double rate_after, double rate_null, double shape) {
  if (rate_after <= rate_null || requests <= 0) return 0;
  if (std::isinf(shape)) return requests * BernoulliDivergence(rate_after, rate_null);
  return GammaPoissonDivergence(shape, requests * rate_after, requests * rate_null);
}

double BoundSeconds(double information_per_second) {
  if (information_per_second <= 0) return std::numeric_limits<double>::infinity();
  return -std::log(kFalseAlarm) / information_per_second;
}

double UpperLimit(int64_t hits, int64_t runs, double confidence) {
  if (hits >= runs) return 1;
  double low = static_cast<double>(hits) / static_cast<double>(runs), high = 1;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (BinomialBelow(hits, runs, middle) > 1 - confidence ? low : high) = middle;
  }
  return high;
}

}  // namespace revertd::bench

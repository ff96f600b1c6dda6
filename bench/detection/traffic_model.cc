#include "bench/detection/traffic_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace revertd::bench {
namespace {

constexpr std::array<NoiseModel, 8> kNoiseModels = {{
    {.name = "binomial"},
    {.name = "beta-binomial 1e-4", .rho = 1e-4},
    {.name = "beta-binomial 1e-3", .rho = 1e-3},
    {.name = "beta-binomial 1e-2", .rho = 1e-2},
    {.name = "diurnal", .diurnal = true},
    {.name = "AR(1)", .autoregressive = true},
    {.name = "incidents", .incidents = true},
    {.name = "mixed", .rho = 1e-3, .diurnal = true, .autoregressive = true, .incidents = true},
}};

constexpr double kDaySeconds = 86'400;
constexpr double kDaySwing = 0.5;
constexpr double kLogDeviation = 0.4;
constexpr double kLogSeconds = 30;
constexpr double kIncidentSeconds = 30;
constexpr double kIncidentGapSeconds = 7'200;
constexpr double kNormalFrom = 1'000;  // from this mean on a Poisson count is drawn as a rounded normal

}  // namespace

double DayFactor(int64_t second) {
  return 1 + kDaySwing * std::sin(2 * std::numbers::pi * static_cast<double>(second) / kDaySeconds);
}

std::span<const NoiseModel> NoiseModels() { return kNoiseModels; }

const NoiseModel* NoiseModelNamed(std::string_view name) {
  const auto found = std::find_if(kNoiseModels.begin(), kNoiseModels.end(),
                                  [name](const NoiseModel& model) { return model.name == name; });
  return found == kNoiseModels.end() ? nullptr : &*found;
}

uint64_t SeedOf(uint64_t seed, uint64_t index) {
  uint64_t mixed = seed + (index + 1) * 0x9E3779B97F4A7C15U;
  mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
  return mixed ^ (mixed >> 31U);
}

double LogDrift::Next(Random& random) {
  static const double decay = std::exp(-1 / kLogSeconds);
  static const double step = std::sqrt(1 - decay * decay);
  const double factor = std::exp(log_deviation_ * level_ - log_deviation_ * log_deviation_ / 2);
  level_ = decay * level_ + step * normal_(random);
  return factor;
}

ClimatePath::ClimatePath(const NoiseModel& noise, int64_t first_second, uint64_t seed)
    : noise_(noise), second_(first_second), random_(seed) {
  if (noise_.diurnal) day_factor_ = DayFactor(second_);
  if (noise_.autoregressive) drift_.emplace(kLogDeviation, random_);
  if (noise_.incidents) until_ = DrawExponential(kIncidentGapSeconds);
}

Climate ClimatePath::Next() {
  Climate climate;
  if (noise_.diurnal) {
    if (second_ % kHistoryBlockSeconds == 0) day_factor_ = DayFactor(second_);
    climate.requests = day_factor_;
    climate.errors = day_factor_;
  }
  if (drift_) climate.errors *= drift_->Next(random_);
  if (noise_.incidents) {
    climate.incident = incident_;
    until_ -= 1;
    if (until_ <= 0) {
      incident_ = !incident_;
      until_ += DrawExponential(incident_ ? kIncidentSeconds : kIncidentGapSeconds);
    }
  }
  ++second_;
  return climate;
}

double RateMultiplied(double error_rate, bool multiplied) {
  return error_rate > 0 || !multiplied ? error_rate : kRateOutOfNothing;
}

double ErrorRateAfter(double error_rate, double effect) {
  return std::min(kErrorRateMax, effect * RateMultiplied(error_rate, effect != 1));
}

int64_t DrawRequests(double mean, Random& random) {
  if (mean <= 0) return 0;
  if (mean < kNormalFrom) return std::poisson_distribution<int64_t>(mean)(random);
  const double drawn = std::normal_distribution<double>(mean, std::sqrt(mean))(random);
  return std::max<int64_t>(0, std::llround(drawn));
}

double DrawRate(double mean, double rho, int64_t seconds, Random& random) {
  if (rho <= 0 || mean <= 0) return mean;
  // A beta draw as a share of two gamma draws. Seconds alike add their shapes, so that several cost one draw.
  const double total = static_cast<double>(seconds) * (1 / rho - 1);
  const double bad = std::gamma_distribution<double>(mean * total, 1)(random);
  const double good = std::gamma_distribution<double>((1 - mean) * total, 1)(random);
  return bad + good > 0 ? bad / (bad + good) : 0;
}

int64_t DrawErrors(int64_t requests, double rate, Random& random) {
  if (requests <= 0 || rate <= 0) return 0;
  return std::binomial_distribution<int64_t>(requests, std::min(1.0, rate))(random);
}

AgeCounts DrawSecond(const Traffic& traffic, const Climate& climate, const VersionEffects& effects, Random& random) {
  const int64_t requests = DrawRequests(traffic.requests_per_second * climate.requests, random);
  // Few requests are split by chance: a tenth of one is none.
  const int64_t before = requests < 100 ? std::binomial_distribution<int64_t>(requests, 0.1)(random) : requests / 10;
  // One draw of the second's rate for both ages; each is then multiplied by what its version does.
  const double unit = traffic.error_rate > 0 ? traffic.error_rate : kRateOutOfNothing;
  const double drawn = DrawRate(unit, traffic.noise.rho, 1, random);
  const auto errors = [&](int64_t of_requests, double effect) {
    if (RateMultiplied(traffic.error_rate, effect != 1 || climate.incident) <= 0) return uint32_t{0};
    const double factor = effect * climate.errors * (climate.incident ? kIncidentFactor : 1);
    return static_cast<uint32_t>(DrawErrors(of_requests, std::min(kErrorRateMax, drawn * factor), random));
  };
  AgeCounts counts;
  counts.requests[0] = static_cast<uint32_t>(requests - before);
  counts.requests[1] = static_cast<uint32_t>(before);
  counts.errors[0] = errors(requests - before, effects.same_second);
  counts.errors[1] = errors(before, effects.second_before);
  return counts;
}

std::vector<HistoryBlock> DrawHistory(const Traffic& traffic, int64_t from, int64_t to, ClimatePath& path,
                                      Random& random) {
  constexpr auto kSeconds = static_cast<double>(kHistoryBlockSeconds);
  const double unit = traffic.error_rate > 0 ? traffic.error_rate : kRateOutOfNothing;
  std::vector<HistoryBlock> blocks;
  blocks.reserve(static_cast<size_t>((to - from) / kHistoryBlockSeconds));
  for (int64_t start = from; start < to; start += kHistoryBlockSeconds) {
    double requests = 0, factor = 0;
    for (int64_t second = 0; second < kHistoryBlockSeconds; ++second) {
      const Climate climate = path.Next();
      requests += traffic.requests_per_second * climate.requests;
      const bool any = RateMultiplied(traffic.error_rate, climate.incident) > 0;
      if (any) factor += climate.errors * (climate.incident ? kIncidentFactor : 1) / kSeconds;
    }
    const double drawn = DrawRate(unit, traffic.noise.rho, kHistoryBlockSeconds, random);
    HistoryBlock block{start, DrawRequests(requests, random), 0};
    block.errors = DrawErrors(block.requests, std::min(kErrorRateMax, drawn * factor), random);
    blocks.push_back(block);
  }
  return blocks;
}

}  // namespace revertd::bench

// Simulated traffic of one service: how many requests a second has and how many of them fail, drawn as counts and not
// as requests, so that 20,000 a second cost what 20 cost.
//
// Two layers. The climate (time of day, slow drift of the error rate, incidents) is a path over seconds that services
// may share; the draws of a second, given its climate, are a service's own. Pure given the seed; one thread a path.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "analysis/series.h"
#include "base/sinks.h"
#include "base/window_detail.h"

namespace revertd::bench {

using Random = std::mt19937_64;

struct NoiseModel {
  std::string_view name;
  double rho = 0;               // correlation of errors within a second (beta-binomial); 0: binomial
  bool diurnal = false;         // requests and error rate together swing by 50 % over a day
  bool autoregressive = false;  // log of the error rate: AR(1), standard deviation 0.4, time constant 30 s
  bool incidents = false;       // error rate x20 for an exponential time of mean 30 s, every 2 h on average
};
std::span<const NoiseModel> NoiseModels();
const NoiseModel* NoiseModelNamed(std::string_view name);  // nullptr: none

inline constexpr double kIncidentFactor = 20;
// What effects and incidents multiply where a service has no errors at all: the detector's absolute margin, 0.02 %.
inline constexpr double kRateOutOfNothing = 0.0002;
inline constexpr double kErrorRateMax = 0.95;

struct Traffic {
  NoiseModel noise;
  double requests_per_second = 0;
  double error_rate = 0;  // fraction of requests, mean over time without incidents
};

// Of a diurnal model's requests and error rate; mean one.
double DayFactor(int64_t second);

// What a second multiplies a service's usual rates by.
struct Climate {
  double requests = 1;
  double errors = 1;
  bool incident = false;
};

// A factor of mean one that wanders: its log is an AR(1) of this standard deviation, with a time constant of 30 s. It
// starts somewhere in its stationary state.
class LogDrift {
 public:
  LogDrift(double log_deviation, Random& random) : log_deviation_(log_deviation), level_(normal_(random)) {}
  double Next(Random& random);  // of this second; each call is a second

 private:
  double log_deviation_;
  std::normal_distribution<double> normal_;
  double level_;  // in standard deviations
};

class ClimatePath {
 public:
  ClimatePath(const NoiseModel& noise, int64_t first_second, uint64_t seed);
  Climate Next();  // of first_second, then of each second after it

 private:
  double DrawExponential(double mean) { return std::exponential_distribution<double>(1 / mean)(random_); }

  NoiseModel noise_;
  int64_t second_;
  Random random_;
  std::optional<LogDrift> drift_;
  double day_factor_ = 1;  // kept for a block: it moves slowly
  double until_ = 0;       // seconds until the incident begins or ends
  bool incident_ = false;
};

// What effects, climate and incidents multiply: the service's own rate, or kRateOutOfNothing where it has none and
// something is to be multiplied.
double RateMultiplied(double error_rate, bool multiplied);
double ErrorRateAfter(double error_rate, double effect);

int64_t DrawRequests(double mean, Random& random);
// The rate of one second (or of several alike: `seconds`) around its mean. Effects multiply what is drawn, so that a
// regression keeps the relative spread that the service had.
double DrawRate(double mean, double rho, int64_t seconds, Random& random);
int64_t DrawErrors(int64_t requests, double rate, Random& random);

// One second: nine tenths of the requests started in it, the rest in the second before. Each age class has its
// version's effect.
struct VersionEffects {
  double same_second = 1;
  double second_before = 1;
};
AgeCounts DrawSecond(const Traffic& traffic, const Climate& climate, const VersionEffects& effects, Random& random);

// History blocks of [from, to), both multiples of a block's length; the path stands at `to` afterwards.
std::vector<HistoryBlock> DrawHistory(const Traffic& traffic, int64_t from, int64_t to, ClimatePath& path,
                                      Random& random);

// A seed for part `index` of what `seed` stands for: neighbours share nothing (splitmix64).
uint64_t SeedOf(uint64_t seed, uint64_t index);

}  // namespace revertd::bench

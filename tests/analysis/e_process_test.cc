#include "analysis/e_process.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace revertd {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The formula as docs/statistics.md writes it.
long double SlowLogBayesFactor(long double m, long double x, long double mu, long double k, long double pseudo) {
  if (std::isinf(k)) return x * std::log(m) - mu * (m - 1);
  return x * std::log(m) + (x + pseudo) * (std::log(k + mu) - std::log(k + m * mu));
}

double Uniform(std::mt19937_64& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

TEST(EProcess, BayesFactorAgreesWithTheSlowFormula) {
  const uint64_t seed = 7;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 100'000; ++i) {
    const double m = std::exp(Uniform(random, -3, 3.5));
    const double x = std::floor(std::exp(Uniform(random, -1, 9)));
    const double mu = std::exp(Uniform(random, -9, 9));
    const double k = i % 5 == 0 ? kInfinity : std::exp(Uniform(random, -3, 12));
    const double pseudo = i % 2 == 0 ? k : std::floor(std::exp(Uniform(random, -1, 6)));
    const double fast = LogBayesFactor(m, x, mu, k, std::isinf(k) ? 0 : pseudo);
    const long double slow = SlowLogBayesFactor(m, x, mu, k, pseudo);
    // The two terms may cancel; digits are owed relative to the larger of them.
    const double scale = std::max(1.0, x * std::abs(std::log(m)));
    ASSERT_NEAR(fast, static_cast<double>(slow), 1e-9 * scale) << m << " " << x << " " << mu << " " << k;
  }
}

TEST(EProcess, KnownValuesByHand) {
  EXPECT_DOUBLE_EQ(LogBayesFactor(5, 3, 0, 1, 1), 0) << "nothing expected is nothing observed";
  EXPECT_NEAR(LogBayesFactor(2, 3, 1, kInfinity, 0), 3 * std::log(2) - 1, 1e-12);
  EXPECT_NEAR(LogBayesFactor(2, 3, 1, 1, 1), 3 * std::log(2) + 4 * std::log(2.0 / 3), 1e-12);
}

TEST(EProcess, SurvivesABillionOfEverything) {
  for (double m : {0.05, 1.3, 30.0}) {
    for (double x : {0.0, 1.0, 1e9}) {
      for (double mu : {1e-9, 1.0, 1e9}) {
        for (double k : {1e-9, 1.0, 1e9, 1e15, kInfinity}) {
          const double value = LogBayesFactor(m, x, mu, k, std::isinf(k) ? 0 : k);
          ASSERT_TRUE(std::isfinite(value)) << m << " " << x << " " << mu << " " << k;
        }
      }
    }
  }
  const std::vector<double> factors = {1.3, 30};
  OnsetMixture mixture(factors.size(), OnsetWeights(180, 180));
  LogEvidence evidence;
  for (int block = 0; block < 1000; ++block) {
    const double events = block % 2 == 0 ? 1e9 : 0;
    evidence = CappedLogEvidence(factors, events, 1e6, kInfinity, 0, std::log(8));
    mixture.CloseBlock(evidence);
  }
  EXPECT_FALSE(std::isnan(mixture.LogValue(evidence)));
  EXPECT_TRUE(std::isfinite(ValueOfLog(1e9)));
}

TEST(EProcess, CapHolds) {
  const std::vector<double> factors = {5, 12, 30};
  const LogEvidence evidence = CappedLogEvidence(factors, 1e6, 1, kInfinity, 0, std::log(8));
  for (size_t i = 0; i < evidence.count; ++i) EXPECT_DOUBLE_EQ(evidence.log_e[i], std::log(8));
}

long double SlowWeight(int64_t block, int64_t near_blocks, int64_t horizon_blocks, int64_t second_look) {
  if (block == 1) return second_look == 0 ? 0.75L : 0.5L;
  long double weight = block == second_look ? 0.25L : 0;
  if (block <= near_blocks) weight += 0.125L / static_cast<long double>(near_blocks - 1);
  if (block <= horizon_blocks) weight += 0.125L / static_cast<long double>(horizon_blocks - 1);
  return weight;
}

// E = mean_m sum_j pi_j prod_{i=j..b} e_m,i + sum_{i>b} pi_i, by enumeration of the onset j.
long double SlowOnset(const std::vector<LogEvidence>& blocks, int64_t near_blocks, int64_t horizon_blocks,
                      int64_t second_look) {
  const int64_t count = static_cast<int64_t>(blocks.size());
  long double sum = 0;
  for (int64_t j = 1; j <= std::max({near_blocks, horizon_blocks, second_look}); ++j) {
    const long double weight = SlowWeight(j, near_blocks, horizon_blocks, second_look);
    if (j > count) {
      sum += weight;
      continue;
    }
    for (size_t m = 0; m < blocks[0].count; ++m) {
      long double log_product = 0;
      for (int64_t i = j; i <= count; ++i) log_product += blocks[static_cast<size_t>(i - 1)].log_e[m];
      sum += weight * std::exp(log_product) / static_cast<long double>(blocks[0].count);
    }
  }
  return sum;
}

TEST(EProcess, OnsetMixtureAgreesWithEnumeration) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const int64_t near_blocks = 2 + static_cast<int64_t>(random() % 20),
                  horizon = 2 + static_cast<int64_t>(random() % 40);
    const int64_t second_look = seed % 2 == 0 ? OnsetWeights::kNoSecondLook : 2 + static_cast<int64_t>(seed);
    OnsetMixture mixture(3, OnsetWeights(near_blocks, horizon, second_look));
    std::vector<LogEvidence> blocks;
    for (int block = 0; block < 45; ++block) {
      LogEvidence evidence;
      evidence.count = 3;
      for (size_t m = 0; m < 3; ++m) evidence.log_e[m] = Uniform(random, -3, 2);
      blocks.push_back(evidence);
      const long double slow = SlowOnset(blocks, near_blocks, horizon, second_look);
      ASSERT_NEAR(std::exp(mixture.LogValue(evidence)) / static_cast<double>(slow), 1, 1e-9) << "block " << block;
      mixture.CloseBlock(evidence);
    }
  }
}

}  // namespace
}  // namespace revertd

#include "analysis/baseline.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "analysis/draw.h"
#include "analysis/gamma_quantile.h"
#include "analysis/power.h"

namespace revertd {
namespace {

constexpr int64_t kHour = 20'000 * 24 * 3600;

// P(Gamma(k, 1) > q) = P(Poisson(q) < k) for whole k, summed term by term.
long double GammaTail(int k, long double q) {
  long double term = std::exp(-q), sum = 0;
  for (int i = 0; i < k; ++i) {
    sum += term;
    term *= q / static_cast<long double>(i + 1);
  }
  return sum;
}

TEST(GammaQuantile, InvertsThePoissonSum) {
  for (int shape : {1, 2, 5, 20, 100, 500}) {
    for (double tail : {1e-4, 1e-3, 0.05, 0.5}) {
      const double q = GammaUpperQuantile(shape, tail);
      EXPECT_NEAR(static_cast<double>(GammaTail(shape, q)) / tail, 1, 1e-9) << shape << " " << tail;
    }
  }
  EXPECT_NEAR(GammaUpperQuantile(1, 1e-4), -std::log(1e-4), 1e-12);
  EXPECT_TRUE(std::isfinite(GammaUpperQuantile(1e9, 1e-4)));
}

std::vector<HistoryBlock> Blocks(int count, int64_t requests, int64_t errors) {
  std::vector<HistoryBlock> blocks;
  blocks.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) blocks.push_back({kHour - (count - i) * kHistoryBlockSeconds, requests, errors});
  return blocks;
}

TEST(Baseline, NothingKnownMeansNothingIsWorse) {
  const Baseline baseline = EstimateBaseline({}, kHour, {});
  EXPECT_FALSE(baseline.known());
  EXPECT_EQ(baseline.null_rate, 1);
  EXPECT_EQ(baseline.worse_rate, 1);
}

TEST(Baseline, FewBlocksHaveFloors) {
  const Baseline baseline = EstimateBaseline({.blocks = Blocks(29, 1000, 0)}, kHour, {});
  EXPECT_DOUBLE_EQ(baseline.dispersion, 2);
  EXPECT_DOUBLE_EQ(baseline.spread.Of(40), 0.02);
  const double upper = 2 * -std::log(1e-4) / 29'000;  // U of zero errors: the exponential's quantile
  EXPECT_NEAR(baseline.reference, upper, 1e-12);
  EXPECT_NEAR(baseline.null_rate, std::max(1.25 * upper, upper + 0.0002), 1e-12);
  EXPECT_DOUBLE_EQ(EstimateBaseline({.blocks = Blocks(30, 1000, 0)}, kHour, {}).dispersion, 1);
}

TEST(Baseline, AgreesWithTheFormulasWrittenOut) {
  const uint64_t seed = 11;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  std::vector<HistoryBlock> blocks;
  for (int i = 0; i < 180; ++i) {  // two whole hours
    const int64_t requests = 4000 + static_cast<int64_t>(random() % 2000);
    blocks.push_back({kHour - (180 - i) * 40, requests, static_cast<int64_t>(random() % (i < 90 ? 10 : 20))});
  }
  long double x[2] = {}, n[2] = {};
  for (int i = 0; i < 180; ++i) {
    x[i / 90] += static_cast<long double>(blocks[static_cast<size_t>(i)].errors);
    n[i / 90] += static_cast<long double>(blocks[static_cast<size_t>(i)].requests);
  }
  long double squares = 0, means = 0, excess = 0, scale = 0;
  for (int i = 0; i < 180; ++i) {
    const HistoryBlock& block = blocks[static_cast<size_t>(i)];
    const long double requests = static_cast<long double>(block.requests);
    const long double errors = static_cast<long double>(block.errors);
    const long double mu = requests * x[i / 90] / n[i / 90];
    squares += (errors - mu) * (errors - mu);
    means += mu;
    if (errors > 8 * mu + 10) continue;
    excess += (errors - mu) * (errors - mu) - mu;
    scale += std::max(mu, requests * 0.0002L) * std::max(mu, requests * 0.0002L);
  }
  const Baseline baseline = EstimateBaseline({.blocks = blocks}, kHour, {});
  const long double phi = squares / means;
  EXPECT_NEAR(baseline.dispersion / static_cast<double>(phi), 1, 1e-9);
  EXPECT_NEAR(baseline.spread.Of(40) / static_cast<double>(excess / scale), 1, 1e-9);
  const long double p_hat = (x[0] + x[1]) / (n[0] + n[1]);
  const long double shrunk = (x[1] + 50 * phi) / (n[1] + 50 * phi / p_hat);
  const RateCounts all{static_cast<int64_t>(n[0] + n[1]), static_cast<int64_t>(x[0] + x[1])};
  const double upper = UpperRate(all, static_cast<double>(phi));
  EXPECT_NEAR(baseline.reference, std::max(upper, static_cast<double>(shrunk)), 1e-12);
  EXPECT_EQ(baseline.counts.requests, all.requests) << "the last hour has too few errors to stand alone";
}

TEST(Baseline, ManyErrorsInTheLastHourStandAlone) {
  std::vector<HistoryBlock> blocks = Blocks(180, 10'000, 25);
  for (size_t i = 90; i < 180; ++i) blocks[i].errors = 30;
  const Baseline baseline = EstimateBaseline({.blocks = blocks}, kHour, {});
  EXPECT_EQ(baseline.counts.errors, 90 * 30);
  EXPECT_GT(baseline.reference, 0.003);
  EXPECT_LT(baseline.reference, 0.0035);
}

TEST(Baseline, IncidentsDoNotLoosenTheBlockNull) {
  std::vector<HistoryBlock> blocks = Blocks(90, 10'000, 10);
  blocks[40].errors = 2000;
  const Baseline baseline = EstimateBaseline({.blocks = blocks}, kHour, {});
  EXPECT_GT(baseline.dispersion, 100) << "the bound knows of the incident";
  EXPECT_LT(baseline.spread.Of(40), 1) << "the block null leaves it to the cap";
}

// A day of blocks and the ten minutes before the deploy: the rate is drawn anew every `lasts` seconds, with relative
// variance `variance`.
RateHistory NoisyHistory(int64_t lasts, double variance, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::gamma_distribution<double> level(1 / variance, variance);
  RateHistory history;
  double factor = 1;
  for (int64_t second = kHour - 86'400; second < kHour; ++second) {
    if (second % lasts == 0) factor = level(random);
    const int64_t errors = DrawPoisson(5 * factor, random);
    const int64_t start = HistoryBlockStart(second);
    if (history.blocks.empty() || history.blocks.back().start_second != start) history.blocks.push_back({start, 0, 0});
    history.blocks.back().requests += 5000;
    history.blocks.back().errors += errors;
    if (second >= kHour - kSpreadSeconds) history.recent.push_back({second, 5000, errors});
  }
  return history;
}

TEST(Baseline, NoiseOfEverySecondIsReadWiderInShortBlocks) {
  const BlockSpread spread = EstimateBaseline(NoisyHistory(1, 0.4, 17), kHour, {}).spread;
  for (const int64_t length : kBlockLengths) {
    const double truth = 0.4 / static_cast<double>(length);
    EXPECT_GE(spread.Of(length), 0.8 * truth) << length << " s, seed 17";
    EXPECT_LE(spread.Of(length), 2.2 * truth) << length << " s, seed 17";
  }
}

TEST(Baseline, NoiseThatLastsIsReadAlikeInAllBlocks) {
  const BlockSpread spread = EstimateBaseline(NoisyHistory(120, 0.2, 18), kHour, {}).spread;
  for (const int64_t length : kBlockLengths) {
    EXPECT_GE(spread.Of(length), 0.8 * spread.Of(40)) << length << " s, seed 18";
    EXPECT_LE(spread.Of(length), 3 * spread.Of(40)) << length << " s, seed 18";
  }
}

TEST(Baseline, WithoutItsLastSecondsShortBlocksAreReadAtTheirWidest) {
  RateHistory history = NoisyHistory(120, 0.2, 19);
  history.recent.clear();
  const BlockSpread spread = EstimateBaseline(history, kHour, {}).spread;
  EXPECT_DOUBLE_EQ(spread.Of(5), 8 * spread.Of(40));
  EXPECT_DOUBLE_EQ(spread.Of(20), 2 * spread.Of(40));
}

TEST(Baseline, BlocksLeaveOutIntervalsAndKeepTheCutOne) {
  Series series;
  for (int64_t second = kHour; second < kHour + 200; ++second) {
    SecondCounts counts;
    counts.second = second;
    counts.by_age.requests[0] = 10;
    series.Append(counts);
    series.SealThrough(second);
  }
  const RateHistory history = HistoryBefore(series, kHour + 130, {{kHour + 45, kHour + 46}});
  const std::vector<HistoryBlock>& blocks = history.blocks;
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_EQ(blocks[0].start_second, kHour);
  EXPECT_EQ(blocks[1].start_second, kHour + 80);
  EXPECT_EQ(blocks[2].requests, 100) << "ten seconds of the block that the deploy cuts";
  EXPECT_EQ(history.recent.size(), 129u) << "each second before it but the one that is left out";
}

TEST(Series, BlocksAreTheSumOfTheirSecondsHoweverTheyWereClosed) {
  Series by_window, by_seal;
  std::vector<HistoryBlock> closed[2];
  for (int64_t second = kHour + 7; second < kHour + 407; second += 3) {
    SecondCounts counts;
    counts.second = second;
    counts.by_age.requests[2] = 5;
    counts.by_age.errors[2] = 1;
    if (const auto block = by_window.Append(counts)) closed[0].push_back(*block);
    by_seal.Append(counts);
    if (const auto block = by_seal.SealThrough(second + 2)) closed[1].push_back(*block);
  }
  if (const auto block = by_window.SealThrough(kHour + 409)) closed[0].push_back(*block);
  ASSERT_EQ(closed[0].size(), closed[1].size());
  int64_t requests = 0;
  for (size_t i = 0; i < closed[0].size(); ++i) {
    EXPECT_EQ(closed[0][i].start_second, closed[1][i].start_second);
    EXPECT_EQ(closed[0][i].requests, closed[1][i].requests);
    requests += closed[0][i].requests;
  }
  EXPECT_EQ(requests, by_seal.Sum({kHour, kHour + 400}).requests);
}

TEST(Series, KeepsABoundedPastAndOnlyWhollyNewRequests) {
  Series series;
  SecondCounts counts;
  counts.by_age.requests = {1, 2, 4, 8, 16, 32, 64, 128};
  for (int64_t second = kHour; second < kHour + kKeptSeconds + 10; ++second) {
    counts.second = second;
    series.Append(counts);
  }
  EXPECT_EQ(series.Find(kHour + 9), nullptr);
  ASSERT_NE(series.Find(kHour + 10), nullptr);
  // At second 3 after the finish: ages 0, 1 and 2-3 are wholly new; 4-7 is not, and 64+ never is.
  EXPECT_EQ(StartedFrom(counts.by_age, 103, 100).requests, 1 + 2 + 4);
  EXPECT_EQ(StartedFrom(counts.by_age, 99, 100).requests, 0);
  EXPECT_EQ(StartedFrom(counts.by_age, 100'000, 100).requests, 127);
}

TEST(Power, IntervalAndPowerHaveTheirKnownValues) {
  const RateInterval interval = WilsonInterval({1000, 10});
  EXPECT_NEAR(interval.low, 0.005441, 1e-5);
  EXPECT_NEAR(interval.high, 0.018312, 1e-5);
  EXPECT_NEAR(WilsonInterval({100, 0}).low, 0, 1e-12);
  RateShiftSettings settings;
  settings.null_rate = 0.0015;
  const double log_needed = std::log(5714);
  EXPECT_LT(PowerAt(0.005, std::vector<int64_t>(45, 20), settings, log_needed), 0.1) << "one request a second";
  EXPECT_GT(PowerAt(0.005, std::vector<int64_t>(45, 10'000), settings, log_needed), 0.99);
  EXPECT_EQ(PowerAt(0.005, {}, settings, log_needed), 0);
}

}  // namespace
}  // namespace revertd

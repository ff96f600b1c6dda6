// Validity of the e-processes at the boundary of their nulls, by seeded simulation.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "analysis/control.h"
#include "analysis/rate_shift.h"

namespace revertd {
namespace {

int64_t Poisson(double mean, std::mt19937_64& random) {
  return mean > 0 ? std::poisson_distribution<int64_t>(mean)(random) : 0;
}

struct Tally {
  double sum = 0, squares = 0;
  int runs = 0, fired = 0;
  void Add(double value, bool crossed) {
    sum += value, squares += value * value, ++runs;
    fired += crossed ? 1 : 0;
  }
  double mean() const { return sum / runs; }
  double error() const { return std::sqrt((squares / runs - mean() * mean()) / runs); }
};

// At the null's boundary E averages at most one at any fixed time, and its maximum passes 20 in at most 5 % of runs.
TEST(RateShift, IsAnEProcessAtTheNullsBoundary) {
  for (const double mean_per_second : {0.05, 0.75, 25.0}) {
    for (const double inverse_kappa : {0.0, 0.02}) {
      const uint64_t seed = 101;
      SCOPED_TRACE(testing::Message() << "seed " << seed << " mean " << mean_per_second << " 1/k " << inverse_kappa);
      std::mt19937_64 random(seed);
      RateShiftSettings settings;
      settings.null_rate = mean_per_second / 500;
      settings.slow_inverse_kappa = settings.fast_inverse_kappa = inverse_kappa;
      settings.slow.block_seconds = settings.fast.block_seconds = 5;
      settings.horizon_seconds = 60;
      Tally tally;
      for (int run = 0; run < 4000; ++run) {
        RateShift shift(settings);
        double largest = 0, multiplier = 1;
        for (int second = 0; second < 60; ++second) {
          if (second % 5 == 0 && inverse_kappa > 0) {
            multiplier = std::gamma_distribution<double>(1 / inverse_kappa, inverse_kappa)(random);
          }
          shift.Observe({500, Poisson(multiplier * mean_per_second, random)});
          largest = std::max(largest, shift.LogValue());
        }
        // The larger of two e-values, halved, is below their mean.
        tally.Add(0.5 * std::exp(shift.LogValue()), largest >= std::log(2 * 20.0));
      }
      EXPECT_LE(tally.mean(), 1 + 4 * tally.error());
      EXPECT_LE(tally.fired, 200);
    }
  }
}

TEST(RateShift, ALargerRateIsFoundAndASmallerOneIsNot) {
  RateShiftSettings settings;
  settings.null_rate = 0.001;
  settings.slow.block_seconds = settings.fast.block_seconds = 5;
  RateShift worse(settings), better(settings);
  for (int second = 0; second < 60; ++second) {
    worse.Observe({1000, 10});
    better.Observe({1000, 0});
  }
  EXPECT_GT(worse.LogValue(), std::log(5714));
  EXPECT_LT(better.LogValue(), 0);
}

// Errors of two services at one in a thousand.
ControlSettings ControlOf(int64_t horizon_seconds) {
  return {
      .target_null = 1.25e-3, .target_reference = 1e-3, .control_reference = 1e-3, .horizon_seconds = horizon_seconds};
}

// One error more, in whatever second, never makes a regression less likely.
TEST(RateShift, IsMonotoneInErrors) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    RateShiftSettings settings;
    settings.null_rate = 0.01;
    settings.slow_inverse_kappa = settings.fast_inverse_kappa = seed % 2 == 0 ? 0 : 0.05;
    settings.slow.block_seconds = 5;
    settings.fast.block_seconds = 2;
    RateShift fewer(settings), more(settings);
    ControlShift fewer_beside(ControlOf(900)), more_beside(ControlOf(900));
    for (int second = 0; second < 120; ++second) {
      const int64_t requests = static_cast<int64_t>(random() % 200);
      const int64_t errors = requests > 0 ? static_cast<int64_t>(random() % static_cast<uint64_t>(requests)) / 20 : 0;
      const int64_t added = static_cast<int64_t>(random() % 3);
      fewer.Observe({requests, errors});
      more.Observe({requests, std::min(requests, errors + added)});
      EXPECT_GE(more.LogValue(), fewer.LogValue() - 1e-9) << second;
      const double expected = 0.01 * static_cast<double>(requests), control = static_cast<double>(random() % 4);
      const auto beside = [&](int64_t events) {
        return ControlSecond{expected, static_cast<double>(events), 1, control};
      };
      fewer_beside.Observe(beside(errors));
      more_beside.Observe(beside(errors + added));
      EXPECT_GE(more_beside.LogValue(), fewer_beside.LogValue() - 1e-9) << second;
    }
  }
}

TEST(RateShift, SurvivesABillion) {
  RateShiftSettings settings;
  settings.null_rate = 0.5;
  RateShift shift(settings);
  for (int second = 0; second < 3600; ++second) {
    shift.Observe({1'000'000'000, second % 2 == 0 ? 1'000'000'000 : 0});
    ASSERT_FALSE(std::isnan(shift.LogValue()));
    ASSERT_TRUE(std::isfinite(ValueOfLog(shift.LogValue())));
  }
}

TEST(RateTest, BothSidesAreValidAtTheirBoundAndFindTheirAlternative) {
  for (const auto alternative : {RateTest::Alternative::kBelow, RateTest::Alternative::kAbove}) {
    const uint64_t seed = 103;
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    int fired = 0;
    for (int run = 0; run < 4000; ++run) {
      RateTest test(alternative, 0.01, 1.0 / 150, 5);
      double largest = 0;
      for (int second = 0; second < 120; ++second) {
        test.Observe({200, Poisson(2, random)});
        largest = std::max(largest, test.LogValue());
      }
      fired += largest >= std::log(20) ? 1 : 0;
    }
    EXPECT_LE(fired, 200);
    RateTest test(alternative, 0.01, 1.0 / 150, 5);
    const int64_t events = alternative == RateTest::Alternative::kBelow ? 0 : 8;
    for (int second = 0; second < 30; ++second) test.Observe({200, events});
    EXPECT_GE(test.LogValue(), std::log(20));
  }
}

// Whatever multiplies both sides alike is no evidence, also when it comes and goes.
TEST(ControlShift, SharedMultipliersAreNoEvidence) {
  for (const double control_mean : {0.5, 5.0, 50.0}) {
    const uint64_t seed = 107;
    SCOPED_TRACE(testing::Message() << "seed " << seed << " control " << control_mean);
    std::mt19937_64 random(seed);
    Tally tally;
    for (int run = 0; run < 2000; ++run) {
      ControlShift shift(ControlOf(300));
      double largest = 0, multiplier = 1;
      for (int second = 0; second < 300; ++second) {
        if (second % 20 == 0) multiplier = std::exp(std::normal_distribution<double>(0, 1.5)(random));
        const double target = static_cast<double>(Poisson(5 * multiplier, random));
        shift.Observe(
            {1.25 * 5, target, control_mean, static_cast<double>(Poisson(control_mean * multiplier, random))});
        largest = std::max(largest, shift.LogValue());
      }
      tally.Add(std::exp(shift.LogValue()), largest >= std::log(kBlameValueNeeded));
    }
    EXPECT_LE(tally.fired, 20) << "1 % at a value of 100";
  }
}

TEST(ControlShift, ATargetThatMovesAloneIsBlamed) {
  std::mt19937_64 random(109);
  ControlShift shift(ControlOf(900));
  int seconds = 0;
  while (shift.LogValue() < std::log(kBlameValueNeeded) && seconds < 900) {
    shift.Observe(
        {1.25 * 0.5, static_cast<double>(Poisson(2.5, random)), 0.5, static_cast<double>(Poisson(0.5, random))});
    ++seconds;
  }
  EXPECT_LE(seconds, 60);
}

// While the control is in trouble itself, a target that suffers twice as much from the same trouble is not blamed.
TEST(ControlShift, ATroubledControlAsksForMore) {
  std::mt19937_64 random(113);
  ControlShift calm(ControlOf(900)), troubled(ControlOf(900));
  for (int second = 0; second < 300; ++second) {
    const double target = static_cast<double>(Poisson(2.5 * 5, random));
    calm.Observe({1.25 * 5, target, 5, static_cast<double>(Poisson(5, random))});
    troubled.Observe({1.25 * 5, 4 * target, 5, static_cast<double>(Poisson(4 * 5, random))});
  }
  EXPECT_GE(calm.LogValue(), std::log(kBlameValueNeeded));
  EXPECT_LT(troubled.LogValue(), std::log(kBlameValueNeeded)) << "the same ratio of 2.5 between the two";
}

// Bursts that each side has for itself look like a target that moved, unless the control is trusted less for them.
TEST(ControlShift, BurstsOfEachSideAreNoEvidence) {
  const auto blamed = [](double inverse_kappa) {
    std::mt19937_64 random(127);
    std::gamma_distribution<double> burst(1 / 10.0, 10.0);  // relative variance of a second's rate; 2 of a block's
    int fired = 0;
    for (int run = 0; run < 300; ++run) {
      ControlSettings settings = ControlOf(300);
      settings.inverse_kappa = inverse_kappa;
      ControlShift shift(settings);
      double largest = 0;
      for (int second = 0; second < 300; ++second) {
        const double outage = second > 60 ? 5 : 1;
        const auto events = [&] { return static_cast<double>(Poisson(5 * outage * burst(random), random)); };
        shift.Observe({1.25 * 5, events(), 5, events()});
        largest = std::max(largest, shift.LogValue());
      }
      fired += largest >= std::log(kBlameValueNeeded) ? 1 : 0;
    }
    return fired;
  };
  EXPECT_GE(blamed(0), 30) << "what the noise of both sides does to a control that is trusted";
  EXPECT_LE(blamed(2.0 + 2.0), 3);
}

TEST(ControlShift, NoControlSecondsSayNothing) {
  ControlShift shift(ControlOf(900));
  for (int second = 0; second < 300; ++second) shift.Observe({1, 50, 0, 0});
  EXPECT_LE(shift.LogValue(), 1e-9);
}

TEST(ControlIsUsable, DependsOnTheTrafficOfBoth) {
  EXPECT_TRUE(ControlIsUsable(ControlOf(900), 500, 500));
  EXPECT_FALSE(ControlIsUsable(ControlOf(900), 1, 1)) << "one request a second at one in a thousand";
  EXPECT_FALSE(ControlIsUsable(ControlOf(900), 500, 0));
  EXPECT_FALSE(ControlIsUsable(ControlOf(5), 500, 500)) << "no time";
}

}  // namespace
}  // namespace revertd

#include "bench/detection/bounds.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace revertd::bench {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

TEST(Information, IsWhatTheFormulaGives) {
  // Per request p ln(p/q) + (1-p) ln((1-p)/(1-q)).
  const double a_request = 0.005 * std::log(0.005 / 0.00125) + 0.995 * std::log(0.995 / 0.99875);
  EXPECT_NEAR(InformationPerSecond(20, 0.005, 0.00125, kInfinite), 20 * a_request, 1e-12);
  EXPECT_EQ(InformationPerSecond(20, 0.001, 0.00125, kInfinite), 0);
  EXPECT_EQ(InformationPerSecond(0, 0.005, 0.00125, kInfinite), 0);
}

TEST(Information, SpreadTakesItAwayAndAWideShapeIsPoisson) {
  const double poisson = InformationPerSecond(20'000, 0.002, 0.00125, kInfinite);
  double before = 0;
  for (const double shape : {0.1, 1.0, 10.0, 1e3, 1e7}) {
    const double information = InformationPerSecond(20'000, 0.002, 0.00125, shape);
    EXPECT_GT(information, before);
    before = information;
  }
  EXPECT_NEAR(before, poisson, 0.01 * poisson);
}

TEST(BoundSeconds, KnownValues) {
  EXPECT_NEAR(BoundSeconds(InformationPerSecond(20, 0.005, PracticalNull(0.001), kInfinite)), 109, 1);
  EXPECT_NEAR(BoundSeconds(InformationPerSecond(1, 0.005, PracticalNull(0.001), kInfinite)), 36 * 60, 60);
  EXPECT_NEAR(BoundSeconds(InformationPerSecond(20'000, 0.002, PracticalNull(0.001), 1)), 55, 1);
  EXPECT_EQ(BoundSeconds(0), kInfinite);
}

TEST(PracticalNull, IsTheLargerOfBothMargins) {
  EXPECT_DOUBLE_EQ(PracticalNull(0), 0.0002);
  EXPECT_DOUBLE_EQ(PracticalNull(0.01), 0.0125);
}

TEST(UpperLimit, ClopperAndPearson) {
  EXPECT_NEAR(UpperLimit(0, 1'000), 1 - std::pow(0.05, 1e-3), 1e-9);
  EXPECT_NEAR(UpperLimit(1, 10), 0.3942, 1e-4);  // their tables, one-sided 95 %
  EXPECT_NEAR(UpperLimit(5, 100), 0.1023, 1e-4);
  EXPECT_EQ(UpperLimit(10, 10), 1);
}

}  // namespace
}  // namespace revertd::bench

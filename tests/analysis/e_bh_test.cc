#include "analysis/e_bh.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace revertd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// By the definition of Wang & Ramdas: of all sets whose every member has e >= n / (size alpha), the largest.
std::vector<size_t> SlowCalled(const std::vector<double>& log_e, long double alpha) {
  const size_t n = log_e.size();
  uint64_t best = 0;
  for (uint64_t set = 1; set < uint64_t{1} << n; ++set) {
    const long double needed = static_cast<long double>(n) / (static_cast<long double>(std::popcount(set)) * alpha);
    bool consistent = true;
    for (size_t i = 0; i < n && consistent; ++i) {
      consistent = (set >> i & 1) == 0 || std::exp(static_cast<long double>(log_e[i])) >= needed;
    }
    if (consistent && std::popcount(set) > std::popcount(best)) best = set;
  }
  std::vector<size_t> called;
  for (size_t i = 0; i < n; ++i) {
    if ((best >> i & 1) != 0) called.push_back(i);
  }
  return called;
}

TEST(EBh, AgreesWithEnumeration) {
  const uint64_t seed = 31;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  size_t sizes_seen = 0;
  for (int run = 0; run < 2000; ++run) {
    const size_t n = 1 + random() % 9;
    const double alpha = run % 2 == 0 ? 0.05 : 0.3;
    std::vector<double> log_e;
    for (size_t i = 0; i < n; ++i) log_e.push_back(std::uniform_real_distribution<double>(-3, 7)(random));
    if (n > 3) log_e[2] = log_e[0];
    const std::vector<size_t> called = CalledByEBh(log_e, alpha);
    ASSERT_EQ(called, SlowCalled(log_e, alpha)) << "run " << run;
    sizes_seen |= size_t{1} << called.size();
  }
  EXPECT_GE(std::popcount(sizes_seen), 8) << "few and many were called";
}

TEST(EBh, KnownValuesByHand) {
  const auto called = [](std::vector<double> e) {
    for (double& value : e) value = std::log(value);
    return CalledByEBh(e, 0.05);
  };
  EXPECT_THAT(called({}), IsEmpty());
  EXPECT_THAT(called({19.9}), IsEmpty());
  EXPECT_THAT(called({20.1}), ElementsAre(0));
  EXPECT_THAT(called({1, 79, 0, 1}), IsEmpty()) << "alone it needs 4 / 0.05";
  EXPECT_THAT(called({1, 81, 0, 1}), ElementsAre(1));
  EXPECT_THAT(called({41, 1, 41, 0}), ElementsAre(0, 2)) << "none suffices alone, two of them do";
}

TEST(EBh, BearsInfinities) {
  EXPECT_THAT(CalledByEBh(std::vector<double>{-kInfinity, kInfinity, 0}, 0.05), ElementsAre(1));
  EXPECT_THAT(CalledByEBh(std::vector<double>(5, -kInfinity), 0.05), IsEmpty());
  EXPECT_THAT(CalledByEBh(std::vector<double>(3, kInfinity), 0.05), ElementsAre(0, 1, 2));
}

// Whatever the dependence: here all nulls share half of their noise.
TEST(EBh, KeepsTheFalseDiscoveryRate) {
  const uint64_t seed = 37;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  constexpr int kRuns = 20'000;
  constexpr size_t kNulls = 15, kFalse = 5;
  constexpr double kAlpha = 0.1;
  double false_share = 0, squares = 0, found = 0;
  for (int run = 0; run < kRuns; ++run) {
    const double shared = normal(random);
    std::vector<double> log_e;
    for (size_t i = 0; i < kNulls + kFalse; ++i) {
      const double noise = std::sqrt(0.5) * (shared + normal(random));
      log_e.push_back(i < kNulls ? 2 * noise - 2 : 2 * noise + 4);  // the mean of a null's e is one
    }
    const std::vector<size_t> called = CalledByEBh(log_e, kAlpha);
    double wrong = 0;
    for (const size_t index : called) wrong += index < kNulls ? 1 : 0;
    found += static_cast<double>(called.size()) - wrong;
    const double share = called.empty() ? 0 : wrong / static_cast<double>(called.size());
    false_share += share / kRuns;
    squares += share * share / kRuns;
  }
  EXPECT_LE(false_share, kAlpha + 3 * std::sqrt(squares / kRuns));
  EXPECT_GE(found / kRuns, 1) << "it would also hold if nothing were called";
}

}  // namespace
}  // namespace revertd

#include "bench/detection/rivals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace revertd::bench {
namespace {

constexpr int64_t kWatch = 900;

std::vector<RateCounts> Steady(int64_t requests, int64_t errors, int64_t seconds = kWatch) {
  return std::vector<RateCounts>(static_cast<size_t>(seconds), RateCounts{requests, errors});
}

// One error in 1000, 1000 requests a second, for an hour.
const RateCounts kLastHour = {3'600'000, 3'600};

TEST(Rivals, NobodyFiresWhereNothingChanged) {
  const auto same = Steady(1'000, 1);
  for (const Rival& rival : kRivals) {
    EXPECT_EQ(rival.judge({kLastHour, same, same, {}, 1}), kNever) << rival.name;
    EXPECT_EQ(rival.judge({kLastHour, same, same, same, 1}), kNever) << rival.name;
  }
}

TEST(Rivals, SilenceIsNoEvidence) {
  const auto before = Steady(1'000, 1);
  const auto silent = Steady(0, 0);
  for (const Rival& rival : kRivals) {
    EXPECT_EQ(rival.judge({kLastHour, before, silent, {}, 1}), kNever) << rival.name;
    EXPECT_EQ(rival.judge({{}, silent, Steady(10, 0), {}, 1}), kNever) << rival.name;
  }
}

TEST(ZTest, WaitsForItsApproximationAndThenFires) {
  const auto before = Steady(1'000, 1);
  const auto worse = Steady(1'000, 10);
  // Five events expected of the pooled rate, about 0.001, need about 5000 requests.
  EXPECT_EQ(ZTestEachSecond({kLastHour, before, worse, {}, 1}), 5);
  EXPECT_EQ(ZTestEachSecond({kLastHour, before, Steady(1'000, 0), {}, 1}), kNever) << "better is not worse";
}

TEST(ZTest, FiresAtThePointOfItsTable) {
  // 100 of 100,000 before; after one second of 100,000: z = (x - 100) / sqrt(x + 100), above 3.09 from x = 149 on.
  const RateCounts before = {100'000, 100};
  const auto second = [](int64_t errors) { return std::vector<RateCounts>{{100'000, errors}}; };
  EXPECT_EQ(ZTestEachSecond({before, {}, second(148), {}, 1}), kNever);
  EXPECT_EQ(ZTestEachSecond({before, {}, second(149), {}, 1}), 1);
}

TEST(MixtureSprt, FindsTheSameLaterThanATestThatIsNotSequential) {
  const auto before = Steady(1'000, 1);
  const auto worse = Steady(1'000, 2);
  const int64_t z = ZTestEachSecond({kLastHour, before, worse, {}, 1});
  const int64_t sprt = MixtureSprt({kLastHour, before, worse, {}, 1});
  EXPECT_LT(z, sprt);
  EXPECT_LT(sprt, 60);
}

TEST(FixedThreshold, WantsThreeInARow) {
  auto seconds = Steady(100, 0, 10);
  for (const size_t bad : {1U, 2U, 4U, 5U}) seconds[bad].errors = 2;
  EXPECT_EQ(FixedThreshold({kLastHour, {}, seconds, {}, 1}), kNever);
  seconds[6].errors = 1;
  EXPECT_EQ(FixedThreshold({kLastHour, {}, seconds, {}, 1}), kNever) << "1 % is not above 1 %";
  seconds[6].errors = 2;
  EXPECT_EQ(FixedThreshold({kLastHour, {}, seconds, {}, 1}), 7);
}

TEST(ConsecutiveFailures, WantsThreeChecksInARow) {
  auto seconds = Steady(10, 10, 10);
  EXPECT_EQ(ConsecutiveFailures({kLastHour, {}, seconds, {}, 1}), 3);
  seconds[1] = {};  // no request to check: neither a failure nor a success
  EXPECT_EQ(ConsecutiveFailures({kLastHour, {}, seconds, {}, 1}), 4);
  seconds[2] = {10, 0};
  EXPECT_EQ(ConsecutiveFailures({kLastHour, {}, seconds, {}, 1}), 6);
}

TEST(MannWhitneyShift, OfAShiftedSampleIsTheShift) {
  std::vector<double> sample, shifted;
  for (int i = 0; i < 50; ++i) {
    sample.push_back(i * i);
    shifted.push_back(i * i + 700);
  }
  const LocationShift shift = MannWhitneyShift(shifted, sample, 2.3263);
  EXPECT_EQ(shift.estimate, 700);
  EXPECT_LT(shift.low, 700);
  EXPECT_GT(shift.low, 0);
  EXPECT_LT(MannWhitneyShift(sample, sample, 2.3263).low, 0);
}

// The estimate is the median of all differences, and the limit one of them, against the obvious way.
TEST(MannWhitneyShift, AgreesWithSortedDifferences) {
  const std::vector<double> a = {1, 5, 2, 8, 9, 12, 4}, b = {3, 1, 4, 2, 6};
  std::vector<double> differences;
  for (const double x : a) {
    for (const double y : b) differences.push_back(x - y);
  }
  std::sort(differences.begin(), differences.end());
  const LocationShift shift = MannWhitneyShift(a, b, 1);
  EXPECT_EQ(shift.estimate, differences[17]);
  // 17.5 - sqrt(35 * 13 / 12) = 11.3
  EXPECT_EQ(shift.low, differences[11]);
}

TEST(KayentaJudge, JudgesEveryFiveMinutesAndPrefersAControl) {
  auto before = Steady(1'000, 1), worse = Steady(1'000, 3);
  // Without ties: rates that wander a little.
  for (size_t i = 0; i < before.size(); ++i) {
    before[i].requests += static_cast<int64_t>(i % 97);
    worse[i].requests += static_cast<int64_t>(i % 89);
  }
  EXPECT_EQ(KayentaJudge({kLastHour, before, worse, {}, 1}), 300);
  EXPECT_EQ(KayentaJudge({kLastHour, before, worse, worse, 1}), kNever) << "the control fell ill too";
  auto late = before;
  std::copy(worse.begin(), worse.begin() + 300, late.begin() + 600);
  EXPECT_NE(KayentaJudge({kLastHour, before, late, {}, 1}), 300);
}

}  // namespace
}  // namespace revertd::bench

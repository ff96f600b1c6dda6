// What `calibrate` tells: limits that are exact, shadow deploys judged by what came before them alone, and regressions
// that the detector's own power agrees with.
#include "analysis/calibration_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "analysis/power.h"

namespace revertd {
namespace {

constexpr int64_t kShadow = 900;
constexpr double kNeeded = 5714;
const ShadowSettings kSettings{.margins = {}, .horizon_seconds = kShadow, .value_needed = kNeeded};

// The slow witness: the sum as it stands in a textbook.
double ChanceOfAtMost(int64_t events, int64_t trials, double rate) {
  double sum = 0;
  for (int64_t i = 0; i <= events; ++i) {
    double ways = 1;
    for (int64_t k = 1; k <= i; ++k) ways *= static_cast<double>(trials - i + k) / static_cast<double>(k);
    sum += ways * std::pow(rate, static_cast<double>(i)) * std::pow(1 - rate, static_cast<double>(trials - i));
  }
  return sum;
}

TEST(UpperLimit, LeavesFivePercentToWhatWasSeen) {
  for (int64_t trials = 1; trials <= 30; ++trials) {
    for (int64_t events = 0; events < trials; ++events) {
      EXPECT_NEAR(ChanceOfAtMost(events, trials, UpperLimit95(events, trials)), 0.05, 1e-9) << events << "/" << trials;
    }
  }
}

TEST(UpperLimit, IsTheRuleOfThreeWhereNothingFired) {
  EXPECT_NEAR(UpperLimit95(0, 4800), 1 - std::pow(0.05, 1.0 / 4800), 1e-12);
  EXPECT_NEAR(UpperLimit95(2, 100'000), 6.2958e-5, 1e-8);
  EXPECT_DOUBLE_EQ(UpperLimit95(0, 0), 1);
  EXPECT_DOUBLE_EQ(UpperLimit95(7, 7), 1);
}

ShadowResult QuietShadow(int64_t number) {
  ShadowResult shadow;
  shadow.start_second = number * kShadow;
  return shadow;
}

// Fires at the settings of the cold start, and at every other one that is as quick.
ShadowResult LoudShadow(int64_t number) {
  ShadowResult shadow = QuietShadow(number);
  for (auto& track : shadow.log_max) {
    for (auto& of_length : track) of_length[0] = 255;
  }
  return shadow;
}

TEST(WalkForward, JudgesByWhatWasOverBefore) {
  WalkForward walk(kSettings);
  for (int64_t i = 0; i < 300; ++i) walk.Observe("shop", i == 10 || i == 250 ? LoudShadow(i) : QuietShadow(i));
  const WalkForward::Result result = walk.Of("shop");
  EXPECT_EQ(result.earned.judged + result.cold_start.judged, 300);
  EXPECT_EQ(result.cold_start.fired, 1) << "a person would have been asked";
  // The loud one of the first day taught it not to take the quickest cap, so the second one does not fire.
  EXPECT_EQ(result.earned.fired, 0);
  EXPECT_EQ(result.older_than_a_day, 300 - 96);
  const Calibration now = walk.CalibrationOf("shop", 301 * kShadow);
  ASSERT_TRUE(now.calibrated);
  EXPECT_LT(now.slow.log_cap, kLogCapUncalibrated);
}

TEST(WalkForward, AFalseRollbackIsCountedAlthoughItIsNeverRepeated) {
  WalkForward walk(kSettings);
  for (int64_t i = 0; i < 250; ++i) walk.Observe("shop", QuietShadow(i));
  ASSERT_TRUE(walk.CalibrationOf("shop", 250 * kShadow).calibrated);
  ASSERT_EQ(walk.CalibrationOf("shop", 250 * kShadow).fast.log_cap, kLogCapUncalibrated);
  for (int64_t i = 250; i < 260; ++i) walk.Observe("shop", i == 250 || i == 255 ? LoudShadow(i) : QuietShadow(i));
  EXPECT_EQ(walk.Of("shop").earned.fired, 1);
  EXPECT_EQ(walk.Of("shop").cold_start.fired, 0);
}

ShadowResult BlamedShadow(int64_t number) {
  ShadowResult shadow = QuietShadow(number);
  shadow.controlled = ControlledOutcome::kBlamed;
  return shadow;
}

TEST(WalkForward, ADeployBesideAControlIsJudgedWithItsWord) {
  WalkForward walk(kSettings);
  // What fires alone does not while a control speaks against it, and is no cold start once that was earned.
  for (int64_t i = 0; i < 200; ++i) {
    ShadowResult shadow = LoudShadow(i);
    shadow.controlled = ControlledOutcome::kHeldBack;
    walk.Observe("shop", shadow);
  }
  const WalkForward::Result before = walk.Of("shop");
  EXPECT_EQ(before.cold_start.judged, 0);
  EXPECT_GT(before.earned.judged, 0);
  EXPECT_EQ(before.earned.judged + before.cold_start_controlled.judged, 200);
  EXPECT_EQ(before.earned.fired + before.cold_start_controlled.fired, 0);
  walk.Observe("shop", BlamedShadow(200));
  EXPECT_EQ(walk.Of("shop").earned.fired, 1) << "control and deploy parted by themselves";
  // That refutes the quick settings: from here on the others count, which are quiet this time.
  walk.Observe("shop", BlamedShadow(202));
  EXPECT_EQ(walk.Of("shop").earned.fired, 1);
}

TEST(WalkForward, EarnsWithFiftyNineAndADay) {
  WalkForward walk(kSettings);
  // The baseline of a deploy ends half a minute before it, so that the shadow right before it is not over.
  constexpr int64_t kFirstEarned = kShadowsNeeded + 96 + 1;
  for (int64_t i = 0; i <= kFirstEarned; ++i) walk.Observe("shop", QuietShadow(i));
  EXPECT_EQ(walk.Of("shop").cold_start.judged, kFirstEarned);
  EXPECT_EQ(walk.Of("shop").earned.judged, 1);
  EXPECT_EQ(walk.Of("mail").cold_start.judged, 0);
  EXPECT_FALSE(walk.CalibrationOf("mail", 300 * kShadow).calibrated);
}

// One error in a thousand, seen often; judged by both tracks at `block_seconds`.
SignalPlan PlanAt(RateCounts before, double null_rate, int64_t block_seconds) {
  SignalPlan plan;
  plan.baseline.counts = before;
  plan.baseline.null_rate = null_rate;
  plan.baseline.worse_rate = std::min(1.0, 2 * null_rate);
  plan.calibration.calibrated = true;
  plan.calibration.slow.block_seconds = plan.calibration.fast.block_seconds = block_seconds;
  plan.value_needed = kNeeded;
  plan.horizon_seconds = kShadow;
  return plan;
}

TEST(SmallestFound, AgreesWithThePowerOfTheDetector) {
  constexpr double kRate = 0.001;
  constexpr int64_t kRequests = 100;
  constexpr int64_t kBlock = 5;
  const SmallestRegressions smallest = SmallestFound(PlanAt({1'000'000, 1000}, 0.0014, kBlock), kRequests);
  RateShiftSettings settings;
  settings.null_rate = 0.0014;
  settings.slow.block_seconds = settings.fast.block_seconds = kBlock;
  for (size_t i = 0; i < kFoundWithinSeconds.size(); ++i) {
    ASSERT_TRUE(smallest[i].has_value());
    const std::vector<int64_t> blocks(static_cast<size_t>(kFoundWithinSeconds[i] / kBlock), kRequests * kBlock);
    EXPECT_GE(PowerAt(*smallest[i] * kRate, blocks, settings, std::log(kNeeded)), kFoundWithChance - 0.1);
    const auto here = std::find(kRegressionsTried.begin(), kRegressionsTried.end(), *smallest[i]);
    if (here == kRegressionsTried.begin()) continue;
    EXPECT_LE(PowerAt(*(here - 1) * kRate, blocks, settings, std::log(kNeeded)), kFoundWithChance + 0.1);
  }
  EXPECT_GT(*smallest[0], *smallest[2]) << "a minute is less than a quarter of an hour";
}

TEST(SmallestFound, NothingWhereTrafficCannotTell) {
  const auto found_late = [](const SignalPlan& plan, double requests_per_second) {
    return SmallestFound(plan, requests_per_second)[2].has_value();
  };
  EXPECT_FALSE(found_late(PlanAt({1'000'000, 1000}, 0.0014, 20), 0.01));
  EXPECT_FALSE(found_late(PlanAt({1000, 400}, 0.5, 20), 0.1)) << "a rate of 40 % has no x3";
  EXPECT_FALSE(found_late(PlanAt({0, 0}, 1, 20), 100)) << "nothing is known";
}

}  // namespace
}  // namespace revertd

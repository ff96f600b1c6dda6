// Shadow deploys and what is chosen from them.
#include "analysis/calibration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "analysis/draw.h"

namespace revertd {
namespace {

constexpr double kNeeded = 5714;
constexpr double kRate = 0.001;

ShadowPlan PlanOf(double null_rate, double inverse_kappa, uint64_t seed) {
  ShadowPlan plan;
  plan.null_rate = null_rate;
  plan.spread = BlockSpread(inverse_kappa);
  plan.old_rate = kRate;
  plan.value_needed = kNeeded;
  plan.seed = seed;
  return plan;
}

struct Noise {
  double requests = 500;
  double incident_every = 0;  // seconds, on average
  double incident_factor = 20;
};

// 15 minutes of traffic.
std::vector<RateCounts> DrawSeconds(const Noise& noise, std::mt19937_64& random) {
  std::vector<RateCounts> seconds(900);
  double incident_left = 0;
  for (RateCounts& second : seconds) {
    if (incident_left <= 0 && noise.incident_every > 0 && DrawUniform(random) < 1 / noise.incident_every) {
      incident_left = -30 * std::log(DrawUniform(random));
    }
    const double factor = incident_left > 0 ? noise.incident_factor : 1;
    incident_left -= 1;
    second.requests = DrawPoisson(noise.requests, random);
    second.errors = std::min(second.requests, DrawPoisson(kRate * noise.requests * factor, random));
  }
  return seconds;
}

// The slow reference: one RateTrack a setting, every second looked at.
double LargestLogValue(const std::vector<RateCounts>& seconds, const ShadowPlan& plan, Track track,
                       const TrackSetting& setting) {
  RateShiftSettings settings;
  settings.null_rate = plan.null_rate;
  settings.slow_inverse_kappa = settings.fast_inverse_kappa = plan.spread.Of(setting.block_seconds);
  settings.slow = settings.fast = setting;
  RateTrack reference(settings, track);
  double largest = 0;
  for (const RateCounts& second : seconds) {
    reference.Observe(second);
    largest = std::max(largest, reference.LogValue());
    if (largest >= std::log(plan.value_needed)) break;  // a shadow that fired is not followed further
  }
  return largest;
}

TEST(ShadowDeploy, IsTheDetectorItself) {
  std::mt19937_64 random(71);
  for (const double requests : {0.3, 20.0, 500.0}) {
    for (const double inverse_kappa : {0.0, 0.02}) {
      const Noise noise{.requests = requests, .incident_every = 400};
      const std::vector<RateCounts> seconds = DrawSeconds(noise, random);
      const ShadowPlan plan = PlanOf(0.0015, inverse_kappa, 1);
      ShadowDeploy shadow(plan);
      for (size_t i = 0; i < seconds.size(); ++i) {
        if (seconds[i].requests > 0) shadow.Observe(static_cast<int64_t>(i), seconds[i]);
      }
      const ShadowResult result = shadow.Result();
      for (size_t track = 0; track < kTracks; ++track) {
        for (size_t length = 0; length < kBlockLengths.size(); ++length) {
          for (size_t cap = 0; cap < kLogCapsTried.size(); ++cap) {
            const TrackSetting setting{kBlockLengths[length], kLogCapsTried[cap]};
            const double log_max = LargestLogValue(seconds, plan, static_cast<Track>(track), setting);
            const double told = result.log_max[track][length][cap] * ShadowResult::kLogStep;
            EXPECT_GE(told, std::min(log_max, 255.0 / 16) - 1e-9) << "seed 71, " << requests << "/s";
            EXPECT_LE(told, log_max + ShadowResult::kLogStep + 1e-9) << "seed 71, " << requests << "/s";
          }
        }
      }
    }
  }
}

// A day and a half of shadow deploys on a service whose baseline is well known.
std::vector<ShadowResult> Play(const Noise& noise, double inverse_kappa, uint64_t seed, int64_t shadows = 160) {
  std::mt19937_64 random(seed);
  std::vector<ShadowResult> results;
  for (int64_t i = 0; i < shadows; ++i) {
    ShadowPlan plan = PlanOf(1.25 * kRate, inverse_kappa, seed + static_cast<uint64_t>(i));
    plan.start_second = i * 900;
    ShadowDeploy shadow(plan);
    const std::vector<RateCounts> seconds = DrawSeconds(noise, random);
    for (size_t s = 0; s < seconds.size(); ++s) shadow.Observe(plan.start_second + static_cast<int64_t>(s), seconds[s]);
    results.push_back(shadow.Result());
  }
  return results;
}

TEST(Calibration, QuietTrafficEarnsTheQuickestSettings) {
  const Calibration calibration = Calibrate(Play({}, 0, 73), kNeeded);
  ASSERT_TRUE(calibration.calibrated);
  EXPECT_EQ(calibration.shadows, 160);
  EXPECT_LE(calibration.fast.block_seconds, 5) << "the floor of five blocks is what a large effect waits for";
  EXPECT_DOUBLE_EQ(calibration.fast.log_cap, kLogCapUncalibrated);
}

TEST(Calibration, IncidentsEarnLongerBlocksOrLowerCaps) {
  const Calibration quiet = Calibrate(Play({}, 0, 73), kNeeded);
  const Calibration noisy = Calibrate(Play({.incident_every = 2400}, 0, 79), kNeeded);
  ASSERT_TRUE(quiet.calibrated);
  ASSERT_TRUE(noisy.calibrated);
  const auto slowness = [](const TrackSetting& setting) {
    return static_cast<double>(setting.block_seconds) / setting.log_cap;
  };
  EXPECT_GT(slowness(noisy.fast), slowness(quiet.fast));
}

TEST(Calibration, NeedsFiftyNineShadowsAndADayMore) {
  const std::vector<ShadowResult> results = Play({}, 0, 83, 59 + 96);
  const auto first = [&results](size_t count) {
    return Calibrate(std::span(results).first(count), kNeeded).calibrated;
  };
  EXPECT_FALSE(first(0));
  EXPECT_FALSE(first(59 + 95)) << "one of the 59 lies in the last day";
  EXPECT_TRUE(first(59 + 96));
}

TEST(Calibration, ASettingThatFiredInTheLastDayIsNotTaken) {
  std::vector<ShadowResult> results = Play({}, 0, 89, 59 + 96);
  const Calibration before = Calibrate(results, kNeeded);
  ASSERT_TRUE(before.calibrated);
  const auto place = [](auto& tried, auto value) {
    return static_cast<size_t>(std::find(tried.begin(), tried.end(), value) - tried.begin());
  };
  const size_t length = place(kBlockLengths, before.fast.block_seconds);
  const size_t cap = place(kLogCapsTried, before.fast.log_cap);
  results.back().log_max[static_cast<size_t>(Track::kFast)][length][cap] = 255;
  const Calibration after = Calibrate(results, kNeeded);
  EXPECT_EQ(after.slow, before.slow);
  EXPECT_NE(after.fast, before.fast);
}

TEST(Calibration, QuickSettingsBesideAControlAreEarnedOrRefutedByWhatItHeldBack) {
  std::vector<ShadowResult> results = Play({}, 0, 97, 59 + 96);
  const auto record = [&results] { return Calibrate(results, kNeeded).controlled; };
  EXPECT_EQ(record(), ControlledRecord::kUnproven) << "none had a control";
  for (ShadowResult& result : results) result.controlled = ControlledOutcome::kQuiet;
  EXPECT_EQ(record(), ControlledRecord::kUnproven) << "nothing came that it could hold back";
  for (const size_t incident : {10U, 50U}) results[incident].controlled = ControlledOutcome::kHeldBack;
  EXPECT_EQ(record(), ControlledRecord::kUnproven) << "twice may be luck";
  results[90].controlled = ControlledOutcome::kHeldBack;
  EXPECT_EQ(record(), ControlledRecord::kEarned);
  results[20].controlled = ControlledOutcome::kBlamed;
  EXPECT_EQ(record(), ControlledRecord::kRefuted);
  EXPECT_TRUE(Calibrate(results, kNeeded).calibrated) << "what was earned without a control stands";
}

}  // namespace
}  // namespace revertd

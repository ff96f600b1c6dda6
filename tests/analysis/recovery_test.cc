#include "analysis/recovery_watch.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <random>

namespace revertd {
namespace {

Evidence BadEvidence() {
  Evidence evidence;
  evidence.signal = "errors";
  evidence.before_null = 0.002;
  evidence.after = 0.04;
  return evidence;
}

Recovery Play(const RecoveryBounds& bounds, double rate, int64_t requests, int64_t seconds, uint64_t seed) {
  std::mt19937_64 random(seed);
  RecoveryWatch watch(bounds, 1000);
  for (int64_t second = 1000; second < 1000 + seconds; ++second) {
    watch.Observe(second, {requests, std::binomial_distribution<int64_t>(requests, rate)(random)});
  }
  return watch.Report();
}

TEST(Recovery, WrongAnswersAreRare) {
  const RecoveryBounds bounds = BoundsFromEvidence(BadEvidence());
  int wrong_good = 0, wrong_bad = 0, right = 0;
  constexpr int kRuns = 1000;
  for (uint64_t seed = 1; seed <= kRuns; ++seed) {
    const Recovery good = Play(bounds, 0.0015, 100, 120, seed);
    wrong_bad += good.state == RecoveryState::kNotRecovered ? 1 : 0;
    right += good.state == RecoveryState::kRecovered ? 1 : 0;
    wrong_good += Play(bounds, 0.04, 100, 120, seed).state == RecoveryState::kRecovered ? 1 : 0;
  }
  EXPECT_LE(wrong_good, kRuns / 100);
  EXPECT_LE(wrong_bad, kRuns / 100);
  EXPECT_GE(right, kRuns * 95 / 100);
}

TEST(Recovery, StillBadIsNotRecoveredAndSaysByHowMuch) {
  const Recovery recovery = Play(BoundsFromEvidence(BadEvidence()), 0.04, 100, 120, 5);
  EXPECT_EQ(recovery.state, RecoveryState::kNotRecovered);
  EXPECT_GE(recovery.e_value, 20);
  EXPECT_DOUBLE_EQ(recovery.rate_bad, 0.04);
  EXPECT_NEAR(recovery.rate_now, 0.04, 0.015);
}

TEST(Recovery, SaysNothingBeforeThirtySecondsOfEvidence) {
  const RecoveryBounds bounds = BoundsFromEvidence(BadEvidence());
  EXPECT_EQ(Play(bounds, 0, 10'000, kRecoveryWarmUpSeconds + 29, 1).state, RecoveryState::kWatching);
  EXPECT_EQ(Play(bounds, 0, 10'000, kRecoveryWarmUpSeconds + 30, 1).state, RecoveryState::kRecovered);
}

TEST(Recovery, TooLittleTrafficIsUndecidedAtThirtyMinutes) {
  const RecoveryBounds bounds = BoundsFromEvidence(BadEvidence());
  EXPECT_EQ(Play(bounds, 0, 0, kRecoverySecondsMax - 1, 1).state, RecoveryState::kWatching);
  EXPECT_EQ(Play(bounds, 0, 0, kRecoverySecondsMax, 1).state, RecoveryState::kUndecided);
}

TEST(Recovery, NothingToTellApartIsUndecided) {
  Evidence evidence = BadEvidence();
  evidence.after = evidence.before_null / 2;
  EXPECT_EQ(Play(BoundsFromEvidence(evidence), 0, 1000, kRecoverySecondsMax, 1).state, RecoveryState::kUndecided);
  EXPECT_EQ(Play(BoundsFromEvidence(evidence), 0.5, 1000, kRecoverySecondsMax, 1).state, RecoveryState::kUndecided);
}

// Of traffic less is worse: the same answers the other way round.
TEST(Recovery, TrafficThatComesBackIsRecovered) {
  Evidence evidence;
  evidence.signal = "traffic";
  evidence.before_null = 35;
  evidence.after = 12;
  const auto state_at = [&](int64_t arrived) {
    RecoveryWatch watch(BoundsFromEvidence(evidence), 1000);
    for (int64_t second = 1000; second < 1120; ++second) watch.Observe(second, {1, arrived});
    return watch.state();
  };
  EXPECT_EQ(state_at(50), RecoveryState::kRecovered);
  EXPECT_EQ(state_at(12), RecoveryState::kNotRecovered);
  evidence.after = 60;
  EXPECT_EQ(state_at(50), RecoveryState::kWatching) << "nothing to tell apart";
}

TEST(Recovery, TheWarmUpIsNotHeldAgainstTheRevert) {
  RecoveryWatch watch(BoundsFromEvidence(BadEvidence()), 1000);
  for (int64_t second = 1000; second < 1060; ++second) {
    const bool warming = second < 1000 + kRecoveryWarmUpSeconds;
    watch.Observe(second, {100, warming ? 100 : 0});
  }
  EXPECT_EQ(watch.state(), RecoveryState::kRecovered);
}

// A rollback for a health check: requests were never bad.
RecoveryState PlayCheck(const std::function<std::optional<bool>(int64_t elapsed)>& fails, int64_t seconds) {
  RecoveryBounds bounds;
  bounds.still_bad = 0.01;
  RecoveryWatch watch(bounds, 1000);
  for (int64_t elapsed = 0; elapsed < seconds; ++elapsed) {
    watch.Observe(1000 + elapsed, {1000, 0});
    watch.ObserveCheck(1000 + elapsed, fails(elapsed));
  }
  return watch.state();
}

TEST(RecoveryOfACheck, NothingHasRecoveredBeforeTheCheckHas) {
  const auto until = [](int64_t end) { return [end](int64_t elapsed) { return std::optional(elapsed < end); }; };
  EXPECT_EQ(PlayCheck(until(100), 100), RecoveryState::kWatching);
  EXPECT_EQ(PlayCheck(until(100), 101), RecoveryState::kRecovered);
  EXPECT_EQ(PlayCheck(until(1000), kCheckRecoverySeconds), RecoveryState::kNotRecovered);
}

TEST(RecoveryOfACheck, WhatIsNotKnownIsNeither) {
  const auto unknown = [](int64_t) { return std::optional<bool>(); };
  EXPECT_EQ(PlayCheck(unknown, 2 * kCheckRecoverySeconds), RecoveryState::kWatching);
}

}  // namespace
}  // namespace revertd

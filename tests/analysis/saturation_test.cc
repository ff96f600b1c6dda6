// Saturation as a signal: requests that wait for a place, beside what the hour before says of them.
#include "analysis/saturation.h"

#include <gtest/gtest.h>

#include "tests/analysis/shop.h"

namespace revertd {
namespace {

TEST(Saturation, NothingIsKnownWhereTheLogDoesNotTell) {
  Shop shop([](int64_t) { return Pace{}; });
  shop.Feed(kDay, kDeployAt);
  EXPECT_FALSE(EstimateSaturation(shop.rollups(), "shop", kDeployAt, {}).baseline.known());
  const Verdict verdict = shop.Judge("abc1234", kDeployAt, 900);
  EXPECT_EQ(verdict.state, VerdictState::kHealthy) << verdict.reason;
  for (const Evidence& evidence : verdict.evidence) EXPECT_NE(evidence.signal, "saturation");
}

TEST(Saturation, TheLastHourSaysHowManyWait) {
  Shop shop([](int64_t) { return Pace{.waiting = 0.04}; });
  shop.Feed(kDay, kDeployAt);
  const auto [baseline, busiest_block] = EstimateSaturation(shop.rollups(), "shop", kDeployAt, {});
  EXPECT_NEAR(baseline.counts.rate(), 0.04, 0.004);
  EXPECT_GE(baseline.null_rate, 0.05) << "a quarter more, read at its upper bound";
  EXPECT_LT(baseline.null_rate, 0.06);
  EXPECT_GT(busiest_block, 40 * 50);
  EXPECT_LT(busiest_block, 40 * 55);
  const Verdict verdict = shop.Judge("abc1234", kDeployAt, 900);
  EXPECT_EQ(verdict.state, VerdictState::kHealthy) << verdict.reason;
  EXPECT_EQ(verdict.evidence.size(), kSignals);
  EXPECT_EQ(verdict.evidence.back().signal, "saturation");
}

// A queue is there to be used: from none to one in two hundred is nobody's worry.
TEST(Saturation, AFewThatWaitAreNotWorse) {
  Shop shop([](int64_t second) { return Pace{.requests = 300, .waiting = second >= kDeployAt ? 0.005 : 0.0}; });
  shop.Feed(kDay, kDeployAt);
  EXPECT_EQ(shop.Judge("abc1234", kDeployAt, 900).state, VerdictState::kHealthy);
}

// Each service's queue fills at its own capacity: a neighbour's empty one does not make the deploy guilty.
TEST(Saturation, AQueueThatFillsIsFoundAndAPersonIsAsked) {
  Shop shop(After({.waiting = 0.3}, {.waiting = 0.0}), After({.waiting = 0.0}, {.waiting = 0.0}));
  shop.Feed(kDay, kDeployAt);
  const Verdict verdict = shop.Judge("abc1234", kDeployAt, 300);
  ASSERT_EQ(verdict.state, VerdictState::kAmbiguous) << verdict.reason;
  EXPECT_EQ(verdict.reason, "saturation_above_null");
  const Evidence& evidence = verdict.evidence.front();
  EXPECT_EQ(evidence.signal, "saturation");
  EXPECT_EQ(evidence.control, "");
  EXPECT_EQ(evidence.before, 0);
  EXPECT_NEAR(evidence.after, 0.3, 0.03);
  EXPECT_LE(verdict.at_ns, (kDeployAt + kColdSeconds + 120 + kBlameWaitSeconds) * kSecondNs);
  EXPECT_FALSE(shop.Triggered());
}

// What else the version breaks is still found and blamed.
TEST(Saturation, AFullQueueDoesNotHideWhatItCosts) {
  Shop shop(After({.slowdown = 2, .waiting = 0.3}, {.waiting = 0.0}), After({.waiting = 0.0}, {.waiting = 0.0}));
  shop.Feed(kDay, kDeployAt);
  const Verdict verdict = shop.Judge("abc1234", kDeployAt, 300);
  ASSERT_EQ(verdict.state, VerdictState::kRegressed) << verdict.reason;
  EXPECT_TRUE(verdict.reason.starts_with("latency_p")) << verdict.reason;
  EXPECT_TRUE(shop.Triggered());
}

// Half again as many, and the day's own rise of a seventh: queues are steep in what comes.
TEST(Saturation, ACrowdFillsEveryQueue) {
  for (const auto& [requests, waiting] : {std::pair(150.0, 0.4), std::pair(75.0, 0.3), std::pair(57.0, 0.087)}) {
    Shop shop(After({.requests = requests, .waiting = waiting}, {.waiting = 0.011}));
    shop.Feed(kDay, kDeployAt);
    EXPECT_EQ(shop.Judge("abc1234", kDeployAt, 900).state, VerdictState::kHealthy) << requests;
  }
}

// Connections are made anew after a deploy: pools are as cold as caches.
TEST(Saturation, AQueueWhileItWarmsUpIsForgiven) {
  Shop shop([](int64_t second) { return Pace{.waiting = second >= kDeployAt && second < kDeployAt + 85 ? 0.3 : 0.0}; });
  shop.Feed(kDay, kDeployAt);
  EXPECT_EQ(shop.Judge("abc1234", kDeployAt, 900).state, VerdictState::kHealthy);
}

// A queue is a person's case and no bad deploy: what it served is the next one's baseline.
TEST(Saturation, TheNextDeployIsJudgedAsEver) {
  const int64_t next_at = kDeployAt + 2 * kHour;
  Shop shop(
      [=](int64_t second) {
        const bool is_full = second >= kDeployAt && second < kDeployAt + 400;
        return Pace{.slowdown = second >= next_at ? 3.0 : 1.0, .waiting = is_full ? 0.3 : 0.0};
      },
      After({.waiting = 0.0}, {.waiting = 0.0}));
  shop.Feed(kDay, kDeployAt);
  ASSERT_EQ(shop.Judge("abc1234", kDeployAt, 900).state, VerdictState::kAmbiguous);
  shop.Feed(kDeployAt + 900, next_at);
  const Verdict verdict = shop.Judge("def5678", next_at, 400);
  EXPECT_EQ(verdict.state, VerdictState::kRegressed) << verdict.reason;
  EXPECT_TRUE(shop.Triggered());
}

TEST(Saturation, AFullQueueIsNoRivalOfAnotherDeploy) {
  Shop shop(After({.slowdown = 2}, {}), After({.waiting = 0.4}, {.waiting = 0.0}));
  shop.Also("search", After({}));
  shop.Feed(kDay, kDeployAt);
  shop.Deployed("mail", kDeployAt);
  const Verdict verdict = shop.Judge("abc1234", kDeployAt, 300);
  EXPECT_EQ(verdict.state, VerdictState::kRegressed) << verdict.reason;
  EXPECT_TRUE(shop.Triggered());
}

// Told first by its queue, then by its answers: both are a person's to hear of.
TEST(Saturation, WhatComesAfterAFullQueueIsToldToo) {
  Shop shop([](int64_t second) {
    return Pace{.slowdown = second >= kDeployAt + 400 ? 2.0 : 1.0, .waiting = second >= kDeployAt ? 0.3 : 0.0};
  });
  shop.Feed(kDay, kDeployAt);
  EXPECT_EQ(shop.Judge("abc1234", kDeployAt, 300).reason, "saturation_above_null");
  shop.Feed(kDeployAt + 300, kDeployAt + 900);
  const Verdict verdict = shop.Judge("abc1234", kDeployAt, 0);
  EXPECT_EQ(verdict.reason, "no_control_for_signal");
  EXPECT_TRUE(verdict.evidence.front().signal.starts_with("latency_p")) << verdict.evidence.front().signal;
}

// Queues fill in bursts by themselves: where they did so before, a share that wanders is its own noise.
TEST(Saturation, BurstsThatWereThereBeforeDoNotFire) {
  const auto fired = [](bool before) {
    Shop shop([before](int64_t second) {
      const bool is_burst = second % 900 >= 300 && second % 900 < 500 && (before || second >= kDeployAt);
      return Pace{.waiting = is_burst ? 0.2 : 0.01};
    });
    shop.Feed(kDay, kDeployAt);
    int count = 0;
    for (int i = 0; i < 10; ++i) {
      const Verdict verdict = shop.Judge("abc" + std::to_string(10'000 + i), kDeployAt + i * 1'000, 1'000);
      count += verdict.state == VerdictState::kAmbiguous || verdict.state == VerdictState::kRegressed ? 1 : 0;
    }
    return count;
  };
  EXPECT_EQ(fired(true), 0);
  EXPECT_GT(fired(false), 0) << "of a service that knew no bursts";
}

}  // namespace
}  // namespace revertd

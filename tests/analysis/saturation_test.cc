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
  const auto [baseline, requests_max] = EstimateSaturation(shop.rollups(), "shop", kDeployAt, {});
  EXPECT_NEAR(baseline.counts.rate(), 0.04, 0.004);
  EXPECT_GE(baseline.null_rate, 0.05) << "a quarter more, read at its upper bound";
  EXPECT_LT(baseline.null_rate, 0.06);
  EXPECT_GT(requests_max, 65) << "of 50";
  EXPECT_LT(requests_max, 120);
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
  EXPECT_EQ(verdict.reason, "no_control_for_signal");
  const Evidence& evidence = verdict.evidence.front();
  EXPECT_EQ(evidence.signal, "saturation");
  EXPECT_EQ(evidence.control, "");
  EXPECT_EQ(evidence.before, 0);
  EXPECT_NEAR(evidence.after, 0.3, 0.03);
  EXPECT_LE(verdict.at_ns, (kDeployAt + 120 + kBlameWaitSeconds) * kSecondNs);
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

TEST(Saturation, ACrowdFillsEveryQueue) {
  Shop shop(After({.requests = 150, .waiting = 0.4}, {.waiting = 0.01}));
  shop.Feed(kDay, kDeployAt);
  EXPECT_EQ(shop.Judge("abc1234", kDeployAt, 900).state, VerdictState::kHealthy);
}

// Queues fill in bursts by themselves: a share that wanders is its own noise. Seeded, twenty unchanged deploys.
TEST(Saturation, BurstsThatWereThereBeforeDoNotFire) {
  const PaceAt bursts = [](int64_t second) { return Pace{.waiting = second % 300 < 25 ? 0.2 : 0.01}; };
  Shop shop(bursts);
  shop.Feed(kDay, kDeployAt);
  int fired = 0;
  for (int i = 0; i < 20; ++i) {
    const Verdict verdict = shop.Judge("abc" + std::to_string(10'000 + i), kDeployAt + i * 1'000, 1'000);
    fired += verdict.state == VerdictState::kAmbiguous || verdict.state == VerdictState::kRegressed ? 1 : 0;
  }
  EXPECT_EQ(fired, 0);
}

}  // namespace
}  // namespace revertd

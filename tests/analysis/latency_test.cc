// Latency and traffic as signals: what the last hour says of them, and what a slower or emptier version is called.
#include "analysis/latency.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tests/analysis/shop.h"

namespace revertd {
namespace {

TEST(Latency, TheLastHourSaysWhatSlowIs) {
  Shop shop([](int64_t) { return Pace{}; });
  shop.Feed(kDay, kDeployAt);
  const auto quantiles = EstimateLatency(shop.rollups(), "shop", kDeployAt - 30, {}, {});
  for (size_t i = 0; i < quantiles.size(); ++i) {
    const LatencyQuantile& quantile = quantiles[i];
    ASSERT_TRUE(quantile.baseline.known());
    const double nominal = 1 - kLatencyQuantiles[i];
    EXPECT_GE(quantile.baseline.null_rate, nominal) << "read at its upper bound";
    EXPECT_LE(quantile.baseline.null_rate, 1.25 * nominal);
    EXPECT_LT(quantile.baseline.counts.rate(), nominal) << "the margin lies between the two";
    EXPECT_GT(quantile.baseline.worse_rate, quantile.baseline.null_rate);
    EXPECT_LE(quantile.baseline.worse_rate, 1);
    EXPECT_GT(quantile.slower_cold_ns, quantile.slower_than_ns);
  }
  EXPECT_GT(quantiles[0].slower_than_ns, 45 * kMillisecondNs);
  EXPECT_LT(quantiles[0].slower_than_ns, 56 * kMillisecondNs);
}

TEST(Latency, NothingIsKnownWithoutDurations) {
  Shop shop([](int64_t) { return Pace{}; });
  shop.Feed(kDay, kDay + 600);
  for (const LatencyQuantile& quantile : EstimateLatency(shop.rollups(), "mail", kDay + 600, {}, {})) {
    EXPECT_FALSE(quantile.baseline.known());
  }
  const std::vector<SecondInterval> everything = {{kDay, kDay + kHour}};
  for (const LatencyQuantile& quantile : EstimateLatency(shop.rollups(), "shop", kDay + 600, everything, {})) {
    EXPECT_FALSE(quantile.baseline.known());
  }
}

TEST(Latency, AnUnchangedVersionIsHealthyOfAllSignals) {
  Shop shop(After({}));
  shop.Feed(kDay, kDeployAt);
  const Verdict verdict = shop.Judge("abc1234", kDeployAt, 900);
  EXPECT_EQ(verdict.state, VerdictState::kHealthy) << verdict.reason;
  EXPECT_EQ(verdict.evidence.size(), kSignals - 1) << "all but saturation, of which the log does not tell";
}

// Six per cent slower is within the margin, however much traffic says so.
TEST(Latency, ALittleSlowerIsNotWorse) {
  Shop shop([](int64_t second) { return Pace{.requests = 300, .slowdown = second >= kDeployAt ? 1.06 : 1}; });
  shop.Feed(kDay, kDeployAt);
  EXPECT_EQ(shop.Judge("abc1234", kDeployAt, 900).state, VerdictState::kHealthy);
}

// Of answers that take a millisecond, and logs that tell no less, two are no regression.
TEST(Latency, TwoMillisecondsForOneAreNotWorse) {
  Shop shop([](int64_t second) {
    return Pace{.requests = 200, .median_ns = second >= kDeployAt ? 2 * kMillisecondNs : kMillisecondNs};
  });
  shop.Feed(kDay, kDeployAt);
  EXPECT_EQ(shop.Judge("abc1234", kDeployAt, 900).state, VerdictState::kHealthy);
}

TEST(Latency, TwiceAsSlowIsFoundAndAPersonIsAsked) {
  Shop shop(After({.slowdown = 2}));
  shop.Feed(kDay, kDeployAt);
  const Verdict verdict = shop.Judge("abc1234", kDeployAt, 900);
  ASSERT_EQ(verdict.state, VerdictState::kAmbiguous) << verdict.reason;
  EXPECT_EQ(verdict.reason, "no_control_for_signal");
  EXPECT_TRUE(verdict.evidence.front().signal.starts_with("latency_p")) << verdict.evidence.front().signal;
  EXPECT_GT(verdict.evidence.front().slower_than_ns, 0);
  EXPECT_GT(verdict.evidence.front().after, verdict.evidence.front().before);
  EXPECT_LE(verdict.at_ns, (kDeployAt + kColdSeconds + kBlameWaitSeconds + 150) * kSecondNs);
  EXPECT_FALSE(shop.Triggered());
}

TEST(Latency, ATailThatBreaksIsFoundByItsQuantile) {
  Shop shop(After({.tail = 4}));
  shop.Feed(kDay, kDeployAt);
  const Verdict verdict = shop.Judge("abc1234", kDeployAt, 900);
  ASSERT_EQ(verdict.state, VerdictState::kAmbiguous) << verdict.reason;
  EXPECT_EQ(verdict.evidence.front().signal, "latency_p99");
}

// Caches that fill for twenty seconds are no regression.
TEST(Latency, AWarmUpIsForgiven) {
  Shop shop([](int64_t second) {
    const double since = static_cast<double>(second - kDeployAt);
    return Pace{.slowdown = since >= 0 ? 1 + 1.5 * std::exp(-since / 20) : 1};
  });
  shop.Feed(kDay, kDeployAt);
  EXPECT_EQ(shop.Judge("abc1234", kDeployAt, 900).state, VerdictState::kHealthy);
}

TEST(Latency, TheVerdictDoesNotHangOnBatches) {
  TimeNs told_at = 0;
  for (const int64_t batch : {1, 300}) {
    Shop shop(After({.slowdown = 2}));
    shop.Feed(kDay, kDeployAt, batch);
    shop.Judge("abc1234", kDeployAt, 0);
    shop.Feed(kDeployAt, kDeployAt + 600, batch);
    const Verdict verdict = shop.Judge("abc1234", kDeployAt, 0);
    if (batch == 1) told_at = verdict.at_ns;
    EXPECT_EQ(verdict.at_ns, told_at);
    EXPECT_EQ(verdict.state, VerdictState::kAmbiguous);
  }
}

TEST(Latency, AControlThatKeepsItsPaceBlamesTheDeploy) {
  Shop shop(After({.slowdown = 2}), After({}));
  shop.Feed(kDay, kDeployAt);
  const Verdict verdict = shop.Judge("abc1234", kDeployAt, 300);
  ASSERT_EQ(verdict.state, VerdictState::kRegressed) << verdict.reason;
  EXPECT_TRUE(verdict.reason.starts_with("latency_p")) << verdict.reason;
  EXPECT_EQ(verdict.evidence.front().control, "mail");
  EXPECT_GE(verdict.evidence.front().control_e_value, kBlameValueNeeded);
  EXPECT_TRUE(shop.Triggered());
}

// What two deploys are compared with is estimated once for both, whichever is opened first.
TEST(Latency, DeploysOfOneSecondAreJudgedInAnyOrder) {
  Evidence first;
  TimeNs told_at = 0;
  for (const bool mail_first : {true, false}) {
    Shop shop(After({.slowdown = 2}), After({}));
    shop.Also("search", After({}));
    shop.Feed(kDay, kDeployAt);
    if (mail_first) shop.Deployed("mail", kDeployAt);
    shop.Judge("abc1234", kDeployAt, 0);
    if (!mail_first) shop.Deployed("mail", kDeployAt);
    shop.Feed(kDeployAt, kDeployAt + 300);
    const Verdict verdict = shop.Judge("abc1234", kDeployAt, 0);
    ASSERT_EQ(verdict.state, VerdictState::kRegressed) << verdict.reason;
    const Evidence& evidence = verdict.evidence.front();
    EXPECT_EQ(evidence.control, "search");
    if (mail_first) {
      first = evidence;
      told_at = verdict.at_ns;
    }
    EXPECT_EQ(verdict.at_ns, told_at);
    EXPECT_EQ(evidence.e_value, first.e_value);
    EXPECT_EQ(evidence.control_e_value, first.control_e_value);
    EXPECT_EQ(evidence.before_null, first.before_null);
  }
}

// The rollback of a slow version is watched by what it was slow in: its errors were never bad.
TEST(Latency, ARollbackForSlownessIsWatchedForSlowness) {
  const auto recovery_after = [](bool is_mended) {
    const int64_t revert_at = kDeployAt + 300;
    Shop shop(
        [=](int64_t second) {
          const bool is_slow = second >= kDeployAt && (second < revert_at || !is_mended);
          return Pace{.slowdown = is_slow ? 2.0 : 1.0};
        },
        After({}));
    shop.Feed(kDay, kDeployAt);
    shop.Judge("abc1234", kDeployAt, 300);
    EXPECT_TRUE(shop.Triggered());
    return shop.Revert(revert_at, 400);
  };
  EXPECT_EQ(recovery_after(true).state, RecoveryState::kRecovered);
  EXPECT_EQ(recovery_after(false).state, RecoveryState::kNotRecovered);
}

// What the rollback did not mend, the next deploy need not have broken.
TEST(Latency, AfterARollbackThatDidNotHelpAPersonIsAsked) {
  Shop shop(After({.slowdown = 2}), After({}));
  shop.Feed(kDay, kDeployAt);
  shop.Judge("abc1234", kDeployAt, 300);
  ASSERT_EQ(shop.Revert(kDeployAt + 300, 400).state, RecoveryState::kNotRecovered);
  shop.Feed(kDeployAt + 700, kDeployAt + 720);
  const Verdict verdict = shop.Judge("def5678", kDeployAt + 720, 600);
  EXPECT_EQ(verdict.state, VerdictState::kRegressed) << verdict.reason;
  EXPECT_EQ(shop.decisions().back().kind, DecisionKind::kTriage);
  EXPECT_EQ(shop.decisions().back().reason, "rollback_did_not_recover");
  EXPECT_EQ(shop.triggers(), 1U);
}

TEST(Latency, AServiceIsNotRolledBackTwiceInAQuarterOfAnHour) {
  const int64_t revert_at = kDeployAt + 300;
  const int64_t again_at = kDeployAt + 720;
  Shop shop(
      [=](int64_t second) {
        const bool is_slow = (second >= kDeployAt && second < revert_at) || second >= again_at;
        return Pace{.slowdown = is_slow ? 2.0 : 1.0};
      },
      After({}));
  shop.Feed(kDay, kDeployAt);
  shop.Judge("abc1234", kDeployAt, 300);
  ASSERT_EQ(shop.Revert(revert_at, 400).state, RecoveryState::kRecovered);
  shop.Feed(kDeployAt + 700, again_at);
  shop.Judge("def5678", again_at, 400);
  EXPECT_EQ(shop.decisions().back().reason, "cooldown");
  EXPECT_EQ(shop.triggers(), 1U);
  shop.Feed(again_at + 400, again_at + 600);
  EXPECT_EQ(shop.decisions().back().kind, DecisionKind::kAct);
  EXPECT_EQ(shop.triggers(), 2U);
  EXPECT_GE(shop.decisions().back().at_ns, (revert_at + 15 * 60) * kSecondNs);
}

TEST(Latency, ASlownessThatAllShareIsNobodysFault) {
  for (const double slowdown : {1.5, 2.0, 4.0}) {
    Shop shop(After({.slowdown = slowdown}), After({.slowdown = slowdown}));
    shop.Feed(kDay, kDeployAt);
    const Verdict verdict = shop.Judge("abc1234", kDeployAt, 900);
    EXPECT_EQ(verdict.state, VerdictState::kAmbiguous) << verdict.reason << " at x" << slowdown;
    EXPECT_EQ(verdict.reason, "control_moved_too") << slowdown;
    EXPECT_FALSE(shop.Triggered());
  }
}

TEST(Traffic, ALostShareOfRequestsIsFoundAgainstTheControl) {
  Shop shop(After({.requests = 20}), After({}));
  shop.Feed(kDay, kDeployAt);
  const Verdict verdict = shop.Judge("abc1234", kDeployAt, 300);
  ASSERT_EQ(verdict.state, VerdictState::kRegressed) << verdict.reason;
  EXPECT_EQ(verdict.reason, "traffic_below_null");
  const Evidence& evidence = verdict.evidence.front();
  EXPECT_NEAR(evidence.before, 50, 2) << "requests a second";
  EXPECT_NEAR(evidence.after, 20, 3);
  EXPECT_LT(evidence.after_low, evidence.after);
  EXPECT_GT(evidence.after_high, evidence.after);
}

// Told of when its first seconds are kept as tens alone.
TEST(Traffic, ALossIsFoundThoughTheDeployIsToldOfLate) {
  Shop shop(After({.requests = 20}), After({}));
  shop.Feed(kDay, kDeployAt + 27 * 60);
  shop.Deployed("shop", kDeployAt);
  const Verdict verdict = shop.Judge("fedcba9876", kDeployAt + 27 * 60, 20);
  ASSERT_EQ(verdict.state, VerdictState::kRegressed) << verdict.reason;
  EXPECT_EQ(verdict.reason, "traffic_below_null");
  EXPECT_NEAR(verdict.evidence.front().after, 20, 3);
  EXPECT_LE(verdict.at_ns, (kDeployAt + 120) * kSecondNs);
}

TEST(Traffic, AloneItAsksAPerson) {
  Shop shop(After({.requests = 10}));
  shop.Feed(kDay, kDeployAt);
  const Verdict verdict = shop.Judge("abc1234", kDeployAt, 300);
  EXPECT_EQ(verdict.state, VerdictState::kAmbiguous);
  EXPECT_EQ(verdict.reason, "no_control_for_signal");
  EXPECT_EQ(verdict.evidence.front().signal, "traffic");
  EXPECT_FALSE(shop.Triggered());
}

TEST(Traffic, WhatIsLostEverywhereIsNobodysFault) {
  Shop shop(After({.requests = 10}), After({.requests = 10}));
  shop.Feed(kDay, kDeployAt);
  const Verdict verdict = shop.Judge("abc1234", kDeployAt, 900);
  EXPECT_EQ(verdict.state, VerdictState::kAmbiguous);
  EXPECT_EQ(verdict.reason, "control_moved_too");
  EXPECT_FALSE(shop.Triggered());
}

// A crowd before the deploy goes home, clients give up, a log stands still: nothing was lost by the new version.
TEST(Traffic, WhatOnlyLooksLikeALossIsNone) {
  const auto judge = [](const PaceAt& pace) {
    Shop shop(pace, [](int64_t) { return Pace{}; });
    shop.Feed(kDay, kDeployAt);
    return shop.Judge("abc1234", kDeployAt, 900);
  };
  const auto crowd = [](int64_t second) {
    return Pace{.requests = second >= kDeployAt - 1200 && second < kDeployAt ? 150.0 : 50.0};
  };
  const auto aborts = [](int64_t second) { return second >= kDeployAt ? Pace{.requests = 25, .aborted = 25} : Pace{}; };
  const auto silence = [](int64_t second) {
    return Pace{.requests = second >= kDeployAt + 100 && second < kDeployAt + 160 ? 0.0 : 50.0};
  };
  EXPECT_EQ(judge(crowd).state, VerdictState::kHealthy);
  EXPECT_EQ(judge(aborts).state, VerdictState::kHealthy);
  EXPECT_EQ(judge(silence).state, VerdictState::kHealthy);
}

// Seeded: thirty unchanged deploys, one behind the other, no signal of latency fires.
TEST(Latency, UnchangedDeploysDoNotFire) {
  Shop shop([](int64_t) { return Pace{}; });
  shop.Feed(kDay, kDeployAt);
  int fired = 0;
  for (int i = 0; i < 30; ++i) {
    const Verdict verdict = shop.Judge("abc" + std::to_string(10'000 + i), kDeployAt + i * 1'000, 1'000);
    fired += verdict.state == VerdictState::kAmbiguous || verdict.state == VerdictState::kRegressed ? 1 : 0;
  }
  EXPECT_EQ(fired, 0);
}

}  // namespace
}  // namespace revertd

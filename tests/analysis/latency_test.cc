// Latency as a signal: what the last hour says of it, and what a slower version is called.
#include "analysis/latency.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <string>

#include "analysis/draw.h"
#include "tests/analysis/scenario.h"

namespace revertd {
namespace {

constexpr int64_t kHour = 3600;

// Log-normal durations around a median.
struct Pace {
  double requests = 50;
  DurationNs median_ns = 40 * kMillisecondNs;
  double slowdown = 1;  // of all requests
  double tail = 1;      // of the slowest fiftieth alone
};
using PaceAt = std::function<Pace(int64_t second)>;

double DrawNormal(std::mt19937_64& random) {
  return std::sqrt(-2 * std::log(1 - DrawUniform(random))) * std::cos(2 * M_PI * DrawUniform(random));
}

// A loop with roll-ups, fed window by window.
class Shop {
 public:
  explicit Shop(PaceAt pace) : pace_(std::move(pace)) {}

  void Feed(int64_t from, int64_t to, int64_t batch = 10) {
    const ServiceId id = scenario_.services.Intern("shop");
    for (int64_t second = from; second < to; ++second) {
      const Pace pace = pace_(second);
      Window window;
      window.service = id;
      window.second = second;
      for (int64_t left = DrawPoisson(pace.requests, random_); left > 0; --left) {
        double factor = pace.slowdown * std::exp(0.7 * DrawNormal(random_));
        if (DrawUniform(random_) < 0.02) factor = std::max(factor, 4.0) * pace.tail;
        window.latency.Record(static_cast<DurationNs>(static_cast<double>(pace.median_ns) * factor));
        ++window.by_age.requests[0];
        ++window.by_class[static_cast<size_t>(StatusClass::k2xx)];
      }
      rollups_.OnWindow(window);
      loop_.OnWindow(window);
      if ((second + 1) % batch != 0) continue;
      loop_.SealedThrough(second);
      rollups_.SealedThrough(second);
    }
  }
  Verdict Judge(const std::string& head, int64_t at, int64_t seconds) {
    const StatusOr<Deploy> deploy = loop_.OnDeploy(DeployOf("shop", at - 5, at, head));
    EXPECT_TRUE(deploy.ok());
    Feed(at, at + seconds);
    const Verdict* const verdict = scenario_.sink.LastVerdict(deploy->id);
    return verdict != nullptr ? *verdict : Verdict{};
  }
  const Rollups& rollups() const { return rollups_; }
  bool Triggered() const { return scenario_.sink.Triggered(); }

 private:
  PaceAt pace_;
  Scenario scenario_;
  Rollups rollups_{scenario_.services, nullptr};
  AnalysisLoop loop_{scenario_.config, scenario_.services, [](std::string_view) { return GateFacts{}; },
                     &scenario_.sink, &rollups_};
  std::mt19937_64 random_{20'261'121};
};

constexpr int64_t kDeployAt = kDay + kHour;

PaceAt After(const Pace& after) {
  return [after](int64_t second) { return second >= kDeployAt ? after : Pace{}; };
}

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
  EXPECT_EQ(verdict.evidence.size(), 1 + kLatencyQuantiles.size());
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

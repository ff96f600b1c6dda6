// What happens around a healthy deploy and is not its fault: nothing is rolled back, and the right reason is named.
// The same disturbances hide no real regression. Every request passes through a window ring, with its duration.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "analysis/analysis_loop.h"
#include "analysis/draw.h"
#include "analysis/rollups.h"
#include "base/window_ring.h"
#include "tests/analysis/scenario.h"

namespace revertd {
namespace {

constexpr int64_t kHour = 3600;
constexpr int64_t kFinish = kDay + kHour;
constexpr int64_t kWatchSeconds = 900;
constexpr double kErrorRate = 0.002;
constexpr std::array<uint64_t, 3> kSeeds = {1, 2, 3};

// One second of a service, without its noise.
struct Moment {
  double requests = 100;
  double errors = kErrorRate;  // share of the requests that are answered with a 5xx
  double scans = 0;            // more requests, for what is not there: a 404 in a millisecond
  double aborts = 0;           // share of the requests whose client went away
  double slowdown = 1;
};
struct Town {
  Moment shop;  // deployed; finishes at second 0
  Moment mail;  // not deployed
};
// What becomes of the town in a second, counted from the deploy's finish.
using Change = std::function<void(int64_t second, Town* town)>;

void Both(const Change& first, const Change& second, int64_t at, Town* town) {
  first(at, town);
  second(at, town);
}
Change During(int64_t from, int64_t to, std::function<void(Town*)> change) {
  return [=](int64_t second, Town* town) {
    if (second >= from && second < to) change(town);
  };
}
const Change kNothing = [](int64_t, Town*) {};
const Change kTwentyTimesTheErrors = During(0, kWatchSeconds, [](Town* town) { town->shop.errors *= 20; });

struct Setting {
  bool control;
  bool calibrated;
};
constexpr std::array<Setting, 4> kSettings = {{{true, true}, {true, false}, {false, true}, {false, false}}};

// Two days of quiet traffic earn quick settings: the ones that a short disturbance could fool.
const std::vector<ShadowResult>& QuietShadows() {
  static const std::vector<ShadowResult> shadows = [] {
    std::mt19937_64 random(4);
    std::vector<ShadowResult> results;
    for (int64_t i = 0; i < 160; ++i) {
      ShadowPlan plan;
      plan.start_second = kDay - (160 - i) * kWatchSeconds;
      plan.null_rate = 1.25 * kErrorRate;
      plan.old_rate = kErrorRate;
      plan.value_needed = 5714;
      plan.seed = static_cast<uint64_t>(i);
      ShadowDeploy shadow(plan);
      for (int64_t second = 0; second < kWatchSeconds; ++second) {
        shadow.Observe(plan.start_second + second, {100, DrawPoisson(100 * kErrorRate, random)});
      }
      results.push_back(shadow.Result());
    }
    return results;
  }();
  return shadows;
}

// One deploy of the shop from an hour before it to the end of its watch.
class Play {
 public:
  Play(const Change& change, Setting setting, uint64_t seed) : random_(seed) {
    for (double& factor : pace_) factor = std::exp(0.7 * DrawNormal());
    if (setting.calibrated) {
      for (const ShadowResult& shadow : QuietShadows()) loop_.RestoreShadow("shop", shadow);
    }
    const StatusOr<Deploy> deploy = loop_.OnDeploy(DeployOf("shop", kFinish - 20, kFinish, "abc1234"));
    EXPECT_TRUE(deploy.ok());
    for (int64_t second = kDay; second <= kFinish + kWatchSeconds; ++second) {
      Town town;
      change(second - kFinish, &town);
      Count(shop_, town.shop, second);
      if (setting.control) Count(mail_, town.mail, second);
      Seal(second);
    }
  }

  const Verdict& verdict() const { return *scenario_.sink.LastVerdict("shop-abc1234"); }
  const std::vector<Decision>& decisions() const { return scenario_.sink.decisions; }
  bool Triggered() const { return scenario_.sink.Triggered(); }
  bool Was(VerdictState state) const {
    const std::vector<VerdictState> states = scenario_.sink.States("shop-abc1234");
    return std::find(states.begin(), states.end(), state) != states.end();
  }

 private:
  double DrawNormal() {
    return std::sqrt(-2 * std::log(DrawUniform(random_))) * std::cos(2 * M_PI * DrawUniform(random_));
  }

  void Count(ServiceId service, const Moment& moment, int64_t second) {
    for (int64_t left = DrawPoisson(moment.requests, random_); left > 0; --left) {
      const double pace = moment.slowdown * pace_[random_() % pace_.size()];
      const double luck = DrawUniform(random_);
      const bool aborted = luck < moment.aborts;
      const bool failed = !aborted && luck < moment.aborts + moment.errors;
      Add(service,
          aborted  ? StatusClass::kAborted
          : failed ? StatusClass::k5xx
                   : StatusClass::k2xx,
          second, static_cast<DurationNs>(40 * kMillisecondNs * pace));
    }
    for (int64_t left = DrawPoisson(moment.scans, random_); left > 0; --left) {
      Add(service, StatusClass::k4xx, second, kMillisecondNs);
    }
  }
  void Add(ServiceId service, StatusClass status_class, int64_t second, DurationNs duration_ns) {
    const TimeNs end_ns = second * kSecondNs + static_cast<TimeNs>(random_() % kSecondNs);
    const auto result = ring_.Add({.service = service,
                                   .status_class = status_class,
                                   .end_ns = end_ns,
                                   .start_ns = end_ns - duration_ns,
                                   .duration_ns = duration_ns});
    EXPECT_TRUE(WindowRing::IsCounted(result));
  }
  void Seal(int64_t second) {
    ring_.SealThrough(second);
    ring_.Collect([this](const Window& window) {
      rollups_.OnWindow(window);
      loop_.OnWindow(window);
    });
    loop_.SealedThrough(second);
    rollups_.SealedThrough(second);
  }

  std::mt19937_64 random_;
  std::array<double, 4096> pace_;  // log-normal around one
  Scenario scenario_;
  WindowRing ring_{16, kRingSeconds};
  ServiceId shop_ = scenario_.services.Intern("shop");
  ServiceId mail_ = scenario_.services.Intern("mail");
  Rollups rollups_{scenario_.services, nullptr};
  AnalysisLoop loop_{scenario_.config, scenario_.services, [](const Deploy&) { return GateFacts{}; }, &scenario_.sink,
                     &rollups_};
};

// check(const Play&, Setting) for each setting and seed.
template <typename Check>
void ForEachPlay(const Change& change, const Check& check) {
  for (const Setting& setting : kSettings) {
    for (const uint64_t seed : kSeeds) {
      const Play play(change, setting, seed);
      SCOPED_TRACE(testing::Message() << "control " << setting.control << ", calibrated " << setting.calibrated
                                      << ", seed " << seed << ": " << NameOf(play.verdict().state) << " "
                                      << play.verdict().reason);
      check(play, setting);
    }
  }
}

void ExpectNoHarm(const Play& play) {
  EXPECT_FALSE(play.Triggered());
  EXPECT_FALSE(play.Was(VerdictState::kRegressed));
}

void ExpectHealthy(const Change& change) {
  ForEachPlay(change, [](const Play& play, Setting) {
    ExpectNoHarm(play);
    EXPECT_EQ(play.verdict().state, VerdictState::kHealthy);
    EXPECT_EQ(play.verdict().reason, "not_worse");
    EXPECT_FALSE(play.Was(VerdictState::kAmbiguous));
    EXPECT_TRUE(play.decisions().empty());
  });
}

// Whatever else happens, a version with x20 of the errors is found.
void ExpectFound(const Change& disturbance) {
  const auto change = [&](int64_t second, Town* town) { Both(kTwentyTimesTheErrors, disturbance, second, town); };
  ForEachPlay(change, [](const Play& play, Setting setting) {
    EXPECT_EQ(play.verdict().state, VerdictState::kRegressed);
    EXPECT_EQ(play.verdict().reason, "errors_above_null");
    EXPECT_EQ(play.Triggered(), setting.control || setting.calibrated);
  });
}

TEST(Disturbance, NoneIsHealthyAndHidesNothing) {
  ExpectHealthy(kNothing);
  ExpectFound(kNothing);
}

// Both services fail alike, from before the finish or in the midst of the watch.
TEST(Disturbance, ASharedOutageIsAmbiguousBecauseTheControlMovedToo) {
  for (const double factor : {5.0, 20.0}) {
    for (const int64_t from : {-5, 0, 120}) {
      const Change outage = During(from, from + 300, [factor](Town* town) {
        town->shop.errors *= factor;
        town->mail.errors *= factor;
      });
      SCOPED_TRACE(testing::Message() << "x" << factor << " from " << from);
      ForEachPlay(outage, [](const Play& play, Setting setting) {
        if (!setting.control) return;
        ExpectNoHarm(play);
        EXPECT_EQ(play.verdict().state, VerdictState::kAmbiguous);
        EXPECT_EQ(play.verdict().reason, "control_moved_too");
        ASSERT_FALSE(play.decisions().empty());
        EXPECT_EQ(play.decisions().back().kind, DecisionKind::kTriage);
        EXPECT_EQ(play.decisions().back().reason, "ambiguous");
      });
    }
  }
}

// Nothing tells an outage from a bad deploy where nothing else is watched: without a history a person is asked.
TEST(Disturbance, AnOutageThatNoControlSharesIsAPersonsCase) {
  const Change outage = During(60, 360, [](Town* town) { town->shop.errors *= 20; });
  for (const uint64_t seed : kSeeds) {
    const Play play(outage, {.control = false, .calibrated = false}, seed);
    EXPECT_FALSE(play.Triggered());
    ASSERT_FALSE(play.decisions().empty());
    EXPECT_EQ(play.decisions().back().kind, DecisionKind::kTriage);
    EXPECT_EQ(play.decisions().back().reason, "uncalibrated_without_control");
  }
}

const Change kFlashCrowd = During(60, 360, [](Town* town) { town->shop.requests *= 3; });

TEST(Disturbance, AFlashCrowdIsNotWorse) {
  ExpectHealthy(kFlashCrowd);
  ExpectFound(kFlashCrowd);
}

// The crowd was the service's own and was there before the deploy: when it goes home, that is the old traffic again.
TEST(Disturbance, AFlashCrowdThatLeavesDuringTheWatchBringsNoRollback) {
  const Change crowd = During(-300, 120, [](Town* town) { town->shop.requests *= 3; });
  ForEachPlay(crowd, [](const Play& play, Setting) { ExpectNoHarm(play); });
}

Change LogGap(int64_t from) {
  return During(from, from + 60, [](Town* town) { town->shop.requests = town->mail.requests = 0; });
}

TEST(Disturbance, AMinuteWithoutAnyLogIsNotWorse) {
  for (const int64_t from : {0, 30, 200}) {
    SCOPED_TRACE(testing::Message() << "gap from " << from);
    ExpectHealthy(LogGap(from));
    ExpectFound(LogGap(from));
  }
}

// The log's clock goes ahead by five minutes: to analysis a gap of that length, in a watch that goes on by that clock.
TEST(Disturbance, AClockThatGoesAheadIsNotWorse) {
  const Change step = During(120, 420, [](Town* town) { town->shop.requests = town->mail.requests = 0; });
  ExpectHealthy(step);
  ExpectFound(step);
}

// The new version answers with 503 for three seconds, or with nothing at all, until it stands.
const Change kRestartStorm = During(0, 3, [](Town* town) { town->shop.errors = 0.9; });
const Change kRestartSilence = During(0, 3, [](Town* town) { town->shop.requests = 0; });

TEST(Disturbance, ARestartStormOfThreeSecondsBringsNoRollback) {
  ExpectHealthy(kRestartStorm);  // some 270 failures in a row, and then good minutes
  ExpectHealthy(kRestartSilence);
  ExpectFound(kRestartStorm);
  ExpectFound(kRestartSilence);
}

const Change kScan = During(60, 660, [](Town* town) { town->shop.scans = 300; });

TEST(Disturbance, AScanForWhatIsNotThereIsNotWorse) {
  ExpectHealthy(kScan);
  ExpectFound(kScan);
}

const Change kAborts = During(60, 360, [](Town* town) { town->shop.aborts = 0.5; });

TEST(Disturbance, AWaveOfClientsThatGoAwayIsNotWorse) {
  ExpectHealthy(kAborts);
  ExpectFound(kAborts);
}

}  // namespace
}  // namespace revertd

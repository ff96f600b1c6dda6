// Healthy deploys of services that tell an error tracker of their errors, seeded, many of each kind: how many are
// called. And deploys that brought a fault: how soon it is found. docs/statistics.md, "Error events", has larger runs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "base/strings.h"
#include "tests/analysis/error_traffic.h"

namespace revertd {
namespace {

constexpr int64_t kObserve = 900;
constexpr double kHarmlessShare = 1e-4;  // of the requests, a harmless newcomer's mean rate

// REVERTD_TRIALS: for longer runs by hand.
int Trials(int usual) {
  const char* const wanted = std::getenv("REVERTD_TRIALS");
  const std::optional<uint64_t> trials = wanted != nullptr ? ParseUnsigned(wanted) : std::nullopt;
  return trials ? static_cast<int>(*trials) : usual;
}

using After = std::function<std::vector<ErrorSource>(const TrackedShop& shop, std::mt19937_64& random)>;

struct Outcome {
  int trials = 0;
  int called = 0;
  std::vector<int64_t> seconds;  // of those called, ascending
  std::string reasons;
  int64_t Median() const { return seconds.empty() ? -1 : seconds[seconds.size() / 2]; }
};

Outcome Play(double requests, int trials, bool with_control, const After& after) {
  Outcome outcome;
  for (int trial = 0; trial < trials; ++trial) {
    TrackedShop shop(static_cast<uint64_t>(trial) * 7919 + static_cast<uint64_t>(requests), requests,
                     UsualErrors(requests), with_control);
    shop.Remember();
    shop.RememberNewcomers(10, kHarmlessShare * requests);
    shop.Serve(-60, 0, shop.usual(), shop.usual());
    const Deploy deploy = shop.Deployed();
    const std::vector<ErrorSource> sent = after(shop, shop.random());
    int64_t at = 0;
    // What is called stays called.
    for (; at < kObserve && shop.sink().States(deploy.id).size() < 3; at += 10) {
      shop.Serve(at, at + 10, sent, shop.usual());
      const VerdictState state = shop.Last(deploy).state;
      if (state == VerdictState::kRegressed || state == VerdictState::kAmbiguous) break;
    }
    ++outcome.trials;
    const Verdict verdict = shop.Last(deploy);
    if (verdict.state != VerdictState::kRegressed && verdict.state != VerdictState::kAmbiguous) continue;
    ++outcome.called;
    outcome.seconds.push_back(verdict.at_ns / kSecondNs - TrackedShop::kFinish);
    outcome.reasons += verdict.reason + " ";
  }
  std::sort(outcome.seconds.begin(), outcome.seconds.end());
  return outcome;
}

void Print(const std::string& what, const Outcome& outcome) {
  std::cout << what << ": " << outcome.called << " of " << outcome.trials << ", median " << outcome.Median() << " s";
  if (!outcome.seconds.empty()) {
    std::cout << ", 95 % " << outcome.seconds[outcome.seconds.size() * 95 / 100] << " s";
  }
  std::cout << " " << outcome.reasons.substr(0, 200) << "\n";
}

// Types that a new browser brings, or a bot: each begins by itself and comes now and then.
void AddBrowserNoise(double requests, double kinds, std::mt19937_64& random, std::vector<ErrorSource>* sources) {
  for (int64_t left = DrawPoisson(kinds, random); left > 0; --left) {
    const auto name = static_cast<uint64_t>(9000 + left);
    sources->push_back({.fingerprint = name,
                        .origin = name,
                        .rate = -kHarmlessShare * requests * std::log(1 - DrawUniform(random)),
                        .from = DrawUniform(random) * kObserve});
  }
}

double PerThousand(int called, int trials) { return 1000.0 * called / trials; }

TEST(HealthyDeploysWithErrors, RenamedFunctionsAreNoRegression) {
  const Outcome outcome = Play(100, Trials(250), false, [](const TrackedShop& shop, std::mt19937_64&) {
    std::vector<ErrorSource> sources = shop.usual();
    for (ErrorSource& source : sources) source.fingerprint += 1000;
    return sources;
  });
  Print("renamed", outcome);
  EXPECT_LE(PerThousand(outcome.called, outcome.trials), 5);
}

TEST(HealthyDeploysWithErrors, ShiftedLinesChangeNothing) {
  const Outcome outcome =
      Play(100, Trials(250), false, [](const TrackedShop& shop, std::mt19937_64&) { return shop.usual(); });
  Print("as before", outcome);
  EXPECT_EQ(outcome.called, 0);
}

TEST(HealthyDeploysWithErrors, AUserWhoHammersForHalfAMinuteIsNoRegression) {
  const Outcome outcome = Play(100, Trials(250), false, [](const TrackedShop& shop, std::mt19937_64& random) {
    std::vector<ErrorSource> sources = shop.usual();
    const double length = 1 + 29 * DrawUniform(random);
    const double from = DrawUniform(random) * 800;
    sources.push_back({.fingerprint = 9999, .origin = 9999, .rate = 1000 / length, .from = from, .to = from + length});
    return sources;
  });
  Print("a burst", outcome);
  EXPECT_EQ(outcome.called, 0);
}

TEST(HealthyDeploysWithErrors, ANewBrowsersNoiseIsNoRegression) {
  const Outcome outcome = Play(100, Trials(250), false, [](const TrackedShop& shop, std::mt19937_64& random) {
    std::vector<ErrorSource> sources = shop.usual();
    AddBrowserNoise(100, 5, random, &sources);
    return sources;
  });
  Print("new browser", outcome);
  EXPECT_LE(PerThousand(outcome.called, outcome.trials), 5);
}

TEST(HealthyDeploysWithErrors, ErrorsThatStopAreNoRegression) {
  const Outcome outcome = Play(100, Trials(250), false, [](const TrackedShop& shop, std::mt19937_64&) {
    std::vector<ErrorSource> sources = shop.usual();
    for (size_t i = 0; i < sources.size(); i += 2) sources[i].to = 60;
    return sources;
  });
  Print("stopped", outcome);
  EXPECT_EQ(outcome.called, 0);
}

TEST(DeploysThatBringErrors, ANewExceptionInOneRequestOfAHundredIsFoundWithoutAnyFailedRequest) {
  for (const double requests : {20.0, 100.0, 500.0}) {
    const Outcome outcome = Play(requests, Trials(40), true, [=](const TrackedShop& shop, std::mt19937_64& random) {
      std::vector<ErrorSource> sources = shop.usual();
      AddBrowserNoise(requests, 2, random, &sources);
      sources.push_back({.fingerprint = 9999, .origin = 9999, .rate = requests / 100});
      return sources;
    });
    Print("new at " + std::to_string(requests), outcome);
    EXPECT_EQ(outcome.called, outcome.trials);
    EXPECT_LE(outcome.Median(), 300);
  }
}

TEST(DeploysThatBringErrors, AKnownErrorThatComesFiveTimesAsOftenIsFound) {
  const Outcome outcome = Play(100, Trials(40), true, [](const TrackedShop& shop, std::mt19937_64&) {
    std::vector<ErrorSource> sources = shop.usual();
    sources.back().rate *= 5;
    return sources;
  });
  Print("five times", outcome);
  EXPECT_EQ(outcome.called, outcome.trials);
}

TEST(DeploysThatBringErrors, SessionsThatCrashTenTimesAsOftenAreFound) {
  Outcome outcome;
  for (int trial = 0; trial < Trials(40); ++trial) {
    TrackedShop shop(static_cast<uint64_t>(trial), 100, UsualErrors(100));
    shop.TellSessions(20, 0.001);
    shop.Remember();
    shop.Serve(-60, 0, shop.usual());
    const Deploy deploy = shop.Deployed();
    shop.TellSessions(20, 0.01);
    shop.Serve(0, kObserve, shop.usual());
    ++outcome.trials;
    if (shop.SecondsTo(VerdictState::kRegressed) < 0) continue;
    ++outcome.called;
    outcome.seconds.push_back(shop.SecondsTo(VerdictState::kRegressed));
    outcome.reasons += shop.Last(deploy).reason + " ";
  }
  std::sort(outcome.seconds.begin(), outcome.seconds.end());
  Print("crashes", outcome);
  EXPECT_EQ(outcome.called, outcome.trials);
}

}  // namespace
}  // namespace revertd

// A shop with roll-ups before an AnalysisLoop: its windows have durations, arrivals and waiting times, all drawn from a
// seed. scenario.h's services have errors alone.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "analysis/draw.h"
#include "analysis/rollups.h"
#include "tests/analysis/scenario.h"

namespace revertd {

inline constexpr int64_t kHour = 3600;

// Log-normal durations around a median.
struct Pace {
  double requests = 50;
  DurationNs median_ns = 40 * kMillisecondNs;
  double slowdown = 1;                 // of all requests
  double tail = 1;                     // of the slowest fiftieth alone
  double aborted = 0;                  // requests a second that clients gave up
  std::optional<double> waiting = {};  // share that waits in the balancer's queue; not told: none
};
using PaceAt = std::function<Pace(int64_t second)>;

inline double DrawNormal(std::mt19937_64& random) {
  return std::sqrt(-2 * std::log(1 - DrawUniform(random))) * std::cos(2 * M_PI * DrawUniform(random));
}

// A loop with roll-ups, fed window by window; where a control is wanted, "mail" is served beside "shop".
class Shop {
 public:
  explicit Shop(PaceAt pace, PaceAt control = nullptr) : pace_(std::move(pace)), control_(std::move(control)) {}

  void Also(const std::string& service, PaceAt pace) { others_.emplace_back(service, std::move(pace)); }
  void Feed(int64_t from, int64_t to, int64_t batch = 10) {
    for (int64_t second = from; second < to; ++second) {
      Serve("shop", second, pace_(second));
      if (control_) Serve("mail", second, control_(second));
      for (const auto& [service, pace] : others_) Serve(service, second, pace(second));
      if ((second + 1) % batch != 0) continue;
      loop_.SealedThrough(second);
      rollups_.SealedThrough(second);
    }
  }
  void Deployed(const std::string& service, int64_t at) {
    EXPECT_TRUE(loop_.OnDeploy(DeployOf(service, at - 5, at, "fedcba9876")).ok());
  }
  Verdict Judge(const std::string& head, int64_t at, int64_t seconds) {
    const StatusOr<Deploy> deploy = loop_.OnDeploy(DeployOf("shop", at - 5, at, head));
    EXPECT_TRUE(deploy.ok());
    Feed(at, at + seconds);
    const Verdict* const verdict = scenario_.sink.LastVerdict(deploy->id);
    return verdict != nullptr ? *verdict : Verdict{};
  }
  Recovery Revert(int64_t at, int64_t seconds) {
    EXPECT_EQ(scenario_.sink.triggers.size(), 1U);
    loop_.OnRevertPrepared(scenario_.sink.triggers.at(0).id, "feedface0000");
    EXPECT_TRUE(loop_.OnDeploy(DeployOf("shop", at - 5, at, "feedface0000")).ok());
    Feed(at, at + seconds);
    return scenario_.sink.recoveries.empty() ? Recovery{} : scenario_.sink.recoveries.back();
  }
  const Rollups& rollups() const { return rollups_; }
  AnalysisLoop& loop() { return loop_; }
  RecordingSink& sink() { return scenario_.sink; }
  const std::vector<Decision>& decisions() const { return scenario_.sink.decisions; }
  size_t triggers() const { return scenario_.sink.triggers.size(); }
  bool Triggered() const { return scenario_.sink.Triggered(); }

 private:
  void Serve(std::string_view service, int64_t second, const Pace& pace) {
    Window window;
    window.service = scenario_.services.Intern(service);
    window.second = second;
    for (int64_t left = DrawPoisson(pace.requests, random_); left > 0; --left) {
      double factor = pace.slowdown * std::exp(0.7 * DrawNormal(random_));
      if (DrawUniform(random_) < 0.02) factor = std::max(factor, 4.0) * pace.tail;
      window.latency.Record(static_cast<DurationNs>(static_cast<double>(pace.median_ns) * factor));
      if (pace.waiting)
        window.saturation.Record({.queue_ns = DrawUniform(random_) < *pace.waiting ? kMillisecondNs : 0});
      ++window.by_age.requests[0];
      ++window.by_class[static_cast<size_t>(StatusClass::k2xx)];
    }
    window.by_class[static_cast<size_t>(StatusClass::kAborted)] =
        static_cast<uint32_t>(DrawPoisson(pace.aborted, random_));
    if (window.by_age.requests[0] + window.by_class[static_cast<size_t>(StatusClass::kAborted)] == 0) return;
    rollups_.OnWindow(window);
    loop_.OnWindow(window);
  }

  PaceAt pace_;
  PaceAt control_;
  std::vector<std::pair<std::string, PaceAt>> others_;
  Scenario scenario_;
  Rollups rollups_{scenario_.services, nullptr};
  AnalysisLoop loop_{scenario_.config, scenario_.services, [](const Deploy&) { return GateFacts{}; }, &scenario_.sink,
                     &rollups_};
  std::mt19937_64 random_{20'261'121};
};

inline constexpr int64_t kDeployAt = kDay + kHour;

inline PaceAt After(const Pace& after, const Pace& before = {}) {
  return [=](int64_t second) { return second >= kDeployAt ? after : before; };
}

}  // namespace revertd

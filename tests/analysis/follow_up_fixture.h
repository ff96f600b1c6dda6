// "shop" is deployed at kFinish and followed up at kDue, "mail" is served beside it, and a process may begin again with
// what a store hands back.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/analysis/scenario.h"

namespace revertd {

class FollowUpFixture : public ::testing::Test {
 public:
  using Rate = std::function<double(int64_t second)>;
  using States = std::vector<VerdictState>;
  static constexpr int64_t kHour = 3600;
  static constexpr int64_t kFinish = kDay + 2 * kHour;
  static constexpr int64_t kLiveFrom = kFinish - 400;
  static constexpr int64_t kDue = kFinish + kHour;
  static constexpr int64_t kLength = 900;
  static constexpr int64_t kLiveTo = kDue + 2 * kHour;
  static constexpr char kId[] = "shop-abc1234";

  static Rate Usual() {
    return [](int64_t) { return 0.002; };
  }
  static Rate BadFrom(int64_t from) {
    return [from](int64_t second) { return second < from ? 0.002 : 0.02; };
  }
  static Config WithFollowUps(std::vector<DurationNs> after) {
    Config config = ScenarioConfig();
    config.detect.follow_ups = std::move(after);
    return config;
  }

 protected:
  void Serve(const std::string& service, const Rate& error_rate, double requests = 100) {
    TrafficModel model = Steady(requests, 0);
    model.error_rate = error_rate;
    history_[service] = DrawHistory(model, kDay, kLiveFrom, random_);
    streams_.push_back(Draw(service, model, kLiveFrom, kLiveTo, random_));
  }
  // A process begins; `deploy`: the deploy is told to it.
  void Start(bool deploy = true) {
    now_ = std::make_unique<Scenario>(config_);
    for (const auto& [service, blocks] : history_) now_->loop.RestoreHistory(service, blocks, {});
    if (deploy) now_->Register(DeployOf("shop", kFinish - 10, kFinish, "abc1234"));
  }
  void Feed(int64_t from, int64_t to, int64_t batch = 10) { now_->Feed(streams_, from, to, batch); }
  RecordingSink& sink() { return now_->sink; }

  // With what a store hands back.
  void Restart() {
    const RecordingSink before = sink();
    Start(false);
    for (const auto& [service, blocks] : before.blocks) {
      std::vector<HistoryBlock> all = history_[service];
      all.insert(all.end(), blocks.begin(), blocks.end());
      const std::vector<SecondCounts>& seconds = before.seconds.at(service);
      const size_t kept = std::min<size_t>(seconds.size(), 1800);
      now_->loop.RestoreHistory(service, all, {seconds.end() - static_cast<std::ptrdiff_t>(kept), seconds.end()});
    }
    for (const RollbackTrigger& trigger : before.triggers) now_->loop.RestoreTrigger(trigger);
    std::map<std::string, Deploy> newest;
    for (const Deploy& deploy : before.deploys) newest[deploy.id] = deploy;
    for (const auto& [id, deploy] : newest) {
      const Verdict* verdict = before.LastVerdict(id);
      std::optional<Decision> decision;
      for (const Decision& told : before.decisions) {
        if (told.deploy_id == id) decision = told;
      }
      now_->loop.RestoreDeploy(deploy, verdict != nullptr ? std::optional(*verdict) : std::nullopt, decision);
    }
    for (const FollowUp& told : before.follow_ups) now_->loop.RestoreFollowUp(told.verdict.deploy_id, told.after_ns);
    sink() = before;
    sink().trigger_failures = 0;
  }

  // What was told of the follow-up; each is told once.
  FollowUp Told() {
    EXPECT_EQ(sink().follow_ups.size(), 1U);
    return sink().follow_ups.empty() ? FollowUp{} : sink().follow_ups.front();
  }
  void ExpectHealthyOfWhatEndsAt(int64_t due) {
    const FollowUp told = Told();
    EXPECT_EQ(told.due_ns, due * kSecondNs) << (told.due_ns / kSecondNs - kDue) << " s after it was due";
    EXPECT_EQ(told.verdict.state, VerdictState::kHealthy) << told.verdict.reason;
  }
  std::string Begin(int64_t start) {
    return now_->Register(DeployOf("shop", start, 0, "def5678" + std::to_string(start))).id;
  }
  void Abandon(const std::string& id, int64_t at) { EXPECT_TRUE(now_->loop.OnDeployAbandon(id, at * kSecondNs).ok()); }

  std::mt19937_64 random_{31};
  Config config_ = WithFollowUps({kHourNs});
  std::map<std::string, std::vector<HistoryBlock>> history_;
  std::vector<Stream> streams_;
  std::unique_ptr<Scenario> now_;
};

}  // namespace revertd

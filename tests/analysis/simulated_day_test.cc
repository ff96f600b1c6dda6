// A day of twelve services on the log's clock: forty deploys of which five are bad at once and three after hours, two
// outages that hit everybody, four pairs that overlap, and a sidecar that is started anew five times. The eight are
// undone, nobody else is, and every follow-up is told once.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "analysis/follow_up_desk.h"
#include "tests/analysis/scenario.h"

namespace revertd {
namespace {

constexpr int64_t kHour = 3600;
constexpr int64_t kDawn = kDay + 100 * 24 * kHour;
constexpr int64_t kDusk = kDawn + 26 * kHour;
constexpr int kServices = 12;
constexpr double kRequests = 200;
constexpr double kErrorRate = 0.002;

std::string NameOfService(int service) { return "service" + std::to_string(service); }

enum class Kind { kGood, kBad, kLeak };

struct PlannedDeploy {
  int service = 0;
  int64_t finish = 0;
  Kind kind = Kind::kGood;
  int64_t leak_begins = 0;
  std::string id = {};
};

// Nine services with four deploys each (one of them five), half an hour apart from one another; three with a leak.
std::vector<PlannedDeploy> Plan() {
  std::vector<PlannedDeploy> plan;
  for (int service = 0; service < 9; ++service) {
    for (int k = 0; k < 4; ++k) {
      const int64_t minutes = 30 + k * 330 + service * 30;
      plan.push_back({.service = service, .finish = kDawn + minutes * 60});
    }
  }
  plan.push_back({.service = 2, .finish = kDawn + 23 * kHour});
  const auto at = [&plan](int service, int k) -> PlannedDeploy& { return plan[static_cast<size_t>(service * 4 + k)]; };
  for (const auto& [service, k] : {std::pair{2, 0}, {4, 1}, {0, 1}, {5, 2}, {7, 3}}) at(service, k).kind = Kind::kBad;
  // Pairs that overlap: bad and good, bad callee and good caller, two good ones, bad and good.
  at(1, 1).finish = at(0, 1).finish + 180;
  at(6, 2).finish = at(5, 2).finish - 60;
  at(3, 3).finish = at(4, 3).finish + 240;
  at(8, 3).finish = at(7, 3).finish + 120;
  plan.push_back({.service = 9, .finish = kDawn + kHour, .kind = Kind::kLeak, .leak_begins = 2 * kHour});
  plan.push_back({.service = 10, .finish = kDawn + 2 * kHour, .kind = Kind::kLeak, .leak_begins = 2 * kHour + 600});
  plan.push_back({.service = 11, .finish = kDawn + 3 * kHour, .kind = Kind::kLeak, .leak_begins = 7 * kHour});
  for (PlannedDeploy& deploy : plan) {
    deploy.id = NameOfService(deploy.service) + "-" + std::to_string(deploy.finish - kDawn);
  }
  return plan;
}

Config TownConfig() {
  Config config;
  config.repos.push_back({"town", "file:///repo", "production"});
  for (int service = 0; service < kServices; ++service) {
    ServiceConfig added;
    added.name = NameOfService(service);
    added.repo = "town";
    added.mode = Mode::kPush;
    config.services.push_back(added);
  }
  config.services[6].depends_on = {NameOfService(5)};
  return config;
}

class SimulatedDay : public testing::TestWithParam<uint64_t> {
 protected:
  SimulatedDay() : scenario_(std::make_unique<Scenario>(TownConfig())) {
    std::sort(plan_.begin(), plan_.end(), [](const auto& a, const auto& b) { return a.finish < b.finish; });
    for (int service = 0; service < kServices; ++service) {
      history_[NameOfService(service)] = DrawHistory(Steady(kRequests, kErrorRate), kDawn - 48 * kHour, kDawn, random_);
      scenario_->loop.RestoreHistory(NameOfService(service), history_[NameOfService(service)], {});
    }
  }

  // How many times the usual errors a service has.
  double EffectOf(int service, int64_t second) const {
    for (const int64_t outage : outages_) {
      if (second >= outage && second < outage + 420) return 20;
    }
    double effect = 1;
    for (const PlannedDeploy& deploy : plan_) {
      const bool suffers = deploy.service == service || (service == 6 && deploy.service == 5);
      const auto mended = mended_.find(deploy.id);
      if (!suffers || second < deploy.finish || (mended != mended_.end() && second >= mended->second)) continue;
      if (deploy.kind == Kind::kBad) effect = std::max(effect, deploy.service == service ? 10.0 : 8.0);
      const int64_t leaking = second - deploy.finish - deploy.leak_begins;
      if (deploy.kind == Kind::kLeak && leaking > 0) {
        effect = std::max(effect, 1 + 3 * static_cast<double>(leaking) / kHour);
      }
    }
    return effect;
  }

  void Step(int64_t second) {
    Window window;
    for (int service = 0; service < kServices; ++service) {
      const int64_t requests = std::poisson_distribution<int64_t>(kRequests)(random_);
      const double rate = std::min(1.0, kErrorRate * EffectOf(service, second));
      const int64_t errors = std::binomial_distribution<int64_t>(requests, rate)(random_);
      window.service = scenario_->services.Intern(NameOfService(service));
      window.second = second;
      window.by_age = {};
      window.by_age.requests[0] = static_cast<uint32_t>(requests);
      window.by_age.errors[0] = static_cast<uint32_t>(errors);
      scenario_->loop.OnWindow(window);
    }
    scenario_->loop.SealedThrough(second);
  }

  // What the executor and the deploy's own tools do: the revert serves two minutes after its trigger.
  void Revert(int64_t second) {
    for (const RollbackTrigger& trigger : scenario_->sink.triggers) {
      const auto [due, is_new] = mended_.try_emplace(trigger.deploy_id, second + 120);
      if (!is_new && due->second == second) {
        Deploy revert = DeployOf(trigger.service, second - 20, second, "revert-of-" + trigger.head);
        revert.kind = DeployKind::kRevert;
        revert.trigger_id = trigger.id;
        scenario_->Register(revert);
      }
    }
  }

  void Restart() {
    auto fresh = std::make_unique<Scenario>(TownConfig());
    const RecordingSink& sink = scenario_->sink;
    for (const RollbackTrigger& trigger : sink.triggers) fresh->loop.RestoreTrigger(trigger);
    for (const Recovery& recovery : sink.recoveries) fresh->loop.RestoreRecovery(recovery);
    std::map<std::string, Deploy> newest;
    for (const Deploy& deploy : sink.deploys) newest[deploy.id] = deploy;
    for (const auto& [id, deploy] : newest) {
      std::optional<Decision> decision;
      for (const Decision& told : sink.decisions) {
        if (told.deploy_id == id) decision = told;
      }
      const Verdict* verdict = sink.LastVerdict(id);
      fresh->loop.RestoreDeploy(deploy, verdict != nullptr ? std::optional(*verdict) : std::nullopt, decision);
    }
    for (const FollowUp& told : sink.follow_ups) fresh->loop.RestoreFollowUp(told.verdict.deploy_id, told.after_ns);
    for (int service = 0; service < kServices; ++service) {
      const std::string name = NameOfService(service);
      std::vector<HistoryBlock> blocks = history_[name];
      const auto& later = scenario_->sink.blocks[name];
      blocks.insert(blocks.end(), later.begin(), later.end());
      const auto& seconds = scenario_->sink.seconds[name];
      const size_t kept = std::min<size_t>(seconds.size(), 1800);
      fresh->loop.RestoreHistory(name, blocks, {seconds.end() - static_cast<std::ptrdiff_t>(kept), seconds.end()});
    }
    fresh->sink = scenario_->sink;
    scenario_ = std::move(fresh);
  }

  void Live() {
    auto next = plan_.begin();
    for (int64_t second = kDawn; second < kDusk; ++second) {
      // For twenty minutes nobody looks: a follow-up falls into them.
      if (second >= away_from_ && second < away_from_ + 1200) continue;
      for (; next != plan_.end() && next->finish <= second; ++next) {
        Deploy deploy = DeployOf(NameOfService(next->service), next->finish - 30, next->finish, next->id);
        deploy.id = next->id;
        scenario_->Register(deploy);
      }
      if (restarts_.contains(second) || second == away_from_ + 1200) Restart();
      Step(second);
      Revert(second);
    }
  }

  std::set<std::string> Guilty() const {
    std::set<std::string> guilty;
    for (const PlannedDeploy& deploy : plan_) {
      if (deploy.kind != Kind::kGood) guilty.insert(deploy.id);
    }
    return guilty;
  }

  std::mt19937_64 random_{GetParam()};
  std::vector<PlannedDeploy> plan_ = Plan();
  std::map<std::string, std::vector<HistoryBlock>> history_;
  std::map<std::string, int64_t> mended_;  // by deploy: when its revert serves
  // Five minutes after the first deploy of service 3, and after the third of service 8.
  const std::vector<int64_t> outages_ = {kDawn + 120 * 60 + 300, kDawn + (30 + 660 + 240) * 60 + 300};
  const std::set<int64_t> restarts_ = {kDawn + 30 * 60 + 7, kDawn + 5 * kHour + 17, kDawn + 8 * kHour,
                                       kDawn + 15 * kHour + 1, kDawn + 18 * kHour + 33};
  const int64_t away_from_ = kDawn + 16 * kHour - 60;  // service 1 is to be followed up then
  std::unique_ptr<Scenario> scenario_;
};

TEST_P(SimulatedDay, TheGuiltyAreUndoneAndNobodyElse) {
  ASSERT_EQ(plan_.size(), 40u);
  Live();
  std::set<std::string> undone;
  for (const RollbackTrigger& trigger : scenario_->sink.triggers) {
    EXPECT_TRUE(undone.insert(trigger.deploy_id).second) << trigger.deploy_id << " was triggered twice";
  }
  EXPECT_EQ(undone, Guilty());
  EXPECT_EQ(scenario_->sink.LastVerdict(NameOfService(11) + "-10800")->state, VerdictState::kRegressed);

  std::set<std::pair<std::string, DurationNs>> told;
  for (const FollowUp& follow_up : scenario_->sink.follow_ups) {
    EXPECT_TRUE(told.insert({follow_up.verdict.deploy_id, follow_up.after_ns}).second)
        << follow_up.verdict.deploy_id << " was followed up twice";
  }
  for (const PlannedDeploy& deploy : plan_) {
    if (deploy.kind != Kind::kGood) continue;
    int64_t replaced = kDusk - 1800;  // one that fell into the time away is late
    for (const PlannedDeploy& other : plan_) {
      if (other.service == deploy.service && other.finish > deploy.finish) {
        replaced = std::min(replaced, other.finish - 30);
      }
    }
    for (const int64_t hours : {1, 4, 12}) {
      const bool is_due = deploy.finish + hours * kHour < replaced;
      EXPECT_EQ(told.contains({deploy.id, hours * kHourNs}), is_due) << deploy.id << " after " << hours << " h";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, SimulatedDay, testing::Values(1, 20261122));

}  // namespace
}  // namespace revertd

// Whom a regression is blamed on, and what would be undone: outages that began before the deploy, the owner's rule
// beside a control, and the base of a trigger.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "analysis/deploy_watch.h"
#include "analysis/rules.h"
#include "tests/analysis/scenario.h"

namespace revertd {
namespace {

constexpr int64_t kStart = kDay + 1000;
constexpr int64_t kEnd = kStart + 240;
constexpr double kUsual = 0.002;

TrafficModel From(int64_t second, double error_rate) {
  TrafficModel model = Steady(100, kUsual);
  model.error_rate = [second, error_rate](int64_t now) { return now < second ? kUsual : error_rate; };
  return model;
}

// "shop", deployed at kStart, and eight others, "a" to "h", of which nobody calls another.
class Blame : public ::testing::Test {
 protected:
  void Feed(const TrafficModel& shop, const TrafficModel& first_four, const TrafficModel& last_four) {
    const auto add = [this](const std::string& service, const TrafficModel& model) {
      scenario_.loop.RestoreHistory(service, DrawHistory(Steady(100, kUsual), kStart - 7200, kStart - 1000, random_),
                                    {});
      streams_.push_back(Draw(service, model, kStart - 1000, kEnd, random_));
    };
    add("shop", shop);
    for (const char* name : {"a", "b", "c", "d"}) add(name, first_four);
    for (const char* name : {"e", "f", "g", "h"}) add(name, last_four);
    scenario_.Feed(streams_, kStart - 1000, kEnd);
  }
  const Verdict& LastVerdict() const { return *scenario_.sink.LastVerdict("shop-badc0de"); }

  std::mt19937_64 random_{11};
  Scenario scenario_;
  std::vector<Stream> streams_;
};

// A database that shop and four others share breaks; four minutes later shop gets a hotfix.
TEST_F(Blame, AnOutageThatBeganBeforeTheDeployIsNotItsFault) {
  scenario_.Register(DeployOf("shop", kStart, kStart + 5, "badc0de"));
  Feed(From(kStart - 240, 0.05), From(kStart - 240, 0.05), Steady(100, kUsual));
  EXPECT_NE(LastVerdict().state, VerdictState::kRegressed);
  EXPECT_FALSE(scenario_.sink.Triggered());
}

TEST_F(Blame, OthersInTroubleOfTheirOwnDoNotExcuseADeploy) {
  scenario_.Register(DeployOf("shop", kStart, kStart + 5, "badc0de"));
  Feed(From(kStart, 0.05), From(kStart - 240, 0.05), Steady(100, kUsual));
  EXPECT_EQ(LastVerdict().state, VerdictState::kRegressed);
}

// All at once, above the limit: the control does not agree with the rule.
TEST_F(Blame, AnOwnersLimitThatEverybodyPassesBlamesNobody) {
  scenario_.config.services.at(0).rule = {.errors_above = 0.05, .requests_min = 100, .window = kMinuteNs};
  scenario_.Register(DeployOf("shop", kStart, kStart + 5, "badc0de"));
  Feed(From(kStart + 60, 0.2), From(kStart + 60, 0.2), From(kStart + 60, 0.2));
  EXPECT_EQ(LastVerdict().state, VerdictState::kAmbiguous);
  EXPECT_EQ(LastVerdict().reason, kControlMoved);
  EXPECT_FALSE(scenario_.sink.Triggered());
}

TEST_F(Blame, AnOwnersLimitThatItAlonePassesIsEnough) {
  scenario_.config.services.at(0).rule = {.errors_above = 0.05, .requests_min = 100, .window = kMinuteNs};
  scenario_.Register(DeployOf("shop", kStart, kStart + 5, "badc0de"));
  Feed(From(kStart + 60, 0.2), Steady(100, kUsual), Steady(100, kUsual));
  EXPECT_EQ(LastVerdict().state, VerdictState::kRegressed);
}

// What would be undone. D1 served; then the deploy that is judged, told with a base of its own or without one.
class TriggerBase : public Blame {
 protected:
  void Deploys(const std::string& base, bool is_guess = false) {
    scenario_.Register(DeployOf("shop", kStart - 900, kStart - 890, "aaaaaaa"));
    Deploy bad = DeployOf("shop", kStart, kStart + 5, "badc0de");
    bad.base = base;
    bad.finish_guessed = is_guess;
    scenario_.Register(bad);
    Feed(From(kStart, 0.3), Steady(100, kUsual), Steady(100, kUsual));
  }
};

TEST_F(TriggerBase, IsWhatServedBefore) {
  Deploys("");
  ASSERT_TRUE(scenario_.sink.Triggered());
  EXPECT_EQ(scenario_.sink.triggers.at(0).base, "aaaaaaa");
  EXPECT_EQ(scenario_.sink.triggers.at(0).state, TriggerState::kPending);
}

TEST_F(TriggerBase, OfAPushIsWhatServedBefore) {
  Deploys("ccccccc", /*is_guess=*/true);
  ASSERT_TRUE(scenario_.sink.Triggered());
  EXPECT_EQ(scenario_.sink.triggers.at(0).base, "aaaaaaa");
}

TEST_F(TriggerBase, ThatWasToldAndIsAnotherOneIsAPersonsCase) {
  Deploys("ccccccc");
  ASSERT_TRUE(scenario_.sink.Triggered());
  EXPECT_EQ(scenario_.sink.triggers.at(0).base, "ccccccc");
  EXPECT_EQ(scenario_.sink.triggers.at(0).state, TriggerState::kProposed);
  EXPECT_EQ(scenario_.sink.decisions.back().reason, kBaseUnclear);
}

TEST_F(TriggerBase, ThatWasToldInFullIsTheSame) {
  Deploys("aaaaaaa" + std::string(33, '0'));
  ASSERT_TRUE(scenario_.sink.Triggered());
  EXPECT_EQ(scenario_.sink.triggers.at(0).state, TriggerState::kPending);
  EXPECT_EQ(scenario_.sink.triggers.at(0).base, "aaaaaaa") << "as the deploy that served is known";
}

TEST_F(TriggerBase, OfAVersionIsOneThatServed) {
  scenario_.config.services.at(0).rollback = RollbackBy::kVersion;
  Deploys("ccccccc");
  ASSERT_TRUE(scenario_.sink.Triggered());
  EXPECT_EQ(scenario_.sink.triggers.at(0).base, "aaaaaaa");
  EXPECT_EQ(scenario_.sink.triggers.at(0).state, TriggerState::kProposed);
}

}  // namespace
}  // namespace revertd

#include "actions/guards.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/actions/sandbox.h"

namespace revertd {
namespace {

TEST(KillSwitch, OnlyCleanAbsenceIsOff) {
  const Sandbox sandbox;
  const std::string path = sandbox.root + "/kill-switch";
  EXPECT_EQ(ReadKillSwitch(path), KillSwitch::kOff);
  EXPECT_EQ(ReadKillSwitch(sandbox.root + "/no-folder/kill-switch"), KillSwitch::kOff);
  WriteFile(path, "");
  EXPECT_EQ(ReadKillSwitch(path), KillSwitch::kOn);
  EXPECT_EQ(ReadKillSwitch(path + "/below-a-file"), KillSwitch::kUnreadable);
  EXPECT_EQ(ReadKillSwitch(std::string(5000, 'x')), KillSwitch::kUnreadable);
  EXPECT_EQ(ReadKillSwitch(""), KillSwitch::kOff);
}

struct RequestCase {
  const char* reason;
  void (*spoil)(RollbackTrigger*, Config*);
};

TEST(RefuseRequest, EveryStrangeRequestIsRefusedByName) {
  const Sandbox sandbox;
  const RollbackTrigger good = sandbox.TriggerFor(std::string(40, 'a'), std::string(40, 'b'));
  EXPECT_FALSE(RefuseRequest(good, sandbox.MakeConfig()).has_value());
  const RequestCase cases[] = {
      {"bad_trigger_id", [](RollbackTrigger* t, Config*) { t->id = ""; }},
      {"bad_trigger_id", [](RollbackTrigger* t, Config*) { t->id = "a\nReverts: b"; }},
      {"bad_trigger_id", [](RollbackTrigger* t, Config*) { t->id = std::string(1000, 'a'); }},
      {"service_not_configured", [](RollbackTrigger* t, Config*) { t->service = "--all"; }},
      {"repo_not_configured", [](RollbackTrigger* t, Config*) { t->repo = "../other"; }},
      {"repo_of_another_service", [](RollbackTrigger*, Config* c) { c->services[0].repo = "other"; }},
      {"bad_revision", [](RollbackTrigger* t, Config*) { t->head = "--exec=touch"; }},
      {"bad_revision", [](RollbackTrigger* t, Config*) { t->head = "HEAD"; }},
      {"bad_revision", [](RollbackTrigger* t, Config*) { t->head = ""; }},
      {"bad_revision", [](RollbackTrigger* t, Config*) { t->base = "abc"; }},
      {"bad_remote", [](RollbackTrigger*, Config* c) { c->repos[0].url = "--upload-pack=touch"; }},
      {"bad_remote", [](RollbackTrigger*, Config* c) { c->repos[0].branch = "-f"; }},
      {"mode_does_not_act", [](RollbackTrigger*, Config* c) { c->services[0].mode = Mode::kAlert; }},
  };
  for (const RequestCase& one : cases) {
    RollbackTrigger trigger = good;
    Config config = sandbox.MakeConfig();
    one.spoil(&trigger, &config);
    const auto hold = RefuseRequest(trigger, config);
    ASSERT_TRUE(hold.has_value()) << one.reason;
    EXPECT_EQ(hold->reason, one.reason);
  }
}

TEST(AskGuards, EachGuardHoldsByItsName) {
  GuardConfig limits;
  limits.commit_age_push = kHourNs;
  limits.pushes_per_day = 2;
  const PlanAnswer plan = RevertPlan{};
  GuardFacts clear;
  clear.kill_switch = KillSwitch::kOff;
  clear.now_ns = 100 * kHourNs;
  clear.deploy_finish_ns = 99 * kHourNs;
  clear.pushes_today = 1;
  EXPECT_FALSE(AskGuards(clear, limits, plan).has_value());
  EXPECT_EQ(AskGuards(clear, limits, PlanRefusal{"is_a_revert", ""})->reason, "is_a_revert");
  EXPECT_EQ(AskGuards(GuardFacts{}, limits, plan)->reason, "kill_switch_unreadable") << "unknown facts fail closed";

  GuardFacts facts = clear;
  facts.kill_switch = KillSwitch::kOn;
  EXPECT_EQ(AskGuards(facts, limits, plan)->reason, "kill_switch");
  facts = clear;
  facts.dismissed = true;
  EXPECT_EQ(AskGuards(facts, limits, plan)->reason, "dismissed");
  facts = clear;
  ++facts.now_ns;
  EXPECT_EQ(AskGuards(facts, limits, plan)->reason, "deploy_too_old");
  facts.deploy_finish_ns = 0;
  EXPECT_FALSE(AskGuards(facts, limits, plan).has_value()) << "a person's own rollback may be of any age";
  facts = clear;
  facts.pushes_today = 2;
  EXPECT_EQ(AskGuards(facts, limits, plan)->reason, "pushes_per_day");
  facts.automatic = false;
  EXPECT_FALSE(AskGuards(facts, limits, plan).has_value());
}

}  // namespace
}  // namespace revertd

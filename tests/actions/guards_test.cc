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
      {"repo_alert_only", [](RollbackTrigger*, Config* c) { c->repos[0].alert_only = true; }},
      {"repo_alert_only", [](RollbackTrigger*, Config* c) { c->repos[0].url = "git@forge.example:tools/revertd.git"; }},
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

constexpr TimeNs kNow = 100 * kHourNs;

GuardConfig Limits() {
  GuardConfig limits;
  limits.commit_age_push = kHourNs;
  limits.commit_age_propose = 3 * kHourNs;
  limits.pushes_per_day = 2;
  limits.proposals_per_day = 3;
  return limits;
}

// Facts in which every guard lets it pass, each by its last place.
GuardFacts Clear() {
  GuardFacts facts;
  facts.kill_switch = KillSwitch::kOff;
  facts.now_ns = kNow;
  facts.deploy_finish_ns = kNow - kHourNs;
  facts.pushes_today = 1;
  facts.proposals_today = 3;
  facts.evidence.signal = "errors";
  facts.evidence.before_null = 0.002;
  facts.evidence.after_low = 0.03;
  facts.recent = {1000, 41};
  return facts;
}

struct GuardCase {
  const char* reason;  // empty: lets it pass
  void (*spoil)(GuardFacts*);
};

TEST(AskGuards, EachGuardAloneHoldsByItsName) {
  EXPECT_FALSE(AskGuards(Clear(), Limits(), RevertPlan{}).has_value());
  EXPECT_EQ(AskGuards(GuardFacts{}, Limits(), RevertPlan{})->reason, "kill_switch_unreadable")
      << "unknown facts fail closed";
  const GuardCase cases[] = {
      {"kill_switch", [](GuardFacts* f) { f->kill_switch = KillSwitch::kOn; }},
      {"kill_switch_unreadable", [](GuardFacts* f) { f->kill_switch = KillSwitch::kUnreadable; }},
      {"dismissed", [](GuardFacts* f) { f->dismissed = true; }},
      {"deploy_too_old", [](GuardFacts* f) { ++f->now_ns; }},
      {"", [](GuardFacts* f) { f->deploy_finish_ns = 0; }},
      {"pushes_per_day", [](GuardFacts* f) { f->pushes_today = 2; }},
      {"proposals_per_day", [](GuardFacts* f) { f->proposes = true; }},
      {"post_mortem_overdue", [](GuardFacts* f) { f->overdue = "checkout-1"; }},
      {"opted_out_label", [](GuardFacts* f) { f->opted_out = "#7"; }},
      {"revert_in_flight_by_person", [](GuardFacts* f) { f->persons_revert = "#8"; }},
      {"already_fixed",
       [](GuardFacts* f) {
         f->recent = {1000, 1};
       }},
  };
  for (const GuardCase& one : cases) {
    GuardFacts facts = Clear();
    one.spoil(&facts);
    const auto hold = AskGuards(facts, Limits(), RevertPlan{});
    EXPECT_EQ(hold ? hold->reason : "", one.reason);
    facts.automatic = false;  // a person may do what the limits keep a program from
    const bool of_all = std::string_view(one.reason).starts_with("kill") || facts.dismissed || facts.now_ns != kNow;
    EXPECT_EQ(AskGuards(facts, Limits(), RevertPlan{}).has_value(), of_all) << one.reason;
  }
}

TEST(AskGuards, AProposalMayComeLaterThanAPush) {
  GuardFacts facts = Clear();
  facts.proposes = true;
  facts.proposals_today = 0;
  facts.pushes_today = 100;
  facts.now_ns = facts.deploy_finish_ns + 3 * kHourNs;
  EXPECT_FALSE(AskGuards(facts, Limits(), RevertPlan{}).has_value());
  ++facts.now_ns;
  EXPECT_EQ(AskGuards(facts, Limits(), RevertPlan{})->reason, "deploy_too_old");
}

TEST(AskGuards, ThePlanHasTheLastWord) {
  EXPECT_EQ(AskGuards(Clear(), Limits(), PlanRefusal{"is_a_revert", ""})->reason, "is_a_revert");
  RevertPlan built_upon;
  built_upon.changed_again = {"a.cc", "b.cc"};
  EXPECT_EQ(AskGuards(Clear(), Limits(), built_upon)->reason, "merged_dependants");
  EXPECT_EQ(AskGuards(Clear(), Limits(), built_upon)->detail, "a.cc and 1 more");
  GuardFacts proposal = Clear();
  proposal.proposes = true;
  proposal.proposals_today = 0;
  EXPECT_FALSE(AskGuards(proposal, Limits(), built_upon).has_value()) << "a person looks at it anyway";
}

TEST(IsFixed, OnlyWhereSoFewErrorsAreNoChance) {
  Evidence evidence = Clear().evidence;
  EXPECT_TRUE(IsFixed(evidence, {1000, 1}));
  EXPECT_FALSE(IsFixed(evidence, {1000, 3})) << "above what is called not worse";
  EXPECT_FALSE(IsFixed(evidence, {100, 0})) << "e^-3 is no proof";
  EXPECT_FALSE(IsFixed(evidence, {0, 0})) << "no traffic proves nothing";
  evidence.route = "/items/:id";
  EXPECT_FALSE(IsFixed(evidence, {1000, 0})) << "the service's sum says nothing about one route";
  evidence.route = "";
  evidence.signal = "latency_p99";
  EXPECT_FALSE(IsFixed(evidence, {1000, 0}));
}

}  // namespace
}  // namespace revertd

#include "analysis/gate.h"

#include <gtest/gtest.h>

#include <functional>

#include "analysis/deploy_registry.h"
#include "analysis/rules.h"

namespace revertd {
namespace {

struct Case {
  Config config;
  Deploy deploy;
  Verdict verdict;
  std::optional<RollbackBefore> rollback_before;
  GateFacts facts;
};

Case Regressed() {
  Case c;
  ServiceConfig shop;
  shop.name = "shop";
  shop.repo = "shop";
  shop.mode = Mode::kPush;
  c.config.services = {shop};
  c.config.repos = {{"shop", "file:///repo", "production"}};
  c.deploy.id = "d";
  c.deploy.service = "shop";
  c.deploy.repo = "shop";
  c.deploy.head = "0123456789abcdef";
  c.deploy.start_ns = 1000 * kSecondNs;
  c.deploy.finish_ns = 1010 * kSecondNs;
  c.verdict.state = VerdictState::kRegressed;
  c.verdict.at_ns = 1040 * kSecondNs;
  c.verdict.evidence.resize(1);
  c.verdict.evidence[0].control = "mail";
  return c;
}

struct Row {
  const char* name;
  std::function<void(Case*)> change;  // rows add up: each change stays for the rows before it in the order of rules
  DecisionKind kind;
  const char* reason;
};

// From the last rule to the first: every row adds a reason that outranks those of the rows above it.
TEST(Gate, EachRuleOutranksThoseAfterIt) {
  const std::vector<Row> rows = {
      {"nothing against it", [](Case*) {}, DecisionKind::kAct, "mode_push"},
      {"pushes", [](Case* c) { c->facts.pushes_today = 4; }, DecisionKind::kHold, "limit_pushes_per_day"},
      {"in flight", [](Case* c) { c->facts.revert_in_flight = true; }, DecisionKind::kHold, "revert_in_flight"},
      {"stale", [](Case* c) { c->facts.source_stale = true; }, DecisionKind::kHold, "source_stale"},
      {"cooldown", [](Case* c) { c->rollback_before = RollbackBefore{.finish_ns = c->verdict.at_ns - 14 * kMinuteNs}; },
       DecisionKind::kHold, "cooldown"},
      {"old", [](Case* c) { c->verdict.at_ns += 73 * kHourNs; }, DecisionKind::kHold, "deploy_too_old"},
      {"no head", [](Case* c) { c->deploy.head.clear(); }, DecisionKind::kTriage, "no_commit"},
      {"not recovered", [](Case* c) { c->rollback_before->not_recovered = true; }, DecisionKind::kTriage,
       "rollback_did_not_recover"},
      {"in charge", [](Case* c) { c->facts.release_in_charge = "r1"; }, DecisionKind::kHold, "release_in_charge"},
      {"alone", [](Case* c) { c->verdict.evidence[0].control.clear(); }, DecisionKind::kTriage,
       "uncalibrated_without_control"},
      {"ambiguous", [](Case* c) { c->verdict.state = VerdictState::kAmbiguous; }, DecisionKind::kTriage, "ambiguous"},
      {"observe", [](Case* c) { c->config.services[0].mode = Mode::kObserve; }, DecisionKind::kHold, "mode_observe"},
      {"kill switch", [](Case* c) { c->facts.kill_switch_on = true; }, DecisionKind::kHold, "kill_switch"},
  };
  Case c = Regressed();
  for (const Row& row : rows) {
    row.change(&c);
    const Decision decision = DecideOn(c.verdict, c.deploy, c.rollback_before, c.facts, c.config);
    EXPECT_EQ(decision.kind, row.kind) << row.name;
    EXPECT_EQ(decision.reason, row.reason) << row.name;
    EXPECT_EQ(decision.trigger_id.empty(), row.kind != DecisionKind::kAct) << row.name;
  }
}

TEST(Gate, WhatHasServedForHoursIsProposedAndNotPushed) {
  Case c = Regressed();
  c.verdict.at_ns += 7 * kHourNs;
  c.facts.pushes_today = 100;
  const Decision decision = DecideOn(c.verdict, c.deploy, c.rollback_before, c.facts, c.config);
  EXPECT_EQ(decision.kind, DecisionKind::kPropose);
  EXPECT_EQ(decision.reason, "deploy_too_old_to_push");
  EXPECT_FALSE(decision.trigger_id.empty());
}

TEST(Gate, WhatToldAnotherBaseThanWhatServedIsProposedAndNotPushed) {
  Case c = Regressed();
  c.facts.base_is_unclear = true;
  const Decision decision = DecideOn(c.verdict, c.deploy, c.rollback_before, c.facts, c.config);
  EXPECT_EQ(decision.kind, DecisionKind::kPropose);
  EXPECT_EQ(decision.reason, kBaseUnclear);
  EXPECT_FALSE(decision.trigger_id.empty());
}

TEST(Gate, AnOwnersRuleNeedsNeitherCalibrationNorControl) {
  Case c = Regressed();
  c.verdict.calibrated = false;
  c.verdict.evidence[0].control.clear();
  c.verdict.reason = kRuleErrors;
  EXPECT_EQ(DecideOn(c.verdict, c.deploy, c.rollback_before, c.facts, c.config).kind, DecisionKind::kAct);
}

TEST(Gate, ProposesWithinItsOwnLimit) {
  Case c = Regressed();
  c.config.services[0].mode = Mode::kPropose;
  c.facts.pushes_today = 100;
  EXPECT_EQ(DecideOn(c.verdict, c.deploy, c.rollback_before, c.facts, c.config).reason, "mode_propose");
  c.facts.proposals_today = 10;
  const Decision held = DecideOn(c.verdict, c.deploy, c.rollback_before, c.facts, c.config);
  EXPECT_EQ(held.reason, "limit_proposals_per_day");
  EXPECT_TRUE(MayPass(held));
}

// Limits and other rollbacks bear on acting; people are told all the same.
TEST(Gate, AlertTellsPeopleWhateverElseGoesOn) {
  Case c = Regressed();
  c.config.services[0].mode = Mode::kAlert;
  c.facts.revert_in_flight = true;
  c.facts.release_in_charge = "r1";
  c.facts.pushes_today = 100;
  const Decision uncalibrated = DecideOn(c.verdict, c.deploy, c.rollback_before, c.facts, c.config);
  EXPECT_EQ(uncalibrated.kind, DecisionKind::kTriage);
  EXPECT_EQ(uncalibrated.reason, "uncalibrated");
  c.verdict.calibrated = true;
  const Decision calibrated = DecideOn(c.verdict, c.deploy, c.rollback_before, c.facts, c.config);
  EXPECT_EQ(calibrated.kind, DecisionKind::kAlert);
  EXPECT_EQ(calibrated.reason, "mode_alert");
}

TEST(Gate, ObserveHoldsForGoodAndUnknownReposAreNeverActedOn) {
  Case c = Regressed();
  c.config.services[0].mode = Mode::kObserve;
  const Decision decision = DecideOn(c.verdict, c.deploy, c.rollback_before, c.facts, c.config);
  EXPECT_EQ(decision.kind, DecisionKind::kHold);
  EXPECT_EQ(decision.reason, "mode_observe");
  EXPECT_FALSE(MayPass(decision));
  c = Regressed();
  c.deploy.repo = "elsewhere";
  EXPECT_EQ(DecideOn(c.verdict, c.deploy, c.rollback_before, c.facts, c.config).reason, "no_commit");
}

TEST(Gate, CalibratedNeedsNoControl) {
  Case c = Regressed();
  c.verdict.evidence[0].control.clear();
  c.verdict.calibrated = true;
  EXPECT_EQ(DecideOn(c.verdict, c.deploy, c.rollback_before, c.facts, c.config).kind, DecisionKind::kAct);
}

// Neither pushed nor proposed beside the release that undoes it.
TEST(Gate, WhileAReleaseAnswersForTheServiceNothingIsDoneAndTheHoldMayPass) {
  Case c = Regressed();
  c.facts.release_in_charge = "r1";
  for (const Mode mode : {Mode::kPush, Mode::kPropose}) {
    c.config.services[0].mode = mode;
    const Decision decision = DecideOn(c.verdict, c.deploy, c.rollback_before, c.facts, c.config);
    EXPECT_EQ(decision.kind, DecisionKind::kHold);
    EXPECT_EQ(decision.reason, kReleaseInCharge);
    EXPECT_TRUE(decision.trigger_id.empty());
    EXPECT_TRUE(MayPass(decision));
  }
}

TEST(Gate, ACooldownPasses) {
  Case c = Regressed();
  c.rollback_before = RollbackBefore{.finish_ns = c.verdict.at_ns - c.config.guard.cooldown + 1};
  EXPECT_TRUE(MayPass(DecideOn(c.verdict, c.deploy, c.rollback_before, c.facts, c.config)));
  ++c.verdict.at_ns;
  EXPECT_EQ(DecideOn(c.verdict, c.deploy, c.rollback_before, c.facts, c.config).kind, DecisionKind::kAct);
}

Deploy DeployAt(const char* id, int64_t start, int64_t finish, const char* head) {
  Deploy deploy;
  deploy.id = id;
  deploy.service = "shop";
  deploy.head = head;
  deploy.start_ns = start * kSecondNs;
  deploy.finish_ns = finish * kSecondNs;
  return deploy;
}

TEST(DeployRegistry, OneDeployToldTwiceIsOne) {
  DeployRegistry registry(900);
  const auto first = registry.Register(DeployAt("a", 1000, 0, "abcdef0123456789"));
  ASSERT_TRUE(first.ok());
  const auto again = registry.Register(DeployAt("b", 1300, 1310, "abcdef0"));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->record, first->record);
  EXPECT_TRUE(again->changed);
  EXPECT_EQ(first->record->deploy.id, "a");
  EXPECT_EQ(first->record->deploy.finish_ns, 1310 * kSecondNs);
  EXPECT_FALSE(registry.Register(DeployAt("a", 1000, 1310, "abcdef0123456789"))->changed);
  EXPECT_NE(registry.Register(DeployAt("c", 1000 + 601, 1602, "abcdef0"))->record, first->record) << "11 minutes later";
  Deploy other = DeployAt("a", 9000, 9000, "");
  other.service = "mail";
  EXPECT_FALSE(registry.Register(other).ok()) << "an id names one deploy";
}

// A person rolls back by hand: the same head again is a third deploy, which takes the second out of service.
TEST(DeployRegistry, TheSameHeadAgainAfterAnotherIsADeployOfItsOwn) {
  DeployRegistry registry(900);
  const auto first = registry.Register(DeployAt("a1", 1000, 1010, "aaaaaaa"));
  ASSERT_TRUE(registry.Register(DeployAt("b", 1100, 1110, "bbbbbbb")).ok());
  const auto back = registry.Register(DeployAt("a2", 1200, 1210, "aaaaaaa"));
  ASSERT_TRUE(back.ok());
  EXPECT_NE(back->record, first->record);
  EXPECT_EQ(back->record->deploy.id, "a2");
}

TEST(DeployRegistry, AnIdIsNotUsedForTwoHeads) {
  DeployRegistry registry(900);
  ASSERT_TRUE(registry.Register(DeployAt("prod", 1000, 1010, "aaaaaaa")).ok());
  EXPECT_EQ(ExitCodeOf(registry.Register(DeployAt("prod", 1100, 1110, "bbbbbbb")).status()), ExitCode::kUsage);
}

TEST(DeployRegistry, BadInputIsTheUsersMistake) {
  DeployRegistry registry(900);
  Deploy backwards = DeployAt("a", 1000, 999, "abc");
  EXPECT_EQ(ExitCodeOf(registry.Register(backwards).status()), ExitCode::kUsage);
  Deploy nameless = DeployAt("a", 1000, 1001, "abc");
  nameless.service.clear();
  EXPECT_EQ(ExitCodeOf(registry.Register(nameless).status()), ExitCode::kUsage);
}

TEST(DeployRegistry, ABadDeployIsLeftOutUntilItsSuccessorServes) {
  DeployRegistry registry(900);
  DeployRecord* bad = registry.Register(DeployAt("bad", 10'000, 10'010, "aaaaaaa"))->record;
  bad->state = VerdictState::kRegressed;
  EXPECT_GT(registry.LeftOut("shop")[0].to, 1'000'000) << "until something replaces it";
  ASSERT_TRUE(registry.Register(DeployAt("next", 20'000, 20'020, "bbbbbbb")).ok());
  const auto left_out = registry.LeftOut("shop");
  EXPECT_EQ(left_out[0].from, 10'000 - 30);
  EXPECT_EQ(left_out[0].to, 20'020);
  bad->state = VerdictState::kHealthy;
  EXPECT_EQ(registry.LeftOut("shop")[0].to, 10'010) << "a good one leaves out its own interval alone";
  bad->state = VerdictState::kInconclusive;
  EXPECT_EQ(registry.LeftOut("shop")[0].to, 10'910) << "an undecided one its observation";
}

TEST(DeployRegistry, ADeployedServiceIsNoControlForAWhile) {
  DeployRegistry registry(900);
  ASSERT_TRUE(registry.Register(DeployAt("a", 1000, 1010, "aaaaaaa")).ok());
  EXPECT_TRUE(registry.MayBeControl("shop", 999));
  EXPECT_FALSE(registry.MayBeControl("shop", 1000));
  EXPECT_FALSE(registry.MayBeControl("shop", 1010 + 899));
  EXPECT_TRUE(registry.MayBeControl("shop", 1010 + 900));
  EXPECT_TRUE(registry.MayBeControl("mail", 1005));
}

}  // namespace
}  // namespace revertd

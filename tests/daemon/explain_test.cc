#include "daemon/explain.h"

#include <gtest/gtest.h>

namespace revertd {
namespace {

constexpr TimeNs kFinish = 1795255200 * kSecondNs;

ExplainFacts RolledBack() {
  ExplainFacts facts;
  facts.deploy = Deploy{.id = "checkout-1795255198",
                        .service = "checkout",
                        .repo = "shop",
                        .base = "91ab34de",
                        .head = "3f2a91c0aaaaaaaaaaaa",
                        .start_ns = kFinish - 2 * kSecondNs,
                        .finish_ns = kFinish,
                        .trigger_id = ""};
  Verdict verdict{.deploy_id = facts.deploy->id,
                  .service = "checkout",
                  .state = VerdictState::kRegressed,
                  .reason = "errors_above_null",
                  .at_ns = kFinish + 21 * kSecondNs,
                  .evidence = {}};
  verdict.evidence.push_back(Evidence{.signal = "errors",
                                      .e_value = 81000,
                                      .e_value_needed = 5714,
                                      .before_null = 0.0019,
                                      .after = 0.0412,
                                      .after_low = 0.034,
                                      .after_high = 0.05,
                                      .n_before = 12000,
                                      .n_after = 2500,
                                      .x_after = 103,
                                      .onset_ns = kFinish + kSecondNs,
                                      .control = "catalog",
                                      .control_e_value = 3e5,
                                      .control_n_after = 2400,
                                      .route = {},
                                      .cohort = {},
                                      .group = {}});
  facts.verdicts.push_back(verdict);
  facts.decisions.push_back({.deploy_id = facts.deploy->id,
                             .service = "checkout",
                             .kind = DecisionKind::kAct,
                             .reason = "mode_push",
                             .trigger_id = "t",
                             .at_ns = kFinish + 21 * kSecondNs});
  facts.trigger = RollbackTrigger{.id = "t",
                                  .deploy_id = facts.deploy->id,
                                  .service = "checkout",
                                  .repo = "shop",
                                  .base = "",
                                  .head = "3f2a91c0aaaaaaaaaaaa",
                                  .reason = "mode_push",
                                  .created_ns = kFinish + 21 * kSecondNs,
                                  .evidence = verdict.evidence.front()};
  const auto step = [](std::string name, double begun, double finished, std::string detail) {
    return JournalRow{"t",
                      std::move(name),
                      kFinish + static_cast<TimeNs>(begun * 1e9),
                      kFinish + static_cast<TimeNs>(finished * 1e9),
                      "done",
                      std::move(detail)};
  };
  facts.journal = {step("accepted", 22, 22, ""), step("pushed", 22.5, 23, "cafe"),
                   step("push_verified", 23, 23.5, "cafecafecafecafe"), step("deployed", 23.5, 24, "d2")};
  return facts;
}

TEST(Explain, TellsTheWholeLineOfARollback) {
  ExplainFacts facts = RolledBack();
  facts.recovery = Recovery{.trigger_id = "t",
                            .deploy_id = "d2",
                            .service = "checkout",
                            .state = RecoveryState::kRecovered,
                            .e_value = 23,
                            .rate_bad = 0.0412,
                            .rate_now = 0,
                            .n_now = 4000,
                            .at_ns = kFinish + 60 * kSecondNs};
  facts.services_untouched = {"catalog"};
  facts.minutes_before = {std::nullopt, 0.0, 0.0005, 0.0};
  facts.minutes_after = {0.0412, 0.01, 0.0, 0.0};
  EXPECT_EQ(ExplainText(facts),
            "checkout: rolled back, production recovered\n"
            "\n"
            "  seconds since the deploy finished, 2026-11-21T10:00:00Z\n"
            "     -2.0  deploy of 3f2a91c0aaaa starts (checkout-1795255198)\n"
            "      0.0  deploy finished: the new version serves\n"
            "      1.0  first bad request (its second)\n"
            "     21.0  verdict: regressed (errors_above_null)\n"
            "     21.0  decision: act (mode_push)\n"
            "     22.0  accepted\n"
            "     22.5  push begins\n"
            "     23.0  pushed\n"
            "     23.5  push verified: the remote answers cafecafecafe\n"
            "     24.0  deployed\n"
            "\n"
            "  evidence (errors)\n"
            "    before   0 % of 12000 requests (up to 0.19 % would count as not worse)\n"
            "    after    4.12 % of 2500 requests (95 % interval 3.4 % to 5 %)\n"
            "    e-value  8.1e+04 (5714 needed)\n"
            "    control  catalog: 0 % before, 0 % of 2400 requests after; e-value against it 3e+05\n"
            "    minutes  [ ...] deploy [@-..]  highest 4.12 %\n"
            "    note     uncalibrated: no shadow deploys on this service's own history chose the settings\n"
            "\n"
            "  revert     cafecafecafecafe\n"
            "  undoes     3f2a91c0aaaaaaaaaaaa in shop\n"
            "  recovery   4.12 % -> 0 % of 4000 requests, e-value 23\n"
            "  untouched  catalog\n");
}

// Whoever sends events chooses their words.
TEST(Explain, NamesTheErrorsThatTheApplicationToldOf) {
  ExplainFacts facts = RolledBack();
  Evidence& evidence = facts.verdicts.back().evidence.front();
  evidence.signal = kNewErrors;
  evidence.group = "00000000000000ab";
  facts.trigger->evidence = evidence;
  facts.verdicts.back().errors = {{.fingerprint = 0xab,
                                   .type = "TypeError",
                                   .culprit = "checkout.views.pay",
                                   .title = "cannot read <text>\x1b[31m",
                                   .release = "shop@1.4.2",
                                   .is_new = true,
                                   .events = 41,
                                   .first_seen_ns = kFinish + kSecondNs,
                                   .e_value = 81000,
                                   .e_value_needed = 5714},
                                  {.fingerprint = 1, .title = "low stock", .events = 1}};
  facts.samples = {{0xab, {"TypeError: cannot read 'total'", "  at pay in checkout.views (views.py:41)"}}};
  const std::string text = ExplainText(facts);
  EXPECT_NE(text.find("      1.0  first such error event (its second)\n"), std::string::npos) << text;
  EXPECT_NE(
      text.find("  evidence (new_errors of group 00000000000000ab)\n"
                "    before   0 events/request over 12000 requests (up to 0.0019 events/request would count as not "
                "worse)\n"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("  errors told by the application\n"
                      "    new      TypeError: cannot read <text>?[31m (checkout.views.pay)\n"
                      "             41 events since the deploy, release shop@1.4.2, first seen 2026-11-21T10:00:01Z; "
                      "e-value 8.1e+04 (5714 needed)\n"
                      "             GET /v1/errors/00000000000000ab?service=checkout\n"
                      "               TypeError: cannot read 'total'\n"
                      "                 at pay in checkout.views (views.py:41)\n"
                      "    more     low stock\n"
                      "             1 event since the deploy; e-value 0 (0 needed)\n"
                      "             GET /v1/errors/0000000000000001?service=checkout\n"
                      "\n"
                      "  revert "),
            std::string::npos)
      << text;
}

TEST(Explain, WhatDoorsToldStandsOnTheTimelinesClock) {
  ExplainFacts facts = RolledBack();
  facts.told = {
      {.at_ns = kFinish - 90 * kSecondNs,
       .kind = "push",
       .state = "",
       .title = "Cache\tprices\x1b[31m",
       .author = "ada",
       .url = "https://forge.test/1"},
      {.at_ns = kFinish - 4 * kSecondNs, .kind = "check", .state = "success", .title = "", .author = "", .url = ""}};
  EXPECT_NE(ExplainText(facts).find("     24.0  deployed\n"
                                    "\n"
                                    "  told\n"
                                    "    -90.0  push: Cache?prices?[31m (ada) https://forge.test/1\n"
                                    "     -4.0  check success\n"
                                    "\n"
                                    "  evidence (errors)\n"),
            std::string::npos)
      << ExplainText(facts);
}

TEST(Explain, OfManyMomentsToldTheNewestAreShown) {
  ExplainFacts facts = RolledBack();
  for (size_t i = 0; i < kToldMax + 2; ++i) {
    facts.told.push_back({.at_ns = kFinish + static_cast<TimeNs>(i) * kSecondNs,
                          .kind = "check",
                          .state = "",
                          .title = "job " + std::to_string(i),
                          .author = "",
                          .url = ""});
  }
  const std::string text = ExplainText(facts);
  EXPECT_NE(text.find("(2 before these)\n      2.0  check: job 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("check: job " + std::to_string(kToldMax + 1) + "\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("job 1\n"), std::string::npos);
}

TEST(Explain, AnAbandonedDeployWasNotJudged) {
  ExplainFacts facts;
  facts.deploy = Deploy{.id = "d",
                        .service = "checkout",
                        .repo = "",
                        .base = "",
                        .head = "abc1234",
                        .start_ns = kFinish,
                        .trigger_id = ""};
  facts.verdicts = {{.deploy_id = "d",
                     .service = "checkout",
                     .state = VerdictState::kInconclusive,
                     .reason = "abandoned",
                     .at_ns = kFinish + kMinuteNs,
                     .evidence = {}}};
  EXPECT_EQ(ExplainText(facts),
            "checkout: inconclusive (abandoned)\n"
            "\n"
            "  seconds since the first moment, 2026-11-21T10:00:00Z\n"
            "      0.0  deploy of abc1234 starts (d)\n"
            "     60.0  verdict: inconclusive (abandoned)\n");
}

TEST(Explain, ALateCallSaysWhenErrorsBeganToRise) {
  ExplainFacts facts = RolledBack();
  facts.trigger.reset();
  facts.journal.clear();
  facts.verdicts.back().state = VerdictState::kHealthy;
  facts.verdicts.back().reason = "not_worse";
  Verdict late = facts.verdicts.back();
  late.state = VerdictState::kAmbiguous;
  late.reason = "late_errors";
  late.at_ns = kFinish + 4 * kHourNs;
  late.evidence.front().onset_ns = kFinish + 3 * kHourNs;
  facts.verdicts.push_back(late);
  facts.decisions = {{.deploy_id = "d",
                      .service = "checkout",
                      .kind = DecisionKind::kTriage,
                      .reason = "ambiguous",
                      .trigger_id = "",
                      .at_ns = late.at_ns}};
  const std::string text = ExplainText(facts);
  EXPECT_EQ(text.substr(0, text.find('\n')), "checkout: ambiguous (late_errors)");
  EXPECT_NE(text.find("  10800.0  errors begin to rise (estimated)\n"
                      "  14400.0  verdict: ambiguous (late_errors)\n"
                      "  14400.0  decision: triage (ambiguous)\n"),
            std::string::npos)
      << text;
}

TEST(Explain, AMinuteIsToldByWhatTheEvidenceIsOf) {
  Totals minute;
  minute.by_class[static_cast<size_t>(StatusClass::k2xx)] = 570;
  minute.by_class[static_cast<size_t>(StatusClass::k5xx)] = 30;
  for (int i = 0; i < 600; ++i) minute.latency.Record((i < 150 ? 200 : 20) * kMillisecondNs);
  Evidence evidence;
  evidence.signal = "errors";
  EXPECT_EQ(RateOf(evidence, minute), 0.05);
  EXPECT_EQ(RateOf(evidence, Totals{}), std::nullopt);
  evidence.route = "/checkout";
  EXPECT_EQ(RateOf(evidence, minute), std::nullopt) << "a minute is of the whole service";
  evidence.route.clear();
  evidence.signal = "traffic";
  EXPECT_EQ(RateOf(evidence, minute), 10);
  evidence.signal = "latency_p90";
  evidence.slower_than_ns = 100 * kMillisecondNs;
  EXPECT_EQ(RateOf(evidence, minute), 0.25);
  evidence.slower_than_ns = 0;
  evidence.signal = "saturation";
  EXPECT_EQ(RateOf(evidence, minute), std::nullopt) << "the log does not tell";
  for (int i = 0; i < 600; ++i) minute.saturation.Record({.queue_ns = i % 3 * kMillisecondNs});
  EXPECT_NEAR(*RateOf(evidence, minute), 2.0 / 3, 1e-12);
}

TEST(Explain, ASparklineShowsEachNinthAndWhatIsMissing) {
  EXPECT_EQ(Sparkline({0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, std::nullopt}, 9), ".:-=+*#%@@ ");
  EXPECT_EQ(Sparkline({}, 1), "");
}

TEST(Explain, TheHeadlineIsTheLastWordThereIs) {
  const auto headline = [](const ExplainFacts& facts) {
    const std::string text = ExplainText(facts);
    return text.substr(0, text.find('\n'));
  };
  ExplainFacts facts = RolledBack();
  EXPECT_EQ(headline(facts), "checkout: rollback under way: deployed done");
  facts.journal.back().outcome = "not_seen";
  EXPECT_EQ(headline(facts), "checkout: rollback ended at deployed: not_seen");
  facts.journal.back().finished_ns = 0;
  EXPECT_EQ(headline(facts), "checkout: rollback under way: deployed");
  facts.journal.clear();
  EXPECT_EQ(headline(facts), "checkout: rollback waits for the executor");
  facts.trigger->state = TriggerState::kProposed;
  EXPECT_EQ(headline(facts), "checkout: rollback proposed");
  facts.trigger.reset();
  EXPECT_EQ(headline(facts), "checkout: regressed (errors_above_null)");
  facts.verdicts.clear();
  EXPECT_EQ(headline(facts), "checkout: not judged yet");
}

}  // namespace
}  // namespace revertd

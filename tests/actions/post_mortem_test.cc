// The record of a rollback and the log of a deploy, whole, against tests/golden/; and that no name forges them.
#include "actions/post_mortem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "actions/deploy_log.h"
#include "tests/golden_text.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr TimeNs kFinish = 1'795'255'200 * kSecondNs;  // 2026-11-21T10:00:00Z
constexpr char kTrigger[] = "checkout-3f2a91c0-1795255170";
constexpr char kRevert[] = "77e0c1d2f3a4b5c6d7e8f90112233445566778899";

Evidence Errors() {
  Evidence evidence;
  evidence.signal = "errors";
  evidence.e_value = 81234;
  evidence.e_value_needed = 5714;
  evidence.before = 0.0001;
  evidence.before_null = 0.0004;
  evidence.after = 0.0412;
  evidence.effect = 412;
  evidence.after_low = 0.034;
  evidence.after_high = 0.05;
  evidence.n_before = 120'000;
  evidence.n_after = 2500;
  evidence.x_before = 12;
  evidence.x_after = 103;
  evidence.onset_ns = kFinish + kSecondNs;
  evidence.control = "catalog";
  evidence.control_e_value = 3e5;
  evidence.control_before = 0.0002;
  evidence.control_after = 0.0003;
  evidence.control_n_after = 2400;
  return evidence;
}

Evidence Latency() {
  Evidence evidence;
  evidence.signal = "latency_p99";
  evidence.slower_than_ns = 250 * kMillisecondNs;
  evidence.e_value = 6000;
  evidence.e_value_needed = 5714;
  evidence.before = 0.01;
  evidence.after = 0.05;
  evidence.effect = 5;
  evidence.after_low = 0.04;
  evidence.after_high = 0.06;
  evidence.n_before = 120'000;
  evidence.n_after = 2400;
  return evidence;
}

Verdict Judged(VerdictState state, const std::string& reason, TimeNs at_ns, std::vector<Evidence> evidence) {
  Verdict verdict;
  verdict.deploy_id = "checkout-1795255170";
  verdict.service = "checkout";
  verdict.state = state;
  verdict.reason = reason;
  verdict.calibrated = true;
  verdict.at_ns = at_ns;
  verdict.evidence = std::move(evidence);
  return verdict;
}

Deploy TheDeploy() {
  Deploy deploy;
  deploy.id = "checkout-1795255170";
  deploy.service = "checkout";
  deploy.repo = "shop";
  deploy.base = "91ab34de00000000000000000000000000000000";
  deploy.head = "3f2a91c0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  deploy.start_ns = kFinish - 30 * kSecondNs;
  deploy.finish_ns = kFinish;
  return deploy;
}

std::vector<JournalRow> Journal() {
  const auto at = [](int64_t milliseconds) { return kFinish + milliseconds * kMillisecondNs; };
  return {{kTrigger, "accepted", at(21'050), at(21'051), "done", "shop"},
          {kTrigger, "planned", at(21'060), at(21'300), "done", "onto 3f2a91c0, commits 1"},
          {kTrigger, "reverted", at(21'310), at(21'500), "done", kRevert},
          {kTrigger, "announced", at(21'510), at(21'510), "done", ""},
          {kTrigger, "pushed", at(21'520), at(22'400), "done", kRevert},
          {kTrigger, "push_verified", at(22'410), at(22'800), "done", kRevert},
          {kTrigger, "deployed", at(22'810), at(95'000), "done", "checkout-revert"},
          {kTrigger, "recovered", at(95'010), at(125'000), "recovered", "checkout-revert"}};
}

Delivery Told(const std::string& event, TimeNs created_ns, TimeNs ended_ns) {
  Delivery delivery;
  delivery.channel = "on-call";
  delivery.key = kTrigger;
  delivery.event = event;
  delivery.created_ns = created_ns;
  delivery.tries = 1;
  delivery.ended_ns = ended_ns;
  delivery.outcome = ended_ns == 0 ? "" : "delivered";
  return delivery;
}

PostMortemFacts RolledBack() {
  PostMortemFacts facts;
  facts.trigger.id = kTrigger;
  facts.trigger.deploy_id = "checkout-1795255170";
  facts.trigger.service = "checkout";
  facts.trigger.repo = "shop";
  facts.deploy = TheDeploy();
  facts.trigger.base = facts.deploy->base;
  facts.trigger.head = facts.deploy->head;
  facts.trigger.reason = "mode_push";
  facts.trigger.created_ns = kFinish + 21 * kSecondNs;
  facts.trigger.evidence = Errors();
  facts.verdicts = {
      Judged(VerdictState::kWatching, "watch_started", kFinish, {}),
      Judged(VerdictState::kRegressed, "errors_above_null", kFinish + 21 * kSecondNs, {Errors(), Latency()})};
  facts.decisions = {
      {"checkout-1795255170", "checkout", DecisionKind::kAct, "mode_push", kTrigger, kFinish + 21 * kSecondNs}};
  facts.journal = Journal();
  facts.recovery =
      Recovery{kTrigger, "checkout-revert",        "checkout", RecoveryState::kRecovered, 912, 0.0412, 0.0001,
               9000,     kFinish + 124 * kSecondNs};
  facts.deliveries = {Told("rollback_under_way", kFinish + 21'510 * kMillisecondNs, kFinish + 21'900 * kMillisecondNs),
                      Told("rollback_recovered", kFinish + 125 * kSecondNs, 0)};
  facts.plan = "Revert \"Pay in one step\"\n\nReverts: 3f2a91c0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n";
  facts.diffstat = " pay/step.cc | 12 +++++-------\n 1 file changed, 5 insertions(+), 7 deletions(-)\n";
  for (int64_t i = -12; i < 18; ++i) {
    const bool bad = i >= 0 && i < 10;
    facts.series.push_back({kFinish / kSecondNs + i * 10, 10, 1200, bad ? 49 + i % 3 : i % 4 == 0 ? 1 : 0});
  }
  facts.owner = "Ada <ada@example.com>";
  facts.opened_ns = kFinish + 21'510 * kMillisecondNs;
  facts.due_ns = facts.opened_ns + 7 * 24 * kHourNs;
  facts.audit_head = "23:b90ad803d29519b51359e20e86cbdbee26aef97dd4d079abe2ea79302d5bf36a";
  facts.answers = {{"change_or_check", "The change.\n\nThe check was *right*."}, {"why_review", "  "}};
  return facts;
}

TEST(PostMortem, IsTheGoldenRecord) {
  const PostMortemFacts facts = RolledBack();
  ExpectGolden("post_mortem.md", PostMortemMarkdown(facts, "checkout-3f2a91c0-1795255170.svg"));
  ExpectGolden("post_mortem.svg", ChartSvg(PostMortemChart(facts)));
}

TEST(PostMortem, OfAClosedRecordSaysWhen) {
  PostMortemFacts facts = RolledBack();
  facts.answers.clear();
  for (const PostMortemQuestion& question : PostMortemQuestions()) facts.answers.emplace_back(question.id, "known");
  facts.closed_ns = kFinish + 3 * 24 * kHourNs;
  const std::string markdown = PostMortemMarkdown(facts, "");
  EXPECT_THAT(markdown, HasSubstr("- status: closed at 2026-11-24T10:00:00Z\n"));
  EXPECT_THAT(markdown, HasSubstr("| 2026-11-24T10:00:00Z | this record closed |"));
  EXPECT_THAT(markdown, Not(HasSubstr("(unanswered)")));
  EXPECT_THAT(markdown, Not(HasSubstr("![")));
}

TEST(PostMortem, OfAPersonsOwnRollbackNamesNoEvidence) {
  PostMortemFacts facts = RolledBack();
  facts.deploy.reset();
  facts.verdicts.clear();
  facts.decisions.clear();
  facts.recovery.reset();
  facts.trigger.evidence = {};
  facts.plan = facts.diffstat = "";
  facts.journal.resize(5);
  facts.journal[4].outcome = "push_rejected";
  facts.journal[4].detail = "remote: protected branch\n| x | y |";
  const std::string markdown = PostMortemMarkdown(facts, "");
  EXPECT_THAT(markdown, HasSubstr("a person asked for a rollback of `3f2a91c0aaaa`; ended at step `pushed`: "
                                  "`push_rejected`.\n"));
  EXPECT_THAT(markdown, HasSubstr("None: a person asked for this rollback.\n"));
  EXPECT_THAT(markdown, HasSubstr("Plan:\n\nNot known.\n"));
  EXPECT_THAT(markdown, HasSubstr("`push_rejected`, `remote: protected branch?\\| x \\| y \\|` |\n"));
}

TEST(PostMortem, TheTimelineIsInOrderOfTime) {
  const std::string markdown = PostMortemMarkdown(RolledBack(), "");
  std::vector<std::string> times;
  size_t at = markdown.find("## Timeline");
  const size_t end = markdown.find("## Evidence");
  while ((at = markdown.find("\n| 2026-", at + 1)) < end) times.push_back(markdown.substr(at + 3, 19));
  EXPECT_GE(times.size(), 20U);
  EXPECT_TRUE(std::ranges::is_sorted(times));
}

// Every text of the facts is hostile. No line of the record may then be a heading, a list item or a table row other
// than the honest record has.
TEST(PostMortem, NoNameForgesALine) {
  const std::string hostile = "x`\n# Forged\r\n- forged\n| forged | row |\n```\n~~~\n<h1>forged</h1> ](x)";
  PostMortemFacts facts = RolledBack();
  for (std::string* text :
       {&facts.trigger.id, &facts.trigger.service, &facts.trigger.repo, &facts.trigger.base, &facts.trigger.head,
        &facts.trigger.reason, &facts.trigger.evidence.route, &facts.trigger.evidence.cohort,
        &facts.trigger.evidence.control, &facts.deploy->id, &facts.deploy->head, &facts.owner, &facts.audit_head,
        &facts.verdicts[1].reason, &facts.decisions[0].reason, &facts.plan, &facts.diffstat}) {
    *text = hostile;
  }
  for (JournalRow& row : facts.journal) row.step = row.outcome = row.detail = hostile;
  for (Delivery& delivery : facts.deliveries) delivery.channel = delivery.event = delivery.outcome = hostile;
  facts.answers = {{"why_review", hostile}};
  const std::string markdown = PostMortemMarkdown(facts, "");
  size_t headings = 0;
  bool in_code = false;
  for (size_t at = 0; at < markdown.size(); at = markdown.find('\n', at) + 1) {
    const std::string line = markdown.substr(at, markdown.find('\n', at) - at);
    // With a backtick behind it the run opens a line's code, not a block.
    if (line.rfind("````", 0) == 0 && line.find('`', line.find_first_not_of('`')) == std::string::npos)
      in_code = !in_code;
    if (in_code) continue;
    if (line.rfind("#", 0) == 0) ++headings;
    EXPECT_THAT(line, Not(::testing::StartsWith("# Forged")));
    EXPECT_THAT(line, Not(::testing::StartsWith("- forged")));
    EXPECT_THAT(line, Not(::testing::StartsWith("| forged")));
    EXPECT_THAT(line, Not(::testing::StartsWith("<h1>")));
  }
  EXPECT_FALSE(in_code);
  EXPECT_EQ(headings, 1 + 5 + PostMortemQuestions().size());
  EXPECT_THAT(markdown, HasSubstr("> \\# Forged\n> \\- forged\n> \\| forged \\| row \\|\n> \\`\\`\\`\n> \\~\\~\\~\n"
                                  "> \\<h1\\>forged\\</h1\\> \\](x)\n"));
}

TEST(OpenQuestions, AreThoseWithoutAnAnswer) {
  EXPECT_THAT(OpenQuestions({}), ElementsAre("why_review", "why_tests", "why_canary", "change_or_check", "what_next"));
  EXPECT_THAT(OpenQuestions({{"why_tests", "x"}, {"why_canary", " \n"}, {"unknown", "x"}}),
              ElementsAre("why_review", "why_canary", "change_or_check", "what_next"));
  PostMortemAnswers all;
  for (const PostMortemQuestion& question : PostMortemQuestions()) all.emplace_back(question.id, "x");
  EXPECT_THAT(OpenQuestions(all), IsEmpty());
}

TEST(PostMortemChart, OfTrafficIsRequestsASecond) {
  PostMortemFacts facts = RolledBack();
  EXPECT_EQ(PostMortemChart(facts).unit, Chart::Unit::kErrorShare);
  EXPECT_EQ(PostMortemChart(facts).marks.size(), 4U);
  facts.trigger.evidence.signal = "traffic";
  facts.recovery->state = RecoveryState::kWatching;
  facts.journal[4].outcome = "push_rejected";
  EXPECT_EQ(PostMortemChart(facts).unit, Chart::Unit::kRequestRate);
  EXPECT_EQ(PostMortemChart(facts).marks.size(), 2U);
}

TEST(DeployLog, IsTheGoldenLog) {
  const PostMortemFacts facts = RolledBack();
  ExpectGolden("deploy_log.md", DeployLogMarkdown({*facts.deploy, facts.verdicts, facts.decisions}));
}

TEST(DeployLog, OfAHealthyDeploySaysSo) {
  DeployLogFacts facts;
  facts.deploy = TheDeploy();
  facts.deploy.trigger_id = kTrigger;
  facts.deploy.kind = DeployKind::kRevert;
  facts.verdicts = {Judged(VerdictState::kHealthy, "observation_ended", kFinish + 900 * kSecondNs, {})};
  const std::string text = DeployLogMarkdown(facts);
  EXPECT_THAT(text, HasSubstr("- verdict: **healthy** (`observation_ended`)\n"));
  EXPECT_THAT(text, HasSubstr("- undoes, for trigger: `checkout-3f2a91c0-1795255170`\n"));
  EXPECT_THAT(text, HasSubstr("## Evidence of the last verdict\n\nNone.\n"));
  EXPECT_THAT(text, HasSubstr("## Decided\n\nNothing.\n"));
  facts.verdicts.back().state = VerdictState::kInconclusive;
  facts.verdicts.back().power = 0.31;
  EXPECT_THAT(DeployLogMarkdown(facts), HasSubstr("would have been found: 31 %\n"));
}

TEST(PostMortem, NamesTheErrorsThatTheApplicationToldOf) {
  PostMortemFacts facts = RolledBack();
  facts.trigger.evidence.signal = kNewErrors;
  facts.trigger.evidence.group = "00000000000000ab";
  NamedError error;
  error.fingerprint = 0xab;
  error.type = "TypeError";
  error.title = "`]| # forged";
  error.culprit = "checkout.views.pay";
  error.release = "shop@1.4.2";
  error.is_new = true;
  error.events = 41;
  error.first_seen_ns = kFinish + kSecondNs;
  error.e_value = 81234;
  error.e_value_needed = 5714;
  facts.verdicts.back().errors = {error};
  const std::string record = PostMortemMarkdown(facts, "");
  EXPECT_THAT(record, HasSubstr("`new_errors of group 00000000000000ab` went from 0.0001 events/request to "
                                "0.0412 events/request"));
  EXPECT_THAT(record,
              HasSubstr("Errors that the application told of:\n\n"
                        "| error | seen before | events | release | first seen (UTC) | e-value of needed | group |\n"
                        "| --- | --- | --- | --- | --- | --- | --- |\n"));
  EXPECT_THAT(record, HasSubstr("| no | 41 | `shop@1.4.2` | 2026-11-21T10:00:01Z | 8.123e+04 of 5714 | "
                                "`00000000000000ab` |\n"));
  EXPECT_THAT(record, HasSubstr("TypeError: `]\\| # forged (checkout.views.pay)"));
  EXPECT_THAT(record, HasSubstr("- error events up to the decision: 103\n"));
  facts.trigger.evidence.signal = kCrashedSessions;
  EXPECT_THAT(PostMortemMarkdown(facts, ""), HasSubstr("- sessions that crashed up to the decision: 103 of 2500\n"));

  DeployLogFacts log;
  log.deploy = TheDeploy();
  log.verdicts = facts.verdicts;
  EXPECT_THAT(DeployLogMarkdown(log), HasSubstr("`00000000000000ab` |\n"));
}

}  // namespace
}  // namespace revertd

#include "actions/notice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "actions/notices.h"
#include "base/strings.h"

namespace revertd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Severity = Notice::Severity;

RollbackTrigger MakeTrigger() {
  RollbackTrigger trigger;
  trigger.id = "checkout-0123abcd-1763700000";
  trigger.deploy_id = "checkout-1763700000";
  trigger.service = "checkout";
  trigger.repo = "shop";
  trigger.base = "9999999999999999999999999999999999999999";
  trigger.head = "0123abcd0123abcd0123abcd0123abcd0123abcd";
  trigger.reason = "mode_push";
  trigger.evidence.signal = "errors";
  trigger.evidence.before = 0.0001;
  trigger.evidence.after = 0.041;
  trigger.evidence.onset_ns = 1'763'700'060 * kSecondNs;
  trigger.evidence.control = "cart";
  trigger.evidence.control_before = 0.0002;
  trigger.evidence.control_after = 0.0003;
  return trigger;
}

const NoticeContext kContext = {1'763'700'120 * kSecondNs, "12:abcd"};

std::vector<std::string> NamesOf(const Notice& notice) {
  std::vector<std::string> names;
  for (const NoticeFact& fact : notice.facts) names.push_back(fact.name);
  return names;
}
std::string ValueOf(const Notice& notice, std::string_view name) {
  for (const NoticeFact& fact : notice.facts) {
    if (fact.name == name) return fact.value;
  }
  return "no such fact";
}

TEST(Notice, ComesBackFromItsJson) {
  Notice notice = RollbackUnderWay(MakeTrigger(), kContext);
  notice.resolves = true;
  notice.severity = Severity::kCritical;
  notice.url = "https://git.example/pull/7";
  notice.summary = std::string("quote \" slash \\ nul ") + '\0' + " umlaut \xC3\xBC face \xF0\x9F\x98\x80";
  notice.at_ns = -1;
  const auto back = NoticeFromJson(ToJson(notice));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, notice);
  EXPECT_EQ(ToJson(*back), ToJson(notice));
}

TEST(Notice, ANoticeOfALaterVersionIsReadAndWhatIsNoneIsRefused) {
  const auto sparse = NoticeFromJson(R"({"key":"k","event":"e","new":[1,{}]})");
  ASSERT_TRUE(sparse.ok());
  EXPECT_EQ(sparse->severity, Severity::kWarning);
  for (const char* bad :
       {"", "[]", "{", "null", R"({"key":"k"})", R"({"key":"k","event":7})", R"({"key":"k","event":"e","facts":{}})",
        R"({"key":"k","event":"e","facts":["x"]})", R"({"key":"k","event":"e","severity":"loud"})",
        R"({"key":"k","event":"e","at_ns":"now"})", R"({"key":"k","event":"e","resolves":1})"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(NoticeFromJson(bad).status())) << bad;
  }
}

TEST(CutText, EndsBetweenTwoCharacters) {
  EXPECT_EQ(CutText("abcdef", 6), "abcdef");
  EXPECT_EQ(CutText("abcdefg", 6), "abc...");
  EXPECT_EQ(CutText("\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC", 6), "\xC3\xBC...");
  EXPECT_EQ(CutText("\xF0\x9F\x98\x80 and more", 5), "...");
  EXPECT_EQ(CutText("abcdef", 3), "...");
}

TEST(IsLink, OnlyWhatABrowserMayBeSentTo) {
  EXPECT_TRUE(IsLink("https://git.example/a/pull/7?x=1&y=%20"));
  EXPECT_TRUE(IsLink("http://127.0.0.1:9093"));
  for (const char* bad : {"", "javascript:alert(1)", "https://", "https:///x", "https://a b", "https://a|b",
                          "https://a\">", "https://a\n", "https://\xC3\xBC", "ftp://a"}) {
    EXPECT_FALSE(IsLink(bad)) << bad;
  }
  EXPECT_FALSE(IsLink("https://a/" + std::string(kNoticeUrlBytesMax, 'x')));
}

TEST(Bounded, HoldsWhateverCameInAndLeavesTheRestAlone) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 100; ++round) {
    const auto text = [&random](size_t bytes_max) {
      std::string bytes(1 + random() % bytes_max, ' ');
      for (char& c : bytes) c = static_cast<char>(random() % 4 == 0 ? random() % 256 : 'a' + random() % 26);
      return bytes;
    };
    Notice notice{text(600), text(300), text(600), Severity::kInfo, false, text(3000), {}, "", text(300), 7};
    for (size_t i = random() % 40; i > 0; --i) notice.facts.push_back({text(300), text(3000)});
    const Notice bounded = Bounded(notice);
    SCOPED_TRACE("round " + std::to_string(round) + " of seed 7");
    EXPECT_EQ(Bounded(bounded), bounded);
    EXPECT_EQ(Printable(ToJson(bounded)), ToJson(bounded));
    EXPECT_EQ(*NoticeFromJson(ToJson(bounded)), bounded);
    EXPECT_LE(bounded.key.size(), kNoticeKeyBytesMax);
    EXPECT_LE(bounded.summary.size(), kNoticeLineBytesMax);
    EXPECT_LE(bounded.facts.size(), kNoticeFactsMax);
    for (const NoticeFact& fact : bounded.facts) {
      EXPECT_FALSE(fact.name.empty() || fact.value.empty());
      EXPECT_LE(fact.name.size(), kNoticeNameBytesMax);
      EXPECT_LE(fact.value.size(), kNoticeLineBytesMax);
    }
  }
}

TEST(Bounded, TwoLongKeysStayTwo) {
  Notice one;
  one.key = std::string(1000, 'k') + "1";
  Notice two;
  two.key = std::string(1000, 'k') + "2";
  EXPECT_NE(Bounded(one).key, Bounded(two).key);
}

TEST(Notices, UnderWaySaysSoLiterallyWithItsEvidence) {
  const Notice notice = RollbackUnderWay(MakeTrigger(), kContext);
  EXPECT_EQ(notice.event, "rollback_under_way");
  EXPECT_EQ(notice.key, "checkout-0123abcd-1763700000");
  EXPECT_EQ(notice.summary, "checkout: a rollback is already under way: errors 0.01 % -> 4.1 %");
  EXPECT_EQ(notice.audit_head, "12:abcd");
  EXPECT_EQ(notice.at_ns, kContext.at_ns);
  EXPECT_THAT(NamesOf(notice),
              ElementsAre("signal", "before -> after", "control", "onset", "repo", "range", "reason", "trigger"));
  EXPECT_EQ(ValueOf(notice, "control"), "cart: 0.02 % -> 0.03 %");
  EXPECT_EQ(ValueOf(notice, "onset"), "2025-11-21T04:41:00Z");
  EXPECT_EQ(ValueOf(notice, "range"), "999999999999..0123abcd0123");
  EXPECT_FALSE(notice.resolves);
}

NamedError MakeError(bool is_new, std::string type, std::string title) {
  NamedError error;
  error.is_new = is_new;
  error.type = std::move(type);
  error.title = std::move(title);
  error.events = 41;
  return error;
}

TEST(Notices, NameTheErrorsThatHaveTheMostToSay) {
  RollbackTrigger trigger = MakeTrigger();
  trigger.evidence.signal = kNewErrors;
  trigger.evidence.before = 0;
  trigger.evidence.after = 0.02;
  NoticeContext context = kContext;
  context.errors = {MakeError(true, "TypeError", "cannot read <text>\x1b[31m"), MakeError(false, "", "low stock"),
                    MakeError(true, "A", "1"), MakeError(true, "B", "2"), MakeError(true, "C", "3")};
  context.errors[0].culprit = "checkout.views.pay";
  context.errors[0].release = "shop@1.4.2\n";
  context.errors[1].events = 1;
  const Notice notice = RollbackUnderWay(trigger, context);
  EXPECT_EQ(notice.summary,
            "checkout: a rollback is already under way: new_errors 0 events/request -> 0.02 events/request; "
            "new TypeError: cannot read <text>?[31m (checkout.views.pay)");
  EXPECT_EQ(ValueOf(notice, "errors"),
            "new TypeError: cannot read <text>?[31m (checkout.views.pay), 41 events of shop@1.4.2?; "
            "more low stock, 1 event; new A: 1, 41 events; and 2 others");
  EXPECT_EQ(ValueOf(RollbackDeployed(trigger, "d", context), "errors"), ValueOf(notice, "errors"));

  Verdict verdict;
  verdict.evidence = {trigger.evidence};
  verdict.errors = {context.errors[1]};
  const Notice judged = DeployJudged({}, verdict, {}, kContext);
  EXPECT_THAT(judged.summary, HasSubstr("0.02 events/request; more low stock"));
  EXPECT_EQ(ValueOf(judged, "errors"), "more low stock, 1 event");
}

TEST(Notices, APersonsOwnRollbackHasTheSameFactsInTheSameOrder) {
  RollbackTrigger trigger = MakeTrigger();
  trigger.evidence = {};
  trigger.base.clear();
  trigger.reason = "asked by a person";
  const Notice notice = RollbackUnderWay(trigger, kContext);
  EXPECT_EQ(notice.summary, "checkout: a rollback is already under way: asked by a person");
  EXPECT_EQ(NamesOf(notice), NamesOf(RollbackUnderWay(MakeTrigger(), kContext)));
  EXPECT_EQ(ValueOf(notice, "signal"), "-");
  EXPECT_EQ(ValueOf(notice, "range"), "0123abcd0123");
}

TEST(Notices, OneRollbackIsOneConversationThatEndsWhenProductionRecovered) {
  const RollbackTrigger trigger = MakeTrigger();
  Recovery recovery;
  recovery.rate_bad = 0.041;
  recovery.rate_now = 0.0001;
  recovery.n_now = 5000;
  std::vector<Notice> all = {RollbackUnderWay(trigger, kContext),
                             RollbackProposed(trigger, "https://git.example/pull/7", kContext),
                             RollbackPushed(trigger, trigger.base, "", kContext),
                             RollbackDeployed(trigger, "checkout-revert", kContext),
                             RollbackUndecided(trigger, "no word from the detector", kContext),
                             RollbackHeld(trigger, "conflict", "a.txt", kContext)};
  for (RecoveryState state : {RecoveryState::kRecovered, RecoveryState::kNotRecovered, RecoveryState::kUndecided}) {
    recovery.state = state;
    all.push_back(RollbackJudged(trigger, recovery, kContext));
  }
  std::set<std::string> events;
  for (const Notice& notice : all) {
    events.insert(notice.event);
    EXPECT_EQ(notice.key, trigger.id);
    EXPECT_EQ(notice.resolves, notice.event == "rollback_recovered") << notice.event;
    EXPECT_EQ(std::vector<NoticeFact>(notice.facts.begin(), notice.facts.begin() + 8),
              std::vector<NoticeFact>(all[0].facts.begin(), all[0].facts.end()))
        << notice.event;
  }
  EXPECT_THAT(events, ElementsAre("rollback_deployed", "rollback_held", "rollback_not_recovered", "rollback_proposed",
                                  "rollback_pushed", "rollback_recovered", "rollback_undecided", "rollback_under_way"));
  EXPECT_EQ(all[1].url, "https://git.example/pull/7");
  EXPECT_EQ(all[6].summary, "checkout: recovered after the rollback: errors 4.1 % -> 0.01 %");
  EXPECT_EQ(all[7].severity, Severity::kCritical);
  EXPECT_THAT(all[7].summary, HasSubstr("NOT recovered"));
}

TEST(Notices, AHeldRollbackSaysWhyAndWhatToDo) {
  const Notice conflict = RollbackHeld(MakeTrigger(), "conflict", "a.txt, b.txt", kContext);
  EXPECT_EQ(conflict.summary, "checkout: not rolled back (conflict): errors 0.01 % -> 4.1 %");
  EXPECT_EQ(ValueOf(conflict, "detail"), "a.txt, b.txt");
  EXPECT_THAT(ValueOf(conflict, "what to do"), HasSubstr("resolve the conflicts"));
  EXPECT_EQ(conflict.severity, Severity::kCritical);
  const Notice dismissed = RollbackHeld(MakeTrigger(), "dismissed", "", kContext);
  EXPECT_EQ(dismissed.severity, Severity::kInfo);
  EXPECT_TRUE(dismissed.resolves);
  EXPECT_THAT(AdviceFor("a reason of tomorrow"), HasSubstr("revertd explain"));
}

TEST(Notices, ABadDeployWithoutARollbackIsTheDeploysOwnIncident) {
  Decision decision;
  decision.deploy_id = "checkout-1763700000";
  decision.service = "checkout";
  decision.kind = DecisionKind::kAlert;
  decision.reason = "mode_alert";
  Verdict verdict;
  verdict.evidence = {MakeTrigger().evidence};
  const Notice alert = DeployJudged(decision, verdict, Deploy{}, kContext);
  EXPECT_EQ(alert.event, "deploy_regressed");
  EXPECT_EQ(alert.key, decision.deploy_id);
  EXPECT_EQ(alert.severity, Severity::kCritical);
  EXPECT_THAT(alert.summary, HasSubstr("errors 0.01 % -> 4.1 %"));
  EXPECT_EQ(ValueOf(alert, "reason"), "mode_alert");
  decision.kind = DecisionKind::kTriage;
  const Notice triage = DeployJudged(decision, Verdict{}, Deploy{}, kContext);
  EXPECT_EQ(triage.event, "deploy_ambiguous");
  EXPECT_EQ(triage.severity, Severity::kWarning);
  EXPECT_EQ(NamesOf(triage), NamesOf(alert));
}

TEST(Notices, AFailingChannelIsAnIncidentThatEndsWhenItWorks) {
  const Notice failing = ChannelFailing("pager", "answered 500", kContext);
  EXPECT_EQ(failing.key, "channel:pager");
  EXPECT_EQ(failing.event, "channel_failing");
  EXPECT_THAT(failing.summary, HasSubstr("pager: answered 500"));
  const Notice working = ChannelWorking("pager", kContext);
  EXPECT_EQ(working.key, failing.key);
  EXPECT_TRUE(working.resolves);
}

}  // namespace
}  // namespace revertd

// The owner's own rules: when too many errors fire, when a failing check is a deploy's fault and when it is not.
#include "analysis/rules.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "analysis/health_book.h"
#include "tests/analysis/scenario.h"

namespace revertd {
namespace {

constexpr int64_t kStart = kDay + 1000;
constexpr HealthRule kRule{.before_second = kStart, .from_second = kStart + 60, .fatals_needed = 3};

TEST(ErrorsRule, FiresOnceTheShareOfTheWindowIsAboveItsLimit) {
  ErrorsRule rule({.errors_above = 0.05, .requests_min = 100, .window = kMinuteNs}, {10'000, 10});
  rule.Observe(kStart, {99, 99});
  EXPECT_FALSE(rule.fired()) << "too few requests to say";
  rule = ErrorsRule({.errors_above = 0.05, .requests_min = 100, .window = kMinuteNs}, {10'000, 10});
  for (int64_t i = 0; i < 10; ++i) rule.Observe(kStart + i, {100, 5});
  EXPECT_FALSE(rule.fired()) << "5 % is not above 5 %";
  rule.Observe(kStart + 10, {100, 6});
  ASSERT_TRUE(rule.fired());
  EXPECT_EQ(rule.fired()->signal, kRuleErrors);
  EXPECT_EQ(rule.fired()->x_after, 56);
  EXPECT_EQ(rule.fired()->n_after, 1100);
  EXPECT_EQ(rule.fired()->onset_ns, (kStart + 10) * kSecondNs);
  rule.Observe(kStart + 11, {100, 7});
  EXPECT_EQ(rule.fired()->onset_ns, (kStart + 10) * kSecondNs) << "the same row";
  rule.Observe(kStart + 12, {1000, 0});
  EXPECT_FALSE(rule.fired()) << "it holds no longer";
}

TEST(ErrorsRule, ForgetsWhatIsOlderThanItsWindow) {
  ErrorsRule rule({.errors_above = 0.05, .requests_min = 100, .window = kMinuteNs}, {});
  rule.Observe(kStart, {90, 90});
  rule.Observe(kStart + 60, {100, 0});
  EXPECT_FALSE(rule.fired());
  rule.Observe(kStart + 61, {100, 11});
  EXPECT_TRUE(rule.fired());
}

TEST(ErrorsRule, WithoutALimitThereIsNone) {
  ErrorsRule rule({}, {});
  rule.Observe(kStart, {1'000'000, 1'000'000});
  EXPECT_FALSE(rule.fired());
}

// Answers ten seconds apart, the last one before the deploy's start first: o(k), f(atal), w(arning), ?.
std::optional<FailedCheck> FailedAfter(std::string_view before, std::string_view after) {
  HealthBook book;
  const auto level = [](char c) {
    return c == 'o'   ? HealthLevel::kOk
           : c == 'f' ? HealthLevel::kFatal
           : c == 'w' ? HealthLevel::kWarn
                      : HealthLevel::kUnknown;
  };
  int64_t second = kStart - 10 * static_cast<int64_t>(before.size());
  const auto take = [&](char c) {
    book.Take({"shop", "answers", level(c), "status_503", "", second * kSecondNs, 0});
    second += 10;
  };
  for (const char c : before) take(c);
  second = kStart + 60;
  for (const char c : after) take(c);
  return book.Failed("shop", kRule, second);
}

TEST(HealthBook, ThreeFailuresInARowAfterAGoodAnswerAreTheDeploys) {
  const auto failed = FailedAfter("ooo", "offf");
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->check, "answers");
  EXPECT_EQ(failed->failures, 3);
  EXPECT_EQ(failed->first_second, kStart + 70);
  EXPECT_TRUE(FailedAfter("o?", "f?ff")) << "what is not known breaks no row";
}

TEST(HealthBook, AnyDoubtIsHealthy) {
  EXPECT_FALSE(FailedAfter("ooo", "ffof")) << "not in a row";
  EXPECT_FALSE(FailedAfter("ooo", "fwff")) << "a warning is no failure";
  EXPECT_FALSE(FailedAfter("oof", "fff")) << "it failed before";
  EXPECT_FALSE(FailedAfter("", "fff")) << "nobody knows how it was before";
  EXPECT_FALSE(FailedAfter("??", "fff"));
  EXPECT_FALSE(FailedAfter("ooo", "f?f?")) << "unknown is no failure";
}

TEST(HealthBook, WhatFailsWhileItSettlesDownDoesNotCount) {
  HealthBook book;
  book.Take({"shop", "answers", HealthLevel::kOk, "ok", "", (kStart - 5) * kSecondNs, 0});
  for (int64_t i = 1; i < 6; ++i) {
    book.Take({"shop", "answers", HealthLevel::kFatal, "timed_out", "", (kStart + 10 * i) * kSecondNs, 0});
  }
  EXPECT_FALSE(book.Failed("shop", kRule, kStart + 59));
  EXPECT_TRUE(book.IsFailing("shop", kStart + 59));
  EXPECT_FALSE(book.IsFailing("shop", kStart)) << "as it was then";
  EXPECT_TRUE(book.IsFailing("shop", kStart + 59, "answers"));
  EXPECT_FALSE(book.IsFailing("shop", kStart + 59, "another"));
  EXPECT_EQ(book.OthersFailing("mail", kStart), 1);
  EXPECT_EQ(book.OthersFailing("shop", kStart), 0);
  EXPECT_EQ(book.OthersFailing("mail", kStart + 30), 0) << "it failed before that already";
}

TEST(HealthBook, HowOftenACheckIsAskedChangesNothing) {
  HealthBook book;
  const auto ask = [&book](int64_t from, int64_t until, HealthLevel level) {
    for (int64_t second = from; second < until; ++second) {
      book.Take({"shop", "answers", level, "status_503", "", second * kSecondNs, 0});
    }
  };
  ask(kStart - 100, kStart + 800, HealthLevel::kOk);
  ask(kStart + 800, kStart + 804, HealthLevel::kFatal);
  EXPECT_FALSE(book.Failed("shop", kRule, kStart + 801)) << "as it was then";
  EXPECT_EQ(book.Failed("shop", kRule, kStart + 802)->failures, 3);
  ask(kStart + 804, kStart + 1500, HealthLevel::kFatal);
  const auto failed = book.Failed("shop", kRule, kStart + 1499);
  ASSERT_TRUE(failed) << "a check a second, well for a quarter of an hour";
  EXPECT_EQ(failed->first_second, kStart + 800);
  EXPECT_EQ(failed->failures, 700);
}

TEST(HealthBook, AClockThatIsSetBackForgetsWhatItSaidBefore) {
  HealthBook book;
  const auto ask = [&book](int64_t second, HealthLevel level) {
    book.Take({"shop", "answers", level, "status_503", "", second * kSecondNs, 0});
  };
  ask(kStart + 3600, HealthLevel::kOk);
  for (int64_t i = 0; i < 3; ++i) ask(kStart + 70 + 10 * i, HealthLevel::kFatal);
  EXPECT_TRUE(book.IsFailing("shop", kStart + 100));
  EXPECT_FALSE(book.Failed("shop", kRule, kStart + 100)) << "nobody knows how it was before";
}

TEST(HealthBook, TimeAloneIsNobodysFault) {
  HealthBook book;
  book.Take({"shop", "answers", HealthLevel::kOk, "ok", "", (kStart - 5) * kSecondNs, 0});
  for (int64_t i = 0; i < 5; ++i) {
    book.Take({"shop", "answers", HealthLevel::kFatal, i < 3 ? "certificate_expires_in_14_days" : "certificate_expired",
               "", (kStart + 70 + 10 * i) * kSecondNs, 0});
  }
  EXPECT_FALSE(book.Failed("shop", kRule, kStart + 200));
}

TEST(HealthBook, WaitsForWhoHasNotAnsweredYet) {
  HealthBook book;
  book.Await("shop", "answers");
  book.Await("mail", "answers");
  EXPECT_TRUE(book.IsAwaited("shop"));
  EXPECT_FALSE(book.IsAwaited("bank")) << "it has no check";
  EXPECT_FALSE(book.OthersAsked("shop", kStart));
  book.Take({"mail", "answers", HealthLevel::kUnknown, "name_not_resolved", "", kStart * kSecondNs, 0});
  EXPECT_TRUE(book.OthersAsked("shop", kStart));
  EXPECT_FALSE(book.OthersAsked("shop", kStart + 1));
  EXPECT_FALSE(book.IsAwaited("mail"));
}

// The whole loop: healthy traffic, and checks, every ten seconds, that fail or do not.
class HealthRuleInTheLoop : public ::testing::Test {
 protected:
  static constexpr int64_t kEnd = kStart + 300;
  using Fails = std::function<bool(std::string_view service, int64_t second)>;

  const Verdict& Run(const Fails& fails, const std::vector<std::string>& checked = {"shop", "mail", "bank"}) {
    std::mt19937_64 random(7);
    std::vector<Stream> streams;
    for (const char* name : {"shop", "mail"}) {
      scenario_.loop.RestoreHistory(name, DrawHistory(Steady(100, 0.002), kStart - 7200, kStart - 1000, random), {});
      streams.push_back(Draw(name, Steady(100, 0.002), kStart - 1000, kEnd, random));
    }
    scenario_.Register(DeployOf("shop", kStart, kStart + 5, "badc0de"));
    scenario_.Feed(streams, kStart - 1000, kStart - 30);
    for (int64_t at = kStart - 30; at < kEnd; at += 10) {
      for (const std::string& service : checked) {
        scenario_.loop.OnHealth({service, "answers", fails(service, at) ? HealthLevel::kFatal : HealthLevel::kOk,
                                 "status_503", "", at * kSecondNs, 0});
      }
      scenario_.Feed(streams, at, at + 10);
    }
    return *scenario_.sink.LastVerdict("shop-badc0de");
  }

  Scenario scenario_;
};

TEST_F(HealthRuleInTheLoop, AFailingCheckIsEnoughToAct) {
  const Verdict& verdict = Run([](std::string_view service, int64_t at) { return service == "shop" && at > kStart; });
  ASSERT_EQ(verdict.state, VerdictState::kRegressed);
  EXPECT_EQ(verdict.reason, kRuleHealth);
  EXPECT_EQ(verdict.evidence.at(0).signal, kRuleHealth);
  EXPECT_EQ(CheckOf(verdict.evidence.at(0)), "answers");
  EXPECT_GE(verdict.at_ns, (kStart + 65 + 20) * kSecondNs) << "a minute to settle, then three answers";
  ASSERT_TRUE(scenario_.sink.Triggered());
  EXPECT_EQ(scenario_.sink.decisions.at(0).kind, DecisionKind::kAct);
}

TEST_F(HealthRuleInTheLoop, WhereOthersFailTooAPersonIsAsked) {
  const Verdict& verdict = Run([](std::string_view, int64_t at) { return at > kStart; });
  EXPECT_EQ(verdict.state, VerdictState::kAmbiguous);
  EXPECT_EQ(verdict.reason, kSharedOutage);
  EXPECT_FALSE(scenario_.sink.Triggered());
}

// The database is back, and the deployed service is the last to notice.
TEST_F(HealthRuleInTheLoop, AnOutageThatIsOverMakesNobodyGuilty) {
  const Verdict& verdict = Run([](std::string_view service, int64_t at) {
    return at > kStart && at < (service == "shop" ? kStart + 200 : kStart + 120);
  });
  EXPECT_EQ(verdict.state, VerdictState::kAmbiguous);
  EXPECT_FALSE(scenario_.sink.Triggered());
}

TEST_F(HealthRuleInTheLoop, OthersThatFailAllTheTimeExplainNothing) {
  const Verdict& verdict = Run([](std::string_view service, int64_t at) { return service != "shop" || at > kStart; });
  EXPECT_EQ(verdict.state, VerdictState::kRegressed);
}

TEST_F(HealthRuleInTheLoop, OthersThatAreAskedRarelyAreWaitedFor) {
  for (const char* other : {"mail", "bank"})
    scenario_.loop.OnHealth({other, "answers", HealthLevel::kOk, "", "", 0, 0});
  const Verdict& verdict =
      Run([](std::string_view service, int64_t at) { return service == "shop" && at > kStart; }, {"shop"});
  ASSERT_EQ(verdict.state, VerdictState::kRegressed);
  EXPECT_GE(verdict.at_ns, (kStart + 65 + 60) * kSecondNs);
}

// The next deploy ends the watch, and nobody else was asked by then.
TEST_F(HealthRuleInTheLoop, WhatIsStillWaitedForWhenTheWatchEndsIsAPersonsCase) {
  scenario_.Register(DeployOf("shop", kStart + 240, kStart + 245, "c0ffee1"));
  for (const char* other : {"mail", "bank"})
    scenario_.loop.OnHealth({other, "answers", HealthLevel::kOk, "", "", 0, 0});
  const Verdict& verdict =
      Run([](std::string_view service, int64_t at) { return service == "shop" && at > kStart + 200; }, {"shop"});
  EXPECT_EQ(verdict.state, VerdictState::kAmbiguous);
  EXPECT_EQ(verdict.reason, kRuleHealth);
}

TEST_F(HealthRuleInTheLoop, ACheckThatIsWellAgainBlamesNobody) {
  const Verdict& verdict = Run(
      [](std::string_view service, int64_t at) { return service == "shop" && at > kStart + 60 && at < kStart + 90; });
  EXPECT_NE(verdict.state, VerdictState::kRegressed) << "two answers of three";
}

TEST_F(HealthRuleInTheLoop, NothingIsHealthyBeforeItsChecksWereAsked) {
  scenario_.config.services.at(0).health.checks.push_back({.name = "ready", .url = ""});
  scenario_.loop.AwaitHealth();
  const Verdict& verdict = Run([](std::string_view, int64_t) { return false; });
  EXPECT_EQ(verdict.state, VerdictState::kWatching);
}

TEST(Blindness, NothingIsHealthyWhileWhatIsSeenCannotBeTrusted) {
  std::mt19937_64 random(8);
  Scenario scenario;
  scenario.loop.RestoreHistory("shop", DrawHistory(Steady(100, 0.002), kStart - 7200, kStart - 1000, random), {});
  const std::vector<Stream> streams = {Draw("shop", Steady(100, 0.002), kStart - 1000, kStart + 600, random)};
  scenario.Register(DeployOf("shop", kStart, kStart + 5, "c0ffee0"));
  scenario.loop.SetBlind(true);
  scenario.Feed(streams, kStart - 1000, kStart + 300);
  EXPECT_EQ(scenario.sink.LastVerdict("shop-c0ffee0")->state, VerdictState::kWatching);
  scenario.loop.SetBlind(false);
  scenario.Feed(streams, kStart + 300, kStart + 301);
  EXPECT_EQ(scenario.sink.LastVerdict("shop-c0ffee0")->state, VerdictState::kHealthy);
}

}  // namespace
}  // namespace revertd

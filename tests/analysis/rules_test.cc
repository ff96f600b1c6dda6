// The owner's own rules: when too many errors fire, when a failing check is a deploy's fault and when it is not.
#include "analysis/rules.h"

#include <gtest/gtest.h>

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
  EXPECT_EQ(rule.fired()->onset_ns, kStart * kSecondNs);
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
  EXPECT_EQ(book.OthersFailing("mail", kStart + 59), 1);
  EXPECT_EQ(book.OthersFailing("shop", kStart + 59), 0);
}

// The whole loop: healthy traffic, and a check that fails for good.
Scenario& Watched(Scenario& scenario, std::string_view level_of_others) {
  std::mt19937_64 random(7);
  std::vector<Stream> streams;
  for (const char* name : {"shop", "mail"}) {
    scenario.loop.RestoreHistory(name, DrawHistory(Steady(100, 0.002), kStart - 7200, kStart - 1000, random), {});
    streams.push_back(Draw(name, Steady(100, 0.002), kStart - 1000, kStart + 300, random));
  }
  scenario.Register(DeployOf("shop", kStart, kStart + 5, "badc0de"));
  for (int64_t at = kStart - 30; at < kStart + 300; at += 10) {
    const bool fails = at > kStart;
    const auto tell = [&](const char* service, bool is_failing) {
      scenario.loop.OnHealth({service, "answers", is_failing ? HealthLevel::kFatal : HealthLevel::kOk, "status_503", "",
                              at * kSecondNs, 0});
    };
    tell("shop", fails);
    tell("mail", fails && level_of_others == "failing");
    tell("bank", fails && level_of_others == "failing");
  }
  scenario.Feed(streams, kStart - 1000, kStart + 300);
  return scenario;
}

TEST(HealthRuleInTheLoop, AFailingCheckIsEnoughToAct) {
  Scenario scenario;
  Watched(scenario, "ok");
  const Verdict* verdict = scenario.sink.LastVerdict("shop-badc0de");
  ASSERT_EQ(verdict->state, VerdictState::kRegressed);
  EXPECT_EQ(verdict->reason, kRuleHealth);
  EXPECT_EQ(verdict->evidence.at(0).signal, kRuleHealth);
  EXPECT_GE(verdict->at_ns, (kStart + 65 + 20) * kSecondNs) << "a minute to settle, then three answers";
  ASSERT_TRUE(scenario.sink.Triggered());
  EXPECT_EQ(scenario.sink.decisions.at(0).kind, DecisionKind::kAct);
}

TEST(HealthRuleInTheLoop, WhereOthersFailTooAPersonIsAsked) {
  Scenario scenario;
  Watched(scenario, "failing");
  EXPECT_EQ(scenario.sink.LastVerdict("shop-badc0de")->state, VerdictState::kAmbiguous);
  EXPECT_FALSE(scenario.sink.Triggered());
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

// How often an owner's rules would have been wrong: on pretend deploys of a service that was well but for an incident.
#include "analysis/rule_play.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace revertd {
namespace {

constexpr int64_t kStart = 1'800'000'000;
constexpr int64_t kShadow = 900;

ServiceConfig Shop() {
  ServiceConfig shop;
  shop.name = "shop";
  shop.rule = {.errors_above = 0.05, .requests_min = 100, .window = kMinuteNs};
  shop.health.checks.push_back({.name = "ready", .url = "", .every = 10 * kSecondNs});
  shop.health.checks.push_back({.name = "queue", .url = "", .fatal = false});
  return shop;
}

SecondCounts SecondOf(int64_t second, uint32_t errors) {
  SecondCounts counts{.second = second, .by_age = {}};
  counts.by_age.requests[0] = 10;  // of the youngest class: begun when they ended
  counts.by_age.errors[0] = errors;
  return counts;
}

TEST(RulePlay, CountsThePretendDeploysInWhichTheShareWasAboveTheLimit) {
  RulePlay play(Shop(), {});
  for (int64_t i = 0; i < 4 * kShadow; ++i) {
    const bool incident = i >= kShadow + 100 && i < kShadow + 130;  // half a minute of one in five
    play.AddSecond(SecondOf(kStart + i, incident ? 2 : 0));
    if (i % kShadow == kShadow - 1) play.PlayErrors(kStart + i + 1 - kShadow);
  }
  ASSERT_TRUE(play.errors());
  EXPECT_EQ(play.errors()->judged, 4);
  EXPECT_EQ(play.errors()->fired, 1) << "also where it was over when the watch ended";
  EXPECT_FALSE(play.health()) << "nothing is known of its checks";
}

TEST(RulePlay, OneThatBeganBeforeTheLogsIsNotJudged) {
  RulePlay play(Shop(), {});
  for (int64_t i = 0; i < kShadow; ++i) play.AddSecond(SecondOf(kStart + i, 0));
  play.PlayErrors(kStart - 1);
  EXPECT_EQ(play.errors()->judged, 0);
}

TEST(RulePlay, WithoutARuleThereIsNothingToTell) {
  ServiceConfig shop = Shop();
  shop.rule = {};
  RulePlay play(shop, {});
  play.AddSecond(SecondOf(kStart, 10));
  play.PlayErrors(kStart);
  EXPECT_FALSE(play.errors());
}

TEST(RulePlay, AFatalCheckThatFailsForThreeQuestionsIsAFalseAlarm) {
  RulePlay play(Shop(), {});
  play.AddLevel("ready", kStart - 100, HealthLevel::kOk);
  play.AddLevel("ready", kStart + 300, HealthLevel::kFatal);  // for two questions,
  play.AddLevel("ready", kStart + 320, HealthLevel::kOk);
  play.AddLevel("ready", kStart + kShadow + 300, HealthLevel::kFatal);  // for four,
  play.AddLevel("ready", kStart + kShadow + 340, HealthLevel::kOk);
  play.AddLevel("ready", kStart + 3 * kShadow - 1, HealthLevel::kFatal);  // and from before a deploy on
  play.AddLevel("queue", kStart - 100, HealthLevel::kWarn);
  for (int64_t i = 0; i < 4; ++i) play.PlayHealth(kStart + i * kShadow);
  ASSERT_TRUE(play.health());
  EXPECT_EQ(play.health()->judged, 4);
  EXPECT_EQ(play.health()->fired, 1);
}

TEST(RulePlay, WhatIsNotKnownAtTheStartIsNotJudged) {
  RulePlay play(Shop(), {});
  play.AddLevel("ready", kStart + 10, HealthLevel::kOk);
  play.PlayHealth(kStart);
  EXPECT_EQ(play.health()->judged, 0);
  play.PlayHealth(kStart + kShadow);
  EXPECT_EQ(play.health()->judged, 1);
}

}  // namespace
}  // namespace revertd

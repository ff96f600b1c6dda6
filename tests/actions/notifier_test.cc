#include "actions/notifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "actions/notices.h"
#include "tests/actions/notifier_fixture.h"

namespace revertd {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using Kind = ChannelConfig::Kind;

TEST_F(NotifierTest, TellsEveryChannelOnce) {
  config_.notify = {Webhook("a", kA), Webhook("b", kB)};
  Start();
  Tell("rollback_under_way");
  Tell("rollback_under_way");
  EXPECT_THAT(script_.RequestsTo(kA), IsEmpty()) << "Tell itself reaches for no network";
  Settle();
  Tell("rollback_under_way");
  SettleThrough(kHourNs);
  EXPECT_THAT(script_.EventsAt(kA), ElementsAre("rollback_under_way"));
  EXPECT_THAT(script_.EventsAt(kB), ElementsAre("rollback_under_way"));
  EXPECT_EQ(Row("a", "rollback_under_way").outcome, "delivered");
  EXPECT_EQ(Row("a", "rollback_under_way").tries, 1);
  EXPECT_THAT(Audited(),
              UnorderedElementsAre(R"(shop-0123abcd-7 {"channel":"a","event":"rollback_under_way","delivered":true,)"
                                   R"("outcome":"delivered","tries":1})",
                                   R"(shop-0123abcd-7 {"channel":"b","event":"rollback_under_way","delivered":true,)"
                                   R"("outcome":"delivered","tries":1})"));
  EXPECT_THAT(ends_, SizeIs(2));
}

TEST_F(NotifierTest, IsTriedAgainAndDeliveredOnceWithTheSameId) {
  config_.notify = {Webhook("a", kA)};
  Start();
  script_.Answer(kA, Unavailable("connection refused"));
  script_.Answer(kA, Answered(500));
  Tell("rollback_pushed");
  Settle();
  const Delivery failed = Row("a", "rollback_pushed");
  EXPECT_EQ(failed.outcome, "no answer: connection refused");
  EXPECT_EQ(failed.ended_ns, 0);
  EXPECT_GE(failed.next_ns, clock_.Now() + Notifier::kRetryWaitMin);
  EXPECT_LE(failed.next_ns, clock_.Now() + Notifier::kFirstRetryWaitMax);
  Settle();
  EXPECT_THAT(script_.RequestsTo(kA), SizeIs(1)) << "not before it is due";
  SettleThrough(kHourNs);
  const std::vector<HttpRequest> requests = script_.RequestsTo(kA);
  ASSERT_THAT(requests, SizeIs(3));
  EXPECT_EQ(requests[0].headers, requests[2].headers);
  EXPECT_EQ(requests[0].body, requests[2].body);
  EXPECT_EQ(Row("a", "rollback_pushed").tries, 3);
  EXPECT_EQ(notifier_->counters().retried, 2);
  EXPECT_EQ(notifier_->counters().delivered, 1);
}

TEST_F(NotifierTest, IsGivenUpAfterEightTriesWithinTwoHoursOrSo) {
  config_.notify = {Webhook("a", kA)};
  Start();
  for (int i = 0; i < 20; ++i) script_.Answer(kA, Answered(503));
  Tell("rollback_pushed");
  Settle();
  SettleThrough(130 * kMinuteNs);
  EXPECT_EQ(std::ranges::count(script_.EventsAt(kA), "rollback_pushed"), Notifier::kTriesMax);
  ASSERT_FALSE(ends_.empty());
  EXPECT_FALSE(ends_[0].delivered);
  EXPECT_EQ(ends_[0].outcome, "answered 503: words");
  EXPECT_EQ(ends_[0].tries, Notifier::kTriesMax);
  EXPECT_THAT(Audited(), Contains(HasSubstr(R"("delivered":false,"outcome":"answered 503: words","tries":8)")));
}

TEST_F(NotifierTest, ARefusalIsFinalAtOnce) {
  config_.notify = {Webhook("a", kA)};
  Start();
  script_.Answer(kA, Answered(404));
  Tell("rollback_pushed");
  SettleThrough(kHourNs);
  EXPECT_EQ(std::ranges::count(script_.EventsAt(kA), "rollback_pushed"), 1);
  EXPECT_EQ(Row("a", "rollback_pushed").outcome, "answered 404: words");
}

TEST_F(NotifierTest, WaitsAsLongAsItIsAskedToButNotForever) {
  config_.notify = {Webhook("a", kA)};
  Start();
  script_.Answer(kA, HttpResponse{429, {{"retry-after", "90"}}, ""});
  script_.Answer(kA, HttpResponse{429, {{"retry-after", "80000"}}, ""});
  Tell("rollback_pushed");
  Settle();
  EXPECT_EQ(Row("a", "rollback_pushed").next_ns, clock_.Now() + 90 * kSecondNs);
  clock_.SleepFor(90 * kSecondNs);
  Settle();
  EXPECT_EQ(Row("a", "rollback_pushed").next_ns, clock_.Now() + Notifier::kRetryWaitMax);
}

TEST_F(NotifierTest, OfOneKeyALaterMessageWaitsForTheEarlierOne) {
  config_.notify = {Webhook("a", kA)};
  Start();
  script_.Answer(kA, Answered(500));
  Tell("rollback_under_way");
  Tell("rollback_recovered");
  ASSERT_TRUE(notifier_->Tell(ChannelFailing("other", "down", {clock_.Now(), ""})).ok());
  Settle();
  EXPECT_THAT(script_.EventsAt(kA), UnorderedElementsAre("rollback_under_way", "channel_failing"))
      << "another incident does not wait";
  SettleThrough(10 * kMinuteNs);
  EXPECT_THAT(script_.EventsAt(kA),
              ElementsAre("rollback_under_way", "channel_failing", "rollback_under_way", "rollback_recovered"));
}

TEST_F(NotifierTest, AChannelThatHangsDelaysNeitherTellNorPumpNorOthers) {
  config_.notify = {Webhook("a", kA), Webhook("b", kB)};
  Start();
  script_.Hang(kA);
  Tell("rollback_under_way");
  Pump();
  script_.WaitUntilItHangs();
  Await();  // b's
  Pump();
  for (const char* event : {"rollback_pushed", "rollback_deployed"}) {
    Tell(event);
    Pump();
    Await();
    Pump();
  }
  EXPECT_THAT(script_.EventsAt(kB), ElementsAre("rollback_under_way", "rollback_pushed", "rollback_deployed"));
  EXPECT_THAT(script_.EventsAt(kA), SizeIs(1));
  EXPECT_EQ(notifier_->under_way(), 1U);
  script_.Release();
  Settle();
  EXPECT_THAT(script_.EventsAt(kA), ElementsAre("rollback_under_way", "rollback_pushed", "rollback_deployed"));
}

TEST_F(NotifierTest, ARestartDeliversWhatWasNotDeliveredAndNothingElse) {
  config_.notify = {Webhook("a", kA), Webhook("b", kB)};
  Start();
  script_.Answer(kA, Answered(500));
  Tell("rollback_under_way");
  Settle();
  Tell("rollback_pushed");  // never handed out
  Restart();
  SettleThrough(5 * kMinuteNs);
  EXPECT_THAT(script_.EventsAt(kA), ElementsAre("rollback_under_way", "rollback_under_way", "rollback_pushed"));
  EXPECT_THAT(script_.EventsAt(kB), ElementsAre("rollback_under_way", "rollback_pushed"));
  EXPECT_EQ(Row("a", "rollback_under_way").tries, 2) << "tries are counted through restarts";
}

TEST_F(NotifierTest, WhatIsDeliveredWhileItEndsIsWritten) {
  config_.notify = {Webhook("a", kA)};
  Start();
  script_.Hang(kA);
  Tell("rollback_under_way");
  Pump();
  script_.WaitUntilItHangs();
  script_.Release();
  Restart();
  SettleThrough(5 * kMinuteNs);
  EXPECT_THAT(script_.RequestsTo(kA), SizeIs(1));
  EXPECT_EQ(Row("a", "rollback_under_way").outcome, "delivered");
}

TEST_F(NotifierTest, AFailingChannelIsToldOfElsewhereOnceAndThatItWorksAgain) {
  config_.notify = {Webhook("a", kA), Webhook("b", kB)};
  Start();
  script_.Answer(kA, Answered(404));
  script_.Answer(kA, Answered(404));
  Tell("rollback_under_way");
  Settle();
  Tell("rollback_pushed");
  Settle();
  EXPECT_THAT(script_.EventsAt(kB), ElementsAre("rollback_under_way", "channel_failing", "rollback_pushed"));
  EXPECT_THAT(script_.RequestsTo(kB)[1].body,
              AllOf(HasSubstr("channel a: answered 404"), HasSubstr("audit_head\":\"")));
  EXPECT_THAT(script_.EventsAt(kA), ElementsAre("rollback_under_way", "rollback_pushed")) << "not told of itself";
  Restart();
  Tell("rollback_deployed");
  Settle();
  EXPECT_EQ(script_.EventsAt(kB).back(), "channel_working") << "known through a restart";
  EXPECT_THAT(script_.EventsAt(kA), SizeIs(3));
}

TEST_F(NotifierTest, AChannelThatComesAndGoesIsToldOfOnceAnHour) {
  config_.notify = {Webhook("a", kA), Webhook("b", kB)};
  Start();
  const auto fail_and_work = [this](const std::string& word) {
    script_.Answer(kA, Answered(404));
    Tell("failed_" + word);
    Settle();
    Tell("worked_" + word);
    Settle();
  };
  const auto told = [this] {
    const std::vector<std::string> events = script_.EventsAt(kB);
    return std::count(events.begin(), events.end(), "channel_failing");
  };
  fail_and_work("one");
  clock_.SleepFor(kMinuteNs);
  fail_and_work("two");
  EXPECT_EQ(told(), 1);
  clock_.SleepFor(kHourNs);
  fail_and_work("three");
  EXPECT_EQ(told(), 2);
}

TEST_F(NotifierTest, TwoBrokenChannelsDoNotTellOfEachOtherForever) {
  config_.notify = {Webhook("a", kA), Webhook("b", kB)};
  Start();
  for (int i = 0; i < 100; ++i) {
    script_.Answer(kA, Answered(404));
    script_.Answer(kB, Answered(404));
  }
  Tell("rollback_under_way");
  SettleThrough(3 * kHourNs);
  for (const char* channel : {kA, kB}) {
    const auto events = script_.EventsAt(channel);
    EXPECT_EQ(std::ranges::count(events, "rollback_under_way"), 1);
    EXPECT_EQ(std::ranges::count(events, "channel_failing"), 1);
    // The rest asks whether it works again.
    EXPECT_EQ(std::ranges::count(events, "channel_working"), static_cast<std::ptrdiff_t>(events.size()) - 2);
    EXPECT_LE(events.size(), 2U + 3 * kHourNs / Notifier::kProbeEvery);
  }
}

TEST_F(NotifierTest, AGivenUpChannelIsAskedEverMoreSeldomUntilItWorks) {
  config_.notify = {Webhook("a", kA)};
  Start();
  const auto fail_and_wait = [this](DurationNs duration) {
    const size_t asked = script_.RequestsTo(kA).size();
    for (int i = 0; i < 40; ++i) script_.Answer(kA, Answered(404));
    Tell("told_" + std::to_string(asked));
    Settle();
    for (DurationNs passed = 0; passed < duration; passed += Notifier::kProbeEvery) {
      clock_.SleepFor(Notifier::kProbeEvery);
      Settle();
    }
    return script_.RequestsTo(kA).size() - asked;
  };
  // After 10, 20, 40, 80, 160, 320 and 640 minutes, and then every 6 hours.
  EXPECT_EQ(fail_and_wait(24 * kHourNs), 1U + 9U);
  script_.Forget(kA);
  for (int i = 0; i < 36; ++i) {
    clock_.SleepFor(Notifier::kProbeEvery);
    Settle();
  }
  EXPECT_EQ(ends_.back().outcome, "delivered");
  EXPECT_EQ(fail_and_wait(40 * kMinuteNs), 1U + 3U) << "what was is forgotten";
}

TEST_F(NotifierTest, SecretsAreReadAtEachTryAndNeverShown) {
  ChannelConfig channel = Webhook("a", "");
  channel.secret_url.file = folder_.Path("url");
  channel.secret.file = folder_.Path("key");
  config_.notify = {channel};
  Start();
  Tell("rollback_under_way");
  Settle();
  EXPECT_THAT(Row("a", "rollback_under_way").outcome, HasSubstr(folder_.Path("url"))) << "the missing file is named";
  folder_.Write("url", std::string(kA) + "\n");
  folder_.Write("key", "hush\n");
  script_.Answer(kA, Unavailable(std::string("sending to ") + kA + " with hush"));
  SettleThrough(kMinuteNs);
  EXPECT_THAT(Row("a", "rollback_under_way").outcome, AllOf(Not(HasSubstr("hook")), Not(HasSubstr("hush"))));
  folder_.Write("key", "rotated\n");
  SettleThrough(kHourNs);
  const std::vector<HttpRequest> requests = script_.RequestsTo(kA);
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_NE(requests[0].headers, requests[1].headers) << "signed with the new key";
  EXPECT_EQ(Row("a", "rollback_under_way").outcome, "delivered");
}

TEST_F(NotifierTest, ACommandIsToldOnItsInputAndEndedWithUs) {
  ChannelConfig channel;
  channel.kind = Kind::kCommand;
  channel.name = "a";
  channel.command.argv = {"sh", "-c", "cat >> " + folder_.Path("told")};
  channel.command.time_limit = kHourNs;
  ChannelConfig endless = channel;
  endless.name = "b";
  endless.command.argv = {"tail", "-f", "/dev/null"};
  config_.notify = {channel, endless};
  Start();
  Tell("rollback_under_way");
  Pump();
  Await();
  Pump();
  EXPECT_EQ(ReadFile(folder_.Path("told")), ToJson(Make("rollback_under_way")) + "\n");
  const auto before = std::chrono::steady_clock::now();
  Open();  // ends the notifier
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(30));
  EXPECT_EQ(Row("b", "rollback_under_way").tries, 0) << "ended by us, it has not failed";
}

TEST_F(NotifierTest, WhatIsForAChannelThatIsNoLongerConfiguredEnds) {
  config_.notify = {Webhook("a", kA)};
  Start();
  Tell("rollback_under_way");
  config_.notify = {Webhook("b", kB)};
  Restart();
  Settle();
  EXPECT_EQ(Row("a", "rollback_under_way").outcome, "channel_not_configured");
  EXPECT_THAT(script_.RequestsTo(kB), IsEmpty());
}

TEST_F(NotifierTest, AChannelWithTooManyWaitingRefusesMoreLoudly) {
  config_.notify = {Webhook("a", kA)};
  Start();
  for (int i = 0; i < Notifier::kPendingMax; ++i) Tell("event_" + std::to_string(i));
  EXPECT_THAT(ends_, IsEmpty());
  Tell("one_more");
  ASSERT_THAT(ends_, SizeIs(1));
  EXPECT_EQ(ends_[0].outcome, "queue_full");
  EXPECT_EQ(notifier_->counters().queue_full, 1);
  EXPECT_THAT(Audited(), ElementsAre(HasSubstr("queue_full")));
  Settle();
  EXPECT_THAT(script_.RequestsTo(kA), SizeIs(Notifier::kPendingMax));
}

TEST_F(NotifierTest, ToldTogetherWithARowThatFailsIsNotTold) {
  config_.notify = {Webhook("a", kA)};
  Start();
  EXPECT_FALSE(journal_
                   ->Together([this] {
                     EXPECT_TRUE(notifier_->Tell(Make("rollback_under_way")).ok());
                     return Unavailable("the disk is full");
                   })
                   .ok());
  Settle();
  EXPECT_THAT(script_.RequestsTo(kA), IsEmpty());
}

// Which secrets there are is tested in tests/config/secrets_test.cc.
TEST(WithoutSecretVariables, ACommandSeesNoTokenOfOurs) {
  Config config;
  config.notify = {Webhook("a", "")};
  config.notify[0].secret_url.env = "HOOK";
  config.http.emplace();
  config.http->token.env = "TOKEN";
  config.watchdog.secret_heartbeat.file = "/etc/heartbeat";
  EXPECT_THAT(WithoutSecretVariables({"PATH=/bin", "HOOK=x", "TOKEN=y", "TOKENS=z"}, config),
              ElementsAre("PATH=/bin", "TOKENS=z"));
}

}  // namespace
}  // namespace revertd

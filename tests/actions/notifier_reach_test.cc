// A channel that is gone is known without a message to it, and what waits for it is sent once it is back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "actions/channel_reach.h"
#include "tests/actions/notifier_fixture.h"

namespace revertd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kRefused = "https://a.example: Couldn't connect to server";

class NotifierReachTest : public NotifierTest {
 protected:
  NotifierReachTest() {
    config_.notify = {Webhook("a", kA), Webhook("b", kB)};
    Start();
    Pump();
  }
  void CutUntilKnown() {
    script_.Cut(kA, kRefused);
    ReachAfter();
    ReachAfter();
    ASSERT_EQ(Unreached("a"), kRefused);
  }
  void ComeBack() {
    script_.Cut(kA, "");
    ReachAfter();
    ASSERT_EQ(Unreached("a"), "");
  }
};

TEST_F(NotifierReachTest, TwoFailuresInARowMakeAChannelUnreachedAndNothingIsWrittenToIt) {
  script_.Cut(kA, kRefused);
  ReachAfter();
  EXPECT_EQ(Unreached("a"), "") << "one is nothing";
  ComeBack();
  script_.Cut(kA, kRefused);
  ReachAfter();
  EXPECT_EQ(Unreached("a"), "") << "not in a row";
  ReachAfter();
  EXPECT_EQ(Unreached("a"), kRefused);
  EXPECT_EQ(Unreached("b"), "");
  script_.Cut(kA, "https://a.example: Timeout was reached");
  ReachAfter();
  EXPECT_EQ(Unreached("a"), "https://a.example: Timeout was reached");
  ComeBack();
  EXPECT_THAT(script_.RequestsTo(kA), IsEmpty());
  EXPECT_THAT(script_.RequestsTo(kB), IsEmpty());
  EXPECT_THAT(Audited(), IsEmpty());
}

// Whenever it stops, with a turn every second; the sidecar asks every five seconds and looks every second.
TEST_F(NotifierReachTest, AChannelThatStopsIsKnownWithinAMinute) {
  for (int phase = 0; phase < 15; ++phase) {
    ReachAfter(phase * kSecondNs);
    script_.Cut(kA, kRefused);
    int seconds = 0;
    for (; Unreached("a").empty() && seconds < 60; ++seconds) ReachAfter(kSecondNs);
    EXPECT_LE(seconds, 60 - 5 - 5 - 1) << "beside a try of five seconds";
    ComeBack();
  }
}

TEST_F(NotifierReachTest, AnUnreachedChannelIsKnownThroughARestartAndReachedForAtOnce) {
  CutUntilKnown();
  Restart();
  ReachAfter(0);
  EXPECT_EQ(Unreached("a"), kRefused);
  script_.Cut(kA, "");
  Restart();
  ReachAfter(0);
  EXPECT_EQ(Unreached("a"), "");
}

TEST_F(NotifierReachTest, AChannelThatIsNoLongerConfiguredIsForgotten) {
  CutUntilKnown();
  config_.notify = {Webhook("b", kB)};
  Restart();
  Pump();
  EXPECT_EQ(Unreached("a"), "");
}

TEST_F(NotifierReachTest, AMessageThatArrivesReachesItsChannel) {
  CutUntilKnown();
  script_.Cut(kA, "");
  Tell("rollback_pushed");
  Settle();
  EXPECT_EQ(Unreached("a"), "");
}

TEST_F(NotifierReachTest, AChannelWithAMessageUnderWayIsToldByIt) {
  script_.Hang(kA);
  Tell("rollback_pushed");
  Pump();
  script_.WaitUntilItHangs();
  Await();  // b's
  clock_.SleepFor(ChannelReach::kReachEvery);
  Pump();
  EXPECT_EQ(notifier_->reaching(), 1U) << "b alone";
  script_.Release();
  Settle();
  ReachAfter(0);
  EXPECT_EQ(notifier_->reaching(), 0U);
}

TEST_F(NotifierReachTest, WhatWaitsIsDueAtOnceWhenItsChannelIsBack) {
  CutUntilKnown();
  Tell("rollback_pushed");
  Settle();
  const auto waits_long = [this] {
    const Delivery row = Row("a", "rollback_pushed");
    return row.ended_ns != 0 || row.next_ns > clock_.Now() + 5 * kMinuteNs;
  };
  while (!waits_long() && !HasFailure()) ReachAfter();
  ASSERT_EQ(Row("a", "rollback_pushed").ended_ns, 0);
  ComeBack();
  EXPECT_EQ(Row("a", "rollback_pushed").outcome, "delivered");
}

TEST_F(NotifierReachTest, WhatTheChannelAskedToWaitForWaits) {
  script_.Answer(kA, HttpResponse{429, {{"retry-after", "1800"}}, ""});
  Tell("rollback_pushed");
  Settle();
  const TimeNs next_ns = Row("a", "rollback_pushed").next_ns;
  CutUntilKnown();
  ComeBack();
  EXPECT_EQ(Row("a", "rollback_pushed").next_ns, next_ns);
  EXPECT_THAT(script_.RequestsTo(kA), SizeIs(1));
}

TEST_F(NotifierReachTest, AChannelThatComesAndGoesDoesNotUseUpTheTries) {
  for (int i = 0; i < 20; ++i) script_.Answer(kA, Answered(503));
  Tell("rollback_pushed");
  Settle();
  for (int cycle = 0; cycle < 10; ++cycle) {
    CutUntilKnown();
    ComeBack();
  }
  EXPECT_EQ(Row("a", "rollback_pushed").ended_ns, 0);
  EXPECT_LT(Row("a", "rollback_pushed").tries, Notifier::kTriesMax);
}

TEST_F(NotifierReachTest, AGivenUpChannelIsAskedWhenItIsBack) {
  for (int i = 0; i < 5; ++i) script_.Answer(kA, Answered(404));
  Tell("rollback_pushed");
  Settle();
  // Asked in vain after 10, 20, 40 and 80 minutes, and due again after 160.
  for (int i = 0; i < 8; ++i) ReachAfter(10 * kMinuteNs);
  ASSERT_THAT(script_.RequestsTo(kA), SizeIs(5));
  CutUntilKnown();
  EXPECT_TRUE(journal_->ReadChannel("a")->failing);
  ComeBack();
  EXPECT_FALSE(journal_->ReadChannel("a")->failing);
}

TEST_F(NotifierReachTest, ASecretThatCannotBeReadIsAFailure) {
  config_.notify = {Webhook("a", "")};
  config_.notify[0].secret_url.file = folder_.Path("url");
  Restart();
  Pump();
  ReachAfter();
  ReachAfter();
  EXPECT_THAT(Unreached("a"), HasSubstr(folder_.Path("url")));
  folder_.Write("url", std::string(kA) + "\n");
  ReachAfter();
  EXPECT_EQ(Unreached("a"), "");
}

TEST_F(NotifierReachTest, TheWordsHoldNoSecret) {
  config_.notify = {Webhook("a", "")};
  config_.notify[0].secret_url.file = folder_.Write("url", std::string(kA) + "\n");
  Restart();
  Pump();
  script_.Cut(kA, std::string("connecting to ") + kA);
  ReachAfter();
  ReachAfter();
  EXPECT_EQ(Unreached("a"), "connecting to [secret]");
}

TEST_F(NotifierReachTest, ACommandIsReachedWhereItsProgramIsAndNotRun) {
  ChannelConfig channel;
  channel.kind = ChannelConfig::Kind::kCommand;
  channel.name = "a";
  channel.command.argv = {folder_.Path("tell")};
  config_.notify = {channel};
  Restart();
  Pump();
  ReachAfter();
  ReachAfter();
  EXPECT_EQ(Unreached("a"), folder_.Path("tell") + " is not a program that we may run");
  folder_.Write("tell", "#!/bin/sh\ntouch " + folder_.Path("told") + "\n");
  std::filesystem::permissions(folder_.Path("tell"), std::filesystem::perms::owner_all);
  ReachAfter();
  EXPECT_EQ(Unreached("a"), "");
  EXPECT_FALSE(std::filesystem::exists(folder_.Path("told")));
}

TEST(ChannelReach, IsDueAgainAfterAClockThatWasSetBack) {
  ChannelReach reach("", kHourNs);
  EXPECT_FALSE(reach.IsDue(kHourNs));
  EXPECT_TRUE(reach.IsDue(kHourNs + ChannelReach::kReachEvery));
  EXPECT_TRUE(reach.IsDue(kMinuteNs));
  reach.Begin(kHourNs);
  EXPECT_FALSE(reach.IsDue(2 * kHourNs)) << "one at a time";
}

}  // namespace
}  // namespace revertd

// People hear of a trouble once, of one that flaps once an hour, and of its end; and of a channel that fails within a
// minute of its first failed try, from the try itself to the notice at the other channel.
#include "daemon/watchdog/trouble_teller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/watchdog/watchdog.h"
#include "tests/actions/notifier_fixture.h"

namespace revertd {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TroubleTellerTest : public NotifierTest {
 protected:
  TroubleTellerTest() {
    auto state = StateStore::Open(folder_.Path("state.db"), StateStore::Access::kOwner);
    EXPECT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
    config_.notify = {Webhook("a", kA), Webhook("b", kB)};
    Start();
    MakeTeller();
  }
  ~TroubleTellerTest() override { teller_.reset(); }

  void MakeTeller() {
    teller_ = std::make_unique<TroubleTeller>(state_.get(), journal_.get(), notifier_.get(), &clock_);
  }
  // As the sidecar leaves them.
  void Stand(const std::vector<Trouble>& troubles) {
    ASSERT_TRUE(state_->WriteNote(kTroublesNote, EncodeTroubles(troubles)).ok());
  }
  Trouble Stale(TimeNs since_ns, TimeNs ended_ns = 0) const {
    return {std::string(trouble::kSourceStale), "stdin", "nothing came for 45 s", since_ns, ended_ns};
  }
  // A second goes by, and everything that is due then is sent.
  void Turn() {
    clock_.SleepFor(kSecondNs);
    const Status status = teller_->RunOnce();
    ASSERT_TRUE(status.ok()) << status;
    Settle();
  }

  std::unique_ptr<StateStore> state_;
  std::unique_ptr<TroubleTeller> teller_;
};

TEST_F(TroubleTellerTest, SaysNothingWhereNothingIsWrong) {
  Turn();
  Stand({});
  Turn();
  EXPECT_THAT(script_.RequestsTo(kA), IsEmpty());
}

TEST_F(TroubleTellerTest, TellsABeginAndAnEndOnce) {
  const TimeNs since = clock_.Now();
  Stand({Stale(since)});
  for (int i = 0; i < 5; ++i) Turn();
  ASSERT_THAT(script_.EventsAt(kA), ElementsAre("trouble_began"));
  const auto notice = NoticeFromJson(script_.RequestsTo(kA)[0].body);
  ASSERT_TRUE(notice.ok());
  EXPECT_EQ(notice->summary, "revertd: source_stale (stdin): nothing came for 45 s");
  EXPECT_FALSE(notice->resolves);
  Stand({Stale(since, clock_.Now())});
  for (int i = 0; i < 5; ++i) Turn();
  ASSERT_THAT(script_.EventsAt(kA), ElementsAre("trouble_began", "trouble_ended"));
  EXPECT_THAT(script_.EventsAt(kB), ElementsAre("trouble_began", "trouble_ended"));
  const auto end = NoticeFromJson(script_.RequestsTo(kA)[1].body);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->key, notice->key);
  EXPECT_TRUE(end->resolves);
}

TEST_F(TroubleTellerTest, ARestartOfTheExecutorTellsNothingTwice) {
  const TimeNs since = clock_.Now();
  Stand({Stale(since)});
  Turn();
  Restart();
  MakeTeller();
  Turn();
  EXPECT_THAT(script_.EventsAt(kA), ElementsAre("trouble_began"));
  Stand({Stale(since, clock_.Now())});
  Restart();
  MakeTeller();
  Turn();
  EXPECT_THAT(script_.EventsAt(kA), ElementsAre("trouble_began", "trouble_ended"));
}

// Its key is kept as another text than it was made.
TEST_F(TroubleTellerTest, ALongOrAnOddSubjectIsKnownAfterARestartToo) {
  for (const std::string& subject : {"file:/" + std::string(600, 'x'), std::string("file:/a\x01\x7f")}) {
    const size_t told = script_.EventsAt(kA).size();
    Trouble trouble = Stale(clock_.Now());
    trouble.subject = subject;
    Stand({trouble});
    Turn();
    Restart();
    MakeTeller();
    trouble.ended_ns = clock_.Now();
    Stand({trouble});
    Turn();
    const std::vector<std::string> events = script_.EventsAt(kA);
    EXPECT_THAT(std::vector(events.begin() + static_cast<std::ptrdiff_t>(told), events.end()),
                ElementsAre("trouble_began", "trouble_ended"))
        << subject;
  }
}

TEST_F(TroubleTellerTest, WhatIsOverBeforeItCouldBeToldIsNotTold) {
  Stand({Stale(clock_.Now() - kMinuteNs, clock_.Now())});
  Turn();
  EXPECT_THAT(script_.RequestsTo(kA), IsEmpty());
}

TEST_F(TroubleTellerTest, OneThatComesAgainIsToldOnceAnHour) {
  const TimeNs first = clock_.Now();
  Stand({Stale(first)});
  Turn();
  const TimeNs second = first + 10 * kMinuteNs;
  clock_.now_ns = second;
  Stand({Stale(first, first + kMinuteNs), Stale(second)});
  Turn();
  EXPECT_THAT(script_.EventsAt(kA), ElementsAre("trouble_began", "trouble_ended"));
  // It stands; the hour is up.
  clock_.now_ns = first + kHourNs;
  Turn();
  Turn();
  EXPECT_THAT(script_.EventsAt(kA), ElementsAre("trouble_began", "trouble_ended", "trouble_began"));
  // Another one has an hour of its own.
  Trouble other = Stale(clock_.Now());
  other.subject = "file:access.log";
  Stand({Stale(second), other});
  Turn();
  EXPECT_EQ(script_.EventsAt(kA).size(), 4U);
}

TEST_F(TroubleTellerTest, AChannelThatFailsIsToldToTheOthers) {
  Stand({{std::string(trouble::kChannelFailing), "a", "HTTP 500", clock_.Now(), 0}});
  Turn();
  EXPECT_THAT(script_.EventsAt(kA), IsEmpty());
  EXPECT_THAT(script_.EventsAt(kB), ElementsAre("trouble_began"));
}

// The note alone says what stands: one that is none is an error to be said, not a crash and not silence.
TEST_F(TroubleTellerTest, ANoteThatCannotBeReadIsAnError) {
  ASSERT_TRUE(state_->WriteNote(kTroublesNote, "nonsense").ok());
  clock_.SleepFor(kSecondNs);
  EXPECT_FALSE(teller_->RunOnce().ok());
}

// --- channels: what the watchdog reads of them

class ChannelStateTest : public TroubleTellerTest {
 protected:
  ChannelState Channel(std::string_view name) {
    const auto state = journal_->ReadChannel(name);
    EXPECT_TRUE(state.ok()) << state.status();
    return state.ok() ? *state : ChannelState{};
  }
};

TEST_F(ChannelStateTest, FailsFromTheFirstFailedTryUntilAMessageArrives) {
  EXPECT_FALSE(Channel("a").failing);
  script_.Answer(kA, Answered(500));
  Tell("rollback_pushed");
  EXPECT_NE(Channel("a").untried, 0);
  Settle();
  EXPECT_TRUE(Channel("a").failing);
  EXPECT_THAT(Channel("a").outcome, HasSubstr("500"));
  EXPECT_FALSE(Channel("b").failing);
  SettleThrough(2 * kMinuteNs);  // tried again, within a minute
  EXPECT_FALSE(Channel("a").failing);
  EXPECT_FALSE(Channel("a").has_waiting);
}

TEST_F(ChannelStateTest, FailsWhereAMessageWasGivenUp) {
  script_.Answer(kA, Answered(404));
  Tell("rollback_pushed");
  Settle();
  EXPECT_TRUE(Channel("a").failing);
  EXPECT_FALSE(Channel("a").has_waiting);
}

// From the failed try to the trouble: the sidecar asks every five seconds and looks every second.
TEST_F(ChannelStateTest, AFailedTryIsATroubleWithinAMinute) {
  script_.Answer(kA, Unavailable("connection refused"));
  Tell("rollback_pushed");
  Settle();
  Watchdog watchdog{WatchdogLimits{}};
  const ChannelState state = Channel("a");
  WatchdogFacts facts;
  facts.channels = {{"a", state.failing, state.outcome, state.untried, state.unreached}};
  const std::vector<Trouble> troubles = watchdog.Look(facts);
  ASSERT_EQ(troubles.size(), 1U);
  EXPECT_EQ(TitleOf(troubles[0]), "channel_failing (a)");
  EXPECT_THAT(troubles[0].words, HasSubstr("connection refused"));
}

// Nothing else would ever be written to it, and no healthy verdict be given.
TEST_F(ChannelStateTest, AGivenUpChannelIsAskedWhetherItWorksAgain) {
  config_.notify = {Webhook("a", kA)};
  Restart();
  script_.Answer(kA, Answered(404));
  script_.Answer(kA, Answered(404));
  Tell("rollback_pushed");
  Settle();
  SettleThrough(Notifier::kProbeEvery);
  EXPECT_TRUE(Channel("a").failing);
  SettleThrough(Notifier::kProbeEvery);
  EXPECT_FALSE(Channel("a").failing);
  EXPECT_THAT(script_.EventsAt(kA), ElementsAre("rollback_pushed", "channel_working", "channel_working"));
  SettleThrough(5 * Notifier::kProbeEvery);
  EXPECT_EQ(script_.EventsAt(kA).size(), 3U);
}

TEST_F(ChannelStateTest, WhoeverCorrectsAChannelAndRestartsIsAnsweredAtOnce) {
  config_.notify = {Webhook("a", kA)};
  Restart();
  script_.Answer(kA, Answered(404));
  Tell("rollback_pushed");
  Settle();
  Restart();
  Settle();
  EXPECT_FALSE(Channel("a").failing);
  EXPECT_THAT(script_.EventsAt(kA), ElementsAre("rollback_pushed", "channel_working"));
}

}  // namespace
}  // namespace revertd

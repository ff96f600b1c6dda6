// Every trouble begins within a minute of its fact and ends; what is none stays none.
#include "daemon/watchdog/watchdog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/daemon/watchdog/two_clocks.h"

namespace revertd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Not;

constexpr int64_t kMinute = 60;
constexpr int64_t kHour = 3600;

// A sidecar in which all is well: a line a second with the time of the clock, an executor that gives its sign. Tests
// break what they are about.
class WatchdogTest : public ::testing::Test {
 protected:
  WatchdogTest() {
    facts_.sources = {{.name = "stdin", .stale_after = 45 * kSecondNs}};
    facts_.channels = {{.name = "slack"}};
    facts_.state = "state.db";
    facts_.disk_free_bytes = int64_t{1} << 40;
    Pass(5);
    EXPECT_THAT(told_, IsEmpty());
    began_at_ = clock_.Monotonic();
  }

  WatchdogFacts::Source& source() { return facts_.sources[0]; }

  // One look a second.
  void Pass(int64_t seconds) {
    for (int64_t i = 0; i < seconds; ++i) {
      clock_.Pass(kSecondNs);
      Look();
    }
  }
  void Look() {
    facts_.wall_ns = clock_.Now();
    facts_.monotonic_ns = clock_.Monotonic();
    ++executor_sign_;
    if (executor_lives_) facts_.executor_sign = executor_sign_;
    if (lines_come_) {
      ++source().lines.counted;
      if (log_follows_clock_) facts_.newest_counted_ns = clock_.Now() - 6 * kSecondNs;
    }
    const bool is_silent = !lines_come_ && source().refused_as.empty();
    source().silent_for = is_silent ? source().silent_for + kSecondNs : 0;
    for (const Trouble& trouble : watchdog_->Look(facts_)) {
      told_.push_back((trouble.ended_ns == 0 ? "began " : "ended ") + TitleOf(trouble));
      told_at_.push_back((clock_.Monotonic() - began_at_) / kSecondNs);
      words_ = trouble.words;
    }
  }
  std::string Standing() const { return NamesOf(watchdog_->standing()); }
  // Of the sidecar: what it counted is forgotten, what stands is not.
  void Restart() {
    const std::vector<Trouble> standing = watchdog_->standing();
    watchdog_ = std::make_unique<Watchdog>(WatchdogLimits{});
    watchdog_->Restore(standing);
    source().lines = {};
    source().silent_for = 0;
    told_.clear();
  }

  TwoClocks clock_;
  WatchdogFacts facts_;
  std::unique_ptr<Watchdog> watchdog_ = std::make_unique<Watchdog>(WatchdogLimits{});
  bool lines_come_ = true;
  bool log_follows_clock_ = true;
  bool executor_lives_ = true;
  int64_t executor_sign_ = 0;
  TimeNs began_at_ = 0;
  std::vector<std::string> told_;
  std::vector<int64_t> told_at_;  // seconds since the constructor
  std::string words_;             // of the newest
};

TEST_F(WatchdogTest, NothingIsWrongWhereNothingIs) {
  Pass(10 * kMinute);
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_EQ(Standing(), "");
}

TEST_F(WatchdogTest, ASilentSourceIsStaleWithinAMinuteOfItsLastLine) {
  lines_come_ = false;
  Pass(44);
  EXPECT_THAT(told_, IsEmpty());
  Pass(16);
  EXPECT_THAT(told_, ElementsAre("began source_stale (stdin)"));
  EXPECT_THAT(told_at_[0], Le(kMinute));
  EXPECT_THAT(words_, HasSubstr("nothing came for 45s"));
  lines_come_ = true;
  Pass(31);
  EXPECT_THAT(told_, ElementsAre("began source_stale (stdin)", "ended source_stale (stdin)"));
  EXPECT_EQ(Standing(), "");
}

TEST_F(WatchdogTest, ASourceThatIsQuietByNatureIsNotStaleBeforeItsTime) {
  source().stale_after = kHourNs;
  lines_come_ = false;
  Pass(kHour - 1);
  EXPECT_THAT(told_, IsEmpty());
  Pass(1);
  EXPECT_THAT(told_, ElementsAre("began source_stale (stdin)"));
}

TEST_F(WatchdogTest, ASourceWhoseLinesCannotBeCountedIsStaleByItsOwnWord) {
  source().stale = true;
  source().refused_as = "lines_no_format";
  Pass(1);
  EXPECT_THAT(told_, ElementsAre("began source_stale (stdin)"));
  EXPECT_THAT(words_, HasSubstr("none of them can be counted (lines_no_format)"));
}

TEST_F(WatchdogTest, ASourceThatEndedIsToldAtOnce) {
  source().ended = true;
  lines_come_ = false;
  Pass(2 * kMinute);
  EXPECT_THAT(told_, ElementsAre("began source_ended (stdin)"));
  EXPECT_EQ(told_at_[0], 1);
}

TEST_F(WatchdogTest, AReadErrorAfterWhichNoLineComesIsAFailedSource) {
  lines_come_ = false;
  ++source().read_errors;
  Pass(30);
  EXPECT_THAT(told_, ElementsAre("began source_failed (stdin)"));
  lines_come_ = true;
  Pass(1);
  EXPECT_THAT(told_, ElementsAre("began source_failed (stdin)", "ended source_failed (stdin)"));
}

// A sender that is restarted resets its connection; the others speak on.
TEST_F(WatchdogTest, AReadErrorAmongLinesIsNone) {
  for (int i = 0; i < 30; ++i) {
    ++source().read_errors;
    Pass(3);
  }
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(WatchdogTest, WhatFlapsIsOneTrouble) {
  source().stale_after = 10 * kSecondNs;
  for (int i = 0; i < 20; ++i) {
    lines_come_ = !lines_come_;
    Pass(15);
  }
  EXPECT_THAT(told_, ElementsAre("began source_stale (stdin)"));
  lines_come_ = true;
  Pass(31);
  EXPECT_THAT(told_, ElementsAre("began source_stale (stdin)", "ended source_stale (stdin)"));
}

TEST_F(WatchdogTest, AChannelFailsFromItsFirstFailedTryOn) {
  facts_.channels[0] = {.name = "slack", .failing = true, .outcome = "HTTP 500"};
  Pass(1);
  EXPECT_THAT(told_, ElementsAre("began channel_failing (slack)"));
  EXPECT_THAT(words_, HasSubstr("HTTP 500"));
  facts_.channels[0] = {.name = "slack"};
  Pass(31);
  EXPECT_EQ(told_.back(), "ended channel_failing (slack)");
}

TEST_F(WatchdogTest, AChannelThatDoesNotAnswerFailsToo) {
  facts_.channels[0].untried = 7;
  Pass(40);
  facts_.channels[0].untried = 8;  // the one before was delivered
  Pass(40);
  EXPECT_THAT(told_, IsEmpty());
  Pass(10);
  EXPECT_THAT(told_, ElementsAre("began channel_failing (slack)"));
}

TEST_F(WatchdogTest, AChannelThatCannotBeReachedFails) {
  facts_.channels[0].unreached = "https://hooks.example: Couldn't connect to server";
  Pass(1);
  EXPECT_THAT(told_, ElementsAre("began channel_failing (slack)"));
  EXPECT_EQ(words_, "it cannot be reached: https://hooks.example: Couldn't connect to server");
  facts_.channels[0].unreached.clear();
  Pass(31);
  EXPECT_EQ(told_.back(), "ended channel_failing (slack)");
}

TEST_F(WatchdogTest, AnExecutorWithoutASignIsSilentWithinAMinute) {
  executor_lives_ = false;
  Pass(44);
  EXPECT_THAT(told_, IsEmpty());
  Pass(10);
  EXPECT_THAT(told_, ElementsAre("began executor_silent"));
  executor_lives_ = true;
  Pass(31);
  EXPECT_EQ(told_.back(), "ended executor_silent");
}

TEST(Watchdog, AnExecutorThatNeverStartedIsSilent) {
  Watchdog watchdog{WatchdogLimits{}};
  std::vector<Trouble> changes;
  for (int64_t second = 0; second <= 45; ++second) {
    EXPECT_THAT(changes, IsEmpty());
    changes = watchdog.Look({.wall_ns = second * kSecondNs, .monotonic_ns = second * kSecondNs});
  }
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].name, trouble::kExecutorSilent);
}

TEST_F(WatchdogTest, ADiskFillsUp) {
  facts_.disk_free_bytes = 63 * 1024 * 1024;
  Pass(1);
  EXPECT_THAT(told_, ElementsAre("began disk_nearly_full (state.db)"));
  facts_.disk_free_bytes = 0;
  Pass(31);
  EXPECT_EQ(Standing(), "disk_full");
  facts_.disk_free_bytes = int64_t{1} << 40;
  Pass(31);
  EXPECT_THAT(told_, ElementsAre("began disk_nearly_full (state.db)", "began disk_full (state.db)",
                                 "ended disk_nearly_full (state.db)", "ended disk_full (state.db)"));
}

TEST_F(WatchdogTest, AStateThatIsNotWrittenForAMomentIsNoTrouble) {
  facts_.write_failure = "state.db is locked by another process";
  Pass(9);
  facts_.write_failure.clear();
  Pass(1);
  facts_.write_failure = "state.db is locked by another process";
  Pass(9);
  EXPECT_THAT(told_, IsEmpty());
  Pass(3);
  EXPECT_THAT(told_, ElementsAre("began state_not_written (state.db)"));
  EXPECT_THAT(words_, HasSubstr("locked"));
  facts_.write_failure.clear();
  Pass(31);
  EXPECT_EQ(told_.back(), "ended state_not_written (state.db)");
}

// --- clocks

TEST_F(WatchdogTest, AClockSetAheadIsAStepUntilTheLogAgrees) {
  log_follows_clock_ = false;  // another machine's
  clock_.Set(kHourNs);
  Pass(1);
  EXPECT_THAT(told_, ElementsAre("began clock_stepped"));
  EXPECT_THAT(words_, HasSubstr("set ahead by 1h"));
  Pass(5 * kMinute);
  EXPECT_EQ(Standing(), "clock_stepped,log_time_behind");
  clock_.Set(-kHourNs);  // a person saw it
  log_follows_clock_ = true;
  Pass(2 * kMinute);
  EXPECT_EQ(Standing(), "");
}

TEST_F(WatchdogTest, AClockSetBackIsAStepWhileItsLinesAreTooLate) {
  log_follows_clock_ = false;  // what is counted stays where it is: all lines are dropped
  clock_.Set(-kHourNs);
  Pass(1);
  EXPECT_THAT(told_, ElementsAre("began clock_stepped"));
  EXPECT_THAT(words_, AllOf(HasSubstr("set back by 1h"), HasSubstr("lines_too_late")));
  Pass(30 * kMinute);
  EXPECT_EQ(Standing(), "clock_stepped,log_time_ahead");
  Pass(30 * kMinute);  // where it was
  log_follows_clock_ = true;
  Pass(2 * kMinute);
  EXPECT_EQ(Standing(), "");
}

TEST_F(WatchdogTest, AStepThatTheLogFollowsIsOverAfterAMinute) {
  clock_.Set(kHourNs);
  Pass(kMinute);
  EXPECT_EQ(Standing(), "clock_stepped");
  Pass(1);
  EXPECT_THAT(told_, ElementsAre("began clock_stepped", "ended clock_stepped"));
}

// chrony's fastest by default is a twelfth of a second in a second.
TEST_F(WatchdogTest, ASlewedClockIsNoTrouble) {
  for (int second = 0; second < 600; ++second) {
    clock_.Set(second < 300 ? -84 * kMillisecondNs : 84 * kMillisecondNs);
    Pass(1);
  }
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(WatchdogTest, ASuspendedMachineIsAGapAndNoStep) {
  clock_.Pass(8 * kHourNs);
  Look();
  EXPECT_THAT(told_, ElementsAre("began process_paused"));
  EXPECT_THAT(words_, HasSubstr("nothing was looked at for 8h"));
  Pass(kMinute);
  EXPECT_THAT(told_, ElementsAre("began process_paused", "ended process_paused"));
}

TEST_F(WatchdogTest, ABacklogIsBehindTheClock) {
  log_follows_clock_ = false;
  facts_.newest_counted_ns = clock_.Now() - 10 * kMinuteNs;
  Pass(kMinute);
  EXPECT_THAT(told_, ElementsAre("began log_time_behind"));
  EXPECT_THAT(words_, HasSubstr("behind the clock"));
  log_follows_clock_ = true;
  Pass(31);
  EXPECT_EQ(told_.back(), "ended log_time_behind");
}

// What was counted last grows old while nothing comes: that is silence, and the clock is right.
TEST_F(WatchdogTest, AQuietLogIsNotBehind) {
  source().stale_after = kHourNs;
  lines_come_ = false;
  Pass(50 * kMinute);
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(WatchdogTest, ALogWhoseLinesAreMostlyFromTheFutureIsAhead) {
  for (int second = 0; second < 60; ++second) {
    source().lines.from_future += 2;
    Pass(1);
  }
  EXPECT_THAT(told_, ElementsAre("began log_time_ahead (stdin)"));
  Pass(kMinute);
  EXPECT_EQ(told_.back(), "ended log_time_ahead (stdin)");
}

TEST_F(WatchdogTest, ADamagedLineNowAndThenIsNoClock) {
  for (int minute = 0; minute < 10; ++minute) {
    source().lines.from_future += 5;
    source().lines.too_late += 5;
    Pass(kMinute);
  }
  EXPECT_THAT(told_, IsEmpty());
}

TEST(SystemClock, HasAMonotonicReadingOfItsOwn) {
  const SystemClock clock;
  const TimeNs before = clock.Monotonic();
  EXPECT_GT(before, 0);
  EXPECT_LT(before, clock.Now());  // since the machine started, not since 1970
  EXPECT_GE(clock.Monotonic(), before);
}

// --- restarts

TEST_F(WatchdogTest, OnlyWhatStoodIsRestored) {
  const Trouble before{"source_stale", "stdin", "words", 17 * kSecondNs, 0};
  watchdog_->Restore({before, {"disk_full", "state.db", "", 1, 2}});
  EXPECT_THAT(watchdog_->standing(), ElementsAre(before));
}

TEST_F(WatchdogTest, ASourceThatSpeaksAfterARestartEndsItsTroubleAsAlways) {
  lines_come_ = false;
  Pass(kMinute);
  const TimeNs since = watchdog_->standing().at(0).since_ns;
  Restart();
  lines_come_ = true;
  Pass(30);
  EXPECT_EQ(watchdog_->standing().at(0).since_ns, since);
  EXPECT_THAT(told_, IsEmpty());
  Pass(1);
  EXPECT_THAT(told_, ElementsAre("ended source_stale (stdin)"));
}

TEST_F(WatchdogTest, ARestartMendsNeitherASilentSourceNorADeadExecutorNorAChannel) {
  lines_come_ = false;
  executor_lives_ = false;
  facts_.channels[0].untried = 7;
  Pass(kMinute);
  ASSERT_EQ(Standing(), "channel_failing,executor_silent,source_stale");
  Restart();
  Pass(10 * kMinute);
  EXPECT_THAT(told_, IsEmpty()) << "no end, and no second begin";
  EXPECT_EQ(Standing(), "channel_failing,executor_silent,source_stale");
  lines_come_ = executor_lives_ = true;
  facts_.channels[0].untried = 0;
  Pass(31);
  EXPECT_EQ(Standing(), "");
}

// What refuses its lines calls the source stale when they were refused for stale_after, however late the first came.
TEST_F(WatchdogTest, ARestartMendsNoSourceWhoseLinesAreRefused) {
  lines_come_ = false;
  Pass(kMinute);
  Restart();
  Pass(40);
  source().refused_as = "lines_no_format";
  Pass(44);
  source().stale = true;
  Pass(kMinute);
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_EQ(Standing(), "source_stale");
}

TEST_F(WatchdogTest, ATroubleOfASourceThatIsNoLongerConfiguredEndsAfterARestart) {
  watchdog_->Restore({{"source_ended", "file:old.log", "words", 17 * kSecondNs, 0}});
  Restart();
  Pass(45 + 30);
  EXPECT_THAT(told_, IsEmpty());
  Pass(1);
  EXPECT_THAT(told_, ElementsAre("ended source_ended (file:old.log)"));
}

TEST(Troubles, AreReadAsTheyWereWritten) {
  const std::vector<Trouble> troubles = {{"source_stale", "file:/var/log/a \"b\"", "nothing came", 5, 0},
                                         {"clock_stepped", "", "words", 6, 7}};
  const auto read = DecodeTroubles(EncodeTroubles(troubles));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, troubles);
  EXPECT_FALSE(DecodeTroubles("nonsense").ok());
  EXPECT_EQ(NamesOf({{"a", "1", "", 1, 0}, {"b", "", "", 1, 0}, {"a", "2", "", 1, 0}}), "a,b");
}

TEST(Troubles, TellLengthsAsPeopleDo) {
  EXPECT_EQ(LengthText(2'345'678'901), "2345ms");
  EXPECT_EQ(LengthText(45'999'999'999), "45s");
  EXPECT_EQ(LengthText(kHourNs + 17), "1h");
  EXPECT_EQ(LengthText(0), "0s");
}

TEST(Troubles, AreEvents) {
  const Event began = EventOf({"source_stale", "stdin", "nothing came", 5, 0});
  EXPECT_EQ(began.kind, "trouble");
  EXPECT_EQ(began.text,
            R"({"event":"trouble","time_ns":5,"service":"","deploy":"","trouble":"source_stale","subject":"stdin",)"
            R"("state":"began","since_ns":5,"words":"nothing came"})");
  const Event ended = EventOf({"source_stale", "stdin", "nothing came", 5, 9});
  EXPECT_EQ(ended.at_ns, 9);
  EXPECT_THAT(ended.text, HasSubstr(R"("state":"ended")"));
}

}  // namespace
}  // namespace revertd

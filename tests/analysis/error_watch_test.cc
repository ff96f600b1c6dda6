// What error events say of a deploy, and what makes a verdict of it doubtful; what the book's history makes of a group.
#include "analysis/error_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "analysis/deploy_watch.h"
#include "analysis/draw.h"
#include "analysis/error_history.h"
#include "tests/analysis/scenario.h"

namespace revertd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int64_t kBefore = kDay;
constexpr int64_t kRequests = 100;
constexpr ErrorGroup kKnown{.fingerprint = 1, .origin = 1};
constexpr ErrorGroup kNew{.fingerprint = 2, .origin = 2};

// Two hours of one known group, one event in ten seconds.
FingerprintHistory History() {
  FingerprintHistory history;
  history.before_second = kBefore;
  history.benign = kFewestBenign;
  KnownGroup known{kKnown, {}};
  for (int64_t start = kBefore - 7200; start < kBefore; start += kHistoryBlockSeconds) {
    history.blocks.push_back({start, kRequests * kHistoryBlockSeconds, 0});
    known.blocks.push_back({start, kHistoryBlockSeconds / 10});
  }
  history.known.push_back(known);
  return history;
}

ErrorPlan Plan(bool with_control = false) {
  ErrorPlan plan;
  plan.history = History();
  if (with_control) plan.controls.push_back({"mail", History()});
  return plan;
}

struct Rates {
  double known = 0.1;
  double fresh = 0;
  double control_fresh = 0;
};

// A watch and its seconds, drawn.
class Watched {
 public:
  explicit Watched(ErrorPlan plan) : watch_(WatchOf(std::move(plan))) {}

  // Answers the state at the end.
  VerdictState Run(int64_t seconds, const Rates& rates, const Surroundings& around = {}) {
    for (int64_t i = 0; i < seconds; ++i, ++second_) {
      const std::vector<GroupEvents> events = Draw(rates.known, rates.fresh);
      const std::vector<GroupEvents> beside = Draw(0.1, rates.control_fresh);
      const ErrorControlSecond control{.requests = kRequests, .events = beside};
      const std::vector<SignalSecond> signals(kSignals);
      watch_.Observe(second_, signals);
      watch_.ObserveErrors(second_, {.requests = kRequests, .fresh = events, .controls = {&control, 1}});
      watch_.Judge(second_, around);
    }
    return watch_.verdict().state;
  }
  DeployWatch& watch() { return watch_; }
  int64_t second() const { return second_; }

 private:
  static DeployWatch WatchOf(ErrorPlan errors) {
    WatchPlan plan;
    plan.deploy_id = "shop-1";
    plan.service = "shop";
    plan.first_second = kBefore + 60;
    for (const Signal signal : kAllSignals) {
      SignalPlan& of_log = plan.signals.emplace_back();
      of_log.signal = signal;
      of_log.value_needed = 1e6;
      of_log.horizon_seconds = 900;
    }
    plan.errors = std::move(errors);
    return DeployWatch(std::move(plan));
  }
  std::vector<GroupEvents> Draw(double known, double fresh) {
    std::vector<GroupEvents> events;
    if (const int64_t count = DrawPoisson(known, random_)) events.push_back({kKnown, count});
    if (const int64_t count = DrawPoisson(fresh, random_)) events.push_back({kNew, count});
    return events;
  }

  DeployWatch watch_;
  int64_t second_ = kBefore + 60;
  std::mt19937_64 random_{5};
};

TEST(ErrorWatch, WhatElseExplainsNewErrorsMakesThemAmbiguousAfterAMinute) {
  struct Doubt {
    Surroundings around;
    std::string_view reason;
  };
  const std::vector<Doubt> doubts = {{{.moved_callee = "bank"}, kCalleeMoved},
                                     {{.shared_outage = true}, kSharedOutage},
                                     {{.rival_log_blame = 1e6}, "overlapping_deploys"}};
  for (const auto& [around, reason] : doubts) {
    SCOPED_TRACE(reason);
    Watched watched(Plan());
    EXPECT_EQ(watched.Run(100, {.fresh = 1}, around), VerdictState::kWatching) << "it may explain itself";
    EXPECT_EQ(watched.Run(60, {.fresh = 1}, around), VerdictState::kAmbiguous);
    EXPECT_EQ(watched.watch().verdict().reason, reason);
    if (reason == "overlapping_deploys") continue;
    EXPECT_EQ(watched.Run(60, {.fresh = 1}), VerdictState::kAmbiguous) << "its errors outlive it";
  }
}

TEST(ErrorWatch, AControlThatHasNewErrorsTooDoubtsThemForGood) {
  Watched watched(Plan(true));
  watched.Run(60, {.fresh = 1, .control_fresh = 1});
  EXPECT_EQ(watched.Run(300, {.fresh = 1}), VerdictState::kAmbiguous);
  EXPECT_EQ(watched.watch().verdict().reason, kControlMoved);
}

TEST(ErrorWatch, TheEndOfAWatchLeavesAFindingUndecided) {
  Watched watched(Plan());
  watched.Run(70, {.fresh = 1}, {.moved_callee = "bank"});
  EXPECT_TRUE(watched.watch().Close(watched.second() - 1, "superseded"));
  EXPECT_EQ(watched.watch().verdict().state, VerdictState::kAmbiguous);
  EXPECT_EQ(watched.watch().verdict().reason, "blame_undecided");
  EXPECT_EQ(watched.watch().verdict().evidence.front().signal, kNewErrors);
}

TEST(ErrorWatch, AKnownGroupThatComesMoreOftenIsNamedWithItsRates) {
  Watched watched(Plan(true));
  EXPECT_EQ(watched.Run(400, {.known = 1}), VerdictState::kRegressed);
  const Verdict& verdict = watched.watch().verdict();
  EXPECT_EQ(verdict.reason, kReasonMoreErrors);
  const Evidence& evidence = verdict.evidence.front();
  EXPECT_EQ(evidence.signal, kErrorGroups);
  EXPECT_EQ(evidence.group, FingerprintText(kKnown.fingerprint));
  EXPECT_NEAR(evidence.before, 0.001, 1e-5) << "events for each request";
  EXPECT_NEAR(evidence.after, 0.01, 0.003);
  EXPECT_GT(evidence.before_null, evidence.before);
  EXPECT_EQ(evidence.control, "mail");
  ASSERT_THAT(verdict.errors, SizeIs(1));
  EXPECT_FALSE(verdict.errors[0].is_new);
}

TEST(ErrorWatch, AFewEventsOfANewGroupAreNamedBesideAVerdictThatIsNotTheirs) {
  Watched watched(Plan());
  watched.Run(100, {.fresh = 0.01});
  EXPECT_THAT(watched.watch().Current(watched.second()).errors, IsEmpty());
  watched.Run(10, {.fresh = 1});
  const std::vector<NamedError> errors = watched.watch().Current(watched.second()).errors;
  ASSERT_THAT(errors, SizeIs(1));
  EXPECT_GE(errors[0].events, kNewcomerEventsTold);
  EXPECT_LT(errors[0].e_value, errors[0].e_value_needed);
}

TEST(ErrorWatch, WithoutRequestsASecondIsCounted) {
  ErrorPlan plan = Plan();
  plan.history.requests_known = false;
  plan.history.benign = kFewestBenignAlone;
  for (HistoryBlock& block : plan.history.blocks) block.requests = 0;
  Watched watched(std::move(plan));
  EXPECT_EQ(watched.Run(120, {.fresh = 1}), VerdictState::kRegressed);
  EXPECT_NEAR(watched.watch().verdict().evidence.front().after, 1, 0.3) << "events a second";
  EXPECT_TRUE(watched.watch().verdict().evidence.front().per_second);
}

// 400 s in which sessions of the new version crash, and `old` ones of the version beside it.
ErrorWatch Crashing(const RateCounts& old) {
  ErrorPlan plan = Plan();
  for (int64_t start = kBefore - 7200; start < kBefore; start += kHistoryBlockSeconds) {
    plan.sessions.blocks.push_back({start, 20 * kHistoryBlockSeconds, 0});
  }
  plan.sessions.recent_seconds = kHistoryBlockSeconds;
  ErrorWatch watch(std::move(plan));
  for (int64_t second = kBefore + 60; second < kBefore + 460; ++second) {
    watch.Observe(second, {.requests = kRequests, .sessions = {20, 1}, .old_sessions = old});
  }
  return watch;
}

TEST(ErrorWatch, SessionsThatCrashInTheOldVersionTooAreNotTheDeploys) {
  const ErrorWatch alone = Crashing({20, 0});
  ASSERT_TRUE(alone.fired());
  EXPECT_EQ(alone.fired()->signal, kCrashedSessions);
  EXPECT_TRUE(alone.has_control());
  EXPECT_FALSE(alone.ControlMoved());
  EXPECT_TRUE(Crashing({20, 1}).ControlMoved());
}

TEST(ErrorWatch, AControlThatIsDeployedItselfWasNotCalm) {
  ErrorWatch watch(Plan(true));
  EXPECT_TRUE(watch.has_control());
  const ErrorControlSecond deploying{.may_tell = false};
  for (int64_t second = kBefore + 60; second < kBefore + 80; ++second) {
    watch.Observe(second, {.requests = kRequests, .controls = {&deploying, 1}});
  }
  EXPECT_FALSE(watch.has_control());
}

class Remembered : public testing::Test {
 protected:
  void Know(uint64_t fingerprint, int64_t first_second) {
    ErrorGroupRecord group;
    group.service = "shop";
    group.fingerprint = group.origin = fingerprint;
    group.first_seen_ns = first_second * kSecondNs;
    group.last_seen_ns = kBefore * kSecondNs;
    book_.Restore(group);
  }
  void Came(uint64_t fingerprint, int64_t start, int64_t events) {
    book_.Restore(ErrorBlock{"shop", fingerprint, start, events});
  }
  RateHistory Log() const {
    RateHistory log;
    for (int64_t start = kBefore - 43'200; start < kBefore; start += kHistoryBlockSeconds) {
      log.blocks.push_back({start, kRequests * kHistoryBlockSeconds, 0});
    }
    return log;
  }
  FingerprintHistory Of(const RateHistory& log) const {
    return ErrorHistory(book_, *book_.Find("shop"), times_, log, {}, 0.0002);
  }

  RecordingSink sink_;
  ErrorBook book_{4, &sink_};
  ErrorTimes times_{.before_second = kBefore, .first_second = kBefore + 60, .length_seconds = 900};
};

TEST_F(Remembered, AnOldGroupWithoutRecentEventsHasARateNearZero) {
  Know(1, kBefore - 5 * 86'400);
  Know(2, kBefore + 1);
  const FingerprintHistory history = Of(Log());
  ASSERT_THAT(history.known, SizeIs(1)) << "the other one came later";
  ASSERT_THAT(history.known[0].blocks, SizeIs(1));
  EXPECT_EQ(history.known[0].blocks[0].events, 0);
  const KnownRate rate = EstimateKnownRate(history, history.known[0], {});
  EXPECT_EQ(rate.observed, 0);
  EXPECT_GT(rate.null_rate, 0);
  EXPECT_LT(rate.null_rate, 0.001) << "a spike of it can be found";
}

TEST_F(Remembered, AnOutagesErrorsAreNoMeasureOfHarmlessNewcomers) {
  Know(1, kBefore - 5 * 86'400);
  const FingerprintHistory without = Of(Log());
  EXPECT_EQ(without.benign.rate(), kFewestBenign.rate());
  Know(2, kBefore - 20'000);
  for (int64_t start = HistoryBlockStart(kBefore - 20'000); start < kBefore - 19'000; start += kHistoryBlockSeconds) {
    Came(2, start, 4000);
  }
  const double floor = 0.0002 * kRequests;
  EXPECT_LE(Of(Log()).benign.rate(), kBenignRateFactorMax * floor);
  EXPECT_GT(Of(Log()).benign.rate(), floor);
}

TEST_F(Remembered, HarmlessNewcomersOfTheDayAreCountedFromTheirSecondEventOn) {
  Know(1, kBefore - 5 * 86'400);
  Know(2, HistoryBlockStart(kBefore - 20'000));
  Came(2, HistoryBlockStart(kBefore - 20'000), 4);
  Came(2, HistoryBlockStart(kBefore - 19'800), 3);
  Came(2, HistoryBlockStart(kBefore - 3000), 100);
  const NewcomerCounts benign = Of(Log()).benign;
  EXPECT_EQ(benign.events, 6) << "as long as a deploy is observed, and the first one made it new";
  EXPECT_EQ(benign.seconds, 900);
}

TEST_F(Remembered, TheTimeOfDayRaisesWhatIsExpectedWhereNoRequestsTell) {
  Know(1, kBefore - 5 * 86'400);
  for (int64_t start = HistoryBlockStart(kBefore - 86'400); start < kBefore; start += kHistoryBlockSeconds) {
    const bool is_busy = start < kBefore - 86'400 + 3600;
    Came(1, start, is_busy ? 30 : 10);
  }
  EXPECT_NEAR(TimeOfDayScale(book_, *book_.Find("shop"), times_), 2.8, 0.2);
  times_.first_second = kBefore + 40'000;
  EXPECT_EQ(TimeOfDayScale(book_, *book_.Find("shop"), times_), 1) << "never less";
}

TEST_F(Remembered, BlocksInWhichNobodyListenedAreLeftOut) {
  Know(1, kBefore - 5 * 86'400);
  Came(1, HistoryBlockStart(kBefore - 8000), 1);
  book_.SealThrough(kBefore - 4000);
  const FingerprintHistory history = Of(Log());
  for (const HistoryBlock& block : history.blocks) {
    const bool was_down = block.start_second >= HistoryBlockStart(kBefore - 8000) + kHistoryBlockSeconds &&
                          block.start_second + kHistoryBlockSeconds <= kBefore - 4000;
    EXPECT_FALSE(was_down) << block.start_second;
  }
  EXPECT_GT(history.blocks.size(), 900U);
}

}  // namespace
}  // namespace revertd

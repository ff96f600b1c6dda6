// Which revisions a service may run, by its deploys.
#include "actions/drift/running_drift.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace revertd {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr TimeNs kNow = TimeNs{1'763'700'000} * kSecondNs;
constexpr DurationNs kGrace = 15 * kMinuteNs;

// Begun and finished so long ago; finished_ago 0: not finished.
Deploy Made(const std::string& head, DurationNs begun_ago, DurationNs finished_ago) {
  Deploy deploy;
  deploy.id = "d-" + head;
  deploy.service = "checkout";
  deploy.repo = "shop";
  deploy.head = head;
  deploy.start_ns = kNow - begun_ago;
  deploy.finish_ns = finished_ago == 0 ? 0 : kNow - finished_ago;
  return deploy;
}

DeployedState StateOf(const std::vector<Deploy>& deploys) { return DeployedStateOf(deploys, "checkout", kNow, kGrace); }

TEST(RunningDrift, LongAfterADeployItsHeadAloneMayRun) {
  const auto state = StateOf({Made("aaaaaaa", 3 * kHourNs, 2 * kHourNs), Made("bbbbbbb", kHourNs, kHourNs - 1)});
  ASSERT_TRUE(state.newest);
  EXPECT_EQ(state.newest->head, "bbbbbbb");
  EXPECT_THAT(state.may_run, UnorderedElementsAre("bbbbbbb"));
  EXPECT_EQ(JudgeRunning("checkout", "bbbbbbb0", state), std::nullopt);
  const auto wrong = JudgeRunning("checkout", "aaaaaaa", state);
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->kind, "wrong_revision_running");
  EXPECT_THAT(wrong->text, HasSubstr("checkout: it runs aaaaaaa, but its newest deploy d-bbbbbbb is bbbbbbb"));
}

TEST(RunningDrift, ShortlyAfterADeployTheOneBeforeMayStillRun) {
  const auto state = StateOf({Made("aaaaaaa", 3 * kHourNs, 2 * kHourNs), Made("bbbbbbb", kHourNs, kGrace - 1)});
  EXPECT_THAT(state.may_run, UnorderedElementsAre("aaaaaaa", "bbbbbbb"));
  EXPECT_THAT(StateOf({Made("bbbbbbb", kHourNs, kMinuteNs)}).may_run, UnorderedElementsAre("bbbbbbb"));
}

TEST(RunningDrift, WhileADeployIsUnderWayEitherMayRun) {
  const std::vector<Deploy> deploys = {Made("aaaaaaa", kUnderWayMax + kHourNs, kUnderWayMax),
                                       Made("bbbbbbb", kUnderWayMax, 0)};
  EXPECT_THAT(StateOf(deploys).may_run, UnorderedElementsAre("aaaaaaa", "bbbbbbb"));
  EXPECT_EQ(StateOf(deploys).newest->head, "aaaaaaa");
}

TEST(RunningDrift, AFailedDeployThatALaterOneReplacedMayNotRun) {
  const std::vector<Deploy> deploys = {Made("aaaaaaa", 2 * kHourNs, 0), Made("bbbbbbb", kHourNs, kHourNs - 1)};
  EXPECT_THAT(StateOf(deploys).may_run, UnorderedElementsAre("bbbbbbb"));
}

TEST(RunningDrift, ADeployThatNeverEndedIsForgotten) {
  EXPECT_THAT(StateOf({Made("aaaaaaa", kUnderWayMax + 1, 0), Made("bbbbbbb", 2 * kHourNs, kHourNs)}).may_run,
              UnorderedElementsAre("bbbbbbb"));
}

TEST(RunningDrift, WhatFinishedLastRunsWheneverItBegan) {
  const auto state = StateOf({Made("aaaaaaa", 3 * kHourNs, kHourNs), Made("bbbbbbb", 2 * kHourNs, 90 * kMinuteNs)});
  EXPECT_EQ(state.newest->head, "aaaaaaa");
}

TEST(RunningDrift, WithoutAFinishedDeployNothingIsSaid) {
  Deploy others = Made("ccccccc", 2 * kHourNs, kHourNs);
  others.service = "catalog";
  const auto state = StateOf({others, Made("", 2 * kHourNs, kHourNs)});
  EXPECT_FALSE(state.newest);
  EXPECT_THAT(state.may_run, IsEmpty());
  EXPECT_EQ(JudgeRunning("checkout", "aaaaaaa", state), std::nullopt);
}

TEST(RunningDrift, ANewerDeployWithoutAHeadLeavesNothingToCompare) {
  const Deploy known = Made("aaaaaaa", 5 * kHourNs, 4 * kHourNs);
  const Deploy unnamed = Made("", 3 * kHourNs, 2 * kHourNs);
  const auto state = StateOf({known, unnamed});
  EXPECT_TRUE(state.may_run_any);
  EXPECT_FALSE(state.newest) << "an older one is not what is deployed";
  EXPECT_EQ(JudgeRunning("checkout", "1.42.0", state), std::nullopt);
  EXPECT_TRUE(JudgeRunning("checkout", "1.42.0", StateOf({unnamed, Made("aaaaaaa", kHourNs, kHourNs - 1)})))
      << "since then a head is known again";
}

TEST(RunningDrift, ADeployWithoutAHeadThatIsUnderWayOrJustReplacedMayRunToo) {
  const Deploy known = Made("aaaaaaa", 5 * kHourNs, 4 * kHourNs);
  EXPECT_EQ(JudgeRunning("checkout", "1.42.0", StateOf({known, Made("", kMinuteNs, 0)})), std::nullopt);
  EXPECT_EQ(JudgeRunning("checkout", "1.42.0", StateOf({Made("", kHourNs, kHourNs), Made("aaaaaaa", kHourNs, 1)})),
            std::nullopt);
}

Deploy Guessed(Deploy deploy) {
  deploy.finish_guessed = true;
  return deploy;
}

TEST(RunningDrift, APushThatWasToldOfMayRunAndReplacesNoDeploy) {
  const auto state =
      StateOf({Guessed(Made("aaaaaaa", 9 * kHourNs, 9 * kHourNs)), Made("bbbbbbb", 8 * kHourNs, 7 * kHourNs),
               Guessed(Made("ccccccc", 5 * kHourNs, 5 * kHourNs)), Guessed(Made("ddddddd", kHourNs, kHourNs))});
  ASSERT_TRUE(state.newest);
  EXPECT_EQ(state.newest->head, "bbbbbbb");
  EXPECT_THAT(state.may_run, UnorderedElementsAre("bbbbbbb", "ccccccc", "ddddddd"));
  EXPECT_TRUE(JudgeRunning("checkout", "aaaaaaa", state)) << "a deploy came after it";
}

TEST(RunningDrift, OfPushesAloneAnyMayRun) {
  const auto state =
      StateOf({Guessed(Made("aaaaaaa", 9 * kHourNs, 9 * kHourNs)), Guessed(Made("bbbbbbb", 8 * kHourNs, 8 * kHourNs))});
  ASSERT_TRUE(state.newest);
  EXPECT_EQ(state.newest->head, "bbbbbbb");
  EXPECT_EQ(JudgeRunning("checkout", "aaaaaaa", state), std::nullopt) << "the later push was another service's";
  EXPECT_TRUE(JudgeRunning("checkout", "eeeeeee", state));
}

TEST(DriftKeys, AreShortAndStayDifferent) {
  EXPECT_EQ(DriftKey("dirty_work_tree", "/srv/shop"), "dirty_work_tree:/srv/shop");
  const std::string long_path = "/srv/" + std::string(4000, 'x');
  EXPECT_LE(DriftKey("dirty_work_tree", long_path + "a").size(), kDriftKeyBytesMax);
  EXPECT_NE(DriftKey("dirty_work_tree", long_path + "a"), DriftKey("dirty_work_tree", long_path + "b"));
  EXPECT_NE(DriftKey("dirty_work_tree", "/srv/\x01"), DriftKey("dirty_work_tree", "/srv/\x02"));
}

}  // namespace
}  // namespace revertd

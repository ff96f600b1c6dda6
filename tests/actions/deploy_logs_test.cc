// Deploy logs: written once, when a watch is over, a few at a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/actions/post_mortem_fixture.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using DeployLogsTest = PostMortemDeskFixture;

constexpr DurationNs kOver = 16 * kMinuteNs;  // 15 minutes of observation and one more

TEST_F(DeployLogsTest, TheLogOfADeployIsWrittenOnceWhenItsWatchIsOver) {
  Judge("checkout-1795255170", "checkout", VerdictState::kWatching, kFinish);
  Judge("checkout-1795255170", "checkout", VerdictState::kHealthy, kFinish + 15 * kMinuteNs);
  Run(kFinish + kOver - 1);
  EXPECT_THAT(Logs(), IsEmpty());
  Run(kFinish + kOver + kMinuteNs);
  EXPECT_THAT(Logs(), ElementsAre("checkout-1795255170.md"));
  const std::string path = folder_.Path("records/deploys/checkout-1795255170.md");
  EXPECT_THAT(ReadFile(path), HasSubstr("- verdict: **healthy** (`observation_ended`)"));
  EXPECT_EQ(*executor_->ReadCursor("deploy_logs"), kFinish);
  // A later verdict is in the state; the log that people may have linked to stays.
  const std::string log = ReadFile(path);
  Judge("checkout-1795255170", "checkout", VerdictState::kRegressed, kFinish + kHourNs);
  Restart();
  Run(kFinish + 2 * kHourNs);
  EXPECT_EQ(ReadFile(path), log);
}

TEST_F(DeployLogsTest, ALaterDeployOfTheServiceEndsTheWatch) {
  Judge("checkout-1795255170", "checkout", VerdictState::kInconclusive, kFinish + kMinuteNs);
  Run(kFinish + 2 * kMinuteNs);
  EXPECT_THAT(Logs(), IsEmpty());
  ASSERT_TRUE(sidecar_->WriteDeploy(Deployed("other", "catalog", kFinish + kMinuteNs)).ok());
  Run(kFinish + 3 * kMinuteNs);
  EXPECT_THAT(Logs(), IsEmpty());
  Deploy next = Deployed("next", "checkout", kFinish + 4 * kMinuteNs);
  next.finish_ns = 0;
  ASSERT_TRUE(sidecar_->WriteDeploy(next).ok());
  Run(kFinish + 4 * kMinuteNs);
  EXPECT_THAT(Logs(), ElementsAre("checkout-1795255170.md"));
}

TEST_F(DeployLogsTest, ADeployThatIsWaitedForHoldsNobodyElseUp) {
  // "slow" finished first and is watched longer, because nothing followed it.
  ASSERT_TRUE(sidecar_->WriteDeploy(Deployed("slow", "catalog", kFinish - kMinuteNs)).ok());
  Judge("slow", "catalog", VerdictState::kHealthy, kFinish);
  Judge("checkout-1795255170", "checkout", VerdictState::kHealthy, kFinish + kMinuteNs);
  ASSERT_TRUE(sidecar_->WriteDeploy(Deployed("next", "checkout", kFinish + 4 * kMinuteNs)).ok());
  Run(kFinish + 5 * kMinuteNs);
  EXPECT_THAT(Logs(), ElementsAre("checkout-1795255170.md"));
  EXPECT_EQ(*executor_->ReadCursor("deploy_logs"), 0);
  Restart();
  Run(kFinish + kOver);
  EXPECT_THAT(Logs(), ElementsAre("checkout-1795255170.md", "slow.md"));
  EXPECT_EQ(*executor_->ReadCursor("deploy_logs"), kFinish);
}

TEST_F(DeployLogsTest, WhatNobodyJudgedHasNoLogAndAVerdictThatIsDueIsWaitedFor) {
  ASSERT_TRUE(sidecar_->WriteDeploy(Deployed("unjudged", "nobody", kFinish - kMinuteNs)).ok());
  Judge("checkout-1795255170", "checkout", VerdictState::kWatching, kFinish);
  Run(kFinish + kOver);
  EXPECT_THAT(Logs(), IsEmpty());
  EXPECT_EQ(*executor_->ReadCursor("deploy_logs"), kFinish - kMinuteNs);
  Run(kFinish + 15 * kMinuteNs + PostMortemDesk::kDeployLogVerdictWait);
  EXPECT_THAT(Logs(), ElementsAre("checkout-1795255170.md"));
}

TEST_F(DeployLogsTest, ManyDeploysAreLoggedALittleAtATimeAndNoneTwice) {
  constexpr size_t kDeploys = 3 * PostMortemDesk::kDeployLogsPerCall - 2;
  for (size_t i = 0; i < kDeploys; ++i) {
    const std::string name = "d" + std::to_string(100 + i);
    // Three at a time finish in the same instant.
    ASSERT_TRUE(sidecar_->WriteDeploy(Deployed(name, name, kFinish + static_cast<TimeNs>(i / 3) * kSecondNs)).ok());
    Judge(name, name, VerdictState::kHealthy, kFinish + kMinuteNs);
  }
  TimeNs now_ns = kFinish + kHourNs;
  size_t before = 0;
  for (int call = 0; call < 5; ++call) {
    Restart();
    Run(now_ns += kSecondNs);
    EXPECT_LE(Logs().size(), before + PostMortemDesk::kDeployLogsPerCall);
    before = Logs().size();
  }
  EXPECT_EQ(before, kDeploys);
}

}  // namespace
}  // namespace revertd

// The executor's sign of life: it is given at every turn, and within one that takes long.
#include <gtest/gtest.h>
#include <unistd.h>

#include "daemon/commands.h"
#include "daemon/executor_host.h"
#include "daemon/watchdog/watchdog.h"
#include "tests/daemon/watchdog/two_clocks.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

class ExecutorSignTest : public ::testing::Test {
 protected:
  ExecutorSignTest() : events_(::dup(STDERR_FILENO)) {
    config_.state = folder_.Path("state.db");
    auto state = StateStore::Open(config_.state, StateStore::Access::kOwner);
    EXPECT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
    host_ = std::make_unique<ExecutorHost>(config_, &clock_, &events_, "", [] {});
    const Status opened = host_->Open();
    EXPECT_TRUE(opened.ok()) << opened;
  }
  // As the sidecar reads it.
  int64_t Sign() const {
    const auto journal = ExecutorStore::Open(ExecutorDatabaseOf(config_), ExecutorStore::Access::kReadOnly);
    EXPECT_TRUE(journal.ok()) << journal.status();
    const auto sign = (*journal)->ReadCursor(kExecutorSign);
    EXPECT_TRUE(sign.ok()) << sign.status();
    return sign.ok() ? *sign : 0;
  }

  TestFolder folder_;
  TwoClocks clock_;
  Config config_;
  EventPrinter events_;
  std::unique_ptr<StateStore> state_;
  std::unique_ptr<ExecutorHost> host_;
};

TEST_F(ExecutorSignTest, IsGivenAtEveryTurnButNotMoreOftenThanItIsLookedAt) {
  host_->RunOnce();
  const int64_t first = Sign();
  EXPECT_NE(first, 0);
  clock_.Pass(kExecutorSignEvery - 1);
  host_->RunOnce();
  EXPECT_EQ(Sign(), first);
  clock_.Pass(1);
  host_->RunOnce();
  EXPECT_NE(Sign(), first);
}

// A turn ends once the rollback waits for something: its steps ask remotes, one after the other.
TEST_F(ExecutorSignTest, IsGivenBetweenTheStepsOfOneTurn) {
  host_->RunOnce();
  const int64_t first = Sign();
  clock_.Pass(kMinuteNs);
  ExecutorEvents& steps = *host_;
  steps.OnStep({"t1", "shop", "planned", "", "", clock_.Now(), true});
  EXPECT_NE(Sign(), first);
}

}  // namespace
}  // namespace revertd

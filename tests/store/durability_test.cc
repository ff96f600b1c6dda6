// A writer killed without warning: what it was told is written must be there, and the file must open again.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <set>

#include "store/executor_store.h"
#include "store/state_store.h"
#include "tests/store/sandbox.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

std::string TriggerId(int32_t run, int32_t number) { return std::to_string(run) + "/" + std::to_string(number); }

// The child: one trigger and one journal step after the other, each acknowledged through the pipe after it returned.
[[noreturn]] void WriteUntilKilled(const std::string& state_path, const std::string& executor_path, int32_t run,
                                   int acknowledge) {
  const auto state = StateStore::Open(state_path, StateStore::Access::kOwner);
  const auto executor = ExecutorStore::Open(executor_path, ExecutorStore::Access::kOwner);
  if (!state.ok() || !executor.ok()) _exit(1);
  test::RandomValues values(static_cast<uint64_t>(run));
  for (int32_t number = 0;; ++number) {
    RollbackTrigger trigger = values.Trigger();
    trigger.id = TriggerId(run, number);
    if (!(*state)->WriteTrigger(trigger).ok()) _exit(2);
    if (!(*executor)->Begin(trigger.id, "accepted", number + 1).ok()) _exit(3);
    if (!(*executor)->Finish(trigger.id, "accepted", number + 2, "done", "").ok()) _exit(4);
    if (write(acknowledge, &number, sizeof(number)) != sizeof(number)) _exit(5);
  }
}

// Kills after `acknowledgements` and answers how many there were in all.
int32_t RunAndKill(const std::string& state_path, const std::string& executor_path, int32_t run,
                   int32_t acknowledgements) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  const pid_t child = fork();
  if (child == 0) WriteUntilKilled(state_path, executor_path, run, ends[1]);
  close(ends[1]);
  int32_t number = -1;
  int32_t acknowledged = 0;
  while (read(ends[0], &number, sizeof(number)) == sizeof(number)) {
    EXPECT_EQ(number, acknowledged);
    if (++acknowledged == acknowledgements) kill(child, SIGKILL);
  }
  close(ends[0]);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer failed by itself with " << WEXITSTATUS(status);
  return acknowledged;
}

TEST(Durability, KilledWhileWritingKeepsEveryAcknowledgedRow) {
  constexpr uint64_t kSeed = 4242;
  constexpr int32_t kRuns = 25;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  const TestFolder folder;
  const std::string state_path = folder.Path("state.db");
  const std::string executor_path = folder.Path("executor.db");
  test::RandomValues values(kSeed);
  size_t acknowledged_in_all = 0;
  for (int32_t run = 0; run < kRuns; ++run) {
    const int32_t acknowledged =
        RunAndKill(state_path, executor_path, run, static_cast<int32_t>(values.Integer(1, 25)));
    acknowledged_in_all += static_cast<size_t>(acknowledged);
    // The kernel released the dead one's lock; opening as the owner checks every page.
    const auto state = StateStore::Open(state_path, StateStore::Access::kOwner);
    const auto executor = ExecutorStore::Open(executor_path, ExecutorStore::Access::kOwner);
    ASSERT_TRUE(state.ok() && executor.ok()) << state.status() << executor.status();
    std::set<std::string> triggers;
    const auto written = (*state)->ReadTriggers();
    ASSERT_TRUE(written.ok()) << written.status();
    for (const RollbackTrigger& trigger : *written) triggers.insert(trigger.id);
    for (int32_t number = 0; number < acknowledged; ++number) {
      ASSERT_EQ(triggers.count(TriggerId(run, number)), 1U) << TriggerId(run, number);
      const auto step = (*executor)->ReadStep(TriggerId(run, number), "accepted");
      ASSERT_TRUE(step.ok() && step->has_value());
      ASSERT_EQ((*step)->finished_ns, number + 2);
    }
    // At most one row a run may stand without its acknowledgement.
    EXPECT_GE(triggers.size(), acknowledged_in_all);
    EXPECT_LE(triggers.size(), acknowledged_in_all + static_cast<size_t>(run) + 1);
  }
}

}  // namespace
}  // namespace revertd

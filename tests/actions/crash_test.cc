// Kills the executor with SIGKILL at every named place of its journal and starts it again. The child is forked before
// any store is opened in it, so that nothing but the files carries over.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

#include "tests/actions/executor_fixture.h"

namespace revertd {
namespace {

constexpr int kRoundsMax = 60;

// Runs the executor to its end in a child; where `fault` is named, the child kills itself there. How it ended.
int RunInChild(Sandbox* sandbox, const RollbackTrigger& trigger, const std::string& fault) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    TestClock clock;
    GitProgram git = sandbox->MakeGit(&clock);
    RecordedEvents events;
    RunToTheEnd(
        sandbox, trigger, sandbox->MakeConfig(), &git, &clock, &events,
        [&fault](std::string_view name) {
          if (name == fault) kill(getpid(), SIGKILL);
        },
        kRoundsMax);
    std::fflush(nullptr);
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int wait_status = 0;
  while (waitpid(child, &wait_status, 0) < 0 && errno == EINTR) continue;
  return wait_status;
}

std::vector<std::string> AllSteps() {
  return {"accepted done", "planned done",       "reverted done", "announced done",       "drained done",
          "pushed done",   "push_verified done", "deployed done", "reapply_offered done", "recovered recovered"};
}

class CrashTest : public testing::TestWithParam<std::string> {};

TEST_P(CrashTest, KilledThereItRevertsOnce) {
  for (const int deaths : {1, 2}) {
    Sandbox sandbox;
    const std::string bad = sandbox.MergeOf("feature", "bad.txt", "bad\n");
    sandbox.Publish();
    const RollbackTrigger trigger = sandbox.TriggerFor(bad, "");
    const int first = RunInChild(&sandbox, trigger, GetParam());
    ASSERT_TRUE(WIFSIGNALED(first) && WTERMSIG(first) == SIGKILL) << "the fault point was never reached";
    // A finished row is not passed again, so the second death comes only where there is something to repeat.
    if (deaths == 2) RunInChild(&sandbox, trigger, GetParam());
    const int last = RunInChild(&sandbox, trigger, "none");
    ASSERT_TRUE(WIFEXITED(last) && WEXITSTATUS(last) == 0);
    EXPECT_EQ(sandbox.RemoteReverts(trigger.id), 1);
    EXPECT_EQ(sandbox.GitIn(sandbox.remote, {"rev-parse", "production^"}), bad);
    EXPECT_EQ(Outcomes(sandbox, trigger.id), AllSteps());
    EXPECT_TRUE(sandbox.LeftOvers().empty());
  }
}

std::string TestName(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  name[name.find('.')] = '_';
  return name;
}
INSTANTIATE_TEST_SUITE_P(EveryFaultPoint, CrashTest, testing::ValuesIn(FaultPointNames()), TestName);

TEST(FaultPoints, AreEveryStepByTheFourPlaces) { EXPECT_EQ(FaultPointNames().size(), AllSteps().size() * 4); }

}  // namespace
}  // namespace revertd

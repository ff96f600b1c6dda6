// What a guard wants to know and cannot read: each alone keeps the branch as it is.
#include <gtest/gtest.h>

#include "store/database.h"
#include "tests/actions/executor_fixture.h"
#include "tests/actions/fake_forge.h"

namespace revertd {
namespace {

struct UnreadableCase {
  const char* name;
  const char* database;  // in the state folder; empty: none
  const char* script;    // what is done to it
};

class UnreadableTest : public testing::TestWithParam<UnreadableCase> {};

TEST_P(UnreadableTest, NothingIsPushed) {
  Sandbox sandbox;
  const std::string bad = sandbox.MergeOf("feature", "bad.txt", "bad\n");
  sandbox.Publish();
  const RollbackTrigger trigger = sandbox.TriggerFor(bad, "");
  Config config = sandbox.MakeConfig();
  config.repos[0].forge.emplace();
  ForgeWorld world(&sandbox);
  TestClock clock;
  GitProgram git = sandbox.MakeGit(&clock);
  RecordedEvents events;
  const std::string name = GetParam().name;
  if (name == "kill_switch") config.guard.kill_switch = config.state + "/below-a-file";
  if (name == "forge") world.fails.emplace("FindByCommit", FailedPrecondition("bad credentials"));
  Stores stores = OpenStores(sandbox);
  ASSERT_TRUE(stores.sidecar->WriteTrigger(trigger).ok());
  if (*GetParam().database != '\0') {
    auto database = Database::Open(sandbox.state_directory + "/" + GetParam().database, Database::Access::kReadWrite);
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE((*database)->RunScript("breaking it", GetParam().script).ok());
  }
  RevertExecutor executor(config, stores.state.get(), stores.journal.get(), &git, &clock, &events, nullptr,
                          {OpenFakeForge(&world), nullptr});
  ActionLoop loop(config, stores.state.get(), stores.journal.get(), &executor, &clock);
  for (int round = 0; round < 100; ++round) {
    (void)loop.RunOnce();
    clock.SleepFor(10 * kSecondNs);
  }
  EXPECT_EQ(sandbox.RemoteHead(), bad);
  EXPECT_TRUE(world.requests.empty());
  EXPECT_TRUE(sandbox.LeftOvers().empty());
}

INSTANTIATE_TEST_SUITE_P(
    EveryInput, UnreadableTest,
    testing::Values(UnreadableCase{"kill_switch", "", ""}, UnreadableCase{"forge", "", ""},
                    UnreadableCase{"triggers", "state.db", "ALTER TABLE triggers RENAME TO gone"},
                    UnreadableCase{"deploys", "state.db", "ALTER TABLE deploys RENAME TO gone"},
                    UnreadableCase{"seconds", "state.db", "ALTER TABLE seconds RENAME TO gone"},
                    UnreadableCase{"inbox", "state.db", "ALTER TABLE inbox RENAME TO gone"},
                    UnreadableCase{"journal", "executor.db", "ALTER TABLE journal RENAME TO gone"},
                    UnreadableCase{"audit", "executor.db", "ALTER TABLE audit RENAME TO gone"},
                    UnreadableCase{"incidents", "executor.db", "ALTER TABLE incidents RENAME TO gone"}),
    [](const testing::TestParamInfo<UnreadableCase>& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace revertd

// `revertd release`, run as a user runs it, on layers that are files of a folder; the sidecar is a state that the test
// has written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <csignal>
#include <filesystem>

#include "base/clock.h"
#include "store/executor_store.h"
#include "store/state_store.h"
#include "tests/daemon/program.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ReleaseCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    config_path_ = folder_.Write("revertd.yaml", "state: " + folder_.Path("state.db") +
                                                     "\nguard: {kill_switch: " + folder_.Path("kill-switch") + "}\n");
    auto state = StateStore::Open(folder_.Path("state.db"), StateStore::Access::kOwner);
    ASSERT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
  }

  // A step that makes a file, and is undone by taking it away again.
  std::string Step(const std::string& name, const std::string& more = "") const {
    const std::string file = folder_.Path(name);
    return "      - step: " + name + "\n        promote: {command: [touch, " + file + "], verify: [test, -e, " + file +
           "], version: v7}\n        inverse: {command: [rm, " + file + "], verify: [test, '!', -e, " + file +
           "]}\n        guard: {min: 0s, max: 1m}\n" + more;
  }
  std::string WriteRelease(const std::string& id, const std::vector<std::string>& steps) const {
    std::string text = "release: " + id + "\nstages:\n  - stage: layers\n    steps:\n";
    for (const std::string& step : steps) text += step;
    return folder_.Write(id + ".yaml", text);
  }

  ProgramResult Run(std::vector<std::string> arguments) { return RunProgram(folder_, Whole(std::move(arguments))); }
  std::vector<std::string> Whole(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "release");
    arguments.insert(arguments.end(), {"--config", config_path_});
    return arguments;
  }
  bool IsThere(const std::string& name) const { return std::filesystem::exists(folder_.Path(name)); }

  // In a folder of its own, so that others may be run meanwhile.
  pid_t Start(const TestFolder& folder, std::vector<std::string> arguments) const {
    const int in_fd = ::open("/dev/null", O_RDONLY);
    const pid_t child = StartProgram(folder, Whole(std::move(arguments)), in_fd);
    ::close(in_fd);
    return child;
  }
  // Other processes' time is not the test's to advance.
  static bool Eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 1000; ++i) {
      if (holds()) return true;
      ::poll(nullptr, 0, 20);
    }
    return false;
  }

  const TestFolder folder_;
  std::string config_path_;
  std::unique_ptr<StateStore> state_;
};

TEST_F(ReleaseCommand, PlanSaysEachStepAndItsInverse) {
  const std::string file = WriteRelease("r1", {Step("one"), Step("two")});
  const ProgramResult result = Run({"plan", file});
  EXPECT_EQ(result.exit_code, 0) << result.err << result.out;
  EXPECT_THAT(result.out, HasSubstr("release r1 of production\nstage layers\n  one\n    does:   touch "));
  EXPECT_THAT(result.out, HasSubstr("    undone: rm "));
  EXPECT_THAT(result.out, HasSubstr("the way back, where the last step breaks: two, one\n"));
  EXPECT_THAT(result.out, HasSubstr("it can be run\n"));
  EXPECT_FALSE(IsThere("one"));
  EXPECT_FALSE(IsThere("releases")) << "a plan leaves nothing behind";
}

TEST_F(ReleaseCommand, PlanRefusesWithNamedReasons) {
  std::string step = Step("one");
  step.replace(step.find("[touch,"), 7, "[no-such-program,");
  folder_.Write("kill-switch", "");
  const ProgramResult result = Run({"plan", "--json", WriteRelease("r1", {step})});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.out, HasSubstr(R"("kind":"refusal","step":"","reason":"kill_switch")"));
  EXPECT_THAT(result.out, HasSubstr(R"("kind":"refusal","step":"one","reason":"program_not_found")"));
  EXPECT_THAT(result.out, HasSubstr(R"({"event":"plan","release":"r1","environment":"production","refused":true,)"));
  const ProgramResult run = Run({"run", folder_.Path("r1.yaml")});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("refused: kill_switch"));
  EXPECT_EQ(Run({"plan", folder_.Path("none.yaml")}).exit_code, 2);
}

TEST_F(ReleaseCommand, RunCarriesItOutAndTellsEachRow) {
  const std::string file = WriteRelease("r1", {Step("one"), Step("two")});
  const ProgramResult result = Run({"run", file});
  EXPECT_EQ(result.exit_code, 0) << result.err << result.out;
  EXPECT_TRUE(IsThere("one") && IsThere("two"));
  EXPECT_THAT(result.out, HasSubstr(R"("row":"one/promoted","state":"begun","outcome":"")"));
  EXPECT_THAT(result.out, HasSubstr(R"("row":"two/guarded","state":"finished","outcome":"done")"));
  EXPECT_THAT(result.out, HasSubstr(R"({"event":"waiting","release":"r1","environment":"production","row":"one/)"));
  EXPECT_THAT(ReadFile(folder_.Path("records/releases/r1.json")), HasSubstr(R"("state":"ended","outcome":"done")"));

  const ProgramResult status = Run({"status"});
  EXPECT_EQ(status.exit_code, 0);
  EXPECT_THAT(status.out, HasSubstr("release r1 of production: ended "));
  EXPECT_THAT(Run({"status", "r1", "--json"}).out, HasSubstr(R"("standing":"healthy")"));
  const ProgramResult again = Run({"run", file});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("release r1 of production is known already (done)"));
  EXPECT_EQ(Run({"resume", "r1"}).exit_code, 2);
  EXPECT_EQ(Run({"abort", "r1"}).exit_code, 2);
}

TEST_F(ReleaseCommand, ABrokenConditionUndoesEverythingInReverse) {
  // Broken for as long as the step's file is there.
  const std::string broken =
      "        conditions: [{condition: smoke, command: [test, '!', -e, " + folder_.Path("two") + "], every: 1s}]\n";
  const ProgramResult result = Run({"run", WriteRelease("r1", {Step("one"), Step("two", broken)})});
  EXPECT_EQ(result.exit_code, 1) << result.err << result.out;
  EXPECT_FALSE(IsThere("one") || IsThere("two"));
  const size_t two = result.out.find(R"("row":"two/reverse_verified","state":"finished","outcome":"done")");
  const size_t one = result.out.find(R"("row":"one/reversed","state":"begun")");
  ASSERT_NE(two, std::string::npos) << result.out;
  EXPECT_LT(two, one);
  EXPECT_THAT(Run({"status"}).out, HasSubstr("breach: two condition_failed, smoke exit 1"));
}

TEST_F(ReleaseCommand, ADryRunChangesNothing) {
  const std::string asked = "        conditions: [{condition: smoke, command: [sh, -c, 'exit 1']}]\n";
  const ProgramResult result = Run({"run", "--dry-run", WriteRelease("r1", {Step("one", asked)})});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.out, HasSubstr(R"("step":"one","task":"promote","would_run":"touch )"));
  EXPECT_THAT(result.out, HasSubstr(R"("task":"condition","condition":"smoke","holds":false)"));
  EXPECT_THAT(result.out, HasSubstr(R"("task":"reverse","by":"command","would_run":"rm )"));
  EXPECT_FALSE(IsThere("one") || IsThere("releases") || IsThere("executor.db"));
  EXPECT_TRUE(state_->Peek(1)->empty());
}

TEST_F(ReleaseCommand, APersonsWordReachesTheOneThatRuns) {
  const std::string file = WriteRelease("r1", {Step("one"), Step("two", "        approval: true\n")});
  const TestFolder beside;
  const pid_t child = Start(beside, {"run", file});
  ASSERT_TRUE(
      Eventually([&] { return ReadFile(beside.Path("stdout")).find(R"("why":"approval")") != std::string::npos; }));
  EXPECT_THAT(Run({"status"}).out, HasSubstr("release r1 of production: under way"));
  const ProgramResult second = Run({"run", WriteRelease("r2", {Step("three")})});
  EXPECT_EQ(second.exit_code, 3);
  EXPECT_THAT(second.err, HasSubstr("release r1 of production runs already"));
  const ProgramResult unknown = Run({"approve", "r1", "twoo"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean \"two\"?"));
  const ProgramResult approved = Run({"approve", "r1", "two"});
  EXPECT_EQ(approved.exit_code, 0);
  EXPECT_EQ(approved.out, "{\"release\":\"r1\"}\n");
  EXPECT_THAT(approved.err, Not(HasSubstr("nobody runs")));
  const ProgramResult result = WaitForProgram(beside, child);
  EXPECT_EQ(result.exit_code, 0) << result.err << result.out;
  EXPECT_TRUE(IsThere("two"));
}

TEST_F(ReleaseCommand, AStopUndoesNothingAndResumeGoesOn) {
  const std::string file = WriteRelease("r1", {Step("one"), Step("two", "        approval: true\n")});
  const TestFolder beside;
  const pid_t child = Start(beside, {"run", file});
  ASSERT_TRUE(
      Eventually([&] { return ReadFile(beside.Path("stdout")).find(R"("why":"approval")") != std::string::npos; }));
  ::kill(child, SIGTERM);
  const ProgramResult stopped = WaitForProgram(beside, child);
  EXPECT_EQ(stopped.exit_code, 1);
  EXPECT_THAT(stopped.err, HasSubstr("revertd release resume r1"));
  EXPECT_TRUE(IsThere("one"));
  EXPECT_THAT(Run({"status"}).out, HasSubstr("nobody runs it"));
  const ProgramResult other = Run({"run", WriteRelease("r2", {Step("three")})});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.err, HasSubstr("release r1 of production has not ended: resume or abort it"));
  EXPECT_THAT(Run({"approve", "r1", "two"}).err, HasSubstr("it takes effect at `revertd release resume r1`"));
  const ProgramResult result = Run({"resume"});
  EXPECT_EQ(result.exit_code, 0) << result.err << result.out;
  EXPECT_TRUE(IsThere("two"));
}

TEST_F(ReleaseCommand, AnAbortUndoesWhatIsPromotedOrLeavesIt) {
  for (const bool keep : {false, true}) {
    const std::string id = keep ? "r2" : "r1";
    const std::string file = WriteRelease(id, {Step("one"), Step("two", "        approval: true\n")});
    const TestFolder beside;
    const pid_t child = Start(beside, {"run", file});
    ASSERT_TRUE(
        Eventually([&] { return ReadFile(beside.Path("stdout")).find(R"("why":"approval")") != std::string::npos; }));
    std::vector<std::string> abort = {"abort", id, "--why", "wrong day"};
    if (keep) abort.push_back("--keep");
    EXPECT_EQ(Run(abort).exit_code, 0);
    const ProgramResult result = WaitForProgram(beside, child);
    EXPECT_EQ(result.exit_code, 1) << result.err;
    EXPECT_EQ(IsThere("one"), keep);
    EXPECT_THAT(Run({"status", id}).out, HasSubstr(keep ? "stopped" : "reversed"));
    EXPECT_THAT(Run({"status", id}).out, HasSubstr("wrong day"));
  }
}

TEST_F(ReleaseCommand, AFileThatWasNeverMigratedLocksNobodyOut) {
  std::filesystem::create_directory(folder_.Path("releases"));
  folder_.Write("releases/production.db", "");
  const ProgramResult status = Run({"status"});
  EXPECT_EQ(status.exit_code, 0) << status.err;
  EXPECT_THAT(status.err, HasSubstr("nothing was released yet"));
  folder_.Write("releases/staging.db", "");
  const ProgramResult run = Run({"run", WriteRelease("r1", {Step("one")})});
  EXPECT_EQ(run.exit_code, 0) << run.err;
}

TEST_F(ReleaseCommand, AReleaseThatTheConfigurationRefusesNowCanBeEnded) {
  {
    const std::string file = folder_.Path("releases/production.db");
    auto journal = ExecutorStore::Open(file, ExecutorStore::Access::kOwner);
    ASSERT_TRUE(journal.ok()) << journal.status();
    ASSERT_TRUE((*journal)->BeginRelease({"r1", "production", "release: r1\nstages: [{gone: 1}]\n", 1}).ok());
  }
  const ProgramResult status = Run({"status"});
  EXPECT_EQ(status.exit_code, 0) << status.err;
  EXPECT_THAT(status.out, HasSubstr("release r1 of production: not ended; its file does not fit the configuration: "));
  EXPECT_THAT(Run({"status", "--json"}).out,
              HasSubstr(R"({"release":"r1","environment":"production","state":"unreadable")"));
  EXPECT_EQ(Run({"resume", "r1"}).exit_code, 2);
  const ProgramResult refused = Run({"abort", "r1"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("`revertd release abort r1 --keep`"));
  const ProgramResult ended = Run({"abort", "r1", "--keep", "--why", "the service is gone"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(Run({"status"}).out, HasSubstr("ended, taken_over"));
  const auto journal = ExecutorStore::Open(folder_.Path("releases/production.db"), ExecutorStore::Access::kReadOnly);
  ASSERT_TRUE(journal.ok()) << journal.status();
  const auto trail = (*journal)->ReadAuditAfter(0, 10);
  ASSERT_TRUE(trail.ok() && trail->size() == 3U) << "begun, taken over, ended";
  EXPECT_EQ((*trail)[1].kind, "release_taken_over");
  EXPECT_THAT((*trail)[1].text, HasSubstr(R"("why":"the service is gone","error":")"));
  EXPECT_EQ(Run({"run", WriteRelease("r2", {Step("one")})}).exit_code, 0) << "the environment is free again";
}

TEST_F(ReleaseCommand, AnUnknownReleaseIsWrongUsageThatNamesTheNearest) {
  EXPECT_EQ(Run({"run", WriteRelease("prices-1", {Step("one")})}).exit_code, 0);
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"status", "prices-2"},
                                                    {"resume", "prices-2"},
                                                    {"approve", "prices-2", "one"},
                                                    {"abort", "prices-2"}}) {
    const ProgramResult result = Run(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments.front();
    EXPECT_THAT(result.err, HasSubstr("did you mean \"prices-1\"?")) << arguments.front();
  }
  EXPECT_EQ(Run({"status", "--environment", "staging"}).exit_code, 2);
}

}  // namespace
}  // namespace revertd

// The whole line in one process tree: a log on a pipe, a deploy told by command, a verdict, a real git remote, the
// verified push, the revert's own deploy, recovery. Times are the log's own and lie in the past, so nothing waits for
// the clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include <utility>

#include "actions/process.h"
#include "analysis/series.h"
#include "analysis/totals.h"
#include "base/clock.h"
#include "store/state_store.h"
#include "tests/daemon/program.h"
#include "tests/daemon/synthetic_log.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;

// What a command prints, without the last newline; its failure is the test's.
std::string Shell(const std::string& command) {
  const auto result = RunProcess(
      {.program = "sh", .arguments = {"-c", command}, .working_directory = "", .environment = OwnEnvironment()});
  EXPECT_TRUE(result.ok() && result->exit_code == 0) << command;
  const std::string out = result.ok() ? result->standard_output : "";
  return out.substr(0, out.find_last_not_of('\n') + 1);
}

class StraightLine : public ::testing::Test {
 protected:
  // Longer than any step takes; a test that reaches it has failed.
  static constexpr int kPatienceSeconds = 30;

  void SetUp() override {
    Shell(
        "exec 2>&1; cd " + folder_.Path("") + " && git init -q --bare -b production shop.git && " +
        "git init -q -b production work && cd work && git config user.email dev@example.com && " +
        "git config user.name Dev && git config commit.gpgsign false && echo good > app.conf && git add app.conf && " +
        "git commit -q -m good && git checkout -q -b feature && echo bad > app.conf && git commit -q -am bad && " +
        "git checkout -q production && git merge -q --no-ff -m 'Merge the bad feature' feature && " +
        "git remote add origin ../shop.git && git push -q origin production");
    good_ = Shell("git -C " + folder_.Path("work") + " rev-parse production^1");
    bad_ = Shell("git -C " + folder_.Path("work") + " rev-parse production");
    config_ = folder_.Write("revertd.yaml",
                            "services:\n"
                            "  checkout: {match: {host: checkout.test}, repo: shop, mode: push}\n"
                            "  catalog: {match: {host: catalog.test}}\n"
                            "repos:\n  shop: {url: 'file://" +
                                folder_.Path("shop.git") +
                                "'}\n"
                                "detect: {lateness: 1s}\n"
                                "guard: {kill_switch: " +
                                folder_.Path("kill-switch") +
                                "}\n"
                                "state: " +
                                folder_.Path("state/state.db") + "\n");
    start_ = FloorToSecond(clock_.Now()) - 200;
  }

  void TearDown() override {
    if (sidecar_ > 0) {
      ::kill(sidecar_, SIGKILL);
      ::waitpid(sidecar_, nullptr, 0);
    }
    if (log_fd_ >= 0) ::close(log_fd_);
  }

  void StartSidecar() {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    log_fd_ = ends[1];
    sidecar_ = StartProgram(folder_, {"run", "--config", config_}, ends[0]);
    ::close(ends[0]);
    WaitFor("the state", [&] { return std::filesystem::exists(folder_.Path("state/executor.db")); });
  }

  void Feed(const std::string& lines) {
    size_t done = 0;
    while (done < lines.size()) {
      const ssize_t written = ::write(log_fd_, lines.data() + done, lines.size() - done);
      ASSERT_GT(written, 0) << ReadFile(folder_.Path("stderr"));
      done += static_cast<size_t>(written);
    }
  }

  void Command(std::vector<std::string> arguments) {
    TestFolder own;
    arguments.insert(arguments.end(), {"--config", config_});
    const ProgramResult result = RunProgram(own, arguments);
    ASSERT_EQ(result.exit_code, 0) << arguments.front() << ": " << result.err;
  }

  void Deploy(const std::string& commit, const std::string& base, int64_t second) {
    Command({"deploy", "start", "--service", "checkout", "--commit", commit, "--base", base, "--id", commit, "--at",
             std::to_string(second)});
    Command({"deploy", "finish", "--id", commit, "--at", std::to_string(second)});
    // Whatever is fed from here on, the sidecar knows the deploy.
    WaitForEvent("\"commit\":\"" + commit + "\",\"start_ns\":" + std::to_string(second) + "000000000,\"finish_ns\"");
  }

  template <typename Condition>
  void WaitFor(const std::string& what, Condition condition) {
    for (int i = 0; i < kPatienceSeconds * 50; ++i) {
      if (condition()) return;
      clock_.SleepFor(20 * kMillisecondNs);
    }
    FAIL() << "not seen: " << what << "\n" << ReadFile(folder_.Path("stdout")) << ReadFile(folder_.Path("stderr"));
  }
  void WaitForEvent(const std::string& text) {
    WaitFor(text, [&] { return ReadFile(folder_.Path("stdout")).find(text) != std::string::npos; });
  }
  std::string Output(std::vector<std::string> arguments) {
    TestFolder own;
    arguments.insert(arguments.end(), {"--config", config_});
    return RunProgram(own, arguments).out;
  }
  std::string Status() { return Output({"status"}); }
  std::string Triggers() { return Output({"trigger", "list"}); }
  std::string TriggerId() {
    const std::string triggers = Triggers();
    const size_t start = triggers.find("\"id\":\"") + 6;
    return triggers.substr(start, triggers.find('"', start) - start);
  }
  // Requests of all services in the store's seconds; 0 before there is a store.
  int64_t KeptRequests() {
    const auto store = StateStore::Open(folder_.Path("state/state.db"), StateStore::Access::kReadOnly);
    const auto history = store.ok() ? (*store)->ReadHistory(clock_.Now()) : std::vector<ServiceHistory>{};
    int64_t requests = 0;
    if (!history.ok()) return 0;
    for (const ServiceHistory& service : *history) {
      for (const SecondCounts& second : service.seconds) requests += AllAges(second.by_age).requests;
    }
    return requests;
  }
  std::string RemoteHead() { return Shell("git -C " + folder_.Path("shop.git") + " rev-parse production"); }

  SystemClock clock_;
  TestFolder folder_;
  std::string config_;
  std::string good_;
  std::string bad_;
  int64_t start_ = 0;
  int log_fd_ = -1;
  pid_t sidecar_ = -1;
};

TEST_F(StraightLine, FromLogToVerifiedRevertToRecovery) {
  StartSidecar();
  Feed(LogSeconds(start_, start_ + 50, 0));
  Deploy(bad_, good_, start_ + 50);
  Feed(LogSeconds(start_ + 50, start_ + 90, 6));
  WaitForEvent("\"step\":\"push_verified\",\"begun\":false,\"outcome\":\"done\"");

  const std::string revert = RemoteHead();
  EXPECT_EQ(Shell("git -C " + folder_.Path("shop.git") + " rev-list --count " + bad_ + "..production"), "1");
  EXPECT_EQ(Shell("git -C " + folder_.Path("shop.git") + " rev-parse production^{tree}"),
            Shell("git -C " + folder_.Path("shop.git") + " rev-parse " + good_ + "^{tree}"));
  EXPECT_THAT(Shell("git -C " + folder_.Path("shop.git") + " log -1 --format=%B production"),
              testing::AllOf(HasSubstr("Reverts: " + bad_), HasSubstr("Revertd-Trigger: checkout-")));

  Deploy(revert, bad_, start_ + 95);
  Feed(LogSeconds(start_ + 90, start_ + 95, 6) + LogSeconds(start_ + 95, start_ + 195, 0));
  WaitForEvent("\"state\":\"recovered\"");
  WaitForEvent("\"step\":\"recovered\",\"begun\":false,\"outcome\":\"recovered\"");

  ::close(log_fd_);  // the source ends: the sidecar drains and leaves
  log_fd_ = -1;
  const ProgramResult result = WaitForProgram(folder_, sidecar_);
  sidecar_ = -1;
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

TEST_F(StraightLine, TheKillSwitchHolds) {
  folder_.Write("kill-switch", "");
  StartSidecar();
  Feed(LogSeconds(start_, start_ + 50, 0));
  Deploy(bad_, good_, start_ + 50);
  Feed(LogSeconds(start_ + 50, start_ + 120, 6));
  WaitForEvent("\"decision\":\"hold\",\"reason\":\"kill_switch\"");
  EXPECT_EQ(RemoteHead(), bad_);
}

// Part of the evidence is missing while a source is silent: nothing is pushed until it speaks again.
TEST_F(StraightLine, AStaleSourceHolds) {
  const std::string quiet = folder_.Path("quiet.log");
  config_ = folder_.Write("two-sources.yaml", ReadFile(config_) + "sources:\n  - stdin: {}\n  - file: {path: '" +
                                                  quiet + "', stale_after: 1s}\n");
  StartSidecar();
  WaitForEvent("\"state\":\"stale\"");
  Feed(LogSeconds(start_, start_ + 50, 0));
  Deploy(bad_, good_, start_ + 50);
  Feed(LogSeconds(start_ + 50, start_ + 120, 6));
  WaitForEvent("\"decision\":\"hold\",\"reason\":\"source_stale\"");
  EXPECT_EQ(RemoteHead(), bad_);
  std::ofstream quiet_log(quiet);
  quiet_log << LogLine("catalog.test", start_ + 120, 200) << std::flush;
  WaitForEvent("\"state\":\"live\"");
  Feed(LogSeconds(start_ + 120, start_ + 160, 6));
  WaitFor("the push", [&] {
    quiet_log << LogLine("catalog.test", start_ + 160, 200) << std::flush;
    return ReadFile(folder_.Path("stdout")).find("\"step\":\"push_verified\",\"begun\":false") != std::string::npos;
  });
}

TEST_F(StraightLine, ASecondSidecarOnTheSameStateIsRefused) {
  StartSidecar();
  TestFolder own;
  const ProgramResult second = RunProgram(own, {"run", "--config", config_});
  EXPECT_EQ(second.exit_code, 3);
  EXPECT_THAT(second.err, HasSubstr("state.db"));
}

// Killed in the middle of the watch and started again: the verdict comes all the same, once.
TEST_F(StraightLine, ARestartInTheMiddleOfAWatchChangesNothing) {
  StartSidecar();
  Feed(LogSeconds(start_, start_ + 50, 0));
  Deploy(bad_, good_, start_ + 50);
  Feed(LogSeconds(start_ + 50, start_ + 60, 6));
  // History is written before the status that says how far it goes; with a lateness of 1 s that is 2 s behind.
  // In silence the last seconds are sealed soon after.
  WaitFor("history in the store", [&] {
    const std::string status = Status();
    return status.find("\"sealed_through\":" + std::to_string(start_ + 57)) != std::string::npos ||
           status.find("\"sealed_through\":" + std::to_string(start_ + 59)) != std::string::npos;
  });
  ::kill(sidecar_, SIGKILL);
  ::waitpid(sidecar_, nullptr, 0);
  ::close(log_fd_);
  StartSidecar();
  Feed(LogSeconds(start_ + 60, start_ + 100, 6));
  WaitForEvent("\"step\":\"push_verified\",\"begun\":false,\"outcome\":\"done\"");
  EXPECT_EQ(Shell("git -C " + folder_.Path("shop.git") + " rev-list --count " + bad_ + "..production"), "1");
}

TEST_F(StraightLine, SigtermEndsItInOrder) {
  StartSidecar();
  Feed(LogSeconds(start_, start_ + 3, 0));
  WaitFor("the lines to be counted", [&] { return Status().find("\"lines_sampled\":900") != std::string::npos; });
  ::kill(sidecar_, SIGTERM);
  const ProgramResult result = WaitForProgram(folder_, sidecar_);
  sidecar_ = -1;
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(Status(), testing::AllOf(HasSubstr("\"running\":false"),
                                       HasSubstr("\"sealed_through\":" + std::to_string(start_ + 2))));
}

// A supervisor that starts `tail -F` again tells the end of the log twice.
TEST_F(StraightLine, LinesToldAgainAfterARestartAreNotCountedTwice) {
  constexpr int64_t kLines = 10 * 300;
  StartSidecar();
  Feed(LogSeconds(start_, start_ + 10, 0));
  WaitFor("history in the store", [&] { return KeptRequests() > 0; });
  ::kill(sidecar_, SIGKILL);
  ::waitpid(sidecar_, nullptr, 0);
  ::close(log_fd_);
  // Eight seconds, or all ten where the silence was longer than the lateness before the kill.
  const int64_t kept = KeptRequests();
  StartSidecar();
  Feed(LogSeconds(start_, start_ + 10, 0));
  WaitFor("the lines told again to be dropped",
          [&] { return Status().find("\"lines_already_counted\":" + std::to_string(kept)) != std::string::npos; });
  ::close(std::exchange(log_fd_, -1));  // the source ends: what is open is sealed and written
  const ProgramResult result = WaitForProgram(folder_, sidecar_);
  sidecar_ = -1;
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(Status(), HasSubstr("\"lines_sampled\":" + std::to_string(kLines - kept)));
  EXPECT_EQ(KeptRequests(), kLines);
}

// Minutes go to the store as they close; the one that is open at a stop goes on after the start.
TEST_F(StraightLine, MinutesOfTheStoreHoldEveryRequestAcrossARestart) {
  for (const int64_t from : {start_, start_ + 75}) {
    StartSidecar();
    Feed(LogSeconds(from, from + 75, 1));
    WaitFor("the lines to be counted", [&] { return Status().find("\"lines_sampled\":22500") != std::string::npos; });
    ::kill(sidecar_, SIGTERM);
    const ProgramResult result = WaitForProgram(folder_, sidecar_);
    sidecar_ = -1;
    ASSERT_EQ(result.exit_code, 0) << result.err;
    ::close(std::exchange(log_fd_, -1));
  }
  const auto store = StateStore::Open(folder_.Path("state/state.db"), StateStore::Access::kReadOnly);
  ASSERT_TRUE(store.ok()) << store.status();
  Totals totals;
  int minutes = 0;
  const auto add = [&](int64_t start_second, std::string_view bytes) {
    ++minutes;
    EXPECT_EQ(start_second % 60, 0);
    EXPECT_TRUE(DecodeInto(bytes, &totals));
  };
  ASSERT_TRUE((*store)->ReadMinutes("checkout", start_ - 60, start_ + 150, add).ok());
  EXPECT_GE(minutes, 3);
  EXPECT_EQ(totals.requests(), 150U * 150U);
  EXPECT_EQ(totals.errors(), 150U);
  EXPECT_NEAR(static_cast<double>(totals.latency.ValueAtQuantile(0.5)), 4e6, 4e4);
}

TEST_F(StraightLine, APersonsNoWinsUntilThePush) {
  StartSidecar();
  std::filesystem::rename(folder_.Path("shop.git"), folder_.Path("away.git"));  // the executor tries again and again
  Feed(LogSeconds(start_, start_ + 50, 0));
  Deploy(bad_, good_, start_ + 50);
  Feed(LogSeconds(start_ + 50, start_ + 90, 6));
  WaitForEvent("\"step\":\"planned\",\"begun\":true");
  Command({"trigger", "dismiss", TriggerId(), "--why", "fixed forward"});
  WaitFor("the dismissal", [&] { return Triggers().find("\"state\":\"dismissed\"") != std::string::npos; });
  std::filesystem::rename(folder_.Path("away.git"), folder_.Path("shop.git"));
  WaitForEvent("\"step\":\"planned\",\"begun\":false,\"outcome\":\"dismissed\"");
  EXPECT_EQ(RemoteHead(), bad_);
}

// Its tool failed while the errors were there: nobody is judged, and the record says why.
TEST_F(StraightLine, AnAbandonedDeployIsNotRolledBack) {
  StartSidecar();
  Feed(LogSeconds(start_, start_ + 50, 0));
  Command({"deploy", "start", "--service", "checkout", "--commit", bad_, "--id", "try-1", "--at",
           std::to_string(start_ + 50)});
  Command(
      {"deploy", "abandon", "--id", "try-1", "--why", "the rollout timed out", "--at", std::to_string(start_ + 60)});
  WaitForEvent("\"event\":\"abandon\"");
  Feed(LogSeconds(start_ + 50, start_ + 120, 6));
  WaitFor("the log to be judged", [&] {
    return Status().find("\"sealed_through\":" + std::to_string(start_ + 117)) != std::string::npos ||
           Status().find("\"sealed_through\":" + std::to_string(start_ + 119)) != std::string::npos;
  });
  EXPECT_EQ(Triggers(), "");
  EXPECT_THAT(Output({"deploy", "show", "try-1"}),
              testing::AllOf(HasSubstr("\"state\":\"inconclusive\",\"reason\":\"abandoned\""),
                             HasSubstr("\"why\":\"the rollout timed out\"")));
  EXPECT_EQ(RemoteHead(), bad_);
}

TEST_F(StraightLine, CommandsRefuseWhatMakesNoSense) {
  StartSidecar();
  const std::vector<std::vector<std::string>> nonsense = {
      {"deploy", "start", "--service", "checkout", "--commit", "zzz"},
      {"deploy", "start", "--service", ""},
      {"deploy", "start", "--service", "checkout", "--at", "0"},
      {"deploy", "start", "--service", "checkout", "--repo", "shpo"},
      {"deploy", "finish", "--id", "unknown"},
      {"deploy", "abandon", "--id", "unknown"},
      {"deploy", "show", "unknown"},
      {"trigger", "approve", "unknown"},
      {"explain", "unknown"},
      {"revert", "--service", "checkout", "--commit", "HEAD"},
      {"revert", "--service", "checkuot", "--commit", bad_}};
  for (std::vector<std::string> arguments : nonsense) {
    TestFolder own;
    arguments.insert(arguments.end(), {"--config", config_});
    const ProgramResult result = RunProgram(own, arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments[0] << " " << arguments[1] << ": " << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
}

// A deploy script that is tried again gets the same id, so that its finish finds the deploy.
TEST_F(StraightLine, ADeployToldTwiceHasOneId) {
  StartSidecar();
  const std::vector<std::string> start = {"deploy",   "start", "--service", "checkout",
                                          "--commit", bad_,    "--config",  config_};
  TestFolder own;
  const ProgramResult first = RunProgram(own, start);
  std::vector<std::string> later = start;
  later.insert(later.end(), {"--at", std::to_string(FloorToSecond(clock_.Now()) + 1)});
  const ProgramResult second = RunProgram(own, later);
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(first.out, second.out);
}

TEST_F(StraightLine, ADryRunThatIsRefusedIsBadNews) {
  TestFolder own;
  const std::string unknown(40, 'a');
  const ProgramResult refused =
      RunProgram(own, {"revert", "--service", "checkout", "--commit", unknown, "--dry-run", "--config", config_});
  EXPECT_EQ(refused.exit_code, 1) << refused.err;
  EXPECT_THAT(refused.out, HasSubstr("\"refused\":\"commit_not_on_branch\""));
  const ProgramResult fine =
      RunProgram(own, {"revert", "--service", "checkout", "--commit", bad_, "--dry-run", "--config", config_});
  EXPECT_EQ(fine.exit_code, 0) << fine.err;
  EXPECT_THAT(fine.out, HasSubstr("\"tree\":\"" +
                                  Shell("git -C " + folder_.Path("shop.git") + " rev-parse " + good_ + "^{tree}")));
  EXPECT_EQ(RemoteHead(), bad_);
}

}  // namespace
}  // namespace revertd

#include "actions/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/strings.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

ProcessSpec Shell(const std::string& script) {
  ProcessSpec spec;
  spec.program = "sh";
  spec.arguments = {"-c", script};
  spec.environment = {"PATH=/usr/bin:/bin"};
  return spec;
}

TEST(RunProcess, KeepsBothStreamsAndTheExitCode) {
  const auto result = RunProcess(Shell("echo out; echo err >&2; exit 3"));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->standard_output, "out\n");
  EXPECT_EQ(result->standard_error, "err\n");
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_FALSE(result->timed_out);
}

TEST(RunProcess, PassesArgumentsUntouchedByAnyShell) {
  ProcessSpec spec = Shell("");
  spec.program = "printf";
  spec.arguments = {"%s|", "a b", "$HOME", "`id`", "; exit 1", ""};
  const auto result = RunProcess(spec);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->standard_output, "a b|$HOME|`id`|; exit 1||");
}

TEST(RunProcess, GivesTheProgramOnlyTheNamedEnvironmentAndFolder) {
  ProcessSpec spec = Shell("env; pwd");
  spec.environment.emplace_back("ONLY=this");
  spec.working_directory = "/usr";
  const auto result = RunProcess(spec);
  ASSERT_TRUE(result.ok());
  EXPECT_NE(result->standard_output.find("ONLY=this\n"), std::string::npos);
  EXPECT_NE(result->standard_output.find("/usr\n"), std::string::npos);
  EXPECT_EQ(result->standard_output.find("HOME="), std::string::npos);
}

TEST(RunProcess, GivesTheProgramNoOtherDescriptor) {
  const auto result = RunProcess(Shell("for f in /proc/self/fd/*; do echo x; done; read line || echo no input"));
  ASSERT_TRUE(result.ok());
  // 0, 1, 2 and, in some shells, the folder that the loop itself reads.
  EXPECT_LE(Split(result->standard_output, '\n').size(), 6U) << result->standard_output;
  EXPECT_NE(result->standard_output.find("no input"), std::string::npos);
}

TEST(RunProcess, GivesTheProgramItsStandardInput) {
  ProcessSpec spec = Shell("cat; cat /dev/stdin");
  spec.standard_input = std::string("one\n\0two\n", 9);
  const auto result = RunProcess(spec);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->standard_output.substr(0, 9), spec.standard_input);
  spec.standard_input = std::string(kStandardInputBytesMax, 'x');
  EXPECT_EQ(RunProcess(spec)->standard_output.substr(0, kStandardInputBytesMax), spec.standard_input);
  spec.standard_input += 'x';
  EXPECT_FALSE(RunProcess(spec).ok());
}

TEST(RunProcess, AProgramThatDoesNotReadItsInputHoldsNobodyUp) {
  ProcessSpec spec = Shell("head -c 1 >/dev/null; exec <&-; echo done");
  spec.standard_input = std::string(kStandardInputBytesMax, 'x');  // more than any pipe holds
  const auto result = RunProcess(spec);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->standard_output, "done\n");
  EXPECT_EQ(result->exit_code, 0);
  EXPECT_FALSE(result->timed_out);
}

TEST(RunProcess, MissingProgramIsNotFoundByName) {
  ProcessSpec spec = Shell("");
  spec.program = "no-such-program";
  auto result = RunProcess(spec);
  ASSERT_TRUE(absl::IsNotFound(result.status()));
  EXPECT_EQ(MessageOf(result.status()), "no-such-program is not installed (looked in PATH)");
  spec.program = "sh";
  spec.environment = {"PATH="};
  result = RunProcess(spec);
  EXPECT_TRUE(absl::IsNotFound(result.status()));
}

TEST(RunProcess, MissingFolderNamesTheFolder) {
  ProcessSpec spec = Shell("true");
  spec.working_directory = "/no/such/folder";
  const auto result = RunProcess(spec);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(MessageOf(result.status()).find("/no/such/folder"), std::string_view::npos);
}

TEST(RunProcess, CutsOutputAtTheLimitAndReadsOn) {
  ProcessSpec spec = Shell("head -c 300000 /dev/zero; echo end >&2");
  spec.output_bytes_max = 1000;
  const auto result = RunProcess(spec);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->standard_output.size(), 1000U);
  EXPECT_TRUE(result->output_cut);
  EXPECT_EQ(result->standard_error, "end\n");
  EXPECT_EQ(result->exit_code, 0);
}

TEST(RunProcess, KillsTheWholeGroupAtTheTimeLimit) {
  const TestFolder folder;
  const std::string fifo = folder.Path("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const int read_end = open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(read_end, 0);
  // The grandchild holds the fifo's one write end until it dies.
  ProcessSpec spec = Shell("sleep 1000 > " + fifo + " & wait");
  spec.time_limit_ns = 300 * kMillisecondNs;
  const auto result = RunProcess(spec);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->timed_out);
  EXPECT_EQ(result->exit_code, 128 + SIGKILL);
  pollfd hang_up = {read_end, POLLIN, 0};
  ASSERT_EQ(poll(&hang_up, 1, 30'000), 1) << "the grandchild lives on";
  EXPECT_NE(hang_up.revents & POLLHUP, 0);
  close(read_end);
}

TEST(RunProcess, StopsAtTheLimitWhenTheStreamsAreClosedEarly) {
  ProcessSpec spec = Shell("exec >&- 2>&-; sleep 1000");
  spec.time_limit_ns = 200 * kMillisecondNs;
  const auto result = RunProcess(spec);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->timed_out);
}

TEST(RunProcess, ReportsTheSignalAndLeavesNoZombie) {
  const auto result = RunProcess(Shell("kill -TERM $$"));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->exit_code, 128 + SIGTERM);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace
}  // namespace revertd

// Faults at every side effect of a rollback: a git that fails, hangs or lies at each of its commands, a full disk, a
// locked database, a line cut between push and answer, two executors at once. Each time: the named reason, at most one
// revert on the remote, and nothing lost once the fault is gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>

#include "store/database.h"
#include "tests/actions/executor_fixture.h"
#include "tests/actions/servers.h"

namespace revertd {
namespace {

namespace fs = std::filesystem;
using testing::Contains;

constexpr int kRoundsMax = 300;  // longer than every wait and retry together

// A git in front of the real one, which at one subcommand does something else. Git's own helpers are not disturbed.
constexpr char kFrontGit[] = R"(#!/bin/sh
skip=
for word; do
  if [ "$skip" ]; then skip=; continue; fi
  case $word in -c) skip=1 ;; -*) ;; *) break ;; esac
done
real=$0.real
if [ "$word" = SUBCOMMAND ] && CONDITION; then
  BEHAVIOUR
fi
exec "$real" "$@"
)";
constexpr char kAlways[] = "true";
constexpr char kOnce[] = "mkdir \"$0.once\" 2>&-";
constexpr char kFails[] = "echo 'fatal: broken on purpose' >&2; exit 128";
constexpr char kHangs[] = "exec tail -f /dev/null";
constexpr char kLies[] = "exit 0";
constexpr char kPushesElsewhere[] = R"(exec "$real" $(printf '%s\n' "$@" | sed 's/remote\.git/decoy.git/'))";

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

class FaultTest : public testing::Test {
 protected:
  FaultTest() { sandbox_.Publish(); }
  void SetUp() override { fs::copy(sandbox_.remote, sandbox_.root + "/decoy.git", fs::copy_options::recursive); }

  void BreakGit(const std::string& subcommand, const std::string& condition, const std::string& behaviour) {
    const std::string folder = sandbox_.root + "/bin";
    WriteFile(folder + "/git", Replaced(Replaced(Replaced(kFrontGit, "SUBCOMMAND", subcommand), "CONDITION", condition),
                                        "BEHAVIOUR", behaviour));
    fs::permissions(folder + "/git", fs::perms::owner_all);
    for (std::string& variable : environment_) {
      if (!variable.starts_with("PATH=")) continue;
      fs::create_symlink(FindServer("git"), folder + "/git.real");
      variable = "PATH=" + folder + ":" + variable.substr(5);
    }
  }
  std::vector<std::string> Run(const RepoConfig& repo, const FaultPoint& fault_point = nullptr,
                               int rounds_max = kRoundsMax) {
    Config config = sandbox_.MakeConfig();
    config.repos[0] = repo;
    GitProgram git(sandbox_.state_directory, environment_, &clock_, limits_);
    RunToTheEnd(&sandbox_, trigger_, config, &git, &clock_, &events_, fault_point, rounds_max);
    return Outcomes(sandbox_, trigger_.id);
  }
  std::vector<std::string> Run() { return Run(sandbox_.Repo()); }
  // As Run, in a child; what it leaves behind in files is all that remains. Whether it ended as expected.
  bool RunInChild(const std::function<void()>& before, int rounds_max) {
    const pid_t child = StartChild(before, rounds_max);
    return EndOf(child);
  }
  pid_t StartChild(const std::function<void()>& before, int rounds_max) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child != 0) return child;
    before();
    Run(sandbox_.Repo(), nullptr, rounds_max);
    std::fflush(nullptr);
    _exit(HasFailure() ? 1 : 0);
  }
  static bool EndOf(pid_t child) {
    int wait_status = 0;
    while (waitpid(child, &wait_status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
  }
  void ExpectOneRevert() {
    EXPECT_EQ(sandbox_.RemoteReverts(trigger_.id), 1);
    EXPECT_EQ(sandbox_.GitIn(sandbox_.remote, {"rev-parse", "production^"}), bad_);
    EXPECT_THAT(sandbox_.LeftOvers(), testing::IsEmpty());
  }

  Sandbox sandbox_;
  TestClock clock_;
  std::vector<std::string> environment_ = sandbox_.Environment();
  GitTimeLimits limits_;
  RecordedEvents events_;
  const std::string bad_ = sandbox_.MergeOf("feature", "bad.txt", "bad\n");
  RollbackTrigger trigger_ = sandbox_.TriggerFor(bad_, "");
};

struct BrokenGit {
  const char* subcommand;
  const char* how;
  const char* behaviour;
  const char* last;  // outcome; "recovered recovered" where the fault does no harm
  int reverts;       // on the remote
};

class BrokenGitTest : public FaultTest, public testing::WithParamInterface<BrokenGit> {};

TEST_P(BrokenGitTest, EndsByNameAndActsAtMostOnce) {
  const BrokenGit& broken = GetParam();
  BreakGit(broken.subcommand, kAlways, broken.behaviour);
  if (broken.behaviour == kHangs) {
    const std::string which = broken.subcommand;
    (which == "push"    ? limits_.push
     : which == "fetch" ? limits_.first_fetch
                        : limits_.ask_remote) = 250 * kMillisecondNs;
  }
  const std::vector<std::string> outcomes = Run();
  EXPECT_EQ(outcomes.back(), broken.last) << events_.events.back().detail;
  EXPECT_EQ(sandbox_.RemoteReverts(trigger_.id), broken.reverts);
  EXPECT_EQ(sandbox_.RemoteHead() == bad_, broken.reverts == 0);
  EXPECT_THAT(sandbox_.LeftOvers(), testing::IsEmpty());
}

constexpr BrokenGit kBroken[] = {
    {"init", "fails", kFails, "planned git_failed", 0},
    {"fetch", "fails", kFails, "planned remote_unreachable", 0},
    {"rev-parse", "fails", kFails, "planned git_failed", 0},
    {"merge-base", "fails", kFails, "planned git_failed", 0},
    {"log", "fails", kFails, "planned git_failed", 0},
    {"config", "fails", kFails, "recovered recovered", 1},  // the user has no identity, then
    {"worktree", "fails", kFails, "reverted git_failed", 0},
    {"revert", "fails", kFails, "reverted git_failed", 0},
    {"write-tree", "fails", kFails, "reverted git_failed", 0},
    {"commit", "fails", kFails, "reverted git_failed", 0},
    {"update-ref", "fails", kFails, "reverted git_failed", 0},
    {"push", "fails", kFails, "pushed remote_unreachable", 0},
    {"ls-remote", "fails", kFails, "push_verified remote_unreachable", 1},
    {"fetch", "hangs", kHangs, "planned remote_unreachable", 0},
    {"push", "hangs", kHangs, "pushed remote_unreachable", 0},
    {"ls-remote", "hangs", kHangs, "push_verified remote_unreachable", 1},
    {"fetch", "lies", kLies, "planned git_failed", 0},
    {"rev-parse", "lies", kLies, "planned branch_not_found", 0},
    {"merge-base", "lies", kLies, "recovered recovered", 1},  // what it says is true
    {"log", "lies", kLies, "planned base_not_in_history", 0},
    {"revert", "lies", kLies, "reverted empty_change", 0},
    {"write-tree", "lies", kLies, "reverted git_failed", 0},
    {"commit", "lies", kLies, "reverted git_failed", 0},
    {"update-ref", "lies", kLies, "recovered recovered", 1},  // made again, and comes out the same
    {"push", "lies", kLies, "push_verified remote_unchanged", 0},
    {"push", "goes_elsewhere", kPushesElsewhere, "push_verified remote_unchanged", 0},
    {"ls-remote", "lies", kLies, "push_verified remote_unchanged", 1},
};

std::string NameOfBroken(const testing::TestParamInfo<BrokenGit>& info) {
  std::string name = std::string(info.param.subcommand) + "_" + info.param.how;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(EveryCommand, BrokenGitTest, testing::ValuesIn(kBroken), NameOfBroken);

class PassingFaultTest : public FaultTest, public testing::WithParamInterface<const char*> {};

TEST_P(PassingFaultTest, AFaultThatPassesLosesNothing) {
  BreakGit(GetParam(), kOnce, kFails);
  EXPECT_EQ(Run().back(), "recovered recovered");
  EXPECT_TRUE(fs::exists(sandbox_.root + "/bin/git.once")) << "the command was never asked";
  ExpectOneRevert();
}

TEST_P(PassingFaultTest, AHangThatPassesLosesNothing) {
  limits_ = {kSecondNs, kSecondNs, kSecondNs, kSecondNs, kSecondNs, kSecondNs};
  BreakGit(GetParam(), kOnce, kHangs);
  EXPECT_EQ(Run().back(), "recovered recovered");
  ExpectOneRevert();
}

INSTANTIATE_TEST_SUITE_P(EveryCommand, PassingFaultTest,
                         testing::Values("init", "fetch", "rev-parse", "merge-base", "log", "config", "worktree",
                                         "revert", "write-tree", "commit", "update-ref", "push", "ls-remote"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// The connection dies after the remote has the pack and before we hear of it.
TEST_F(FaultTest, APushWhoseAnswerIsLostOnTheWayIsAdopted) {
  const auto far_end = ServeByGitDaemonAndCutTheFirstAnswer(sandbox_);
  RepoConfig repo = sandbox_.Repo();
  repo.url = far_end->url;
  EXPECT_EQ(Run(repo).back(), "recovered recovered");
  EXPECT_TRUE(fs::exists(sandbox_.root + "/cut")) << "nothing was cut";
  ExpectOneRevert();
}

// A disk without room, played by a limit on the size of every file that the executor and its git write.
TEST_F(FaultTest, AFullDiskEndsNothingAndLosesNothing) {
  std::string noise;
  std::mt19937 random(1);
  while (noise.size() < size_t{2} * 1024 * 1024) noise += static_cast<char>(random());
  sandbox_.Commit("noise.bin", noise, "does not compress");
  trigger_ = sandbox_.TriggerFor(sandbox_.MergeOf("worse", "worse.txt", "worse\n"), "");
  sandbox_.Publish();
  const std::string head = sandbox_.RemoteHead();
  for (const rlim_t room : {4'096U, 65'536U, 262'144U, 1'048'576U}) {
    const auto fill = [room] {
      signal(SIGXFSZ, SIG_IGN);  // write fails with EFBIG, as it does with ENOSPC
      const rlimit limit = {room, room};
      setrlimit(RLIMIT_FSIZE, &limit);
      std::fclose(stdout);  // where it cannot even open its database, the fixture says so
    };
    RunInChild(fill, 6);
    EXPECT_EQ(sandbox_.RemoteHead(), head);
  }
  EXPECT_TRUE(RunInChild([] {}, kRoundsMax));
  EXPECT_THAT(Outcomes(sandbox_, trigger_.id), Contains("recovered recovered"));
  EXPECT_EQ(sandbox_.RemoteReverts(trigger_.id), 1);
  EXPECT_EQ(sandbox_.GitIn(sandbox_.remote, {"rev-parse", "production^"}), head);
}

// Another process's transaction, held right after the push: the push is done and cannot be written down.
TEST_F(FaultTest, AJournalThatIsLockedAfterThePushLosesNothing) {
  std::unique_ptr<Database> other;
  int reached = 0;
  const auto outcomes = Run(sandbox_.Repo(), [&](std::string_view name) {
    if (name != "pushed.before_finish") return;
    if (++reached == 1) {
      auto opened = Database::Open(sandbox_.state_directory + "/executor.db", Database::Access::kReadWrite);
      ASSERT_TRUE(opened.ok()) << MessageOf(opened.status());
      other = *std::move(opened);
      EXPECT_TRUE(other->RunScript("holding it", "BEGIN IMMEDIATE").ok());
    } else if (other) {
      EXPECT_TRUE(other->RunScript("letting go", "ROLLBACK").ok());
      other.reset();
    }
  });
  EXPECT_EQ(reached, 2);
  EXPECT_EQ(outcomes.back(), "recovered recovered");
  ExpectOneRevert();
}

TEST_F(FaultTest, ASecondExecutorOnTheSameStateIsRefused) {
  const Stores first = OpenStores(sandbox_);
  const auto second = ExecutorStore::Open(sandbox_.state_directory + "/executor.db", ExecutorStore::Access::kOwner);
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status())) << MessageOf(second.status());
}

// Two machines with states of their own, told the same, at once.
TEST_F(FaultTest, TwoExecutorsOfOneTriggerMakeOneRevert) {
  const std::string first_state = sandbox_.state_directory;
  const std::string second_state = sandbox_.root + "/state2";
  for (int again = 0; again < 3; ++again) {
    sandbox_.GitIn(sandbox_.remote, {"update-ref", "refs/heads/production", bad_});
    std::vector<pid_t> children;
    for (const std::string& state : {first_state, second_state}) {
      fs::remove_all(state);
      fs::create_directories(state);
      sandbox_.state_directory = state;
      trigger_.created_ns += kSecondNs * again;
      children.push_back(StartChild([] {}, kRoundsMax));
    }
    for (const pid_t child : children) EXPECT_TRUE(EndOf(child));
    EXPECT_EQ(sandbox_.RemoteReverts(trigger_.id), 1);
    EXPECT_EQ(sandbox_.GitIn(sandbox_.remote, {"rev-parse", "production^"}), bad_);
    for (const std::string& state : {first_state, second_state}) {
      sandbox_.state_directory = state;
      EXPECT_THAT(Outcomes(sandbox_, trigger_.id), Contains("push_verified done"));
      EXPECT_THAT(sandbox_.LeftOvers(), testing::IsEmpty());
    }
  }
}

}  // namespace
}  // namespace revertd

// Kills the executor with SIGKILL at random moments, in our code, in git and in the middle of SQLite's commits alike,
// and starts it again until it is left alone: however often it died, the remote has exactly one revert. 50 rollbacks,
// or as many as REVERTD_CRASH_RUNS says; REVERTD_CRASH_SEED repeats the moments of another run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "base/strings.h"
#include "store/database.h"
#include "tests/actions/executor_fixture.h"

namespace revertd {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr int kRoundsMax = 120;
constexpr int kKillsMax = 4;  // of one rollback

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* set = std::getenv(name);
  return set == nullptr ? otherwise : ParseUnsigned(set).value_or(otherwise);
}

[[noreturn]] void RunAndExit(Sandbox* sandbox, const RollbackTrigger& trigger) {
  TestClock clock;
  GitProgram git = sandbox->MakeGit(&clock);
  RecordedEvents events;
  RunToTheEnd(sandbox, trigger, sandbox->MakeConfig(), &git, &clock, &events, nullptr, kRoundsMax);
  std::fflush(nullptr);
  _exit(testing::Test::HasFailure() ? 1 : 0);
}

// Runs the executor in a child, and kills it once `life` is over. Whether it came to its end before that.
bool LiveFor(nanoseconds life, Sandbox* sandbox, const RollbackTrigger& trigger) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) RunAndExit(sandbox, trigger);
  pollfd ended = {static_cast<int>(syscall(SYS_pidfd_open, child, 0)), POLLIN, 0};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(life);
  const timespec limit = {seconds.count(), (life - seconds).count()};
  ppoll(&ended, 1, &limit, nullptr);
  close(ended.fd);
  kill(child, SIGKILL);  // of one that has ended: nothing
  int wait_status = 0;
  while (waitpid(child, &wait_status, 0) < 0 && errno == EINTR) continue;
  if (!WIFEXITED(wait_status)) return false;
  EXPECT_EQ(WEXITSTATUS(wait_status), 0);
  return true;
}

class RandomCrashTest : public testing::Test {
 protected:
  RandomCrashTest() { sandbox_.Publish(); }
  // The remote as it was before any rollback, no state, and a trigger whose revert no earlier rollback has made.
  RollbackTrigger StartAgain(uint64_t run) {
    sandbox_.GitIn(sandbox_.remote, {"update-ref", "refs/heads/production", bad_});
    fs::remove_all(sandbox_.state_directory);
    fs::create_directories(sandbox_.state_directory);
    RollbackTrigger trigger = sandbox_.TriggerFor(bad_, "");
    trigger.created_ns += static_cast<TimeNs>(run) * kSecondNs;  // the date of the commit, and so another SHA
    return trigger;
  }
  // The longest of three that nobody disturbs.
  nanoseconds MeasureLife() {
    nanoseconds longest{0};
    for (uint64_t i = 0; i < 3; ++i) {
      const RollbackTrigger trigger = StartAgain(i);
      const auto start = Steady::now();
      EXPECT_TRUE(LiveFor(std::chrono::minutes(2), &sandbox_, trigger));
      longest = std::max<nanoseconds>(longest, Steady::now() - start);
    }
    return longest;
  }
  void ExpectOneRollback(const RollbackTrigger& trigger) {
    EXPECT_EQ(sandbox_.RemoteReverts(trigger.id), 1);
    EXPECT_EQ(sandbox_.GitIn(sandbox_.remote, {"rev-parse", "production^"}), bad_);
    EXPECT_EQ(sandbox_.GitIn(sandbox_.remote, {"diff", "--stat", "production", bad_ + "^"}), "");
    const std::vector<std::string> outcomes = Outcomes(sandbox_, trigger.id);
    for (const std::string& outcome : outcomes) EXPECT_FALSE(outcome.ends_with(" -")) << outcome << " never finished";
    EXPECT_THAT(outcomes, testing::IsSupersetOf({"pushed done", "push_verified done", "recovered recovered"}));
    EXPECT_THAT(sandbox_.LeftOvers(), testing::IsEmpty());
    if (HasFailure()) PrintJournal(trigger);
  }
  void PrintJournal(const RollbackTrigger& trigger) {
    auto journal = ExecutorStore::Open(sandbox_.state_directory + "/executor.db", ExecutorStore::Access::kReadOnly);
    if (!journal.ok()) return;
    const auto rows = (*journal)->ReadJournal(trigger.id);
    if (!rows.ok()) return;
    for (const JournalRow& row : *rows) {
      std::printf("%s: %s: %s\n", row.step.c_str(), row.outcome.c_str(), row.detail.c_str());
    }
  }
  void ExpectWholeStores() {
    for (const char* name : {"/state.db", "/executor.db"}) {
      auto database = Database::Open(sandbox_.state_directory + name, Database::Access::kReadOnly);
      ASSERT_TRUE(database.ok()) << MessageOf(database.status());
      std::string answer;
      EXPECT_TRUE((*database)
                      ->Read("checking it", "PRAGMA integrity_check", {},
                             [&answer](SqlRow& row) {
                               answer += row.Text();
                               return OkStatus();
                             })
                      .ok());
      EXPECT_EQ(answer, "ok") << name;
    }
    auto journal = ExecutorStore::Open(sandbox_.state_directory + "/executor.db", ExecutorStore::Access::kReadOnly);
    ASSERT_TRUE(journal.ok());
    AuditChain chain;
    EXPECT_TRUE((*journal)
                    ->ReadAudit([&chain](const AuditRow& row) {
                      chain.Add(row);
                      return OkStatus();
                    })
                    .ok());
    EXPECT_EQ(chain.Wrong(), std::nullopt);
    EXPECT_GT(chain.head().seq, 0);
  }

  Sandbox sandbox_;
  const std::string bad_ = sandbox_.MergeOf("feature", "bad.txt", "bad\n");
};

TEST_F(RandomCrashTest, HoweverOftenItDiesItRevertsOnce) {
  const uint64_t runs = FromEnvironment("REVERTD_CRASH_RUNS", 50);
  const uint64_t seed = FromEnvironment("REVERTD_CRASH_SEED", 1);
  const nanoseconds whole_life = MeasureLife();
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<int64_t> moment(0, whole_life.count());
  std::uniform_int_distribution<int> kills(1, kKillsMax);
  int64_t killed = 0;
  const auto start = Steady::now();
  for (uint64_t run = 0; run < runs && !HasFailure(); ++run) {
    const RollbackTrigger trigger = StartAgain(run);
    std::string moments;  // of this rollback's deaths, for whoever must find out why
    bool ended = false;
    for (int left = kills(random); left > 0 && !ended; --left) {
      const nanoseconds life(moment(random));
      ended = LiveFor(life, &sandbox_, trigger);
      moments += ended ? " ended" : " " + std::to_string(life.count() / 1000);
      if (!ended) ++killed;
    }
    EXPECT_TRUE(ended || LiveFor(std::chrono::minutes(2), &sandbox_, trigger)) << "it never ended";
    SCOPED_TRACE("seed " + std::to_string(seed) + " run " + std::to_string(run) +
                 ", killed after microseconds:" + moments);
    ExpectOneRollback(trigger);
    ExpectWholeStores();
  }
  EXPECT_TRUE(runs < 10 || killed > 0);
  std::printf("seed %llu: %llu rollbacks, %lld kills over a life of %lld ms, %lld ms in all\n",
              static_cast<unsigned long long>(seed), static_cast<unsigned long long>(runs),
              static_cast<long long>(killed), static_cast<long long>(whole_life.count() / 1'000'000),
              static_cast<long long>((Steady::now() - start).count() / 1'000'000));
}

}  // namespace
}  // namespace revertd

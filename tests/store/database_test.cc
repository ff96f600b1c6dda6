// The bad world at the rim: each fault gives one line that names the file and what we were doing.
#include "store/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "store/executor_store.h"
#include "store/migrations.h"
#include "store/schema.h"
#include "store/state_store.h"
#include "tests/store/sandbox.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using test::AskWithoutPrivileges;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string MessageOfOpen(const std::string& path, StateStore::Access access) {
  const auto store = StateStore::Open(path, access);
  return store.ok() ? "ok" : std::string(MessageOf(store.status()));
}

class DatabaseTest : public ::testing::Test {
 protected:
  std::string path() const { return folder_.Path("state.db"); }
  void MakeState() { ASSERT_TRUE(StateStore::Open(path(), StateStore::Access::kOwner).ok()); }

  TestFolder folder_;
};

TEST_F(DatabaseTest, ALockedDatabaseSaysWhoWeWaitedForAndHowLong) {
  const auto one = Database::Open(path(), Database::Access::kOwner);
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_TRUE((*one)->RunScript("making a table", "CREATE TABLE t (x)").ok());
  const auto two = Database::Open(path(), Database::Access::kReadWrite, 1);
  ASSERT_TRUE(two.ok()) << two.status();
  const Status outer = (*one)->Transact("holding the lock", [&] {
    const Status status = (*two)->Write("writing a trigger", "INSERT INTO t VALUES (?)", {int64_t{1}}).status();
    EXPECT_TRUE(absl::IsUnavailable(status));
    EXPECT_EQ(MessageOf(status), path() + " is locked by another process (waited 0.001 s) while writing a trigger");
    return OkStatus();
  });
  EXPECT_TRUE(outer.ok()) << outer;
  EXPECT_TRUE((*two)->Write("writing a trigger", "INSERT INTO t VALUES (?)", {int64_t{1}}).ok());
}

TEST_F(DatabaseTest, AFailedTransactionLeavesNothingAndNoLock) {
  const auto database = Database::Open(path(), Database::Access::kOwner);
  ASSERT_TRUE((*database)->RunScript("making a table", "CREATE TABLE t (x UNIQUE)").ok());
  const auto insert = [&] { return (*database)->Write("filling", "INSERT INTO t VALUES (1)", {}).status(); };
  EXPECT_FALSE((*database)
                   ->Transact("filling",
                              [&] {
                                EXPECT_TRUE(insert().ok());
                                return insert();  // breaks the unique column
                              })
                   .ok());
  int64_t rows = -1;
  ASSERT_TRUE((*database)
                  ->Read("counting", "SELECT count(*) FROM t", {},
                         [&](SqlRow& row) {
                           rows = row.Integer();
                           return OkStatus();
                         })
                  .ok());
  EXPECT_EQ(rows, 0);
  EXPECT_TRUE((*database)->Transact("filling", insert).ok());
}

TEST_F(DatabaseTest, AReaderSeesTheLastCommitWhileTheOwnerWrites) {
  MakeState();
  const auto owner = Database::Open(path(), Database::Access::kOwner);
  const auto reader = StateStore::Open(path(), StateStore::Access::kReadOnly);
  ASSERT_TRUE(owner.ok() && reader.ok()) << owner.status() << reader.status();
  const auto write = [&](int64_t number) {
    const std::string json = std::to_string(number);
    return (*owner)->Write("writing", "INSERT OR REPLACE INTO status VALUES (1, ?)", {std::string_view(json)}).status();
  };
  ASSERT_TRUE(write(1).ok());
  const Status outer = (*owner)->Transact("writing", [&] {
    EXPECT_TRUE(write(2).ok());
    EXPECT_EQ(**(*reader)->ReadStatus(), "1");
    return OkStatus();
  });
  ASSERT_TRUE(outer.ok()) << outer;
  EXPECT_EQ(**(*reader)->ReadStatus(), "2");
}

TEST_F(DatabaseTest, ASecondOwnerIsRefusedByNameAndTheLockEndsWithTheFirst) {
  auto first = StateStore::Open(path(), StateStore::Access::kOwner);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(MessageOfOpen(path(), StateStore::Access::kOwner),
            path() + " is in use by another revertd (process " + std::to_string(getpid()) + ")");
  EXPECT_EQ(MessageOfOpen(path(), StateStore::Access::kInboxOnly), "ok");
  first->reset();
  EXPECT_EQ(MessageOfOpen(path(), StateStore::Access::kOwner), "ok");
}

TEST_F(DatabaseTest, NoFileIsNotFoundForAllButTheOwnerWhoMakesItsFolder) {
  const std::string path = folder_.Path("a/b/state.db");
  const auto reader = StateStore::Open(path, StateStore::Access::kReadOnly);
  EXPECT_TRUE(absl::IsNotFound(reader.status()));
  EXPECT_EQ(MessageOf(reader.status()), "there is no " + path);
  EXPECT_TRUE(absl::IsNotFound(StateStore::Open(path, StateStore::Access::kInboxOnly).status()));
  EXPECT_EQ(MessageOfOpen(path, StateStore::Access::kOwner), "ok");
  EXPECT_EQ(MessageOfOpen(path, StateStore::Access::kReadOnly), "ok");
}

TEST_F(DatabaseTest, AFolderThatCannotBeMadeIsOneLine) {
  test::WriteFileText(folder_.Path("plain"), "a file");
  const std::string path = folder_.Path("plain/below/state.db");
  EXPECT_EQ(MessageOfOpen(path, StateStore::Access::kOwner),
            "cannot make the folder " + folder_.Path("plain/below") + " for " + path + ": Not a directory");
  EXPECT_EQ(AskWithoutPrivileges([&] { return MessageOfOpen("/proc/x/state.db", StateStore::Access::kOwner); }),
            "cannot make the folder /proc/x for /proc/x/state.db: No such file or directory");
}

TEST_F(DatabaseTest, AFileThatIsNoDatabaseIsRefused) {
  test::WriteFileText(path(), std::string(5000, 'x'));
  for (const auto access :
       {StateStore::Access::kOwner, StateStore::Access::kInboxOnly, StateStore::Access::kReadOnly}) {
    EXPECT_THAT(MessageOfOpen(path(), access), StartsWith(path() + " is not a database of revertd"));
  }
  EXPECT_EQ(test::FileText(path()), std::string(5000, 'x'));  // and left as it was
}

TEST_F(DatabaseTest, AnEmptyFileIsAStateThatNobodyStartedYet) {
  test::WriteFileText(path(), "");
  EXPECT_EQ(MessageOfOpen(path(), StateStore::Access::kReadOnly),
            path() + " holds nothing yet; its owner has not finished starting");
  EXPECT_EQ(MessageOfOpen(path(), StateStore::Access::kOwner), "ok");
}

TEST_F(DatabaseTest, ADamagedPageIsFoundWhenTheOwnerStarts) {
  MakeState();
  std::string bytes = test::FileText(path());
  ASSERT_GT(bytes.size(), 8192U);
  for (size_t i = 4096; i < 8192; ++i) bytes[i] = '\x5a';  // a page behind the header's own
  test::WriteFileText(path(), bytes);
  EXPECT_THAT(MessageOfOpen(path(), StateStore::Access::kOwner), StartsWith(path() + " is damaged ("));
}

// Whatever bytes stand in the file: an answer or one line, never a crash.
TEST_F(DatabaseTest, RandomDamageNeverCrashes) {
  MakeState();
  {
    const auto store = StateStore::Open(path(), StateStore::Access::kOwner);
    test::RandomValues values(1);
    for (int i = 0; i < 50; ++i) ASSERT_TRUE((*store)->WriteTrigger(values.Trigger()).ok());
  }
  const std::string intact = test::FileText(path());
  int refused = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    test::RandomValues values(seed);
    std::string bytes = intact;
    for (int64_t flips = values.Integer(1, 400); flips > 0; --flips) {
      const auto at = static_cast<size_t>(values.Integer(0, static_cast<int64_t>(bytes.size()) - 1));
      bytes[at] = static_cast<char>(values.Integer(-128, 127));
    }
    if (seed % 4 == 0) bytes.resize(static_cast<size_t>(values.Integer(1, static_cast<int64_t>(bytes.size()))));
    test::WriteFileText(path(), bytes);
    const auto store = StateStore::Open(path(), StateStore::Access::kOwner);
    if (!store.ok()) {
      ++refused;
      EXPECT_THAT(std::string(MessageOf(store.status())), HasSubstr(path()));
      continue;
    }
    for (const Status& status : {(*store)->ReadTriggers().status(), (*store)->ReadDeploys(0).status()}) {
      EXPECT_THAT(status.ok() ? path() : std::string(MessageOf(status)), HasSubstr(path()));
    }
  }
  EXPECT_GT(refused, 10);
}

TEST_F(DatabaseTest, AnotherProgramsDatabaseIsNeitherReadNorMigrated) {
  {
    const auto database = Database::Open(path(), Database::Access::kOwner);
    ASSERT_TRUE((*database)->RunScript("making a table", "CREATE TABLE bookmarks (x)").ok());
  }
  const std::string expected = path() + " is not a state database of revertd";
  EXPECT_EQ(MessageOfOpen(path(), StateStore::Access::kOwner), expected);
  EXPECT_EQ(MessageOfOpen(path(), StateStore::Access::kReadOnly), expected);
  // Nor the executor's, which is ours and another thing.
  ASSERT_TRUE(ExecutorStore::Open(folder_.Path("executor.db"), ExecutorStore::Access::kOwner).ok());
  EXPECT_EQ(MessageOfOpen(folder_.Path("executor.db"), StateStore::Access::kOwner),
            folder_.Path("executor.db") + " is not a state database of revertd");
}

TEST_F(DatabaseTest, ANewerSchemaIsRefusedAndLeftAlone) {
  MakeState();
  const auto known = static_cast<int64_t>(StateSchema().migrations.size());
  {
    const auto database = Database::Open(path(), Database::Access::kOwner);
    ASSERT_TRUE((*database)->RunScript("ageing", "PRAGMA user_version=" + std::to_string(known + 1)).ok());
  }
  const std::string expected = path() + " was written by a newer revertd (schema " + std::to_string(known + 1) +
                               ", this one knows " + std::to_string(known) + "); use that one";
  EXPECT_EQ(MessageOfOpen(path(), StateStore::Access::kOwner), expected);
  EXPECT_EQ(MessageOfOpen(path(), StateStore::Access::kReadOnly), expected);
}

TEST_F(DatabaseTest, MigrationsRunOnceInOrderAndAFailedOneLeavesThePreviousVersion) {
  const auto database = Database::Open(path(), Database::Access::kOwner);
  ASSERT_TRUE(database.ok());
  Schema schema = {"test", 77, {"CREATE TABLE one (x);"}};
  ASSERT_TRUE(Migrate(**database, schema).ok());
  ASSERT_TRUE(Migrate(**database, schema).ok());  // would fail if it ran again
  schema.migrations.emplace_back("CREATE TABLE two (x); CREATE TABLE one (x);");
  EXPECT_THAT(std::string(MessageOf(Migrate(**database, schema))), HasSubstr("while migrating it to schema 2"));
  EXPECT_THAT(std::string(MessageOf(CheckVersion(**database, schema))), HasSubstr("has the older schema 1"));
  schema.migrations.back() = "CREATE TABLE two (x);";  // free again: the failed one left nothing
  EXPECT_TRUE(Migrate(**database, schema).ok());
  EXPECT_TRUE(CheckVersion(**database, schema).ok());
}

TEST_F(DatabaseTest, AReadOnlyFileIsSaidWhenItIsOpened) {
  MakeState();
  ASSERT_EQ(chmod(path().c_str(), 0444), 0);
  EXPECT_EQ(AskWithoutPrivileges([&] { return MessageOfOpen(path(), StateStore::Access::kInboxOnly); }),
            path() + " is read-only here while opening it");
}

// The executor may be another user, and reads also while no sidecar runs.
TEST_F(DatabaseTest, AnotherUserReadsWithoutLeaveToWrite) {
  for (const bool owner_lives : {true, false}) {
    auto owner = StateStore::Open(path(), StateStore::Access::kOwner);
    ASSERT_TRUE(owner.ok()) << owner.status();
    ASSERT_TRUE((*owner)->WriteStatus("{}").ok());
    if (!owner_lives) owner->reset();
    EXPECT_EQ(AskWithoutPrivileges([&]() -> std::string {
                const auto reader = StateStore::Open(path(), StateStore::Access::kReadOnly);
                if (!reader.ok()) return std::string(MessageOf(reader.status()));
                const auto status = (*reader)->ReadStatus();
                return status.ok() ? status->value_or("nothing") : std::string(MessageOf(status.status()));
              }),
              "{}")
        << "owner lives: " << owner_lives;
  }
}

// Limits the size of files that this process may write, as a full disk does, for as long as it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : previous_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &previous_);
    const rlimit limit = {bytes, previous_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &previous_);
    std::signal(SIGXFSZ, previous_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit previous_{};
  void (*previous_handler_)(int);
};

TEST_F(DatabaseTest, AFullDiskLosesNothingAcknowledgedAndWritingGoesOnOnceThereIsRoom) {
  const auto store = StateStore::Open(path(), StateStore::Access::kOwner);
  ASSERT_TRUE(store.ok()) << store.status();
  RollbackTrigger trigger;
  trigger.reason = std::string(2000, 'r');
  int acknowledged = 0;
  Status failure;
  {
    const FileSizeLimit limit(2 * 1024 * 1024);
    for (; acknowledged < 10'000; ++acknowledged) {
      trigger.id = std::to_string(acknowledged);
      failure = (*store)->WriteTrigger(trigger);
      if (!failure.ok()) break;
    }
  }
  ASSERT_FALSE(failure.ok());
  ASSERT_GT(acknowledged, 20);
  EXPECT_TRUE(absl::IsUnavailable(failure));
  EXPECT_THAT(std::string(MessageOf(failure)),
              AnyOf("cannot read or write " + path() + " while writing a trigger: File too large",
                    "the disk that holds " + path() + " is full while writing a trigger"));
  EXPECT_EQ((*store)->ReadTriggers()->size(), static_cast<size_t>(acknowledged));
  EXPECT_TRUE((*store)->WriteTrigger(trigger).ok());
  EXPECT_EQ((*store)->ReadTriggers()->size(), static_cast<size_t>(acknowledged) + 1);
}

}  // namespace
}  // namespace revertd

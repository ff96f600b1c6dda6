// Groups of errors, their blocks and those of sessions, and the errors that verdicts name: kept as they were told,
// found by service and by time, forgotten in time; a state of the version before them becomes one with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>

#include "store/database.h"
#include "store/migrations.h"
#include "store/schema.h"
#include "store/state_store.h"
#include "tests/store/sandbox.h"
#include "tests/store/state_fixture.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using test::Fields;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TimeNs kNow = 1'795'255'200 * kSecondNs;
constexpr int64_t kNowSecond = kNow / kSecondNs;
constexpr uint64_t kHighest = std::numeric_limits<uint64_t>::max();

class ErrorsTest : public StateFixture {
 protected:
  static ErrorGroupRecord Group(uint64_t fingerprint, TimeNs last_seen_ns) {
    ErrorGroupRecord group;
    group.service = "shop";
    group.fingerprint = fingerprint;
    group.last_seen_ns = last_seen_ns;
    return group;
  }
  void Keep(const ErrorGroupRecord& group) {
    const Status status = store_->WriteErrorGroup(group);
    ASSERT_TRUE(status.ok()) << status;
  }
  ErrorGroupRecord Read(const std::string& service, uint64_t fingerprint) {
    const auto group = store_->ReadErrorGroup(service, fingerprint);
    EXPECT_TRUE(group.ok() && group->has_value()) << group.status();
    return group.ok() && group->has_value() ? **group : ErrorGroupRecord{};
  }
  std::vector<uint64_t> Since(TimeNs since_ns) {
    const auto groups = store_->ReadErrorGroups("shop", since_ns);
    EXPECT_TRUE(groups.ok()) << groups.status();
    std::vector<uint64_t> fingerprints;
    for (const ErrorGroupRecord& group : *groups) fingerprints.push_back(group.fingerprint);
    return fingerprints;
  }
  std::vector<ErrorGroupRecord> Every(TimeNs since_ns) {
    std::vector<ErrorGroupRecord> all;
    EXPECT_TRUE(
        store_->ReadEveryErrorGroup(since_ns, [&](const ErrorGroupRecord& group) { all.push_back(group); }).ok());
    return all;
  }
  std::vector<ErrorBlock> Blocks(int64_t since_second) {
    std::vector<ErrorBlock> all;
    EXPECT_TRUE(store_->ReadErrorBlocks(since_second, [&](const ErrorBlock& block) { all.push_back(block); }).ok());
    return all;
  }
  std::vector<SessionBlock> Sessions(int64_t since_second) {
    std::vector<SessionBlock> all;
    EXPECT_TRUE(store_->ReadSessionBlocks(since_second, [&](const SessionBlock& block) { all.push_back(block); }).ok());
    return all;
  }
};

TEST_F(ErrorsTest, EveryFieldComesBackAfterARestart) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    test::RandomValues values(seed);
    ErrorGroupRecord group = values.ErrorGroup();
    group.service += "#" + std::to_string(seed);
    Keep(group);
    if (seed % 25 == 0) Reopen();
    EXPECT_EQ(Fields(Read(group.service, group.fingerprint)), Fields(group));
    const auto listed = store_->ReadErrorGroups(group.service, 0);
    ASSERT_TRUE(listed.ok() && listed->size() == 1) << listed.status();
    group.sample.clear();
    EXPECT_EQ(Fields(listed->front()), Fields(group)) << "a list has no samples";
  }
  EXPECT_EQ(Every(0).size(), 100U);
}

// A model of a map answers the same, whatever is written again and pruned in between.
TEST_F(ErrorsTest, GroupsAgreeWithAModelOverWritesAndRestarts) {
  std::map<std::pair<std::string, uint64_t>, ErrorGroupRecord> model;
  test::RandomValues values(42);
  for (int step = 0; step < 300; ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    ErrorGroupRecord group = values.ErrorGroup();
    group.service = values.Integer(0, 1) == 0 ? "shop" : "mail";
    group.fingerprint = kHighest - static_cast<uint64_t>(values.Integer(0, 7));
    group.sample = "{\"step\":" + std::to_string(step) + "}";
    Keep(group);
    model[{group.service, group.fingerprint}] = group;
    if (step % 100 == 99) Reopen();
  }
  for (const auto& [key, group] : model) EXPECT_EQ(Fields(Read(key.first, key.second)), Fields(group));
  EXPECT_EQ(Every(0).size(), model.size());
}

TEST_F(ErrorsTest, AGroupToldWithoutASampleKeepsTheOneThatIsKnown) {
  ErrorGroupRecord group = Group(7, kNow);
  group.event_id = "a";
  Keep(group);
  EXPECT_EQ(Read("shop", 7).event_id, "a");
  group.event_id = "b";
  group.sample = "{}";
  Keep(group);
  group.event_id = "c";
  group.sample.clear();
  group.events = 3;
  Keep(group);
  EXPECT_EQ(Read("shop", 7).sample, "{}");
  EXPECT_EQ(Read("shop", 7).event_id, "b") << "of the sample";
  EXPECT_EQ(Read("shop", 7).events, 3);
  group.sample = "{\"newer\":1}";
  Keep(group);
  EXPECT_EQ(Read("shop", 7).sample, "{\"newer\":1}");
  EXPECT_EQ(Read("shop", 7).event_id, "c");
}

TEST_F(ErrorsTest, OfAServiceTheNewestComeFirstSinceATime) {
  Keep(Group(1, kNow - 3));
  Keep(Group(kHighest, kNow));
  Keep(Group(2, kNow - 1));
  ErrorGroupRecord of_another = Group(3, kNow);
  of_another.service = "mail";
  Keep(of_another);
  EXPECT_THAT(Since(0), ElementsAre(kHighest, 2, 1));
  EXPECT_THAT(Since(kNow - 1), ElementsAre(kHighest, 2));
  EXPECT_THAT(Since(kNow + 1), IsEmpty());
  const auto every = Every(kNow - 1);
  ASSERT_EQ(every.size(), 3U);
  EXPECT_EQ(every.back().fingerprint, 2U) << "newest first: what finds no place any more is old";
  EXPECT_FALSE(store_->ReadErrorGroup("shop", 3)->has_value());
  EXPECT_EQ(store_->ReadErrorGroups("", kNow - 1)->size(), 3U) << "of no service in particular";
  EXPECT_EQ(store_->ReadErrorGroups("", kNow - 1)->back().fingerprint, 2U);
}

TEST_F(ErrorsTest, OfVeryManyTheNewestAreRead) {
  const Status written = store_->Together([&] {
    for (int i = 0; i < kErrorGroupsReadMax + 5; ++i) {
      ErrorGroupRecord group = Group(static_cast<uint64_t>(i), kNow + i);
      group.releases = {"1", "2"};
      REVERTD_RETURN_IF_ERROR(store_->WriteErrorGroup(group));
    }
    return OkStatus();
  });
  ASSERT_TRUE(written.ok()) << written;
  const std::vector<uint64_t> all = Since(0);
  ASSERT_EQ(all.size(), static_cast<size_t>(kErrorGroupsReadMax));
  EXPECT_EQ(all.front(), static_cast<uint64_t>(kErrorGroupsReadMax + 4));
  EXPECT_EQ(all.back(), 5U);
}

TEST_F(ErrorsTest, BlocksWrittenAgainAreReplacedAndComeOldestFirst) {
  ASSERT_TRUE(store_
                  ->WriteErrorHistory({{"shop", 9, kNowSecond, 1}, {"shop", kHighest, kNowSecond - 40, 2}},
                                      {{"shop", kNowSecond, 10, 1}})
                  .ok());
  ASSERT_TRUE(store_->WriteErrorHistory({{"shop", 9, kNowSecond, 5}}, {{"shop", kNowSecond, 30, 4}}).ok());
  Reopen();
  const auto blocks = Blocks(0);
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_EQ(Fields(blocks[0]), Fields(ErrorBlock{"shop", kHighest, kNowSecond - 40, 2}));
  EXPECT_EQ(Fields(blocks[1]), Fields(ErrorBlock{"shop", 9, kNowSecond, 5}));
  EXPECT_EQ(Blocks(kNowSecond).size(), 1U);
  const auto sessions = Sessions(0);
  ASSERT_EQ(sessions.size(), 1U);
  EXPECT_EQ(Fields(sessions[0]), Fields(SessionBlock{"shop", kNowSecond, 30, 4}));
}

TEST_F(ErrorsTest, AGroupIsForgottenFourteenDaysAfterItsNewestEventAndABlockAfterTwentyFiveHours) {
  ErrorGroupRecord kept = Group(1, kNow - kErrorGroupKept);
  kept.releases = {"1.4.1", "1.4.2"};
  Keep(kept);
  ErrorGroupRecord forgotten = Group(2, kNow - kErrorGroupKept - 1);
  forgotten.releases = {"1.3.0"};
  Keep(forgotten);
  const int64_t edge = kNowSecond - kErrorHistorySecondsKept;
  ASSERT_TRUE(store_
                  ->WriteErrorHistory({{"shop", 1, edge, 1}, {"shop", 1, edge - 1, 1}},
                                      {{"shop", edge, 1, 0}, {"shop", edge - 1, 1, 0}})
                  .ok());
  ASSERT_TRUE(store_->Prune(kNow).ok());
  EXPECT_THAT(Since(0), ElementsAre(1));
  EXPECT_THAT(Read("shop", 1).releases, ElementsAre("1.4.1", "1.4.2"));
  EXPECT_EQ(Blocks(0).size(), 1U);
  EXPECT_EQ(Sessions(0).size(), 1U);
  // Seen again it is another one: none of the forgotten one's names is left.
  Keep(Group(2, kNow));
  EXPECT_THAT(Read("shop", 2).releases, IsEmpty());
}

TEST_F(ErrorsTest, AVerdictKeepsItsErrorsInOrderBesideItsEvidence) {
  test::RandomValues values(3);
  Verdict first = values.Verdict();
  Verdict second = values.Verdict();
  first.deploy_id = second.deploy_id = "shop-1";
  second.at_ns = first.at_ns / 2;
  first.evidence = {values.Evidence(), values.Evidence()};
  first.errors = {values.NamedError(), values.NamedError(), values.NamedError()};
  second.evidence.clear();
  second.errors = {values.NamedError()};
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(store_->WriteVerdict(first).ok());
    ASSERT_TRUE(store_->WriteVerdict(second).ok());
  }
  Reopen();
  const auto read = store_->ReadVerdicts("shop-1");
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ(Fields((*read)[0]), Fields(first));
  EXPECT_EQ(Fields((*read)[1]), Fields(second));
}

TEST_F(ErrorsTest, AGroupThatCannotBeWrittenWholeIsNotWrittenAtAll) {
  {
    const auto database = Database::Open(path(), Database::Access::kReadWrite);
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE((*database)->RunScript("losing", "DROP TABLE error_group_names").ok());
  }
  EXPECT_FALSE(store_->WriteErrorGroup(Group(1, kNow)).ok());
  const auto database = Database::Open(path(), Database::Access::kReadWrite);
  ASSERT_TRUE(database.ok());
  int64_t rows = -1;
  ASSERT_TRUE((*database)
                  ->Read("counting", "SELECT count(*) FROM error_groups", {},
                         [&](SqlRow& row) {
                           rows = row.Integer();
                           return OkStatus();
                         })
                  .ok());
  EXPECT_EQ(rows, 0);
}

// A state as the program before errors left it: made by the same migrations up to its version.
TEST(StateOfVersion8, ItsVerdictsStayWithoutErrorsAndErrorsBegin) {
  const TestFolder folder;
  {
    const auto database = Database::Open(folder.Path("state.db"), Database::Access::kOwner);
    ASSERT_TRUE(database.ok()) << database.status();
    Schema old = StateSchema();
    ASSERT_GE(old.migrations.size(), 9U);
    old.migrations.resize(8);
    ASSERT_TRUE(Migrate(**database, old).ok());
    const Status filled = (*database)->RunScript(
        "filling",
        "INSERT INTO verdicts VALUES (7, 'shop-1', 'shop', 'regressed', 'errors_above_null', 1, 0.5, 9);"
        "INSERT INTO evidence VALUES (1, 7, NULL, 'errors', 80, 20, 0.1, 0.2, 0.3, 3, 0.2, 0.4, 1, 2, 3, 4, 5, '',"
        " 0, 0, 0, 0, 0, '/pay', 'v42');"
        "INSERT INTO blocks VALUES (40, 'shop', 100, 2);");
    ASSERT_TRUE(filled.ok()) << filled;
  }
  const auto opened = StateStore::Open(folder.Path("state.db"), StateStore::Access::kOwner);
  ASSERT_TRUE(opened.ok()) << opened.status();
  StateStore& store = **opened;
  Verdict verdict = store.ReadVerdicts("shop-1")->front();
  EXPECT_EQ(verdict.reason, "errors_above_null");
  ASSERT_EQ(verdict.evidence.size(), 1U);
  EXPECT_EQ(verdict.evidence.front().route, "/pay");
  EXPECT_EQ(verdict.evidence.front().cohort, "v42");
  EXPECT_EQ(verdict.evidence.front().group, "");
  EXPECT_FALSE(verdict.evidence.front().per_second);
  EXPECT_THAT(verdict.errors, IsEmpty());
  EXPECT_EQ(store.ReadBlocks("shop", 0, 80)->size(), 1U);
  verdict.at_ns = 10;
  verdict.evidence.front().group = FingerprintText(kHighest);
  verdict.errors.emplace_back().fingerprint = kHighest;
  ASSERT_TRUE(store.WriteVerdict(verdict).ok());
  EXPECT_EQ(Fields(store.ReadVerdicts("shop-1")->back()), Fields(verdict));
  EXPECT_TRUE(store.ReadErrorGroups("shop", 0)->empty());
}

}  // namespace
}  // namespace revertd

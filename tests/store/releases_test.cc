// What is kept of releases: in the database of whoever runs one, which were begun and how they ended, each change in
// the audit trail, and what people say to them; in the state, which release answers for a service. Databases of the
// version before them become such ones with all that they held.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "store/database.h"
#include "store/executor_store.h"
#include "store/migrations.h"
#include "store/release_databases.h"
#include "store/schema.h"
#include "tests/store/sandbox.h"
#include "tests/store/state_fixture.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using test::Fields;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr TimeNs kAt = 1'795'255'200 * kSecondNs;

auto Fields(const ReleaseRecord& value) {
  const auto& [id, environment, file, begun, ended, outcome] = value;
  return std::make_tuple(id, environment, file, begun, ended, outcome);
}

class ReleasesTest : public ::testing::Test {
 protected:
  std::unique_ptr<ExecutorStore> Open(ExecutorStore::Access access) {
    auto store = ExecutorStore::Open(path(), access);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  void Reopen() {
    store_.reset();
    store_ = Open(ExecutorStore::Access::kOwner);
  }
  ReleaseRecord Read(const std::string& id) {
    const auto release = store_->ReadRelease(id);
    EXPECT_TRUE(release.ok() && release->has_value()) << release.status();
    return release.ok() && release->has_value() ? **release : ReleaseRecord{};
  }
  // "KIND SUBJECT TEXT" of every row.
  std::vector<std::string> Trail() {
    std::vector<std::string> rows;
    EXPECT_TRUE(store_
                    ->ReadAudit([&rows](const AuditRow& row) {
                      rows.push_back(row.kind + " " + row.subject + " " + row.text);
                      return OkStatus();
                    })
                    .ok());
    return rows;
  }
  static ReleaseRecord Record(const std::string& id, TimeNs begun_ns) {
    return {.id = id, .environment = "production", .file = "id: \"" + id + "\"\nstages: []\n", .begun_ns = begun_ns};
  }
  std::string path() const { return folder_.Path("releases/production.db"); }

  TestFolder folder_;
  std::unique_ptr<ExecutorStore> store_ = Open(ExecutorStore::Access::kOwner);
};

TEST_F(ReleasesTest, OneIsBegunEndsAndIsReadInTheOrderBegun) {
  ASSERT_TRUE(store_->BeginRelease(Record("r2", kAt)).ok());
  ASSERT_TRUE(store_->BeginRelease(Record("r1", kAt - 5)).ok()) << "the clock was set back";
  ASSERT_TRUE(store_->EndRelease("r2", kAt + 9, "reversed").ok());
  Reopen();
  const auto all = store_->ReadReleases();
  ASSERT_TRUE(all.ok()) << all.status();
  ReleaseRecord ended = Record("r2", kAt);
  ended.ended_ns = kAt + 9;
  ended.outcome = "reversed";
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(Fields((*all)[0]), Fields(ended));
  EXPECT_EQ(Fields((*all)[1]), Fields(Record("r1", kAt - 5)));
  EXPECT_EQ(Fields(Read("r2")), Fields(ended));
  EXPECT_FALSE(store_->ReadRelease("r3")->has_value());
}

TEST_F(ReleasesTest, EachChangeStandsInTheTrailWithWhatWasToBeDone) {
  ASSERT_TRUE(store_->BeginRelease(Record("r", kAt)).ok());
  ASSERT_TRUE(store_->EndRelease("r", kAt + 1, "held").ok());
  EXPECT_THAT(Trail(), ElementsAre("release_begun r {\"environment\":\"production\",\"file\":\"id: \\\"r\\\"\\nstages: "
                                   "[]\\n\"}",
                                   "release_ended r {\"outcome\":\"held\"}"));
}

TEST_F(ReleasesTest, AnIdIsBegunOnce) {
  ASSERT_TRUE(store_->BeginRelease(Record("r", kAt)).ok());
  ReleaseRecord again = Record("r", kAt + 1);
  again.file = "another";
  const Status status = store_->BeginRelease(again);
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(MessageOf(status), path() + ": release \"r\" was begun already");
  EXPECT_EQ(Fields(Read("r")), Fields(Record("r", kAt)));
  EXPECT_EQ(Trail().size(), 1U);
}

// A kill may come between the row and whatever its writer meant to do next.
TEST_F(ReleasesTest, EndingTwiceIsOnce) {
  ASSERT_TRUE(store_->BeginRelease(Record("r", kAt)).ok());
  ASSERT_TRUE(store_->EndRelease("r", kAt + 2, "done").ok());
  ASSERT_TRUE(store_->EndRelease("r", kAt + 3, "done").ok());
  EXPECT_EQ(Read("r").ended_ns, kAt + 2);
  EXPECT_EQ(Trail().size(), 2U);
  const Status another = store_->EndRelease("r", kAt + 4, "reversed");
  EXPECT_TRUE(absl::IsFailedPrecondition(another));
  EXPECT_EQ(MessageOf(another), path() + ": release \"r\" ended already: done");
  EXPECT_EQ(Read("r").outcome, "done");
  EXPECT_EQ(Trail().size(), 2U);
}

TEST_F(ReleasesTest, OneThatWasNeverBegunDoesNotEnd) {
  EXPECT_TRUE(absl::IsNotFound(store_->EndRelease("r", kAt, "done")));
  EXPECT_THAT(Trail(), IsEmpty());
}

TEST_F(ReleasesTest, ItsStepsAreRowsOfTheJournal) {
  const std::string id(80, 'r');
  const std::string step = "payments/" + std::string(200, 's') + "/promoted";
  const std::string detail(100'000, 'd');
  ASSERT_TRUE(store_->Begin(id, step, kAt).ok());
  ASSERT_TRUE(store_->Finish(id, step, kAt + 1, "done", detail).ok());
  EXPECT_EQ((*store_->ReadStep(id, step))->detail, detail);
}

TEST_F(ReleasesTest, PeoplesWordsToOneComeWhole) {
  const auto writer = Open(ExecutorStore::Access::kCommandsOnly);
  using Kind = ExecutorCommand::Kind;
  ASSERT_TRUE(writer->Post({0, Kind::kReleaseApprove, "r", "payments", "", "ada"}).ok());
  ASSERT_TRUE(writer->Post({0, Kind::kReleaseAbort, "r", "keep", "it's slow", "bob"}).ok());
  const auto commands = store_->Peek(10);
  ASSERT_EQ(commands->size(), 2U);
  EXPECT_EQ((*commands)[0].kind, Kind::kReleaseApprove);
  EXPECT_EQ((*commands)[0].subject, "r");
  EXPECT_EQ((*commands)[0].name, "payments");
  EXPECT_EQ((*commands)[1].kind, Kind::kReleaseAbort);
  EXPECT_EQ((*commands)[1].name, "keep");
  EXPECT_EQ((*commands)[1].text, "it's slow");
  EXPECT_EQ((*commands)[1].author, "bob");
}

// Another process writes there: what the owner could not read is refused to its sender.
TEST_F(ReleasesTest, AWordOfAnUnknownKindIsRefusedToItsSender) {
  const auto writer = Database::Open(path(), Database::Access::kReadWrite);
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_FALSE(
      (*writer)->RunScript("posting", "INSERT INTO commands VALUES (1, 'release_pause', 'r', '', '', '')").ok());
}

// An executor.db of the version before releases, with words that still wait and one that was taken.
class OldExecutorTest : public ::testing::Test {
 protected:
  void MakeVersion3(const std::string& script) {
    Schema third = ExecutorSchema();
    ASSERT_GE(third.migrations.size(), 4U);
    third.migrations.resize(3);
    const auto database = Database::Open(path(), Database::Access::kOwner);
    ASSERT_TRUE(database.ok()) << database.status();
    ASSERT_TRUE(Migrate(**database, third).ok());
    const Status status = (*database)->RunScript("filling", script);
    ASSERT_TRUE(status.ok()) << status;
  }
  std::unique_ptr<ExecutorStore> Open() {
    auto store = ExecutorStore::Open(path(), ExecutorStore::Access::kOwner);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  std::string path() const { return folder_.Path("executor.db"); }

  TestFolder folder_;
};

TEST_F(OldExecutorTest, WhatItHeldStaysAndReleasesBegin) {
  MakeVersion3(
      "INSERT INTO journal (trigger_id, step, begun_ns, finished_ns, outcome, detail) VALUES ('t', 'pushed', 1, 2,"
      " 'done', 'x');"
      "INSERT INTO commands VALUES (41, 'incident_answer', 't', 'why_review', 'it''s late', 'ada'),"
      " (43, 'incident_close', 't', '', '', 'bob'), (44, 'incident_close', 'u', '', '', 'bob');"
      "DELETE FROM commands WHERE id = 44;");
  const auto store = Open();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->ReadJournal("t")->size(), 1U);
  const auto waiting = store->Peek(10);
  ASSERT_TRUE(waiting.ok()) << waiting.status();
  ASSERT_EQ(waiting->size(), 2U);
  EXPECT_EQ((*waiting)[0].id, 41);
  EXPECT_EQ((*waiting)[0].kind, ExecutorCommand::Kind::kIncidentAnswer);
  EXPECT_EQ((*waiting)[0].subject, "t");
  EXPECT_EQ((*waiting)[0].name, "why_review");
  EXPECT_EQ((*waiting)[0].text, "it's late");
  EXPECT_EQ((*waiting)[0].author, "ada");
  EXPECT_EQ((*waiting)[1].id, 43);
  EXPECT_EQ((*waiting)[1].kind, ExecutorCommand::Kind::kIncidentClose);
  // An id that was given once may still be on its way to be deleted.
  ASSERT_TRUE(store->Post({0, ExecutorCommand::Kind::kReleaseAbort, "r", "", "", ""}).ok());
  EXPECT_EQ(store->Peek(10)->back().id, 45);
  EXPECT_THAT(*store->ReadReleases(), IsEmpty());
  EXPECT_TRUE(store->BeginRelease({.id = "r", .environment = "e", .file = "f", .begun_ns = kAt}).ok());
}

TEST_F(OldExecutorTest, OneWithoutWordsBeginsAtTheFirst) {
  MakeVersion3("");
  const auto store = Open();
  ASSERT_NE(store, nullptr);
  ASSERT_TRUE(store->Post({0, ExecutorCommand::Kind::kIncidentClose, "t", "", "", ""}).ok());
  EXPECT_EQ(store->Peek(1)->front().id, 1);
}

class ChargesTest : public StateFixture {
 protected:
  // "RELEASE UNTIL"; empty: none.
  std::string Read(const std::string& service) {
    const auto charge = store_->ReadCharge(service);
    EXPECT_TRUE(charge.ok()) << charge.status();
    if (!charge.ok() || !charge->has_value()) return "";
    EXPECT_EQ((*charge)->service, service);
    return (*charge)->release + " " + std::to_string((*charge)->until_ns);
  }
};

TEST_F(ChargesTest, AServiceHasOneUntilItIsOver) {
  EXPECT_EQ(Read("shop"), "");
  ASSERT_TRUE(store_->WriteCharge({"shop", "r1", 10}).ok());
  ASSERT_TRUE(store_->WriteCharge({"mail", "it's", 20}).ok());
  ASSERT_TRUE(store_->WriteCharge({"shop", "r2", 30}).ok());
  Reopen();
  EXPECT_EQ(Read("shop"), "r2 30");
  EXPECT_EQ(Read("mail"), "it's 20");
  ASSERT_TRUE(store_->WriteCharge({"shop", "r2", 0}).ok());
  ASSERT_TRUE(store_->WriteCharge({"bank", "r2", 0}).ok()) << "there was none";
  EXPECT_EQ(Read("shop"), "");
  EXPECT_EQ(Read("mail"), "it's 20");
  EXPECT_EQ(Read("bank"), "");
}

// Whoever reads only what releases say reads all of it, in its order.
TEST_F(ChargesTest, WhatReleasesSayIsReadWithoutTheRest) {
  const auto post = [this](InboxMessage::Kind kind, const std::string& text) {
    InboxMessage message;
    message.kind = kind;
    message.text = text;
    ASSERT_TRUE(store_->Post(message).ok());
  };
  post(InboxMessage::Kind::kDeployStart, "d");
  for (const char* release : {"r1", "r2", "r3"}) post(InboxMessage::Kind::kReleaseCharge, release);
  post(InboxMessage::Kind::kEvent, "e");
  const auto two = store_->PeekCharges(2);
  ASSERT_TRUE(two.ok()) << two.status();
  ASSERT_EQ(two->size(), 2U);
  EXPECT_EQ(two->front().text, "r1");
  ASSERT_TRUE(store_->Done(two->front().id).ok());
  EXPECT_EQ(store_->PeekCharges(10)->front().text, "r2");
  EXPECT_EQ(store_->PeekCharges(10)->size(), 2U);
  EXPECT_EQ(store_->Peek(10)->size(), 4U);
}

// What a release meant to undo and did not, somebody else does under the same id: nothing of the release's is left.
class InReleaseTest : public StateFixture {
 protected:
  InReleaseTest() {
    first_.id = "t";
    first_.service = "shop";
    first_.repo = "repo";
    first_.base = "base";
    first_.head = "head";
    first_.state = TriggerState::kInRelease;
    first_.reason = "release r1: regressed";
    first_.created_ns = 10;
    first_.evidence.signal = "errors";
    EXPECT_TRUE(store_->WriteTrigger(first_).ok());
  }
  RollbackTrigger Another(TriggerState state) const {
    RollbackTrigger another = first_;
    another.deploy_id = "d";
    another.base = "served";
    another.state = state;
    another.reason = "mode_push";
    another.created_ns = 20;
    another.evidence.signal = "latency";
    another.evidence.n_after = 7;
    return another;
  }
  void ExpectThatStands(const RollbackTrigger& expected) {
    const auto read = store_->ReadTrigger("t");
    ASSERT_TRUE(read.ok() && read->has_value()) << read.status();
    EXPECT_EQ(Fields(**read), Fields(expected));
  }
  RollbackTrigger first_;
};

TEST_F(InReleaseTest, AnyOtherTakesItsPlaceAsAWhole) {
  for (const TriggerState state : {TriggerState::kPending, TriggerState::kProposed, TriggerState::kDismissed}) {
    RollbackTrigger first = first_;
    first.id = std::string("t-") + std::string(NameOf(state));
    RollbackTrigger taken = Another(state);
    taken.id = first.id;
    ASSERT_TRUE(store_->WriteTrigger(first).ok());
    ASSERT_TRUE(store_->WriteTrigger(taken).ok());
    Reopen();
    EXPECT_EQ(Fields(**store_->ReadTrigger(first.id)), Fields(taken));
    EXPECT_EQ(*store_->ReadTriggerIds("repo", state), std::vector<std::string>{first.id});
  }
}

TEST_F(InReleaseTest, ItTakesNothingBack) {
  ASSERT_TRUE(store_->WriteTrigger(first_).ok());
  ASSERT_TRUE(store_->WriteTrigger(Another(TriggerState::kInRelease)).ok());
  ExpectThatStands(first_);
  const RollbackTrigger taken = Another(TriggerState::kPending);
  ASSERT_TRUE(store_->WriteTrigger(taken).ok());
  ASSERT_TRUE(store_->WriteTrigger(first_).ok()) << "the release is resumed";
  RollbackTrigger again = taken;
  again.reason = "asked by a person";
  ASSERT_TRUE(store_->WriteTrigger(again).ok());
  ExpectThatStands(taken);
}

// What waits in the inbox of the version before, and what it knew, is there; and its messages' ids go on.
TEST(ChargesMigration, AStateOfTheVersionBeforeStays) {
  const TestFolder folder;
  const std::string path = folder.Path("state.db");
  {
    Schema ninth = StateSchema();
    ASSERT_GE(ninth.migrations.size(), 10U);
    ninth.migrations.resize(9);
    const auto database = Database::Open(path, Database::Access::kOwner);
    ASSERT_TRUE(database.ok()) << database.status();
    ASSERT_TRUE(Migrate(**database, ninth).ok());
    const Status filled = (*database)->RunScript(
        "filling",
        "INSERT INTO deploys VALUES ('d', 'shop', '', '', 'abc1234', 5, 6, 'release', '', 0);"
        "INSERT INTO inbox VALUES (41, 'deploy_start', 'subject', 'words', 'd1', 'shop', 'repo', 'base', 'head', 5, 6,"
        " 'revert', 'dt', 1, 't', 'td', 'ts', 'tr', 'tb', 'th', 'proposed', 'why', 7, 8, 'ek', 'es', 'ed', 'et', 'er',"
        " 'ec', 'key', 'text');");
    ASSERT_TRUE(filled.ok()) << filled;
  }
  auto store = StateStore::Open(path, StateStore::Access::kOwner);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*(*store)->ReadDeploy("d"))->finish_ns, 6);
  EXPECT_FALSE((*store)->ReadCharge("shop")->has_value());
  ASSERT_EQ((*store)->Peek(10)->size(), 1U);
  const InboxMessage waiting = (*store)->Peek(10)->front();
  EXPECT_EQ(waiting.id, 41);
  EXPECT_EQ(waiting.kind, InboxMessage::Kind::kDeployStart);
  EXPECT_EQ(waiting.trigger_id, "subject");
  EXPECT_EQ(waiting.text, "words");
  EXPECT_EQ(waiting.deploy.id, "d1");
  EXPECT_TRUE(waiting.deploy.finish_guessed);
  EXPECT_EQ(waiting.trigger.id, "t");
  EXPECT_EQ(waiting.trigger.created_ns, 7);
  EXPECT_EQ(waiting.event.at_ns, 8);
  EXPECT_EQ(waiting.event.text, "text");
  InboxMessage charge;
  charge.kind = InboxMessage::Kind::kReleaseCharge;
  charge.deploy.service = "shop";
  charge.deploy.finish_ns = kAt;
  charge.text = "r1";
  ASSERT_TRUE((*store)->Post(charge).ok());
  const InboxMessage back = (*store)->Peek(10)->back();
  EXPECT_EQ(back.id, 42);
  EXPECT_EQ(back.kind, InboxMessage::Kind::kReleaseCharge);
  EXPECT_EQ(back.deploy.service, "shop");
  EXPECT_EQ(back.deploy.finish_ns, kAt);
  EXPECT_EQ(back.text, "r1");
}

TEST(ReleaseDatabases, AreThoseOfTheFolder) {
  const TestFolder folder;
  const auto environments = [&] { return FindReleaseEnvironments(folder.Path("state")); };
  ASSERT_TRUE(environments().ok()) << environments().status();
  EXPECT_THAT(*environments(), IsEmpty());  // nothing was ever released, there is not even a state

  std::filesystem::create_directories(folder.Path("state/releases"));
  for (const char* name : {"staging.db", "production.db", "production.db-wal", "production.db.lock", "notes"}) {
    folder.Write("state/releases/" + std::string(name), "");
  }
  EXPECT_THAT(*environments(), ElementsAre("production", "staging"));
  EXPECT_EQ(ReleaseDatabaseIn(folder.Path("state"), "staging"), folder.Path("state/releases/staging.db"));

  const TestFolder other;
  other.Write("releases", "no folder");
  EXPECT_THAT(FindReleaseEnvironments(other.Path(".")).status().ToString(), HasSubstr("cannot read"));
}

}  // namespace
}  // namespace revertd

// What happened is kept in order, told once, found by what it belongs to, and forgotten in time; a state of the version
// before events becomes one with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "store/database.h"
#include "store/executor_store.h"
#include "store/migrations.h"
#include "store/schema.h"
#include "store/state_store.h"
#include "tests/store/sandbox.h"
#include "tests/store/state_fixture.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TimeNs kNow = 1'795'255'200 * kSecondNs;
constexpr DurationNs kDay = 24 * kHourNs;
constexpr char kSha[] = "3f2a91c0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

class EventsTest : public StateFixture {
 protected:
  void Keep(const Event& event) { ASSERT_TRUE(store_->WriteEvents({event}).ok()); }
  static Event At(TimeNs at_ns, const std::string& text) {
    Event event;
    event.at_ns = at_ns;
    event.text = text;
    return event;
  }
  static std::vector<std::string> Texts(const StatusOr<std::vector<Event>>& events) {
    EXPECT_TRUE(events.ok()) << events.status();
    std::vector<std::string> texts;
    for (const Event& event : *events) texts.push_back(event.text);
    return texts;
  }
  std::vector<std::string> All() { return Texts(store_->ReadEventsAfter(0, 1'000'000)); }
};

TEST_F(EventsTest, EveryFieldComesBackInTheOrderKeptAlsoAfterARestart) {
  test::RandomValues values(1);
  std::vector<Event> kept;
  for (int i = 0; i < 100; ++i) {
    kept.push_back(values.Event());
    kept.back().key += "#" + std::to_string(i);
  }
  ASSERT_TRUE(store_->WriteEvents(kept).ok());
  Reopen();
  const auto read = store_->ReadEventsAfter(0, 1000);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), kept.size());
  for (size_t i = 0; i < kept.size(); ++i) {
    EXPECT_EQ(test::FieldsWithoutId((*read)[i]), test::FieldsWithoutId(kept[i]));
    EXPECT_GT((*read)[i].id, i > 0 ? (*read)[i - 1].id : 0);
  }
  EXPECT_EQ(*store_->ReadNewestEventId(), read->back().id);
  EXPECT_EQ(Texts(store_->ReadEventsAfter((*read)[96].id, 2)), (std::vector{kept[97].text, kept[98].text}));
}

TEST_F(EventsTest, WhatHasAKeyIsKeptOnceAndWhatHasNoneAsOftenAsItIsTold) {
  Event delivery = At(1, "first");
  delivery.key = "github:42";
  Keep(delivery);
  delivery.text = "again";
  ASSERT_TRUE(store_->WriteEvents({delivery, At(2, "a"), At(2, "a")}).ok());
  EXPECT_THAT(All(), ElementsAre("first", "a", "a"));
  EXPECT_TRUE(*store_->HasEvent("github:42"));
  EXPECT_FALSE(*store_->HasEvent("github:43"));
  EXPECT_FALSE(*store_->HasEvent("")) << "no key is no key";
}

TEST_F(EventsTest, OfADeployAreItsOwnItsTriggersAndItsRevisionsOldestFirst) {
  Deploy deploy;
  deploy.id = "shop-2";
  deploy.trigger_id = "t1";
  deploy.head = kSha;
  const auto keep = [&](TimeNs at, const char* text, std::string Event::*field, const std::string& value) {
    Event event = At(at, text);
    event.*field = value;
    Keep(event);
  };
  keep(40, "verdict", &Event::deploy_id, "shop-2");
  keep(10, "push", &Event::commit, kSha);
  keep(30, "step", &Event::trigger_id, "t1");
  keep(20, "other deploy", &Event::deploy_id, "shop-1");
  keep(20, "other trigger", &Event::trigger_id, "t2");
  keep(20, "other commit", &Event::commit, "3f2a91c1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
  keep(20, "of nothing", &Event::service, "shop");
  Event of_neighbour = At(20, "verdict on another service's deploy of the same revision");
  of_neighbour.deploy_id = "mail-1";
  of_neighbour.commit = kSha;
  Keep(of_neighbour);

  EXPECT_THAT(Texts(store_->ReadEventsOfDeploy(deploy)), ElementsAre("push", "step", "verdict"));
  deploy.head = "3f2a91c0";
  EXPECT_THAT(Texts(store_->ReadEventsOfDeploy(deploy)), ElementsAre("push", "step", "verdict")) << "abbreviated";
  deploy.head = "3f2a91";
  EXPECT_THAT(Texts(store_->ReadEventsOfDeploy(deploy)), ElementsAre("step", "verdict")) << "too short to mean one";
  deploy.head.clear();
  deploy.trigger_id.clear();
  EXPECT_THAT(Texts(store_->ReadEventsOfDeploy(deploy)), ElementsAre("verdict"));
  EXPECT_THAT(Texts(store_->ReadEventsOfDeploy({})), IsEmpty());
  EXPECT_THAT(Texts(store_->ReadEventsOfTrigger("t1")), ElementsAre("step"));
  EXPECT_THAT(Texts(store_->ReadEventsOfTrigger("")), IsEmpty());
}

TEST_F(EventsTest, OfVeryManyTheNewestAreRead) {
  std::vector<Event> events;
  for (int i = 0; i < kEventsReadMax + 5; ++i) {
    events.push_back(At(i, std::to_string(i)));
    events.back().deploy_id = "d";
  }
  ASSERT_TRUE(store_->WriteEvents(events).ok());
  Deploy deploy;
  deploy.id = "d";
  const auto read = Texts(store_->ReadEventsOfDeploy(deploy));
  ASSERT_EQ(read.size(), static_cast<size_t>(kEventsReadMax));
  EXPECT_EQ(read.front(), "5");
  EXPECT_EQ(read.back(), std::to_string(kEventsReadMax + 4));
}

TEST_F(EventsTest, TheOldAreForgottenAndNoIdIsGivenTwice) {
  ASSERT_TRUE(store_->WriteEvents({At(kNow - 14 * kDay - 1, "old"), At(kNow - 14 * kDay, "young")}).ok());
  ASSERT_TRUE(store_->Prune(kNow).ok());
  EXPECT_THAT(All(), ElementsAre("young"));
  const int64_t newest = *store_->ReadNewestEventId();
  ASSERT_TRUE(store_->Prune(kNow + kDay).ok());
  EXPECT_EQ(*store_->ReadNewestEventId(), 0);
  Keep(At(kNow, "next"));
  EXPECT_GT(*store_->ReadNewestEventId(), newest) << "who reads on after the newest one misses nothing";
}

TEST_F(EventsTest, AFloodLeavesTheNewest) {
  constexpr int64_t kTooMany = 2500;  // more than one step of pruning deletes
  std::vector<Event> events;
  for (int64_t i = 0; i < kEventsKeptMax + kTooMany; ++i) events.push_back(At(kNow, std::to_string(i)));
  ASSERT_TRUE(store_->WriteEvents(events).ok());
  ASSERT_TRUE(store_->Prune(kNow).ok());
  const auto all = All();
  ASSERT_EQ(all.size(), static_cast<size_t>(kEventsKeptMax));
  EXPECT_EQ(all.front(), std::to_string(kTooMany));
}

TEST_F(EventsTest, ACursorStandsWhereItWasPutLast) {
  EXPECT_EQ(*store_->ReadCursor("audit"), 0);
  ASSERT_TRUE(store_->WriteCursor("audit", 7).ok());
  ASSERT_TRUE(store_->WriteCursor("audit", 9).ok());
  ASSERT_TRUE(store_->WriteCursor("other", 1).ok());
  Reopen();
  EXPECT_EQ(*store_->ReadCursor("audit"), 9);
}

TEST_F(EventsTest, ANoteIsTheBytesThatWereWrittenLast) {
  const std::string bytes("\0\x01\xff", 3);
  EXPECT_FALSE(store_->ReadNote("releases")->has_value());
  ASSERT_TRUE(store_->WriteNote("releases", "old").ok());
  ASSERT_TRUE(store_->WriteNote("releases", bytes).ok());
  ASSERT_TRUE(store_->WriteNote("other", "").ok());
  Reopen();
  EXPECT_EQ(store_->ReadNote("releases")->value(), bytes);
  EXPECT_EQ(store_->ReadNote("other")->value(), "");
}

TEST_F(EventsTest, TheAuditTrailIsReadOnFromWhereOneStands) {
  const auto executor = ExecutorStore::Open(folder_.Path("executor.db"), ExecutorStore::Access::kOwner);
  ASSERT_TRUE(executor.ok()) << executor.status();
  for (const char* step : {"accepted", "planned"}) {
    ASSERT_TRUE((*executor)->Begin("t", step, 1).ok());
    ASSERT_TRUE((*executor)->Finish("t", step, 2, "done", "").ok());
  }
  const auto rows = (*executor)->ReadAuditAfter(1, 2);
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ(rows->front().seq, 2);
  EXPECT_EQ(rows->front().kind, "step_finished");
  EXPECT_EQ(rows->front().subject, "t");
  EXPECT_EQ(rows->front().at_ns, 2);
  EXPECT_EQ(rows->front().hash.size(), 64U);
  EXPECT_THAT(rows->back().text, testing::HasSubstr("planned"));
  EXPECT_TRUE((*executor)->ReadAuditAfter(4, 10)->empty());
}

// A state as the program before events left it: made by the same migrations up to its version.
class OldStateTest : public ::testing::Test {
 protected:
  void MakeVersion6(const std::string& script) {
    const auto database = Database::Open(path(), Database::Access::kOwner);
    ASSERT_TRUE(database.ok()) << database.status();
    Schema old = StateSchema();
    ASSERT_GE(old.migrations.size(), 7U);
    old.migrations.resize(6);
    ASSERT_TRUE(Migrate(**database, old).ok());
    const Status status = (*database)->RunScript("filling", script);
    ASSERT_TRUE(status.ok()) << status;
  }
  static std::string Row(int64_t id, const std::string& kind, const std::string& deploy) {
    return "INSERT INTO inbox VALUES (" + std::to_string(id) + ", '" + kind + "', 'subject', 'words', '" + deploy +
           "', 'shop', 'repo', 'base', 'head', 5, 6, 'revert', 'deploy''s trigger', 't', 'td', 'ts', 'tr', 'tb', 'th',"
           " 'proposed', 'why', 7);";
  }
  std::unique_ptr<StateStore> Open() {
    auto store = StateStore::Open(path(), StateStore::Access::kOwner);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  std::string path() const { return folder_.Path("state.db"); }

  TestFolder folder_;
};

TEST_F(OldStateTest, WhatWaitsInItsInboxIsTakenByTheNewProgram) {
  MakeVersion6(Row(41, "deploy_start", "d1") + Row(43, "revert_asked", "d2"));
  const auto store = Open();
  ASSERT_NE(store, nullptr);
  const auto waiting = store->Peek(10);
  ASSERT_TRUE(waiting.ok()) << waiting.status();
  ASSERT_EQ(waiting->size(), 2U);
  const InboxMessage& first = waiting->front();
  EXPECT_EQ(first.id, 41);
  EXPECT_EQ(first.kind, InboxMessage::Kind::kDeployStart);
  EXPECT_EQ(first.trigger_id, "subject");
  EXPECT_EQ(first.text, "words");
  EXPECT_EQ(first.deploy.id, "d1");
  EXPECT_EQ(first.deploy.head, "head");
  EXPECT_EQ(first.deploy.finish_ns, 6);
  EXPECT_EQ(first.deploy.kind, DeployKind::kRevert);
  EXPECT_EQ(first.deploy.trigger_id, "deploy's trigger");
  EXPECT_EQ(first.trigger.id, "t");
  EXPECT_EQ(first.trigger.state, TriggerState::kProposed);
  EXPECT_EQ(first.trigger.created_ns, 7);
  EXPECT_EQ(first.event.text, "");
  EXPECT_EQ(waiting->back().id, 43);
  ASSERT_TRUE(store
                  ->Post({.kind = InboxMessage::Kind::kEvent,
                          .deploy = {},
                          .trigger = {},
                          .event = {},
                          .trigger_id = "",
                          .text = ""})
                  .ok());
  EXPECT_EQ(store->Peek(10)->back().id, 44);
}

// An id that was given once may still be on its way to be deleted.
TEST_F(OldStateTest, TheIdsOfAnEmptiedInboxGoOn) {
  for (const bool was_used : {true, false}) {
    SCOPED_TRACE(was_used);
    std::filesystem::remove(path());
    MakeVersion6(was_used ? Row(41, "deploy_start", "d1") + "DELETE FROM inbox;" : "");
    const auto store = Open();
    ASSERT_NE(store, nullptr);
    test::RandomValues values(1);
    ASSERT_TRUE(store->Post(values.Message(InboxMessage::Kind::kDeployAbandon)).ok());
    EXPECT_EQ(store->Peek(1)->front().id, was_used ? 42 : 1);
  }
}

TEST_F(OldStateTest, ItsFactsStayAndEventsBegin) {
  MakeVersion6("INSERT INTO deploys VALUES ('d', 'shop', '', '', 'abc1234', 5, 6, 'release', '');");
  const auto store = Open();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ((*store->ReadDeploy("d"))->finish_ns, 6);
  EXPECT_EQ(*store->ReadNewestEventId(), 0);
  ASSERT_TRUE(store->WriteEvents({Event{}}).ok());
  EXPECT_EQ(*store->ReadNewestEventId(), 1);
}

}  // namespace
}  // namespace revertd

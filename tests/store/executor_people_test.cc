// What the executor keeps for people: messages, post-mortem records, their own words to it; cursors; and what becomes
// of an executor.db of the version before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/database.h"
#include "store/executor_store.h"
#include "store/migrations.h"
#include "store/schema.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

class ExecutorPeopleTest : public ::testing::Test {
 protected:
  std::unique_ptr<ExecutorStore> Open(ExecutorStore::Access access) {
    auto store = ExecutorStore::Open(path_, access);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }

  const TestFolder folder_;
  const std::string path_ = folder_.Path("executor.db");
  std::unique_ptr<ExecutorStore> store_ = Open(ExecutorStore::Access::kOwner);
};

Delivery Message(const std::string& channel, const std::string& key, const std::string& event, TimeNs created_ns) {
  Delivery delivery;
  delivery.channel = channel;
  delivery.key = key;
  delivery.event = event;
  delivery.notice = "{\"it's\":\"\\n\"}";
  delivery.created_ns = created_ns;
  delivery.next_ns = created_ns + 5;
  return delivery;
}

std::vector<std::string> Names(const StatusOr<std::vector<Delivery>>& deliveries) {
  std::vector<std::string> names;
  EXPECT_TRUE(deliveries.ok()) << deliveries.status();
  for (const Delivery& delivery : *deliveries) names.push_back(delivery.channel + " " + delivery.event);
  return names;
}

TEST_F(ExecutorPeopleTest, AMessageIsQueuedOnceForAChannelAKeyAndAnEvent) {
  ASSERT_TRUE(store_->QueueDelivery(Message("chat", "t1", "pushed", 100)).ok());
  ASSERT_TRUE(store_->QueueDelivery(Message("chat", "t1", "pushed", 200)).ok());
  ASSERT_TRUE(store_->QueueDelivery(Message("pager", "t1", "pushed", 300)).ok());
  ASSERT_TRUE(store_->QueueDelivery(Message("chat", "t1", "recovered", 400)).ok());
  ASSERT_TRUE(store_->QueueDelivery(Message("chat", "t2", "pushed", 500)).ok());
  EXPECT_THAT(Names(store_->ReadDeliveries("t1")), ElementsAre("chat pushed", "pager pushed", "chat recovered"));
  const Delivery first = store_->ReadDeliveries("t1")->front();
  EXPECT_EQ(first.notice, "{\"it's\":\"\\n\"}");
  EXPECT_EQ(first.created_ns, 100);
  EXPECT_EQ(first.tries, 0);
  EXPECT_EQ(first.next_ns, 105);
  EXPECT_EQ(first.ended_ns, 0);
  EXPECT_EQ(first.outcome, "");
}

TEST_F(ExecutorPeopleTest, DueAreTheOldestThatAreNeitherEndedNorWaiting) {
  for (const char* channel : {"a", "b", "c", "d"})
    ASSERT_TRUE(store_->QueueDelivery(Message(channel, "t", "e", 0)).ok());
  EXPECT_THAT(Names(store_->ReadDueDeliveries(4, 10)), IsEmpty());
  EXPECT_THAT(Names(store_->ReadDueDeliveries(5, 10)), ElementsAre("a e", "b e", "c e", "d e"));
  EXPECT_THAT(Names(store_->ReadDueDeliveries(5, 2)), ElementsAre("a e", "b e"));
  const std::vector<Delivery> all = *store_->ReadDeliveries("t");
  ASSERT_TRUE(store_->RetryDelivery(all[0].id, 50, "no answer", false).ok());
  ASSERT_TRUE(store_->EndDelivery(all[1].id, 40, "delivered").ok());
  EXPECT_THAT(Names(store_->ReadDueDeliveries(49, 10)), ElementsAre("c e", "d e"));
  EXPECT_THAT(Names(store_->ReadDueDeliveries(50, 10)), ElementsAre("a e", "c e", "d e"));
  const std::vector<Delivery> later = *store_->ReadDeliveries("t");
  EXPECT_EQ(later[0].tries, 1);
  EXPECT_EQ(later[0].outcome, "no answer");
  EXPECT_EQ(later[0].ended_ns, 0);
  EXPECT_EQ(later[1].tries, 1);
  EXPECT_EQ(later[1].outcome, "delivered");
  EXPECT_EQ(later[1].ended_ns, 40);
}

TEST_F(ExecutorPeopleTest, WhatWaitsIsHurriedWhereTheChannelDidNotAskToWait) {
  for (const char* event : {"asked", "failed", "due", "untried", "ended"}) {
    ASSERT_TRUE(store_->QueueDelivery(Message("chat", "t", event, 95)).ok());
  }
  ASSERT_TRUE(store_->QueueDelivery(Message("pager", "t", "failed", 95)).ok());
  const std::vector<Delivery> all = *store_->ReadDeliveries("t");
  ASSERT_TRUE(store_->RetryDelivery(all[0].id, 900, "429", true).ok());
  ASSERT_TRUE(store_->RetryDelivery(all[1].id, 900, "429", true).ok());
  ASSERT_TRUE(store_->RetryDelivery(all[1].id, 900, "no answer", false).ok());  // its last word
  ASSERT_TRUE(store_->RetryDelivery(all[2].id, 40, "no answer", false).ok());
  ASSERT_TRUE(store_->RetryDelivery(all[4].id, 900, "no answer", false).ok());
  ASSERT_TRUE(store_->EndDelivery(all[4].id, 60, "delivered").ok());
  ASSERT_TRUE(store_->RetryDelivery(all[5].id, 900, "no answer", false).ok());
  ASSERT_TRUE(store_->HurryDeliveries("chat", 70).ok());
  const std::vector<Delivery> hurried = *store_->ReadDeliveries("t");
  std::vector<TimeNs> next;
  for (const Delivery& delivery : hurried) next.push_back(delivery.next_ns);
  EXPECT_THAT(next, ElementsAre(900, 70, 40, 100, 900, 900));
}

TEST_F(ExecutorPeopleTest, AnotherProcessReadsWhichChannelsCannotBeReached) {
  const auto reader = Open(ExecutorStore::Access::kReadOnly);
  EXPECT_EQ(reader->ReadChannel("chat")->unreached, "");
  ASSERT_TRUE(store_->WriteUnreached("chat", "refused").ok());
  ASSERT_TRUE(store_->WriteUnreached("chat", "timed out").ok());
  ASSERT_TRUE(store_->WriteUnreached("a", "it's").ok());
  EXPECT_EQ(reader->ReadChannel("chat")->unreached, "timed out");
  EXPECT_FALSE(reader->ReadChannel("chat")->failing) << "no message failed";
  EXPECT_THAT(*reader->ReadUnreached(), ElementsAre(Pair("a", "it's"), Pair("chat", "timed out")));
  ASSERT_TRUE(store_->WriteUnreached("chat", "").ok());
  EXPECT_EQ(reader->ReadChannel("chat")->unreached, "");
}

Incident Record(const std::string& trigger_id, const std::string& service, TimeNs opened_ns, TimeNs due_ns) {
  Incident incident;
  incident.trigger_id = trigger_id;
  incident.service = service;
  incident.owner = "Ada <ada@example.com>";
  incident.opened_ns = opened_ns;
  incident.due_ns = due_ns;
  return incident;
}

TEST_F(ExecutorPeopleTest, ARecordIsOpenedOnceAnsweredAndClosed) {
  ASSERT_TRUE(store_->OpenIncident(Record("t1", "checkout", 10, 100)).ok());
  ASSERT_TRUE(store_->OpenIncident(Record("t1", "another", 11, 101)).ok());
  ASSERT_TRUE(store_->OpenIncident(Record("t0", "catalog", 20, 100)).ok());
  ASSERT_TRUE(store_->WriteIncidentRecord("t1", "# it's\n").ok());
  ASSERT_TRUE(store_->AnswerIncident("t1", "why_tests", "none ran", 30).ok());
  ASSERT_TRUE(store_->AnswerIncident("t1", "why_review", "rushed", 31).ok());
  ASSERT_TRUE(store_->AnswerIncident("t1", "why_tests", "they were off", 32).ok());
  const auto reader = Open(ExecutorStore::Access::kReadOnly);
  const Incident incident = reader->ReadIncident("t1")->value();
  EXPECT_EQ(incident.service, "checkout");
  EXPECT_EQ(incident.owner, "Ada <ada@example.com>");
  EXPECT_EQ(incident.opened_ns, 10);
  EXPECT_EQ(incident.due_ns, 100);
  EXPECT_EQ(incident.closed_ns, 0);
  EXPECT_EQ(incident.record, "# it's\n");
  EXPECT_THAT(incident.answers, ElementsAre(Pair("why_review", "rushed"), Pair("why_tests", "they were off")));
  ASSERT_TRUE(store_->CloseIncident("t1", 40).ok());
  ASSERT_TRUE(store_->CloseIncident("t1", 50).ok());
  EXPECT_EQ(reader->ReadIncident("t1")->value().closed_ns, 40);
  const auto all = reader->ReadIncidents();
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[0].trigger_id, "t1");
  EXPECT_EQ((*all)[1].trigger_id, "t0");
  EXPECT_THAT((*all)[1].answers, IsEmpty());
  EXPECT_FALSE(reader->ReadIncident("t2")->has_value());
}

TEST_F(ExecutorPeopleTest, AnAnswerWithoutARecordIsRefused) {
  EXPECT_FALSE(store_->AnswerIncident("t9", "why_review", "x", 1).ok());
}

TEST_F(ExecutorPeopleTest, OverdueIsTheOldestOpenRecordOfTheServiceThatWasDue) {
  ASSERT_TRUE(store_->OpenIncident(Record("later", "checkout", 2, 200)).ok());
  ASSERT_TRUE(store_->OpenIncident(Record("first", "checkout", 1, 100)).ok());
  ASSERT_TRUE(store_->OpenIncident(Record("other", "catalog", 1, 50)).ok());
  EXPECT_FALSE(store_->FindOverdueIncident("checkout", 100)->has_value());  // due at 100 is not yet overdue then
  EXPECT_EQ(store_->FindOverdueIncident("checkout", 101)->value().trigger_id, "first");
  EXPECT_EQ(store_->FindOverdueIncident("checkout", 500)->value().trigger_id, "first");
  ASSERT_TRUE(store_->CloseIncident("first", 300).ok());
  EXPECT_EQ(store_->FindOverdueIncident("checkout", 500)->value().trigger_id, "later");
  EXPECT_FALSE(store_->FindOverdueIncident("checkout", 150)->has_value());
}

ExecutorCommand Word(ExecutorCommand::Kind kind, const std::string& subject) {
  ExecutorCommand command;
  command.kind = kind;
  command.subject = subject;
  command.name = "why_review";
  command.text = "it's \"done\"";
  command.author = "ada";
  return command;
}

TEST_F(ExecutorPeopleTest, CommandsAreReadInOrderUntilTheyAreDone) {
  const auto writer = Open(ExecutorStore::Access::kCommandsOnly);
  ASSERT_TRUE(writer->Post(Word(ExecutorCommand::Kind::kIncidentAnswer, "t1")).ok());
  ASSERT_TRUE(writer->Post(Word(ExecutorCommand::Kind::kIncidentClose, "t2")).ok());
  const auto commands = store_->Peek(10);
  ASSERT_EQ(commands->size(), 2U);
  EXPECT_EQ((*commands)[0].kind, ExecutorCommand::Kind::kIncidentAnswer);
  EXPECT_EQ((*commands)[0].subject, "t1");
  EXPECT_EQ((*commands)[0].name, "why_review");
  EXPECT_EQ((*commands)[0].text, "it's \"done\"");
  EXPECT_EQ((*commands)[0].author, "ada");
  EXPECT_EQ((*commands)[1].kind, ExecutorCommand::Kind::kIncidentClose);
  EXPECT_EQ(store_->Peek(1)->size(), 1U);
  ASSERT_TRUE(store_->Done((*commands)[0].id).ok());
  EXPECT_EQ(store_->Peek(10)->front().subject, "t2");
  // An id is never given twice: what is done later is never another's.
  ASSERT_TRUE(store_->Done((*commands)[1].id).ok());
  ASSERT_TRUE(writer->Post(Word(ExecutorCommand::Kind::kIncidentClose, "t3")).ok());
  EXPECT_GT(store_->Peek(1)->front().id, (*commands)[1].id);
}

TEST_F(ExecutorPeopleTest, AReaderMayNotPost) {
  const auto reader = Open(ExecutorStore::Access::kReadOnly);
  EXPECT_FALSE(reader->Post(Word(ExecutorCommand::Kind::kIncidentClose, "t")).ok());
}

TEST_F(ExecutorPeopleTest, ACursorIsZeroUntilItIsWrittenAndSurvives) {
  EXPECT_EQ(*store_->ReadCursor("deploy_logs"), 0);
  ASSERT_TRUE(store_->WriteCursor("deploy_logs", 7).ok());
  ASSERT_TRUE(store_->WriteCursor("deploy_logs", 1'795'255'200'000'000'000).ok());
  ASSERT_TRUE(store_->WriteCursor("another", 1).ok());
  store_.reset();
  store_ = Open(ExecutorStore::Access::kOwner);
  EXPECT_EQ(*store_->ReadCursor("deploy_logs"), 1'795'255'200'000'000'000);
  EXPECT_EQ(*store_->ReadCursor("another"), 1);
}

// A journal of the version that had no audit trail: it stays, and the trail begins with what follows.
TEST(ExecutorMigration, AJournalOfTheFirstVersionStays) {
  const TestFolder folder;
  const std::string path = folder.Path("executor.db");
  {
    Schema first = ExecutorSchema();
    ASSERT_GE(first.migrations.size(), 2U);
    first.migrations.resize(1);
    const auto database = Database::Open(path, Database::Access::kOwner);
    ASSERT_TRUE(database.ok()) << database.status();
    ASSERT_TRUE(Migrate(**database, first).ok());
    ASSERT_TRUE((*database)
                    ->RunScript("filling",
                                "INSERT INTO journal (trigger_id, step, begun_ns, finished_ns, outcome, detail)"
                                " VALUES ('t', 'accepted', 1, 2, 'done', 'shop'), ('t', 'planned', 3, 0, '', '')")
                    .ok());
  }
  const auto reader = ExecutorStore::Open(path, ExecutorStore::Access::kReadOnly);
  ASSERT_FALSE(reader.ok());
  EXPECT_THAT(std::string(MessageOf(reader.status())), HasSubstr("has the older schema 1"));
  const auto store = ExecutorStore::Open(path, ExecutorStore::Access::kOwner);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->ReadJournal("t")->size(), 2U);
  EXPECT_EQ((*store)->ReadAuditHead()->seq, 0);
  ASSERT_TRUE((*store)->Finish("t", "planned", 4, "done", "").ok());
  EXPECT_EQ((*store)->ReadStep("t", "planned")->value().begun_ns, 3);
  EXPECT_EQ((*store)->ReadAuditHead()->seq, 1);
  EXPECT_THAT(*(*store)->ReadIncidents(), IsEmpty());
  EXPECT_EQ(*(*store)->ReadCursor("deploy_logs"), 0);
}

TEST(ExecutorMigration, MessagesOfTheSecondVersionStayAndAreFoundByIndex) {
  const TestFolder folder;
  const std::string path = folder.Path("executor.db");
  {
    Schema second = ExecutorSchema();
    ASSERT_GE(second.migrations.size(), 3U);
    second.migrations.resize(2);
    const auto database = Database::Open(path, Database::Access::kOwner);
    ASSERT_TRUE(database.ok()) << database.status();
    ASSERT_TRUE(Migrate(**database, second).ok());
    ASSERT_TRUE((*database)
                    ->RunScript("filling",
                                "INSERT INTO deliveries (channel, key, event, notice, created_ns, tries, next_ns,"
                                " ended_ns, outcome) VALUES ('chat', 't', 'pushed', '{}', 1, 2, 900, 0, 'refused')")
                    .ok());
  }
  const auto store = ExecutorStore::Open(path, ExecutorStore::Access::kOwner);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE((*store)->ReadChannel("chat")->failing);
  ASSERT_TRUE((*store)->HurryDeliveries("chat", 10).ok());
  EXPECT_EQ((*store)->ReadDeliveries("t")->at(0).next_ns, 10);
  const auto database = Database::Open(path, Database::Access::kReadOnly);
  ASSERT_TRUE(database.ok()) << database.status();
  for (const auto& [where, index] :
       {std::pair("key = 't' ORDER BY id", "deliveries_by_key"),
        std::pair("ended_ns > 0 AND channel = 'chat' ORDER BY ended_ns DESC, id DESC", "deliveries_by_channel")}) {
    std::string plan;
    const Status asked = (*database)->Read("asking for the plan",
                                           "EXPLAIN QUERY PLAN SELECT id FROM deliveries WHERE " + std::string(where),
                                           {}, [&plan](SqlRow& row) {
                                             for (int i = 0; i < 3; ++i) row.Integer();
                                             plan += row.Text() + ";";
                                             return OkStatus();
                                           });
    ASSERT_TRUE(asked.ok()) << asked;
    EXPECT_THAT(plan, HasSubstr(index));
  }
}

}  // namespace
}  // namespace revertd

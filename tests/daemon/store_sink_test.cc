// What is told reaches state.db as a row and an event, both or neither and in order, and the inbox carries out what
// other processes leave there.
#include "daemon/store_sink.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "analysis/analysis_loop.h"
#include "analysis/deploy_registry.h"
#include "base/service_table.h"
#include "daemon/deploy_door.h"
#include "daemon/event_json.h"
#include "daemon/inbox.h"
#include "store/database.h"
#include "tests/daemon/program.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr TimeNs kStart = 1'795'255'200 * kSecondNs;

class StoreSinkTest : public ::testing::Test {
 protected:
  StoreSinkTest() {
    auto store = StateStore::Open(folder_.Path("state.db"), StateStore::Access::kOwner);
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    auto poster = StateStore::Open(folder_.Path("state.db"), StateStore::Access::kInboxOnly);
    EXPECT_TRUE(poster.ok()) << poster.status();
    poster_ = *std::move(poster);
    printer_ = std::make_unique<EventPrinter>(out_);
    sink_ = std::make_unique<StoreSink>(store_.get(), printer_.get(), [this] { ++wakes_; });
    loop_ = std::make_unique<AnalysisLoop>(
        config_, services_, [](const Deploy&) { return GateFacts{}; }, sink_.get());
  }
  ~StoreSinkTest() override {
    printer_.reset();  // its thread writes there
    ::close(out_);
  }

  static Deploy Begun() {
    Deploy deploy;
    deploy.id = "shop-1";
    deploy.service = "shop";
    deploy.head = "3f2a91c0";
    deploy.start_ns = kStart;
    return deploy;
  }
  static Verdict Judged(VerdictState state, TimeNs at_ns) {
    Verdict verdict;
    verdict.deploy_id = "shop-1";
    verdict.service = "shop";
    verdict.state = state;
    verdict.reason = "r";
    verdict.at_ns = at_ns;
    return verdict;
  }
  static RollbackTrigger Triggered() {
    RollbackTrigger trigger;
    trigger.id = "t1";
    trigger.deploy_id = "shop-1";
    trigger.service = "shop";
    trigger.repo = "repo";
    trigger.head = "3f2a91c0";
    trigger.reason = "mode_push";
    trigger.created_ns = kStart + kSecondNs;
    return trigger;
  }
  static Event Push(const std::string& key) {
    Event event;
    event.at_ns = kStart;
    event.kind = "push";
    event.commit = "3f2a91c0aaaa";
    event.key = key;
    event.text = "{\"event\":\"push\"}";
    return event;
  }

  static ErrorGroupRecord Group(uint64_t fingerprint, int64_t events, const std::string& sample) {
    ErrorGroupRecord group;
    group.service = "shop";
    group.fingerprint = fingerprint;
    group.events = events;
    group.last_seen_ns = kStart;
    group.sample = sample;
    return group;
  }
  int64_t ErrorBlocks() {
    int64_t events = 0;
    EXPECT_TRUE(store_->ReadErrorBlocks(0, [&](const ErrorBlock& block) { events += block.events; }).ok());
    return events;
  }

  // Another process renames the table of the events away, as a damaged state would lose it, and back.
  void Script(const std::string& sql) {
    const auto other = Database::Open(folder_.Path("state.db"), Database::Access::kReadWrite);
    ASSERT_TRUE(other.ok()) << other.status();
    const Status status = (*other)->RunScript("renaming", sql);
    ASSERT_TRUE(status.ok()) << status;
  }
  void LoseEvents() { Script("ALTER TABLE events RENAME TO lost"); }
  void FindEvents() { Script("ALTER TABLE lost RENAME TO events"); }

  std::vector<std::string> Kinds() {
    std::vector<std::string> kinds;
    const auto events = store_->ReadEventsAfter(0, 1000);
    EXPECT_TRUE(events.ok()) << events.status();
    for (const Event& event : *events) kinds.push_back(event.kind);
    return kinds;
  }
  void Inbox(const InboxMessage& message) {
    ASSERT_TRUE(poster_->Post(message).ok());
    const Status status = TakeInbox(store_.get(), loop_.get(), sink_.get(), kStart);
    ASSERT_TRUE(status.ok()) << status;
  }
  // Everything printed; nothing is printed after it.
  std::string Printed() {
    printer_.reset();
    return ReadFile(folder_.Path("out"));
  }

  const TestFolder folder_;
  const int out_ = ::open(folder_.Path("out").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<StateStore> poster_;
  std::unique_ptr<EventPrinter> printer_;
  std::unique_ptr<StoreSink> sink_;
  Config config_;
  ServiceTable services_{16};
  std::unique_ptr<AnalysisLoop> loop_;
  int wakes_ = 0;
};

TEST_F(StoreSinkTest, WhatIsPrintedIsKeptWordForWord) {
  Deploy deploy = Begun();
  deploy.finish_ns = kStart + kSecondNs;
  sink_->OnDeploy(deploy);
  sink_->OnVerdict(Judged(VerdictState::kRegressed, kStart));
  ASSERT_TRUE(sink_->OnTrigger(Triggered()).ok());
  Decision decision;
  decision.deploy_id = "shop-1";
  decision.trigger_id = "t1";
  sink_->OnDecision(decision);
  Recovery recovery;
  recovery.trigger_id = "t1";
  sink_->OnRecovery(recovery);
  sink_->OnEvent(Push("github:1"));
  EXPECT_THAT(Kinds(), ElementsAre("deploy", "verdict", "trigger", "decision", "recovery", "push"));
  const auto events = store_->ReadEventsAfter(0, 100);
  ASSERT_TRUE(events.ok()) << events.status();
  std::string kept;
  for (const Event& event : *events) kept += event.text + "\n";
  EXPECT_EQ(Printed(), kept);
  EXPECT_THAT(kept, HasSubstr("{\"event\":\"trigger\",\"time_ns\":1795255201000000000,\"service\":\"shop\","
                              "\"deploy\":\"shop-1\",\"trigger\":\"t1\",\"state\":\"pending\",\"reason\":\"mode_push\","
                              "\"repo\":\"repo\",\"base\":\"\",\"commit\":\"3f2a91c0\"}\n"));
  const auto of_trigger = store_->ReadEventsOfTrigger("t1");
  ASSERT_TRUE(of_trigger.ok());
  EXPECT_EQ(of_trigger->size(), 3U);
  EXPECT_EQ(wakes_, 1);
}

TEST_F(StoreSinkTest, WhileEventsCannotBeWrittenNothingIsAndTheOrderStays) {
  LoseEvents();
  sink_->OnDeploy(Begun());
  sink_->OnVerdict(Judged(VerdictState::kWatching, kStart));
  sink_->WriteVerdicts();
  sink_->OnEvent(Push("github:1"));
  sink_->OnVerdict(Judged(VerdictState::kHealthy, kStart + 1));
  sink_->WriteVerdicts();
  EXPECT_FALSE(sink_->durable());
  EXPECT_FALSE(store_->ReadDeploy("shop-1")->has_value()) << "a row without its event";
  EXPECT_FALSE(sink_->OnTrigger(Triggered()).ok());
  EXPECT_TRUE(store_->ReadTriggers()->empty());
  EXPECT_EQ(wakes_, 0);

  FindEvents();
  sink_->Flush(kStart);
  EXPECT_TRUE(sink_->durable());
  EXPECT_THAT(Kinds(), ElementsAre("deploy", "verdict", "push", "verdict"));
  EXPECT_TRUE(store_->ReadDeploy("shop-1")->has_value());
  EXPECT_EQ(store_->ReadVerdicts("shop-1")->back().state, VerdictState::kHealthy);
  ASSERT_TRUE(sink_->OnTrigger(Triggered()).ok());
  EXPECT_EQ(Kinds().back(), "trigger");
}

TEST_F(StoreSinkTest, ATriggerAndTheVerdictThatItComesOfAreOneTransaction) {
  sink_->OnVerdict(Judged(VerdictState::kRegressed, kStart));
  LoseEvents();
  EXPECT_FALSE(sink_->OnTrigger(Triggered()).ok());
  EXPECT_TRUE(store_->ReadVerdicts("shop-1")->empty());
  FindEvents();
  ASSERT_TRUE(sink_->OnTrigger(Triggered()).ok());
  EXPECT_THAT(Kinds(), ElementsAre("verdict", "trigger"));
  EXPECT_TRUE(sink_->durable());
}

// Of what is told of a group between two flushes the newest counts, with the sample that any of it brought.
TEST_F(StoreSinkTest, ErrorsThatGatherAreWrittenTogetherAndAGroupOnce) {
  sink_->OnErrorGroup(Group(7, 1, "{}"));
  sink_->OnErrorGroup(Group(7, 5, ""));
  sink_->OnErrorGroup(Group(8, 2, ""));
  sink_->OnErrorBlock({"shop", 7, kStart / kSecondNs, 5});
  sink_->OnSessionBlock({"shop", kStart / kSecondNs, 90, 1});
  EXPECT_TRUE(store_->ReadErrorGroups("shop", 0)->empty()) << "they wait for a flush";
  sink_->Flush(kStart);
  EXPECT_EQ((*store_->ReadErrorGroup("shop", 7))->events, 5);
  EXPECT_EQ((*store_->ReadErrorGroup("shop", 7))->sample, "{}");
  EXPECT_EQ(store_->ReadErrorGroups("shop", 0)->size(), 2U);
  EXPECT_EQ(ErrorBlocks(), 5);
  int64_t sessions = 0;
  ASSERT_TRUE(store_->ReadSessionBlocks(0, [&](const SessionBlock& block) { sessions += block.sessions; }).ok());
  EXPECT_EQ(sessions, 90);
  EXPECT_THAT(Kinds(), IsEmpty()) << "a group is no event of its own";
}

TEST_F(StoreSinkTest, WhileGroupsCannotBeWrittenTheyWaitAndNothingOfTheirFlushIsWritten) {
  Script("ALTER TABLE error_group_names RENAME TO lost");
  sink_->OnErrorGroup(Group(7, 1, "{}"));
  sink_->OnErrorBlock({"shop", 7, kStart / kSecondNs, 5});
  sink_->Flush(kStart);
  EXPECT_FALSE(sink_->durable());
  EXPECT_EQ(ErrorBlocks(), 0);
  sink_->OnErrorGroup(Group(7, 3, ""));
  sink_->Flush(kStart + kSecondNs);
  EXPECT_EQ(ErrorBlocks(), 0);

  Script("ALTER TABLE lost RENAME TO error_group_names");
  sink_->Flush(kStart + 2 * kSecondNs);
  EXPECT_TRUE(sink_->durable());
  EXPECT_EQ(ErrorBlocks(), 5);
  EXPECT_EQ((*store_->ReadErrorGroup("shop", 7))->events, 3);
  EXPECT_EQ(sink_->writes_dropped(), 0U);
}

TEST_F(StoreSinkTest, GroupsBeyondTheBoundAreWrittenEarly) {
  for (uint64_t i = 0; i < StoreSink::kGroupsWaitingMax + 2; ++i) sink_->OnErrorGroup(Group(i, 1, ""));
  EXPECT_TRUE(store_->ReadErrorGroup("shop", 0)->has_value());
  sink_->Flush(kStart);
  EXPECT_TRUE(store_->ReadErrorGroup("shop", StoreSink::kGroupsWaitingMax + 1)->has_value());
  EXPECT_EQ(sink_->writes_dropped(), 0U);
}

TEST_F(StoreSinkTest, GroupsBeyondTheBoundAreDroppedAndCountedWhileTheStateIsAway) {
  Script("ALTER TABLE error_groups RENAME TO lost_groups");
  for (uint64_t i = 0; i < StoreSink::kGroupsWaitingMax + 2; ++i) sink_->OnErrorGroup(Group(i, 1, ""));
  sink_->OnErrorGroup(Group(0, 9, ""));
  EXPECT_EQ(sink_->writes_dropped(), 2U);
  Script("ALTER TABLE lost_groups RENAME TO error_groups");
  sink_->Flush(kStart);
  EXPECT_EQ((*store_->ReadErrorGroup("shop", 0))->events, 9) << "one that waits already has its place";
  EXPECT_FALSE(store_->ReadErrorGroup("shop", StoreSink::kGroupsWaitingMax)->has_value());
}

TEST_F(StoreSinkTest, AVerdictTellsItsErrorsAndWhoseGroupDecided) {
  Verdict verdict = Judged(VerdictState::kRegressed, kStart);
  Evidence& evidence = verdict.evidence.emplace_back();
  evidence.signal = kNewErrors;
  evidence.group = "00000000000000ab";
  evidence.per_second = true;
  NamedError& error = verdict.errors.emplace_back();
  error.fingerprint = 0xab;
  error.type = "TypeError";
  error.is_new = true;
  error.events = 41;
  sink_->OnVerdict(verdict);
  sink_->WriteVerdicts();
  const std::string text = store_->ReadEventsAfter(0, 1)->front().text;
  EXPECT_THAT(text, HasSubstr("{\"signal\":\"new_errors\",\"group\":\"00000000000000ab\","));
  EXPECT_THAT(text, HasSubstr(",\"per_second\":true}"));
  EXPECT_THAT(text, HasSubstr("\"errors\":[{\"fingerprint\":\"00000000000000ab\",\"type\":\"TypeError\","
                              "\"culprit\":\"\",\"title\":\"\",\"release\":\"\",\"event_id\":\"\","
                              "\"new\":true,\"events\":41,\"first_seen_ns\":0,\"e_value\":0,"
                              "\"e_value_needed\":0}]}"));
  EXPECT_THAT(ToEvent(Judged(VerdictState::kHealthy, kStart)), Not(HasSubstr("\"errors\"")));
  EXPECT_EQ(store_->ReadVerdicts("shop-1")->front().errors.size(), 1U);
}

TEST_F(StoreSinkTest, ADeliveryThatComesAgainIsOneEvent) {
  InboxMessage message;
  message.kind = InboxMessage::Kind::kEvent;
  message.event = Push("github:1");
  Inbox(message);
  Inbox(message);
  message.event = Push("github:2");
  Inbox(message);
  EXPECT_THAT(Kinds(), ElementsAre("push", "push"));
  EXPECT_TRUE(store_->Peek(10)->empty());
  EXPECT_EQ(Printed(), "{\"event\":\"push\"}\n{\"event\":\"push\"}\n");
}

TEST_F(StoreSinkTest, AWholeDeployIsOneMessage) {
  Deploy deploy = Begun();
  deploy.finish_ns = kStart + kSecondNs;
  Inbox(StartMessage(deploy));
  EXPECT_EQ((*store_->ReadDeploy("shop-1"))->finish_ns, kStart + kSecondNs);
  EXPECT_THAT(Kinds(), ElementsAre("deploy"));
}

TEST_F(StoreSinkTest, AnAbandonedDeployIsKeptWithTheReasonGiven) {
  Inbox(StartMessage(Begun()));
  const InboxMessage abandon = AbandonMessage("shop-1", kStart + kMinuteNs, "the rollout timed out");
  Inbox(abandon);
  Inbox(abandon);
  Inbox(AbandonHeadMessage("shop", "3f2a91c0", kStart + kMinuteNs, "again"));
  Inbox(AbandonMessage("nobody", kStart, ""));
  EXPECT_THAT(Kinds(), ElementsAre("deploy", "verdict", "abandon"));
  EXPECT_EQ(store_->ReadVerdicts("shop-1")->back().reason, kAbandoned);
  EXPECT_FALSE((*store_->ReadDeploy("shop-1"))->finished());
  EXPECT_TRUE(store_->Peek(10)->empty());
  EXPECT_THAT(store_->ReadEventsOfDeploy(Begun())->back().text,
              HasSubstr("\"deploy\":\"shop-1\",\"why\":\"the rollout timed out\"}"));
}

// Where the state could not take the effect the message stays, and is carried out again.
TEST_F(StoreSinkTest, AnAbandonmentThatCouldNotBeWrittenStaysInTheInbox) {
  Inbox(StartMessage(Begun()));
  LoseEvents();
  Inbox(AbandonMessage("shop-1", kStart + kMinuteNs, "why"));
  EXPECT_EQ(store_->Peek(10)->size(), 1U);
  EXPECT_THAT(*store_->ReadVerdicts("shop-1"), IsEmpty());
  FindEvents();
  ASSERT_TRUE(TakeInbox(store_.get(), loop_.get(), sink_.get(), kStart).ok());
  EXPECT_TRUE(store_->Peek(10)->empty());
  EXPECT_THAT(Kinds(), ElementsAre("deploy", "verdict", "abandon"));
}

}  // namespace
}  // namespace revertd

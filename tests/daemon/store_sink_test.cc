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
        config_, services_, [](std::string_view) { return GateFacts{}; }, sink_.get());
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

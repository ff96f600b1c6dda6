#include "store/state_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

#include "tests/store/sandbox.h"
#include "tests/store/state_fixture.h"

namespace revertd {
namespace {

using test::Fields;
using test::RandomValues;

class StateStoreTest : public StateFixture {};

TEST_F(StateStoreTest, EveryFieldOfEveryTypeComesBackAfterARestart) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomValues values(seed);
    const std::string tag = "#" + std::to_string(seed);
    Deploy deploy = values.Deploy();
    deploy.id += tag;
    Verdict verdict = values.Verdict();
    verdict.deploy_id += tag;
    Decision decision = values.Decision();
    decision.deploy_id += tag;
    RollbackTrigger trigger = values.Trigger();
    trigger.id += tag;
    Recovery recovery = values.Recovery();
    recovery.trigger_id += tag;
    ASSERT_TRUE(store_->WriteDeploy(deploy).ok());
    ASSERT_TRUE(store_->WriteVerdict(verdict).ok());
    ASSERT_TRUE(store_->WriteDecision(decision).ok());
    ASSERT_TRUE(store_->WriteTrigger(trigger).ok());
    ASSERT_TRUE(store_->WriteRecovery(recovery).ok());
    if (seed % 50 == 0) Reopen();

    const auto deploy_read = store_->ReadDeploy(deploy.id);
    ASSERT_TRUE(deploy_read.ok() && deploy_read->has_value()) << deploy_read.status();
    EXPECT_EQ(Fields(**deploy_read), Fields(deploy));
    const auto verdicts = store_->ReadVerdicts(verdict.deploy_id);
    ASSERT_TRUE(verdicts.ok() && verdicts->size() == 1) << verdicts.status();
    EXPECT_EQ(Fields(verdicts->front()), Fields(verdict));
    const auto decisions = store_->ReadDecisions(decision.deploy_id);
    ASSERT_TRUE(decisions.ok() && decisions->size() == 1) << decisions.status();
    EXPECT_EQ(Fields(decisions->front()), Fields(decision));
    const auto trigger_read = store_->ReadTrigger(trigger.id);
    ASSERT_TRUE(trigger_read.ok() && trigger_read->has_value()) << trigger_read.status();
    EXPECT_EQ(Fields(**trigger_read), Fields(trigger));
    const auto recovery_read = store_->ReadRecovery(recovery.trigger_id);
    ASSERT_TRUE(recovery_read.ok() && recovery_read->has_value()) << recovery_read.status();
    EXPECT_EQ(Fields(**recovery_read), Fields(recovery));
  }
}

TEST_F(StateStoreTest, ARealThatIsNoNumberStaysOne) {
  Verdict verdict;
  verdict.deploy_id = "d";
  verdict.power = std::numeric_limits<double>::quiet_NaN();
  ASSERT_TRUE(store_->WriteVerdict(verdict).ok());
  const auto verdicts = store_->ReadVerdicts("d");
  ASSERT_TRUE(verdicts.ok() && verdicts->size() == 1) << verdicts.status();
  EXPECT_TRUE(std::isnan(verdicts->front().power));
}

TEST_F(StateStoreTest, WhatIsNotThereIsNoErrorButAbsent) {
  EXPECT_FALSE(store_->ReadDeploy("x")->has_value());
  EXPECT_FALSE(store_->FindDeployOf("x", "y")->has_value());
  EXPECT_FALSE(store_->ReadTrigger("x")->has_value());
  EXPECT_FALSE(store_->ReadRecovery("x")->has_value());
  EXPECT_FALSE(store_->ReadStatus()->has_value());
  EXPECT_TRUE(store_->ReadVerdicts("x")->empty());
  EXPECT_TRUE(store_->ReadHistory(0)->empty());
}

TEST_F(StateStoreTest, TheSameFactsTwiceAreWrittenOnce) {
  RandomValues values(7);
  Verdict verdict = values.Verdict();
  verdict.evidence = {values.Evidence(), values.Evidence()};
  const Decision decision = values.Decision();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(store_->WriteVerdict(verdict).ok());
    ASSERT_TRUE(store_->WriteDecision(decision).ok());
    ASSERT_TRUE(store_->WriteRevertPrepared("t", "sha").ok());
  }
  ASSERT_EQ(store_->ReadVerdicts(verdict.deploy_id)->size(), 1U);
  EXPECT_EQ(Fields(store_->ReadVerdicts(verdict.deploy_id)->front()), Fields(verdict));
  EXPECT_EQ(store_->ReadDecisions(decision.deploy_id)->size(), 1U);
  const std::vector<std::pair<std::string, std::string>> prepared = {{"t", "sha"}};
  EXPECT_EQ(*store_->ReadRevertsPrepared(), prepared);
}

TEST_F(StateStoreTest, EveryChangeOfAVerdictIsKeptInOrder) {
  Verdict verdict;
  verdict.deploy_id = "d";
  for (const auto state : {VerdictState::kWatching, VerdictState::kRegressed, VerdictState::kWatching}) {
    verdict.state = state;
    ++verdict.at_ns;
    ASSERT_TRUE(store_->WriteVerdict(verdict).ok());
  }
  const auto verdicts = store_->ReadVerdicts("d");
  ASSERT_EQ(verdicts->size(), 3U);
  EXPECT_EQ((*verdicts)[0].state, VerdictState::kWatching);
  EXPECT_EQ((*verdicts)[1].state, VerdictState::kRegressed);
  EXPECT_EQ((*verdicts)[2].at_ns, 3);
}

TEST_F(StateStoreTest, ATriggerIsWrittenOnceAndOnlyItsStateChanges) {
  RandomValues values(11);
  RollbackTrigger trigger = values.Trigger();
  trigger.state = TriggerState::kProposed;
  trigger.reason = "mode_propose";
  ASSERT_TRUE(store_->WriteTrigger(trigger).ok());
  RollbackTrigger other = values.Trigger();
  other.id = trigger.id;
  ASSERT_TRUE(store_->WriteTrigger(other).ok());
  EXPECT_EQ(Fields(**store_->ReadTrigger(trigger.id)), Fields(trigger));

  for (int i = 0; i < 2; ++i) {  // a redelivered word is one word
    ASSERT_TRUE(store_->WriteTriggerState(trigger.id, TriggerState::kPending, "ada").ok());
  }
  ASSERT_TRUE(store_->WriteTriggerState(trigger.id, TriggerState::kDismissed, "false alarm").ok());
  trigger.state = TriggerState::kDismissed;
  EXPECT_EQ(Fields(**store_->ReadTrigger(trigger.id)), Fields(trigger));
  const std::vector<std::pair<TriggerState, std::string>> changes = {{TriggerState::kPending, "ada"},
                                                                     {TriggerState::kDismissed, "false alarm"}};
  EXPECT_EQ(*store_->ReadTriggerChanges(trigger.id), changes);

  // The detector repeats itself after a restart: the person's word stands.
  ASSERT_TRUE(store_->WriteTrigger(other).ok());
  EXPECT_EQ((*store_->ReadTrigger(trigger.id))->state, TriggerState::kDismissed);
}

TEST_F(StateStoreTest, AWordOnAnUnknownTriggerIsNotFound) {
  const Status status = store_->WriteTriggerState("t1", TriggerState::kPending, "ada");
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_EQ(MessageOf(status), "there is no trigger \"t1\" in " + path());
}

TEST_F(StateStoreTest, WhatIsWrittenTogetherIsThereAsAWholeOrNotAtAll) {
  RandomValues values(8);
  const Verdict verdict = values.Verdict();
  const RollbackTrigger trigger = values.Trigger();
  const auto write = [&](const Status& end) {
    return store_->Together([&] {
      EXPECT_TRUE(store_->WriteVerdict(verdict).ok());
      EXPECT_TRUE(store_->WriteTrigger(trigger).ok());
      return end;
    });
  };
  EXPECT_EQ(MessageOf(write(Unavailable("the disk is full"))), "the disk is full");
  EXPECT_TRUE(store_->ReadVerdicts(verdict.deploy_id)->empty());
  EXPECT_FALSE(store_->ReadTrigger(trigger.id)->has_value());
  EXPECT_TRUE(write(OkStatus()).ok());
  EXPECT_EQ(Open(StateStore::Access::kReadOnly)->ReadVerdicts(verdict.deploy_id)->size(), 1U);
  EXPECT_EQ(Open(StateStore::Access::kReadOnly)->ReadTriggers()->size(), 1U);
}

TEST_F(StateStoreTest, TriggersComeOldestFirst) {
  RandomValues values(3);
  for (const int64_t created : {30, 10, 20}) {
    RollbackTrigger trigger = values.Trigger();
    trigger.id = std::to_string(created);
    trigger.created_ns = created;
    ASSERT_TRUE(store_->WriteTrigger(trigger).ok());
  }
  const auto triggers = store_->ReadTriggers();
  ASSERT_EQ(triggers->size(), 3U);
  EXPECT_EQ((*triggers)[0].id, "10");
  EXPECT_EQ((*triggers)[2].id, "30");
}

TEST_F(StateStoreTest, TriggersAreCountedByReasonAndTimeAndListedByRepoAndState) {
  RandomValues values(9);
  const auto write = [&](const std::string& id, const std::string& repo, TriggerState state, TimeNs created) {
    RollbackTrigger trigger = values.Trigger();
    trigger.id = id;
    trigger.repo = repo;
    trigger.state = state;
    trigger.reason = state == TriggerState::kPending ? "mode_push" : "mode_propose";
    trigger.created_ns = created;
    ASSERT_TRUE(store_->WriteTrigger(trigger).ok());
  };
  write("b", "shop", TriggerState::kPending, 20);
  write("a", "shop", TriggerState::kPending, 10);
  write("c", "shop", TriggerState::kProposed, 30);
  write("d", "mail", TriggerState::kPending, 40);
  EXPECT_EQ(*store_->ReadTriggerIds("shop", TriggerState::kPending), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(store_->ReadTriggerIds("shop", TriggerState::kDismissed)->empty());
  EXPECT_EQ(*store_->CountTriggers("mode_push", 20), 2);
  EXPECT_EQ(*store_->CountTriggers("mode_propose", 31), 0);
}

TEST_F(StateStoreTest, DeploysAreFoundByTimeIdAndRevision) {
  const auto write = [&](const std::string& id, const std::string& head, TimeNs start, TimeNs finish) {
    Deploy deploy;
    deploy.id = id;
    deploy.service = "shop";
    deploy.head = head;
    deploy.start_ns = start;
    deploy.finish_ns = finish;
    ASSERT_TRUE(store_->WriteDeploy(deploy).ok());
  };
  write("late", "aaa", 300, 0);
  write("early", "aaa", 100, 110);
  write("long", "bbb", 150, 250);
  const auto ids = [&](TimeNs since) {
    std::vector<std::string> found;
    const auto deploys = store_->ReadDeploys(since);
    EXPECT_TRUE(deploys.ok()) << deploys.status();
    for (const Deploy& deploy : *deploys) found.push_back(deploy.id);
    return found;
  };
  EXPECT_EQ(ids(0), (std::vector<std::string>{"early", "long", "late"}));
  EXPECT_EQ(ids(200), (std::vector<std::string>{"long", "late"}));  // finished since
  EXPECT_EQ((*store_->FindDeployOf("shop", "aaa"))->id, "late");
  EXPECT_FALSE(store_->FindDeployOf("blog", "aaa")->has_value());
  write("late", "aaa", 300, 310);  // the same deploy finishes
  EXPECT_EQ((*store_->ReadDeploy("late"))->finish_ns, 310);
  EXPECT_EQ(ids(0).size(), 3U);
}

TEST_F(StateStoreTest, TheNewestRecoveryAndTheOneStatusAreRead) {
  Recovery recovery;
  recovery.trigger_id = "t";
  recovery.at_ns = 1;
  ASSERT_TRUE(store_->WriteRecovery(recovery).ok());
  recovery.state = RecoveryState::kRecovered;
  recovery.at_ns = 2;
  ASSERT_TRUE(store_->WriteRecovery(recovery).ok());
  EXPECT_EQ((*store_->ReadRecovery("t"))->state, RecoveryState::kRecovered);
  ASSERT_TRUE(store_->WriteStatus("{\"n\":1}").ok());
  ASSERT_TRUE(store_->WriteStatus("{\"n\":2}").ok());
  EXPECT_EQ(**store_->ReadStatus(), "{\"n\":2}");
}

TEST_F(StateStoreTest, ShadowDeploysComeBackOldestFirstAndArePruned) {
  const std::string bytes("\0\x01\xff", 3);
  const int64_t day = 86'400;
  ASSERT_TRUE(store_->WriteShadows({{"shop", 20 * day, "new"}, {"shop", 900, "old"}}).ok());
  ASSERT_TRUE(store_->WriteShadows({{"api", 20 * day, "x"}, {"shop", 20 * day, bytes}}).ok());
  const auto read = [this] {
    std::vector<std::string> all;
    EXPECT_TRUE(store_
                    ->ReadShadows([&](const StoredShadow& shadow) {
                      all.push_back(shadow.service + " " + std::to_string(shadow.start_second) + " " + shadow.result);
                    })
                    .ok());
    return all;
  };
  EXPECT_EQ(read(), (std::vector<std::string>{"shop 900 old", "api 1728000 x", "shop 1728000 " + bytes}));
  ASSERT_TRUE(store_->Prune(20 * day * kSecondNs).ok());
  EXPECT_EQ(read().size(), 2U);
}

TEST_F(StateStoreTest, MinutesComeBackByServiceAndRangeAndArePruned) {
  const std::string bytes("\0\x01\xff", 3);
  const int64_t day = 86'400;
  ASSERT_TRUE(
      store_->WriteHistory({}, {}, std::nullopt, {{"shop", 60, bytes}, {"api", 60, "a"}, {"shop", 120, "old"}}).ok());
  ASSERT_TRUE(
      store_->WriteHistory({}, {}, std::nullopt, {{"shop", 120, "new"}, {"shop", 20 * day, ""}, {"shop", 180, "x"}})
          .ok());
  const auto minutes = [&](const std::string& service, int64_t from, int64_t to) {
    std::vector<std::pair<int64_t, std::string>> all;
    EXPECT_TRUE(store_
                    ->ReadMinutes(service, from, to,
                                  [&](int64_t start, std::string_view read) { all.emplace_back(start, read); })
                    .ok());
    return all;
  };
  using Minutes = std::vector<std::pair<int64_t, std::string>>;
  EXPECT_EQ(minutes("shop", 60, 180), (Minutes{{60, bytes}, {120, "new"}}));
  EXPECT_EQ(minutes("nobody", 0, 100 * day), Minutes{});
  const auto newest = store_->ReadNewestMinutes();
  ASSERT_TRUE(newest.ok());
  ASSERT_EQ(newest->size(), 2U);
  EXPECT_EQ((*newest)[0].service, "api");
  EXPECT_EQ((*newest)[1].start_second, 20 * day);
  ASSERT_TRUE(store_->Prune(20 * day * kSecondNs).ok());
  EXPECT_EQ(minutes("shop", 0, 100 * day), (Minutes{{20 * day, ""}}));
  EXPECT_EQ(store_->ReadNewestMinutes()->size(), 1U) << "a service without minutes is forgotten";
}

// The slow witness of the history: maps, pruned and cut by plain comparison.
struct HistoryModel {
  std::map<std::pair<std::string, int64_t>, AgeCounts> seconds;
  std::map<std::pair<std::string, int64_t>, std::pair<int64_t, int64_t>> blocks;

  void Prune(int64_t now) {
    std::erase_if(seconds, [&](const auto& item) { return item.first.second < now - 1800; });
    std::erase_if(blocks, [&](const auto& item) { return item.first.second < now - 14 * 86400; });
  }
};

HistoryModel ModelOf(const std::vector<ServiceHistory>& history) {
  HistoryModel model;
  for (const ServiceHistory& service : history) {
    for (const SecondCounts& counts : service.seconds) {
      model.seconds[{service.service, counts.second}] = counts.by_age;
    }
    EXPECT_TRUE(std::is_sorted(service.seconds.begin(), service.seconds.end(),
                               [](const auto& a, const auto& b) { return a.second < b.second; }));
    EXPECT_TRUE(std::is_sorted(service.blocks.begin(), service.blocks.end(),
                               [](const auto& a, const auto& b) { return a.start_second < b.start_second; }));
    for (const HistoryBlock& block : service.blocks) {
      model.blocks[{service.service, block.start_second}] = {block.requests, block.errors};
    }
  }
  return model;
}

void ExpectSame(HistoryModel expected, const HistoryModel& found, int64_t now) {
  expected.Prune(now);
  ASSERT_EQ(found.seconds.size(), expected.seconds.size());
  for (const auto& [key, counts] : expected.seconds) {
    const auto other = found.seconds.find(key);
    ASSERT_NE(other, found.seconds.end());
    EXPECT_EQ(other->second.requests, counts.requests);
    EXPECT_EQ(other->second.errors, counts.errors);
  }
  EXPECT_EQ(found.blocks, expected.blocks);
}

TEST_F(StateStoreTest, HistoryAgreesWithAModelOverWritesRepeatsPrunesAndRestarts) {
  constexpr uint64_t kSeed = 20261121;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  RandomValues values(kSeed);
  HistoryModel model;
  int64_t now = 2'000'000'000;
  for (int round = 0; round < 60; ++round) {
    std::vector<std::pair<std::string, SecondCounts>> seconds;
    std::vector<std::pair<std::string, HistoryBlock>> blocks;
    for (int64_t count = values.Integer(0, 20); count > 0; --count) {
      const std::string service = "service" + std::to_string(values.Integer(0, 3));
      SecondCounts counts;
      counts.second = now - values.Integer(0, 2500);
      for (size_t age = 0; age < kAgeClasses; ++age) {
        if (values.Integer(0, 2) != 0) continue;
        counts.by_age.requests[age] = static_cast<uint32_t>(values.Integer(0, std::numeric_limits<uint32_t>::max()));
        counts.by_age.errors[age] = static_cast<uint32_t>(values.Integer(0, 5));
      }
      seconds.emplace_back(service, counts);
      model.seconds[{service, counts.second}] = counts.by_age;
      const HistoryBlock block = {(now - values.Integer(0, 20 * 86400)) / 40 * 40, values.Integer(0, 1'000'000),
                                  values.Integer(0, 100)};
      blocks.emplace_back(service, block);
      model.blocks[{service, block.start_second}] = {block.requests, block.errors};
    }
    ASSERT_TRUE(store_->WriteHistory(seconds, blocks).ok());
    if (values.Integer(0, 3) == 0) {
      ASSERT_TRUE(store_->Prune(now * kSecondNs).ok());
      model.Prune(now);
      // Nothing older is left, also for a clock that goes back.
      ExpectSame(model, ModelOf(*store_->ReadHistory((now - 100'000'000) * kSecondNs)), now - 100'000'000);
    }
    if (values.Integer(0, 9) == 0) Reopen();
    ExpectSame(model, ModelOf(*store_->ReadHistory(now * kSecondNs)), now);
    now += values.Integer(0, 600);
  }
}

TEST_F(StateStoreTest, InboxIsReadInOrderAndDeliveredAgainUntilDone) {
  RandomValues values(5);
  const auto poster = Open(StateStore::Access::kInboxOnly);
  std::vector<InboxMessage> posted;
  for (int kind = 0; kind <= static_cast<int>(InboxMessage::Kind::kReleaseCharge); ++kind) {
    posted.push_back(values.Message(static_cast<InboxMessage::Kind>(kind)));
    ASSERT_TRUE(poster->Post(posted.back()).ok());
  }
  for (int delivery = 0; delivery < 2; ++delivery) {
    const auto peeked = store_->Peek(100);
    ASSERT_TRUE(peeked.ok()) << peeked.status();
    ASSERT_EQ(peeked->size(), posted.size());
    for (size_t i = 0; i < posted.size(); ++i) {
      EXPECT_EQ(test::FieldsWithoutId((*peeked)[i]), test::FieldsWithoutId(posted[i]));
    }
    Reopen();
  }
  const int64_t first = store_->Peek(1)->front().id;
  ASSERT_TRUE(store_->Done(first).ok());
  ASSERT_TRUE(store_->Done(first).ok());
  const auto rest = store_->Peek(2);
  ASSERT_EQ(rest->size(), 2U);
  EXPECT_EQ(test::FieldsWithoutId(rest->front()), test::FieldsWithoutId(posted[1]));
}

TEST_F(StateStoreTest, AnInboxIdIsNeverGivenTwice) {
  RandomValues values(6);
  ASSERT_TRUE(store_->Post(values.Message(InboxMessage::Kind::kDeployStart)).ok());
  const int64_t first = store_->Peek(1)->front().id;
  ASSERT_TRUE(store_->Done(first).ok());
  Reopen();
  ASSERT_TRUE(store_->Post(values.Message(InboxMessage::Kind::kDeployStart)).ok());
  EXPECT_GT(store_->Peek(1)->front().id, first);
}

TEST_F(StateStoreTest, FilePositionsTakeThePlaceOfThoseBefore) {
  FilePosition old = {.path = "/var/log/access.log",
                      .device = 1,
                      .inode = std::numeric_limits<uint64_t>::max(),
                      .offset = 100,
                      .head_bytes = 512,
                      .head_hash = std::numeric_limits<uint64_t>::max() - 1};
  ASSERT_TRUE(store_->WriteHistory({}, {}, std::vector{old}).ok());
  FilePosition rotated = old;
  rotated.offset = 200;
  FilePosition current = old;
  current.inode = 7;
  current.offset = 0;
  ASSERT_TRUE(store_->WriteHistory({}, {}, std::vector{rotated, current}).ok());
  ASSERT_TRUE(store_->WriteHistory({{"shop", {.second = 5, .by_age = {}}}}, {}).ok()) << "no positions: they stay";
  Reopen();
  const auto read = store_->ReadFilePositions();
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ((*read)[0].path, rotated.path);
  EXPECT_EQ((*read)[0].inode, rotated.inode);
  EXPECT_EQ((*read)[0].offset, 200);
  EXPECT_EQ((*read)[0].head_bytes, rotated.head_bytes);
  EXPECT_EQ((*read)[0].head_hash, rotated.head_hash);
  EXPECT_EQ((*read)[1].inode, 7U);
  EXPECT_EQ((*read)[1].offset, 0);
}

}  // namespace
}  // namespace revertd

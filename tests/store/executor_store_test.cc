#include "store/executor_store.h"

#include <gtest/gtest.h>

#include "tests/test_folder.h"

namespace revertd {
namespace {

class ExecutorStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<ExecutorStore> Open(ExecutorStore::Access access) {
    auto store = ExecutorStore::Open(folder_.Path("executor.db"), access);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }

  TestFolder folder_;
  std::unique_ptr<ExecutorStore> store_ = Open(ExecutorStore::Access::kOwner);
};

void ExpectRow(const JournalRow& row, const JournalRow& expected) {
  EXPECT_EQ(row.trigger_id, expected.trigger_id);
  EXPECT_EQ(row.step, expected.step);
  EXPECT_EQ(row.begun_ns, expected.begun_ns);
  EXPECT_EQ(row.finished_ns, expected.finished_ns);
  EXPECT_EQ(row.outcome, expected.outcome);
  EXPECT_EQ(row.detail, expected.detail);
}

TEST_F(ExecutorStoreTest, AStepIsBegunThenFinishedAndReadInOrder) {
  ASSERT_TRUE(store_->Begin("t1", "planned", 10).ok());
  ASSERT_TRUE(store_->Begin("t1", "accepted", 20).ok());
  ASSERT_TRUE(store_->Begin("t0", "accepted", 30).ok());
  ASSERT_TRUE(store_->Finish("t1", "planned", 40, "done", "it's\n\"x\"").ok());
  const auto reader = Open(ExecutorStore::Access::kReadOnly);
  const auto rows = reader->ReadJournal("t1");
  ASSERT_EQ(rows->size(), 2U);
  ExpectRow((*rows)[0], {"t1", "planned", 10, 40, "done", "it's\n\"x\""});
  ExpectRow((*rows)[1], {"t1", "accepted", 20, 0, "", ""});
  ExpectRow(**reader->ReadStep("t0", "accepted"), {"t0", "accepted", 30, 0, "", ""});
  EXPECT_FALSE(reader->ReadStep("t0", "planned")->has_value());
  EXPECT_EQ(*reader->ReadTriggerIds(), (std::vector<std::string>{"t1", "t0"}));
}

TEST_F(ExecutorStoreTest, BeginAgainChangesNothing) {
  ASSERT_TRUE(store_->Begin("t", "pushed", 10).ok());
  ASSERT_TRUE(store_->Finish("t", "pushed", 11, "done", "sha").ok());
  ASSERT_TRUE(store_->Begin("t", "pushed", 12).ok());
  ExpectRow(**store_->ReadStep("t", "pushed"), {"t", "pushed", 10, 11, "done", "sha"});
  EXPECT_EQ(store_->ReadJournal("t")->size(), 1U);
}

TEST_F(ExecutorStoreTest, AStepTriedAgainEndsWithItsLastOutcome) {
  ASSERT_TRUE(store_->Begin("t", "pushed", 10).ok());
  ASSERT_TRUE(store_->Finish("t", "pushed", 11, "remote_unreachable", "no route").ok());
  ASSERT_TRUE(store_->Finish("t", "pushed", 15, "done", "sha").ok());
  ExpectRow(**store_->ReadStep("t", "pushed"), {"t", "pushed", 10, 15, "done", "sha"});
}

TEST_F(ExecutorStoreTest, FinishOfWhatWasNeverBegunIsRefused) {
  const Status status = store_->Finish("t", "pushed", 1, "done", "");
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(MessageOf(status),
            folder_.Path("executor.db") + ": step \"pushed\" of trigger \"t\" cannot finish: it was never begun");
  EXPECT_TRUE(store_->ReadJournal("t")->empty());
}

TEST_F(ExecutorStoreTest, AFinishedStepIsBegunAgainInItsPlace) {
  ASSERT_TRUE(store_->Begin("t", "reversed", 10).ok());
  ASSERT_TRUE(store_->Finish("t", "reversed", 11, "conflict", "a.txt").ok());
  ASSERT_TRUE(store_->Begin("t", "verified", 12).ok());
  ASSERT_TRUE(store_->Finish("t", "verified", 13, "done", "sha").ok());
  ASSERT_TRUE(store_->Reopen("t", "reversed", 20, "by ada").ok());
  const auto reopened = store_->ReadJournal("t");
  ASSERT_EQ(reopened->size(), 2U);
  ExpectRow((*reopened)[0], {"t", "reversed", 20, 0, "", ""});
  ExpectRow((*reopened)[1], {"t", "verified", 12, 13, "done", "sha"});
  EXPECT_EQ(*store_->CountFinished("reversed", "conflict", 0), 0);
  ASSERT_TRUE(store_->Finish("t", "reversed", 30, "done", "sha2").ok());
  ExpectRow(**store_->ReadStep("t", "reversed"), {"t", "reversed", 20, 30, "done", "sha2"});
}

TEST_F(ExecutorStoreTest, WhatAStepSaidBeforeItWasReopenedStandsInTheTrail) {
  ASSERT_TRUE(store_->Begin("t", "reversed", 10).ok());
  ASSERT_TRUE(store_->Finish("t", "reversed", 11, "conflict", "a.txt").ok());
  ASSERT_TRUE(store_->Reopen("t", "reversed", 20, "by \"ada\"").ok());
  const auto trail = store_->ReadAuditAfter(2, 10);
  ASSERT_EQ(trail->size(), 1U);
  EXPECT_EQ(trail->front().kind, "step_reopened");
  EXPECT_EQ(trail->front().subject, "t");
  EXPECT_EQ(trail->front().at_ns, 20);
  EXPECT_EQ(trail->front().text, R"({"step":"reversed","why":"by \"ada\"","ended_with":"conflict"})");
}

TEST_F(ExecutorStoreTest, AStepThatIsNotFinishedIsNotReopened) {
  const Status never = store_->Reopen("t", "reversed", 1, "why");
  EXPECT_TRUE(absl::IsFailedPrecondition(never));
  EXPECT_EQ(MessageOf(never), folder_.Path("executor.db") +
                                  ": step \"reversed\" of trigger \"t\" cannot begin again: it is not finished");
  ASSERT_TRUE(store_->Begin("t", "reversed", 10).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(store_->Reopen("t", "reversed", 20, "why")));
  ExpectRow(**store_->ReadStep("t", "reversed"), {"t", "reversed", 10, 0, "", ""});
  EXPECT_EQ(store_->ReadAuditHead()->seq, 1);
}

TEST_F(ExecutorStoreTest, FinishedRowsAreCountedByStepOutcomeAndTime) {
  const auto finish = [&](const std::string& trigger, const std::string& step, TimeNs at, const std::string& outcome) {
    ASSERT_TRUE(store_->Begin(trigger, step, at - 1).ok());
    ASSERT_TRUE(store_->Finish(trigger, step, at, outcome, "").ok());
  };
  finish("a", "pushed", 100, "done");
  finish("b", "pushed", 200, "done");
  finish("c", "pushed", 300, "rejected");
  finish("d", "planned", 300, "done");
  ASSERT_TRUE(store_->Begin("e", "pushed", 400).ok());  // begun and not finished counts for nothing
  EXPECT_EQ(*store_->CountFinished("pushed", "done", 0), 2);
  EXPECT_EQ(*store_->CountFinished("pushed", "done", 100), 2);
  EXPECT_EQ(*store_->CountFinished("pushed", "done", 101), 1);
  EXPECT_EQ(*store_->CountFinished("pushed", "", 0), 0);
}

TEST_F(ExecutorStoreTest, ASecondExecutorIsRefused) {
  const auto second = ExecutorStore::Open(folder_.Path("executor.db"), ExecutorStore::Access::kOwner);
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status()));
}

}  // namespace
}  // namespace revertd

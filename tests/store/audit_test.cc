// The audit trail: its format, and that whatever is done to it behind the executor's back is found.
#include "store/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "store/database.h"
#include "store/executor_store.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;

constexpr TimeNs kAt = 1'795'255'200 * kSecondNs;
constexpr char kTrigger[] = "checkout-3f2a91c0-1795255198";

// Computed by sha256sum from the text that store/audit.h describes, not by this program:
//   15:revertd-audit-164:000...0001:119:179525520000000000010:step_begun28:checkout-3f2a91c0-1795255198
//   19:{"step":"accepted"}                                                        (without the line break)
// and for the second row the same with the first one's hash in front. Kept heads are compared with these for years:
// where this test fails, the format needs a new name, not a new hash.
constexpr char kFirstHash[] = "b90ad803d29519b51359e20e86cbdbee26aef97dd4d079abe2ea79302d5bf36a";
constexpr char kSecondHash[] = "363aab41486c33c21ea39bb1c22419b7abd3d5510ae717bac9ca94fae29e2526";

TEST(AuditHash, IsWhatSha256sumSays) {
  const AuditRow first = {1, kAt, "step_begun", kTrigger, R"({"step":"accepted"})", ""};
  EXPECT_EQ(AuditHash(FirstAuditHash(), first), kFirstHash);
  const AuditRow second = {
      2, kAt + kSecondNs, "step_finished", kTrigger, R"({"step":"accepted","outcome":"done","detail":"shop"})", ""};
  EXPECT_EQ(AuditHash(kFirstHash, second), kSecondHash);
}

// LENGTH:BYTES: what moves from one field into its neighbour is seen.
TEST(AuditHash, FieldsDoNotRunIntoEachOther) {
  const AuditRow row = {1, 2, "ab", "c", "{}", ""};
  const AuditRow moved = {1, 2, "a", "bc", "{}", ""};
  EXPECT_NE(AuditHash(FirstAuditHash(), row), AuditHash(FirstAuditHash(), moved));
}

TEST(AuditHead, IsReadAsItIsWritten) {
  const AuditHead head = {41, kFirstHash};
  EXPECT_EQ(ParseAuditHead(head.text()), head);
  const std::string hash = kFirstHash;
  const std::vector<std::string> not_heads = {"",
                                              hash,
                                              "41",
                                              "41:",
                                              "0:" + hash,
                                              "-1:" + hash,
                                              "4x:" + hash,
                                              "41:" + hash + "0",
                                              "41:" + hash.substr(1),
                                              "41:" + hash.substr(1) + "G",
                                              "99999999999999999999:" + hash,
                                              " 41:" + hash};
  for (const std::string& wrong : not_heads) {
    EXPECT_FALSE(ParseAuditHead(wrong).has_value()) << wrong;
  }
}

class AuditTrail : public ::testing::Test {
 protected:
  static constexpr int64_t kRows = 6;

  void SetUp() override {
    const auto store = ExecutorStore::Open(path_, ExecutorStore::Access::kOwner);
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->Begin(kTrigger, "accepted", kAt).ok());
    ASSERT_TRUE((*store)->Finish(kTrigger, "accepted", kAt + kSecondNs, "done", "shop").ok());
    for (int64_t row = 3; row <= kRows; ++row) {
      ASSERT_TRUE((*store)->Audit("incident", kTrigger, R"({"what":"opened"})", kAt + row * kSecondNs).ok());
    }
    const auto head = (*store)->ReadAuditHead();
    ASSERT_TRUE(head.ok());
    kept_ = *head;
  }

  // As somebody with a sqlite3 shell would, who first takes away what stands in the way.
  void Edit(const std::string& sql) {
    const auto database = Database::Open(path_, Database::Access::kReadWrite);
    ASSERT_TRUE(database.ok()) << database.status();
    const Status status = (*database)->RunScript(
        "tampering", "DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_cut; " + sql);
    ASSERT_TRUE(status.ok()) << status;
  }

  // What is wrong, in the words of AuditChain; empty: nothing.
  std::string Verify(const std::optional<AuditHead>& expected = std::nullopt) {
    const auto store = ExecutorStore::Open(path_, ExecutorStore::Access::kReadOnly);
    EXPECT_TRUE(store.ok()) << store.status();
    AuditChain chain(expected);
    const Status status = (*store)->ReadAudit([&](const AuditRow& row) {
      chain.Add(row);
      return OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return chain.Wrong().value_or("");
  }

  const TestFolder folder_;
  const std::string path_ = folder_.Path("executor.db");
  AuditHead kept_;
};

TEST_F(AuditTrail, TheJournalWritesItsRowsAndTheChainIsWhole) {
  const auto store = ExecutorStore::Open(path_, ExecutorStore::Access::kReadOnly);
  std::vector<AuditRow> rows;
  ASSERT_TRUE((*store)
                  ->ReadAudit([&](const AuditRow& row) {
                    rows.push_back(row);
                    return OkStatus();
                  })
                  .ok());
  ASSERT_EQ(rows.size(), static_cast<size_t>(kRows));
  EXPECT_EQ(rows[0].kind, "step_begun");
  EXPECT_EQ(rows[0].subject, kTrigger);
  EXPECT_EQ(rows[0].text, R"({"step":"accepted"})");
  EXPECT_EQ(rows[0].hash, kFirstHash);
  EXPECT_EQ(rows[1].kind, "step_finished");
  EXPECT_EQ(rows[1].text, R"({"step":"accepted","outcome":"done","detail":"shop"})");
  EXPECT_EQ(rows[1].hash, kSecondHash);
  EXPECT_EQ(Verify(), "");
  EXPECT_EQ(Verify(kept_), "");
  EXPECT_EQ(Verify(AuditHead{2, kSecondHash}), "");
  EXPECT_EQ(*(*store)->FindAudit("incident", kTrigger), (AuditHead{3, rows[2].hash}));
  EXPECT_FALSE((*store)->FindAudit("incident", "another")->has_value());
}

TEST_F(AuditTrail, AnEditOfAnyFieldOfAnyRowIsFound) {
  const std::vector<std::pair<std::string, std::string>> edits = {{"at_ns", "at_ns + 1"},
                                                                  {"kind", "kind || 'x'"},
                                                                  {"subject", "'another'"},
                                                                  {"text", "replace(text, '\"', '''')"},
                                                                  {"hash", "lower(hex(randomblob(32)))"},
                                                                  {"seq", "seq + 1000"}};
  for (int64_t row = 1; row <= kRows; ++row) {
    for (const auto& [field, value] : edits) {
      TestFolder own;
      const std::string copy = own.Path("executor.db");
      std::filesystem::copy_file(path_, copy);
      {
        const auto database = Database::Open(copy, Database::Access::kReadWrite);
        ASSERT_TRUE(database.ok()) << database.status();
        ASSERT_TRUE((*database)
                        ->RunScript("tampering", "DROP TRIGGER audit_is_never_changed; UPDATE audit SET " + field +
                                                     " = " + value + " WHERE seq = " + std::to_string(row))
                        .ok());
      }
      const auto store = ExecutorStore::Open(copy, ExecutorStore::Access::kReadOnly);
      ASSERT_TRUE(store.ok()) << store.status();
      AuditChain chain;
      ASSERT_TRUE((*store)
                      ->ReadAudit([&](const AuditRow& read) {
                        chain.Add(read);
                        return OkStatus();
                      })
                      .ok());
      ASSERT_TRUE(chain.Wrong().has_value()) << field << " of row " << row;
      EXPECT_THAT(*chain.Wrong(), HasSubstr("row " + std::to_string(row) + " is ")) << field;
    }
  }
}

TEST_F(AuditTrail, SwappedRowsAreFound) {
  Edit(
      "UPDATE audit SET seq = 99 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4;"
      "UPDATE audit SET seq = 4 WHERE seq = 99;");
  EXPECT_EQ(Verify(), "row 3 is not what was written, or stands after another row than then");
}

TEST_F(AuditTrail, ARemovedRowIsFound) {
  Edit("DELETE FROM audit WHERE seq = 4;");
  EXPECT_EQ(Verify(), "row 4 is missing; 5 follows");
}

TEST_F(AuditTrail, ARemovedRowWhoseGapIsClosedIsFound) {
  Edit(
      "DELETE FROM audit WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = "
      "6;");
  EXPECT_EQ(Verify(), "row 4 is not what was written, or stands after another row than then");
}

TEST_F(AuditTrail, ACutEndShowsToWhoeverKeptAHead) {
  Edit("DELETE FROM audit WHERE seq > 4;");
  EXPECT_EQ(Verify(), "");
  EXPECT_EQ(Verify(AuditHead{2, kSecondHash}), "");
  EXPECT_EQ(Verify(kept_), "the trail ends at row 4; the head that was kept is row 6: its end was cut off");
}

TEST_F(AuditTrail, AnEmptiedTrailShowsToWhoeverKeptAHead) {
  Edit("DELETE FROM audit;");
  EXPECT_EQ(Verify(), "");
  EXPECT_EQ(Verify(kept_), "the trail ends at row 0; the head that was kept is row 6: its end was cut off");
}

// Whoever knows the format can write another history that is whole in itself.
TEST_F(AuditTrail, AWhollyRehashedTrailShowsToWhoeverKeptAHead) {
  std::vector<AuditRow> rows;
  {
    const auto store = ExecutorStore::Open(path_, ExecutorStore::Access::kReadOnly);
    ASSERT_TRUE((*store)
                    ->ReadAudit([&](const AuditRow& row) {
                      rows.push_back(row);
                      return OkStatus();
                    })
                    .ok());
  }
  rows[1].text = R"({"step":"accepted","outcome":"done","detail":"other"})";
  std::string sql;
  std::string before = FirstAuditHash();
  for (AuditRow& row : rows) {
    before = row.hash = AuditHash(before, row);
    sql += "UPDATE audit SET hash = '" + row.hash + "', text = '" + row.text +
           "' WHERE seq = " + std::to_string(row.seq) + ";";
  }
  Edit(sql);
  EXPECT_EQ(Verify(), "");
  EXPECT_EQ(Verify(AuditHead{1, kFirstHash}), "");  // kept before what was changed
  EXPECT_EQ(Verify(kept_), "row 6 has another hash than the head that was kept: the trail was rewritten");
}

TEST_F(AuditTrail, UpdateAndDeleteAreRefused) {
  const auto database = Database::Open(path_, Database::Access::kReadWrite);
  ASSERT_TRUE(database.ok());
  for (const char* sql : {"UPDATE audit SET text = '{}' WHERE seq = 1", "DELETE FROM audit WHERE seq = 6",
                          "DELETE FROM audit", "UPDATE audit SET seq = 7 WHERE seq = 6"}) {
    const auto changed = (*database)->Write("tampering", sql, {});
    ASSERT_FALSE(changed.ok()) << sql;
    EXPECT_THAT(std::string(MessageOf(changed.status())), HasSubstr("audit is append-only")) << sql;
  }
  EXPECT_EQ(Verify(kept_), "");
}

// The row of the journal and its row of the trail are one: where one cannot be written, the other is not there.
TEST_F(AuditTrail, AStepAndItsRowAreWrittenTogetherOrNotAtAll) {
  {
    const auto database = Database::Open(path_, Database::Access::kReadWrite);
    ASSERT_TRUE((*database)
                    ->RunScript("breaking",
                                "CREATE TRIGGER no_audit BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END;")
                    .ok());
  }
  const auto store = ExecutorStore::Open(path_, ExecutorStore::Access::kOwner);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_FALSE((*store)->Begin(kTrigger, "planned", kAt).ok());
  EXPECT_FALSE((*store)->ReadStep(kTrigger, "planned")->has_value());
  EXPECT_FALSE((*store)->Finish(kTrigger, "accepted", kAt + kMinuteNs, "kill_switch", "late").ok());
  EXPECT_EQ((*store)->ReadStep(kTrigger, "accepted")->value().outcome, "done");
  EXPECT_EQ(*(*store)->ReadAuditHead(), kept_);
}

TEST_F(AuditTrail, AStepThatChangesNothingAddsNoRow) {
  const auto store = ExecutorStore::Open(path_, ExecutorStore::Access::kOwner);
  ASSERT_TRUE(store.ok());
  EXPECT_TRUE((*store)->Begin(kTrigger, "accepted", kAt).ok());
  EXPECT_FALSE((*store)->Finish(kTrigger, "pushed", kAt, "done", "").ok());
  EXPECT_EQ(*(*store)->ReadAuditHead(), kept_);
}

TEST_F(AuditTrail, WhatIsWrittenTogetherLeavesNoRowWhereItFails) {
  const auto store = ExecutorStore::Open(path_, ExecutorStore::Access::kOwner);
  ASSERT_TRUE(store.ok());
  const Status status = (*store)->Together([&]() -> Status {
    REVERTD_RETURN_IF_ERROR((*store)->Audit("decision", kTrigger, "{}", kAt));
    return Unavailable("the other half failed");
  });
  EXPECT_EQ(MessageOf(status), "the other half failed");
  EXPECT_EQ(*(*store)->ReadAuditHead(), kept_);
  ASSERT_TRUE((*store)->Audit("decision", kTrigger, "{}", kAt).ok());
  EXPECT_EQ((*store)->ReadAuditHead()->seq, kRows + 1);
  EXPECT_EQ(Verify(kept_), "");
}

}  // namespace
}  // namespace revertd

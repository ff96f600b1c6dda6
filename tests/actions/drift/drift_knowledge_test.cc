// What releases undid is taken from their own journals, as far as it is known that no post-mortem says otherwise.
#include "actions/drift/drift_knowledge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/actions/executor_fixture.h"

namespace revertd {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

const std::string kRevert(40, 'b');

class DriftKnowledgeTest : public ::testing::Test {
 protected:
  DriftKnowledgeTest() {
    fs::create_directories(sandbox_.state_directory + "/releases");
    stores_ = OpenStores(sandbox_);
    auto journal =
        ExecutorStore::Open(sandbox_.state_directory + "/releases/production.db", ExecutorStore::Access::kOwner);
    EXPECT_TRUE(journal.ok()) << journal.status();
    releases_ = *std::move(journal);
  }
  // By the release's row `step`, with that outcome, at second `at`.
  void Undo(const std::string& id, int64_t at, std::string_view step = "push_verified",
            std::string_view outcome = "done") {
    RollbackTrigger trigger = sandbox_.TriggerFor(std::string(40, 'a'), "");
    trigger.id = id;
    trigger.state = TriggerState::kInRelease;
    EXPECT_TRUE(stores_.sidecar->WriteTrigger(trigger).ok());
    EXPECT_TRUE(releases_->Begin(id, step, at * kSecondNs).ok());
    EXPECT_TRUE(releases_->Finish(id, step, at * kSecondNs, outcome, kRevert).ok());
  }
  DriftKnowledge Read() { return ReadDriftKnowledge(sandbox_.MakeConfig(), sandbox_.state_directory); }

  Sandbox sandbox_;
  Stores stores_;
  std::unique_ptr<ExecutorStore> releases_;
};

TEST_F(DriftKnowledgeTest, APushedOrMergedRevertOfAReleaseIsKnown) {
  Undo("pushed", 1);
  Undo("merged", 2, "merged");
  Undo("refused", 3, "push_verified", "lost_race");
  Undo("planned", 4, "planned");
  const DriftKnowledge knowledge = Read();
  ASSERT_THAT(knowledge.undone, SizeIs(2));
  EXPECT_EQ(knowledge.undone[0].trigger_id, "merged");
  EXPECT_EQ(knowledge.undone[1].trigger_id, "pushed");
  EXPECT_EQ(knowledge.undone[1].commit, std::string(40, 'a'));
  EXPECT_EQ(knowledge.undone[1].revert, kRevert);
  EXPECT_EQ(knowledge.undone[1].undone_ns, kSecondNs);
  EXPECT_FALSE(knowledge.undone[1].has_post_mortem);
  EXPECT_FALSE(knowledge.undone_cut);
}

TEST_F(DriftKnowledgeTest, OfManyTheNewestAreKnown) {
  const int64_t count = static_cast<int64_t>(kReleaseUndoneMax) + 1;
  ASSERT_TRUE(stores_.sidecar
                  ->Together([&] {
                    return releases_->Together([&] {
                      for (int64_t i = 1; i <= count; ++i) Undo("t" + std::to_string(i), i);
                      return OkStatus();
                    });
                  })
                  .ok());
  const DriftKnowledge knowledge = Read();
  ASSERT_THAT(knowledge.undone, SizeIs(kReleaseUndoneMax));
  EXPECT_EQ(knowledge.undone.front().undone_ns, count * kSecondNs);
  EXPECT_EQ(knowledge.undone.back().undone_ns, 2 * kSecondNs);
  EXPECT_TRUE(knowledge.undone_cut);
}

TEST_F(DriftKnowledgeTest, WhereNobodyKnowsOfPostMortemsNoReleasesRollbackIsJudged) {
  Undo("pushed", 1);
  stores_.journal.reset();
  for (const char* end : {"-wal", "-shm"}) fs::remove(sandbox_.state_directory + "/executor.db" + end);
  WriteFile(sandbox_.state_directory + "/executor.db", "this is no database, whatever it is called");
  const DriftKnowledge knowledge = Read();
  EXPECT_THAT(knowledge.undone, IsEmpty());
  EXPECT_FALSE(knowledge.rollbacks.ok());
}

TEST_F(DriftKnowledgeTest, WhereTheReleasesCannotBeListedTheRollbacksAreNotWhole) {
  releases_.reset();
  fs::remove_all(sandbox_.state_directory + "/releases");
  WriteFile(sandbox_.state_directory + "/releases", "no folder");
  const DriftKnowledge knowledge = Read();
  EXPECT_FALSE(knowledge.rollbacks.ok());
  EXPECT_THAT(knowledge.unread, ElementsAre(Pair("releases", HasSubstr("cannot read"))));
}

}  // namespace
}  // namespace revertd

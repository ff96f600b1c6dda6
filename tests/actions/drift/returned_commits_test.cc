// When a commit that was rolled back is back.
#include "actions/drift/returned_commits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace revertd {
namespace {

using ::testing::HasSubstr;

const std::string kGuilty(40, 'a');
const std::string kRevert(40, 'b');

UndoneCommit Undone() { return {"t1", "checkout", "shop", kGuilty, kRevert}; }
GitCommit Reverting(char digit, const std::string& sha) {
  GitCommit commit;
  commit.sha = std::string(40, digit);
  commit.message = "Revert \"x\"\n\nThis reverts commit " + sha + ".";
  return commit;
}

TEST(ReturnedCommits, WhatStandsRevertedIsNotBack) {
  EXPECT_EQ(BroughtBackBy(Undone(), {true, true, {}}), std::nullopt);
  EXPECT_EQ(BroughtBackBy(Undone(), {true, true, {Reverting('c', std::string(40, 'd'))}}), std::nullopt);
  EXPECT_EQ(BroughtBackBy(Undone(), {false, false, {}}), std::nullopt) << "rewritten without it";
}

TEST(ReturnedCommits, ARevertOfTheRevertBringsItBack) {
  const auto by = BroughtBackBy(Undone(), {true, true, {Reverting('c', kRevert)}});
  ASSERT_EQ(by, std::string(40, 'c'));
  const DriftFinding finding = ReturnedCommit(Undone(), *by, "production");
  EXPECT_EQ(finding.kind, "returned_commit");
  EXPECT_EQ(finding.key, "returned_commit:shop:t1");
  EXPECT_EQ(finding.text, kGuilty +
                              ", which was rolled back for checkout and whose post-mortem is open, is back on "
                              "production of shop, by " +
                              *by);
}

TEST(ReturnedCommits, AndOneThatWasUndoneItselfDoesNot) {
  const GitCommit back = Reverting('c', kRevert);
  EXPECT_EQ(BroughtBackBy(Undone(), {true, true, {Reverting('d', back.sha), back}}), std::nullopt);
}

TEST(ReturnedCommits, ABranchThatLostTheRevertHoldsItAgain) {
  const auto by = BroughtBackBy(Undone(), {true, false, {}});
  ASSERT_EQ(by, kGuilty);
  EXPECT_THAT(ReturnedCommit(Undone(), *by, "production").text, HasSubstr("without its revert " + kRevert));
}

TEST(ReturnedCommits, OfWhatAReleaseUndidTheTextSaysSo) {
  UndoneCommit undone = Undone();
  undone.has_post_mortem = false;
  EXPECT_EQ(ReturnedCommit(undone, kGuilty, "production").text,
            kGuilty +
                ", which a release rolled back for checkout and which no deploy has brought again, is back on "
                "production of shop, without its revert " +
                kRevert);
}

TEST(ReturnedCommits, OnlyALaterDeployOfThatServiceMayEndTheLockOfARelease) {
  UndoneCommit undone = Undone();
  undone.has_post_mortem = false;
  undone.undone_ns = 10;
  Deploy later;
  later.service = "checkout";
  later.repo = "shop";
  later.head = kGuilty;
  later.start_ns = 11;
  EXPECT_TRUE(EndsLock(later, undone));
  Deploy other = later;
  other.start_ns = 10;
  EXPECT_FALSE(EndsLock(other, undone)) << "the one that was undone";
  other = later;
  other.service = "search";
  EXPECT_FALSE(EndsLock(other, undone));
  other = later;
  other.repo = "mail";
  EXPECT_FALSE(EndsLock(other, undone));
  other = later;
  other.kind = DeployKind::kRevert;
  EXPECT_FALSE(EndsLock(other, undone));
  other = later;
  other.head = "v2";
  EXPECT_FALSE(EndsLock(other, undone));
  undone.has_post_mortem = true;
  EXPECT_FALSE(EndsLock(later, undone)) << "its people close it";
}

}  // namespace
}  // namespace revertd

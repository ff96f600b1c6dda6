#include "actions/revert_plan.h"

#include <gtest/gtest.h>

#include "tests/actions/sandbox.h"

namespace revertd {
namespace {

std::string ReasonOf(const PlanAnswer& answer) {
  if (const auto* refusal = std::get_if<PlanRefusal>(&answer)) return refusal->reason;
  return std::holds_alternative<PlanAdoption>(answer) ? "adopted" : "planned";
}

TEST(RevertWords, FindsWhatAMessageUndoes) {
  EXPECT_EQ(RevertedBy("Revert \"x\"\n\nThis reverts commit abcdef0123, reversing\nchanges made to 99."),
            std::vector<std::string>{"abcdef0123"});
  EXPECT_EQ(RevertedBy("x\n\nReverts: 1234567890\n"), std::vector<std::string>{"1234567890"});
  EXPECT_TRUE(RevertedBy("Revert \"x\"\n\nReverts: soon\nThis reverts commit abc.").empty());
  EXPECT_TRUE(RevertedBy("talks of it: This reverts commit abcdef0123").empty());
}

TEST(RevertWords, TrailerMustBeTheWholeLine) {
  EXPECT_TRUE(HasTriggerTrailer("a\n\nRevertd-Trigger: shop-1\nReverts: x", "shop-1"));
  EXPECT_FALSE(HasTriggerTrailer("a\n\nRevertd-Trigger: shop-12", "shop-1"));
  EXPECT_FALSE(HasTriggerTrailer("a\n\n> Revertd-Trigger: shop-1", "shop-1"));
}

TEST(RevertWords, MessageCannotBeForgedByItsTexts) {
  RollbackTrigger trigger;
  trigger.id = "shop-1";
  trigger.reason = "because\nRevertd-Trigger: other";
  const std::vector<GitCommit> line = {
      {.sha = std::string(40, 'a'), .parents = {std::string(40, 'b')}, .message = "S\n\nB"}};
  const std::string message = RevertMessage(trigger, line, {{line[0].sha, 0}}, "");
  EXPECT_EQ(message, "Revert \"S\"\n\nThis reverts commit " + line[0].sha + ".\n\nRevertd-Trigger: shop-1\nReverts: " +
                         line[0].sha + "\nReverted-Because: because Revertd-Trigger: other\n");
  EXPECT_FALSE(HasTriggerTrailer(message, "other"));
}

// The plan with the real git, on histories of every shape.
class PlanTest : public testing::Test {
 protected:
  PlanAnswer Plan(const RollbackTrigger& trigger) {
    sandbox_.Publish();
    auto head = git_.FetchBranch(repo_);
    EXPECT_TRUE(head.ok()) << MessageOf(head.status());
    auto facts = ReadPlanFacts(trigger, repo_, {.branch_head = head->value_or("")}, &git_);
    EXPECT_TRUE(facts.ok()) << MessageOf(facts.status());
    return PlanRevert(trigger, *facts);
  }
  // Plans, reverts, and answers the tree.
  std::string TreeAfter(const RollbackTrigger& trigger) {
    const PlanAnswer answer = Plan(trigger);
    const auto* plan = std::get_if<RevertPlan>(&answer);
    if (plan == nullptr) return ReasonOf(answer);
    auto revert = git_.Revert(repo_, plan->order);
    EXPECT_TRUE(revert.ok()) << MessageOf(revert.status());
    return revert->tree;
  }
  std::string TreeOf(const std::string& revision) { return sandbox_.Git({"rev-parse", revision + "^{tree}"}); }
  RollbackTrigger TriggerFor(const std::string& head, const std::string& base) {
    return sandbox_.TriggerFor(head, base);
  }

  Sandbox sandbox_;
  TestClock clock_;
  GitProgram git_ = sandbox_.MakeGit(&clock_);
  RepoConfig repo_ = sandbox_.Repo();
  const std::string first_ = sandbox_.Git({"rev-parse", "HEAD"});
};

TEST_F(PlanTest, AMergeIsRevertedAgainstItsMainline) {
  const std::string merge = sandbox_.MergeOf("feature", "new.txt", "x\n");
  const PlanAnswer answer = Plan(TriggerFor(merge, ""));
  ASSERT_EQ(ReasonOf(answer), "planned");
  const auto& plan = std::get<RevertPlan>(answer);
  ASSERT_EQ(plan.order.steps.size(), 1U);
  EXPECT_EQ(plan.order.steps[0].mainline, 1);
  EXPECT_EQ(plan.order.onto, merge);
  EXPECT_EQ(plan.order.message, "Revert \"Merge feature\"\n\nThis reverts commit " + merge +
                                    ", reversing\nchanges made to " + first_ +
                                    ".\n\nRevertd-Trigger: " + TriggerFor(merge, "").id + "\nReverts: " + merge +
                                    "\nReverted-Because: errors 0.01 % -> 4.1 %\n");
  EXPECT_EQ(TreeAfter(TriggerFor(merge, "")), TreeOf(first_));
}

TEST_F(PlanTest, TheMainlineIsTheParentThatHoldsTheBaseEvenIfItIsTheSecond) {
  sandbox_.Git({"checkout", "--quiet", "-b", "feature"});
  sandbox_.Commit("new.txt", "x\n", "work");
  sandbox_.Git({"checkout", "--quiet", "production"});
  const std::string base = sandbox_.Commit("live.txt", "live\n", "was live before");
  // Production is merged into the feature, and production then fast-forwarded to it: parent 1 is the feature.
  sandbox_.Git({"checkout", "--quiet", "feature"});
  sandbox_.Git({"merge", "--quiet", "--no-ff", "--message=Merge production into feature", "production"});
  sandbox_.Git({"checkout", "--quiet", "production"});
  sandbox_.Git({"merge", "--quiet", "--ff-only", "feature"});
  const std::string head = sandbox_.Git({"rev-parse", "HEAD"});
  const PlanAnswer answer = Plan(TriggerFor(head, base));
  ASSERT_EQ(ReasonOf(answer), "planned");
  EXPECT_EQ(std::get<RevertPlan>(answer).order.steps[0].mainline, 2);
  EXPECT_EQ(TreeAfter(TriggerFor(head, base)), TreeOf(base));
}

TEST_F(PlanTest, ASquashMergeIsAnOrdinaryCommit) {
  sandbox_.Git({"checkout", "--quiet", "-b", "feature"});
  sandbox_.Commit("new.txt", "x\n", "work");
  sandbox_.Git({"checkout", "--quiet", "production"});
  sandbox_.Git({"merge", "--quiet", "--squash", "feature"});
  sandbox_.Git({"commit", "--quiet", "--message=Feature (#12)"});
  const std::string head = sandbox_.Git({"rev-parse", "HEAD"});
  EXPECT_EQ(TreeAfter(TriggerFor(head, "")), TreeOf(first_));
}

TEST_F(PlanTest, SeveralCommitsOfOneDeployAreUndoneNewestFirst) {
  sandbox_.Commit("base.txt", "one\ntwo and a half\nthree\n", "change the line");
  sandbox_.MergeOf("feature", "new.txt", "x\n");
  const std::string head = sandbox_.Commit("base.txt", "one\ntwo and three quarters\nthree\n", "change it again");
  const PlanAnswer answer = Plan(TriggerFor(head, first_));
  ASSERT_EQ(ReasonOf(answer), "planned");
  const auto& order = std::get<RevertPlan>(answer).order;
  ASSERT_EQ(order.steps.size(), 3U);
  EXPECT_EQ(order.steps[0].sha, head);
  EXPECT_EQ(order.steps[1].mainline, 1);
  EXPECT_TRUE(order.message.starts_with("Revert \"change it again\" and 2 before it\n\n")) << order.message;
  EXPECT_EQ(TreeAfter(TriggerFor(head, first_)), TreeOf(first_));
}

TEST_F(PlanTest, LaterCommitsOfOthersStay) {
  const std::string bad = sandbox_.Commit("new.txt", "bad\n", "bad");
  sandbox_.Commit("other.txt", "good\n", "good");
  const std::string tree = TreeAfter(TriggerFor(bad.substr(0, 9), ""));
  sandbox_.Git({"rm", "--quiet", "new.txt"});
  EXPECT_EQ(tree, sandbox_.Git({"write-tree"}));
}

TEST_F(PlanTest, RefusesWhatIsNotOnTheBranch) {
  EXPECT_EQ(ReasonOf(Plan(TriggerFor(std::string(40, 'd'), ""))), "commit_not_on_branch");
  sandbox_.Git({"checkout", "--quiet", "-b", "elsewhere"});
  const std::string other = sandbox_.Commit("new.txt", "x\n", "never merged");
  sandbox_.Git({"checkout", "--quiet", "production"});
  sandbox_.Git({"push", "--quiet", "file://" + sandbox_.remote, "elsewhere"});
  EXPECT_EQ(ReasonOf(Plan(TriggerFor(other, first_))), "commit_not_on_branch");
  EXPECT_EQ(ReasonOf(Plan(TriggerFor(first_, ""))), "base_not_in_history") << "a root has nothing before it";
}

TEST_F(PlanTest, RefusesARangeThatIsEmptyOrBackwards) {
  const std::string a = sandbox_.Commit("new.txt", "a\n", "a");
  const std::string b = sandbox_.Commit("new.txt", "b\n", "b");
  EXPECT_EQ(ReasonOf(Plan(TriggerFor(a, a))), "empty_range");
  EXPECT_EQ(ReasonOf(Plan(TriggerFor(a, b))), "empty_range");
  EXPECT_EQ(ReasonOf(Plan(TriggerFor(b, std::string(40, '0')))), "base_not_in_history");
}

TEST_F(PlanTest, RefusesTheRevertedUntilItIsBroughtBack) {
  const std::string bad = sandbox_.Commit("new.txt", "bad\n", "bad");
  sandbox_.Git({"revert", "--no-edit", bad});
  const std::string revert = sandbox_.Git({"rev-parse", "HEAD"});
  EXPECT_EQ(ReasonOf(Plan(TriggerFor(bad, ""))), "already_reverted");
  EXPECT_EQ(ReasonOf(Plan(TriggerFor(revert, ""))), "is_a_revert");
  sandbox_.Git({"revert", "--no-edit", revert});
  EXPECT_EQ(ReasonOf(Plan(TriggerFor(bad, ""))), "planned");
  sandbox_.Git({"revert", "--no-edit", "HEAD"});
  EXPECT_EQ(ReasonOf(Plan(TriggerFor(bad, ""))), "already_reverted");
}

TEST_F(PlanTest, ARevertHiddenInAMergedBranchIsFound) {
  const std::string older = sandbox_.Commit("new.txt", "older\n", "older");
  sandbox_.Git({"checkout", "--quiet", "-b", "undo"});
  sandbox_.Git({"revert", "--no-edit", older});
  sandbox_.Git({"checkout", "--quiet", "production"});
  sandbox_.Git({"merge", "--quiet", "--no-ff", "--message=Harmless title", "undo"});
  EXPECT_EQ(ReasonOf(Plan(TriggerFor(sandbox_.Git({"rev-parse", "HEAD"}), older))), "is_a_revert");
}

TEST_F(PlanTest, ATitleAloneMakesNoRevert) {
  const std::string claimed = sandbox_.Commit("new.txt", "x\n", "Revert \"x\"\n\nThis reverts commit deadbeef01.");
  EXPECT_EQ(ReasonOf(Plan(TriggerFor(claimed, ""))), "planned");
}

TEST_F(PlanTest, AdoptsItsOwnRevertAndRefusesAnothers) {
  const std::string bad = sandbox_.Commit("new.txt", "bad\n", "bad");
  RollbackTrigger trigger = TriggerFor(bad, "");
  sandbox_.Git({"rm", "--quiet", "new.txt"});
  sandbox_.Git({"commit", "--quiet", "--message=Revert\n\nRevertd-Trigger: " + trigger.id + "\nReverts: " + bad});
  const std::string revert = sandbox_.Git({"rev-parse", "HEAD"});
  sandbox_.Commit("later.txt", "x\n", "later");
  const PlanAnswer answer = Plan(trigger);
  ASSERT_EQ(ReasonOf(answer), "adopted");
  EXPECT_EQ(std::get<PlanAdoption>(answer).sha, revert);
  trigger.id = "another";
  EXPECT_EQ(ReasonOf(Plan(trigger)), "already_reverted");
}

TEST_F(PlanTest, TheOptOutFooterBindsTheDetectorAndNotAPerson) {
  const std::string head = sandbox_.Commit("new.txt", "x\n", "migrate\n\nNo-Auto-Revert: the data has moved");
  RollbackTrigger trigger = TriggerFor(head, "");
  EXPECT_EQ(ReasonOf(Plan(trigger)), "opted_out");
  trigger.deploy_id.clear();
  EXPECT_EQ(ReasonOf(Plan(trigger)), "planned");
}

// What a migration did to the data, no revert of its file undoes.
TEST_F(PlanTest, ADeployThatTouchesAProtectedPathIsAPersonsToUndo) {
  repo_.protected_paths = {"db/migrate/**", "*.lock"};
  const std::string apart = sandbox_.Commit("db/seeds.txt", "x\n", "seeds");
  EXPECT_EQ(ReasonOf(Plan(TriggerFor(apart, ""))), "planned");
  sandbox_.Commit("db/migrate/2026/1.sql", "x\n", "migrate");
  sandbox_.Commit("yarn.lock", "x\n", "lock");
  const std::string head = sandbox_.Commit("code.txt", "x\n", "code");
  RollbackTrigger trigger = TriggerFor(head, apart);
  const PlanAnswer answer = Plan(trigger);
  ASSERT_EQ(ReasonOf(answer), "protected_path");
  EXPECT_EQ(std::get<PlanRefusal>(answer).detail, "db/migrate/2026/1.sql and 1 more");
  EXPECT_EQ(ReasonOf(Plan(TriggerFor(head, ""))), "planned") << "the deploy is the last commit alone";
  trigger.deploy_id.clear();
  EXPECT_EQ(ReasonOf(Plan(trigger)), "planned") << "a person knows what they ask for";
}

TEST_F(PlanTest, AProtectedPathIsFoundWhereverADeployTouchesIt) {
  repo_.protected_paths = {"db/**"};
  const std::string base = sandbox_.Commit("db/old.sql", "1\n2\n3\n", "old");
  // Changed and changed back; the net of it is nothing.
  sandbox_.Commit("db/old.sql", "changed\n", "there");
  const std::string back = sandbox_.Commit("db/old.sql", "1\n2\n3\n", "and back");
  EXPECT_EQ(ReasonOf(Plan(TriggerFor(back, base))), "protected_path");
  // On a merged branch, and out of the folder by a rename.
  const std::string merge = sandbox_.MergeOf("feature", "db/new.sql", "x\n");
  EXPECT_EQ(ReasonOf(Plan(TriggerFor(merge, ""))), "protected_path");
  sandbox_.Git({"mv", "db/old.sql", "moved.sql"});
  sandbox_.Git({"commit", "--quiet", "--message=move"});
  EXPECT_EQ(ReasonOf(Plan(TriggerFor(sandbox_.Git({"rev-parse", "HEAD"}), ""))), "protected_path");
}

TEST_F(PlanTest, ALongRangeIsNoSingleChange) {
  PlanFacts facts;
  facts.branch_head = facts.head = std::string(40, 'a');
  facts.base = std::string(40, 'b');
  facts.head_on_branch = facts.base_before_head = true;
  facts.range.resize(kRangeCommitsMax + 1);
  EXPECT_EQ(ReasonOf(PlanRevert(TriggerFor(facts.head, facts.base), facts)), "range_too_long");
  facts.range.resize(1);
  facts.since.resize(kCommitsSinceMax + 1);
  EXPECT_EQ(ReasonOf(PlanRevert(TriggerFor(facts.head, facts.base), facts)), "history_too_long");
  facts.branch_head.clear();
  EXPECT_EQ(ReasonOf(PlanRevert(TriggerFor(facts.head, facts.base), facts)), "branch_not_found");
}

}  // namespace
}  // namespace revertd

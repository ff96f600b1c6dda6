// A rollback by pull request, with the real git and a forge in memory.
#include "actions/proposal_steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/actions/executor_fixture.h"
#include "tests/actions/fake_forge.h"

namespace revertd {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class ProposalTest : public testing::Test {
 protected:
  ProposalTest() {
    config_.services[0].mode = Mode::kPropose;
    config_.repos[0].forge.emplace();
    config_.repos[0].forge->reviewers = {"alice"};
    trigger_.state = TriggerState::kProposed;
    trigger_.reason = "mode_propose";
    world_.guilty_sha = bad_;
    world_.guilty.number = 7;
    world_.guilty.author = "bob";
    world_.guilty.head_branch = "feature";
    world_.guilty.state = PullRequest::State::kMerged;
    sandbox_.Publish();
  }

  // Runs until nothing more can happen; `at_merged` is called once the proposal waits for a person.
  std::vector<std::string> Run(const std::function<void()>& at_merged = nullptr) {
    bool told = false;
    RunToTheEnd(&sandbox_, trigger_, config_, &git_, &clock_, &events_, nullptr, 400, {OpenFakeForge(&world_), nullptr},
                [&] {
                  const auto is_waiting = [](const ExecutorEvent& event) { return event.step == "merged"; };
                  if (told || !std::any_of(events_.events.begin(), events_.events.end(), is_waiting)) return;
                  told = true;
                  if (at_merged) at_merged();
                });
    EXPECT_TRUE(sandbox_.LeftOvers().empty());
    return Outcomes(sandbox_, trigger_.id);
  }
  std::string DetailOf(const std::string& step) {
    for (const ExecutorEvent& event : events_.events) {
      if (event.step == step && !event.begun) return event.detail;
    }
    return "no such step";
  }
  void Say(TriggerState state) {
    auto sidecar = StateStore::Open(config_.state, StateStore::Access::kInboxOnly);
    ASSERT_TRUE(sidecar.ok());
    ASSERT_TRUE((*sidecar)->WriteTriggerState(trigger_.id, state, "said").ok());
  }

  Sandbox sandbox_;
  TestClock clock_;
  GitProgram git_ = sandbox_.MakeGit(&clock_);
  RecordedEvents events_;
  Config config_ = sandbox_.MakeConfig();
  const std::string bad_ = sandbox_.MergeOf("feature", "bad.txt", "bad\n");
  RollbackTrigger trigger_ = sandbox_.TriggerFor(bad_, "");
  ForgeWorld world_{&sandbox_};
};

TEST_F(ProposalTest, IsOpenedWithItsEvidenceAndMergedByAPerson) {
  EXPECT_THAT(Run([this] {
                EXPECT_EQ(sandbox_.RemoteHead(), bad_) << "nothing is pushed to the branch itself";
                world_.MergeByPerson(100);
              }),
              ElementsAre("accepted done", "planned done", "reverted done", "announced done", "proposed done",
                          "merged done", "deployed done", "reapply_offered done", "recovered recovered"));
  ASSERT_EQ(world_.requests.size(), 2U);
  const PullRequest& proposal = world_.requests[0];
  EXPECT_EQ(proposal.base_branch, "production");
  EXPECT_EQ(proposal.labels, std::vector<std::string>{"revert"});
  EXPECT_THAT(proposal.title, HasSubstr("Revert \"Merge feature\""));
  EXPECT_EQ(DetailOf("merged"), sandbox_.RemoteHead());
  EXPECT_EQ(sandbox_.RemoteReverts(trigger_.id), 1);
  EXPECT_THAT(world_.calls, Contains("RequestReviewers"));
  ASSERT_EQ(world_.comments.size(), 1U);
  EXPECT_EQ(world_.comments[0].first, 7) << "the guilty pull request learns of it";
  const PullRequest& reapply = world_.requests[1];
  EXPECT_TRUE(reapply.draft);
  EXPECT_EQ(sandbox_.GitIn(sandbox_.remote, {"show", reapply.head_branch + ":bad.txt"}), "bad");
}

TEST_F(ProposalTest, IsMergedOnceAPersonApprovesItHere) {
  EXPECT_EQ(Run([this] { Say(TriggerState::kPending); }).back(), "recovered recovered");
  EXPECT_THAT(world_.calls, Contains("Merge"));
}

TEST_F(ProposalTest, OneThatWasApprovedBeforeItWasAcceptedIsAPullRequestAllTheSame) {
  trigger_.state = TriggerState::kPending;
  const auto outcomes = Run();
  EXPECT_THAT(outcomes, Contains("proposed done"));
  EXPECT_EQ(outcomes.back(), "recovered recovered");
  EXPECT_THAT(world_.calls, Contains("Merge"));
}

TEST_F(ProposalTest, WhatSomebodyElsePutThereIsNotMergedByUs) {
  EXPECT_EQ(Run([this] {
              world_.requests[0].head_sha = bad_;
              Say(TriggerState::kPending);
            }).back(),
            "merged proposal_changed");
  EXPECT_THAT(world_.calls, testing::Not(Contains("Merge")));
  EXPECT_THAT(world_.calls, testing::Not(Contains("EnableAutoMerge")));
}

TEST_F(ProposalTest, WhatTheForgeWouldMergeByItselfDoesNotOutliveTheCase) {
  config_.guard.commit_age_propose = kHourNs;
  config_.repos[0].forge->auto_merge = true;
  EXPECT_EQ(Run().back(), "merged proposal_expired");
  EXPECT_EQ(world_.requests[0].state, PullRequest::State::kClosed);
}

TEST_F(ProposalTest, WaitsForItsChecksWhereTheForgeWillNotMergeYet) {
  world_.fails.emplace("Merge", FailedPrecondition("required checks are pending"));
  Run([this] { Say(TriggerState::kPending); });
  EXPECT_THAT(world_.calls, Contains("EnableAutoMerge"));
  EXPECT_EQ(sandbox_.RemoteHead(), bad_);
}

TEST_F(ProposalTest, IsClosedWhenAPersonSaysNoHere) {
  EXPECT_EQ(Run([this] { Say(TriggerState::kDismissed); }).back(), "merged dismissed");
  EXPECT_EQ(world_.requests[0].state, PullRequest::State::kClosed);
}

TEST_F(ProposalTest, EndsWhenAPersonClosesItThere) {
  EXPECT_EQ(Run([this] { world_.requests[0].state = PullRequest::State::kClosed; }).back(), "merged proposal_closed");
}

TEST_F(ProposalTest, EndsByItself) {
  config_.guard.commit_age_propose = kHourNs;
  EXPECT_EQ(Run().back(), "merged proposal_expired");
  EXPECT_EQ(world_.requests[0].state, PullRequest::State::kOpen) << "it stays for people";
}

TEST_F(ProposalTest, AMergeInWordsAloneIsFoundOut) {
  world_.merges_only_in_words = true;
  EXPECT_EQ(Run([this] { world_.MergeByPerson(100); }).back(), "merged remote_unchanged");
}

TEST_F(ProposalTest, APushThatTheRemoteRefusesBecomesAProposal) {
  config_.services[0].mode = Mode::kPush;
  trigger_.state = TriggerState::kPending;
  trigger_.reason = "mode_push";
  sandbox_.WriteHook("update", "test \"$1\" != refs/heads/production || { echo 'protected branch' >&2; exit 1; }");
  const auto outcomes = Run([this] { world_.MergeByPerson(100); });
  EXPECT_THAT(outcomes, Contains("pushed push_rejected"));
  EXPECT_EQ(outcomes.back(), "recovered recovered");
  EXPECT_EQ(sandbox_.RemoteReverts(trigger_.id), 1);
}

TEST_F(ProposalTest, ABranchOfSomebodyElseIsNotTouched) {
  const std::string branch = ProposalBranch(trigger_);
  sandbox_.GitIn(sandbox_.remote, {"update-ref", "refs/heads/" + branch, bad_});
  EXPECT_EQ(Run().back(), "proposed branch_taken");
  EXPECT_EQ(sandbox_.GitIn(sandbox_.remote, {"rev-parse", branch}), bad_);
}

TEST_F(ProposalTest, WhatIsThereAfterAKillIsTakenUp) {
  // The branch was pushed and the request opened; then the process died, and the forge's answer with it.
  world_.fails.emplace("Read", Unavailable("connection reset"));
  int rounds = 0;
  RunToTheEnd(&sandbox_, trigger_, config_, &git_, &clock_, &events_, nullptr, 6, {OpenFakeForge(&world_), nullptr});
  world_.fails.clear();
  EXPECT_EQ(Run([&] {
              ++rounds;
              world_.MergeByPerson(100);
            }).back(),
            "recovered recovered");
  EXPECT_EQ(rounds, 1);
  EXPECT_EQ(std::count_if(world_.requests.begin(), world_.requests.end(),
                          [](const PullRequest& request) { return !request.draft; }),
            1);
}

TEST_F(ProposalTest, OneThatWasOpenedIsNotLeftAloneByANoThatCameBeforeItWasReadBack) {
  world_.fails.emplace("Read", Unavailable("connection reset"));
  RunToTheEnd(&sandbox_, trigger_, config_, &git_, &clock_, &events_, nullptr, 6, {OpenFakeForge(&world_), nullptr});
  ASSERT_EQ(world_.requests.size(), 1U);
  world_.fails.clear();
  Say(TriggerState::kDismissed);
  EXPECT_EQ(Run().back(), "merged dismissed");
  EXPECT_EQ(world_.requests[0].state, PullRequest::State::kClosed);
}

TEST_F(ProposalTest, AForgeThatCannotBeReachedIsNamed) {
  world_.fails.emplace("FindByCommit", Unavailable("no route"));
  EXPECT_EQ(Run().back(), "planned forge_unreachable");
  EXPECT_EQ(sandbox_.RemoteHead(), bad_);
}

TEST_F(ProposalTest, WhatOnlyHelpsIsWorthNoRollback) {
  world_.fails.emplace("RequestReviewers", FailedPrecondition("alice is not a collaborator"));
  world_.fails.emplace("AddLabels", FailedPrecondition("no such label"));
  EXPECT_EQ(Run([this] { world_.MergeByPerson(100); }).back(), "recovered recovered");
  EXPECT_THAT(DetailOf("proposed"), HasSubstr("alice is not a collaborator"));
}

TEST_F(ProposalTest, AnOptOutLabelHolds) {
  world_.guilty.labels = {"no-auto-revert"};
  world_.guilty.url = "https://forge.example/7";
  EXPECT_EQ(Run().back(), "planned opted_out_label");
  EXPECT_EQ(DetailOf("planned"), "#7 https://forge.example/7");
}

TEST_F(ProposalTest, ARevertThatAPersonBeganHolds) {
  for (PullRequest::State state : {PullRequest::State::kOpen, PullRequest::State::kClosed}) {
    PullRequest theirs;
    theirs.number = 8;
    theirs.head_branch = "revert-7-feature";
    theirs.state = state;
    world_.requests = {theirs};
    trigger_.id += "x";
    EXPECT_EQ(Run().back(), "planned revert_in_flight_by_person");
  }
}

TEST(ProposalBody, CannotBeForgedByTheNamesInIt) {
  RollbackTrigger trigger;
  trigger.id = "shop-1";
  trigger.service = "a`b\n# c";
  trigger.evidence.signal = "errors";
  trigger.evidence.control = "x | y `z`";
  const std::string body = ProposalBody(trigger, "S\n\n```\n# forged\n", "bad.txt | 1 +", {"p`q"});
  EXPECT_THAT(body, testing::Not(HasSubstr("\n# c")));
  EXPECT_THAT(body, HasSubstr("x \\| y"));
  EXPECT_THAT(body, HasSubstr("````text\nS\n\n```\n# forged\n````"));
}

}  // namespace
}  // namespace revertd

#include "actions/revert_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <utility>

#include "actions/dry_run.h"
#include "tests/actions/executor_fixture.h"

namespace revertd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The real git, with a hole at each call that a test wants to reach into.
class FaultyGit final : public Git {
 public:
  explicit FaultyGit(Git* real) : real_(real) {}
  std::function<void()> before_push;
  std::function<void()> before_fetch;
  Status remote = OkStatus();  // what every call to the remote answers, where it is not ok
  int pushes = 0;

  StatusOr<std::string> Version() override { return real_->Version(); }
  StatusOr<std::optional<std::string>> FetchBranch(const RepoConfig& repo) override {
    if (before_fetch) before_fetch();
    if (!remote.ok()) return remote;
    return real_->FetchBranch(repo);
  }
  StatusOr<std::optional<std::string>> ReadRemoteBranch(const RepoConfig& repo) override {
    if (!remote.ok()) return remote;
    return real_->ReadRemoteBranch(repo);
  }
  StatusOr<PushAnswer> Push(const RepoConfig& repo, std::string_view expected_head, std::string_view sha,
                            bool rehearse) override {
    ++pushes;
    if (before_push) before_push();
    if (!remote.ok()) return remote;
    return real_->Push(repo, expected_head, sha, rehearse);
  }
  StatusOr<std::optional<std::string>> FindCommit(const RepoConfig& repo, std::string_view revision) override {
    return real_->FindCommit(repo, revision);
  }
  StatusOr<bool> IsAncestor(const RepoConfig& repo, std::string_view ancestor, std::string_view descendant) override {
    return real_->IsAncestor(repo, ancestor, descendant);
  }
  StatusOr<std::vector<GitCommit>> ReadCommits(const RepoConfig& repo, const CommitRange& range) override {
    return real_->ReadCommits(repo, range);
  }
  StatusOr<std::vector<std::string>> TouchedPaths(const RepoConfig& repo, const CommitRange& range,
                                                  const std::vector<std::string>& globs) override {
    return real_->TouchedPaths(repo, range, globs);
  }
  StatusOr<std::vector<std::string>> ChangedPaths(const RepoConfig& repo, std::string_view from, std::string_view to,
                                                  const std::vector<std::string>& globs) override {
    return real_->ChangedPaths(repo, from, to, globs);
  }
  StatusOr<std::string> DiffStat(const RepoConfig& repo, std::string_view from, std::string_view to) override {
    return real_->DiffStat(repo, from, to);
  }
  StatusOr<CommitAnswer> Revert(const RepoConfig& repo, const RevertOrder& order) override {
    return real_->Revert(repo, order);
  }
  StatusOr<CommitAnswer> Merge(const RepoConfig& repo, const MergeOrder& order) override {
    return real_->Merge(repo, order);
  }
  Status KeepPrepared(const RepoConfig& repo, std::string_view trigger_id, std::string_view sha) override {
    return real_->KeepPrepared(repo, trigger_id, sha);
  }
  StatusOr<std::optional<GitCommit>> ReadPrepared(const RepoConfig& repo, std::string_view trigger_id) override {
    return real_->ReadPrepared(repo, trigger_id);
  }

 private:
  Git* const real_;
};

class ExecutorTest : public testing::Test {
 protected:
  ExecutorTest() { sandbox_.Publish(); }
  // Runs until nothing more can happen: longer than every wait and retry together.
  std::vector<std::string> Run() {
    RunToTheEnd(&sandbox_, trigger_, config_, &git_, &clock_, &events_, nullptr, 300);
    EXPECT_TRUE(sandbox_.LeftOvers().empty());
    return Outcomes(sandbox_, trigger_.id);
  }
  std::string DetailOf(const std::string& step) {
    for (const ExecutorEvent& event : events_.events) {
      if (event.step == step && !event.begun) return event.detail;
    }
    return "no such step";
  }

  Sandbox sandbox_;
  TestClock clock_;
  GitProgram program_ = sandbox_.MakeGit(&clock_);
  FaultyGit git_{&program_};
  RecordedEvents events_;
  Config config_ = sandbox_.MakeConfig();
  const std::string bad_ = sandbox_.MergeOf("feature", "bad.txt", "bad\n");
  RollbackTrigger trigger_ = sandbox_.TriggerFor(bad_, "");
};

TEST_F(ExecutorTest, RevertsOneMergeAndSeesItRecover) {
  sandbox_.Publish();
  EXPECT_THAT(Run(), ElementsAre("accepted done", "planned done", "reverted done", "announced done", "drained done",
                                 "pushed done", "push_verified done", "deployed done", "reapply_offered done",
                                 "recovered recovered"));
  EXPECT_EQ(sandbox_.RemoteReverts(trigger_.id), 1);
  EXPECT_EQ(sandbox_.GitIn(sandbox_.remote, {"rev-parse", "production^"}), bad_);
  EXPECT_EQ(DetailOf("push_verified"), sandbox_.RemoteHead());
  EXPECT_EQ(DetailOf("deployed"), "checkout-revert");
  ASSERT_EQ(events_.events.size(), 20U);
  for (size_t i = 0; i < events_.events.size(); ++i) {
    EXPECT_EQ(events_.events[i].begun, i % 2 == 0) << "each step begins and is finished once";
    EXPECT_EQ(events_.events[i].service, "checkout");
  }
  EXPECT_EQ(git_.pushes, 1);
}

TEST_F(ExecutorTest, TheSidecarKnowsTheShaBeforeThePush) {
  sandbox_.Publish();
  std::string known_at_push;
  git_.before_push = [&] {
    auto state = StateStore::Open(config_.state, StateStore::Access::kReadOnly);
    ASSERT_TRUE(state.ok());
    const auto messages = (*state)->Peek(10);
    ASSERT_TRUE(messages.ok());
    ASSERT_FALSE(messages->empty());
    known_at_push = messages->back().text;
  };
  Run();
  EXPECT_EQ(known_at_push, sandbox_.RemoteHead());
}

TEST_F(ExecutorTest, AStrangeRequestEndsAtTheFirstStep) {
  trigger_.head = "--upload-pack=touch";
  EXPECT_THAT(Run(), ElementsAre("accepted bad_revision"));
}

TEST_F(ExecutorTest, WhatWasBuiltUponIsAPersonsCase) {
  sandbox_.Commit("bad.txt", "bad\nand loved\n", "built upon");
  sandbox_.Publish();
  EXPECT_THAT(Run(), ElementsAre("accepted done", "planned merged_dependants"));
  EXPECT_EQ(DetailOf("planned"), "bad.txt");
}

TEST_F(ExecutorTest, AConflictIsHandedOverWithItsPaths) {
  sandbox_.Commit("bad.txt", "bad, but loved\n", "built upon");
  sandbox_.Publish();
  trigger_.deploy_id = "";  // a person's own: asked for although it was built upon
  EXPECT_THAT(Run(), ElementsAre("accepted done", "planned done", "reverted conflict"));
  EXPECT_EQ(DetailOf("reverted"), "bad.txt");
  EXPECT_EQ(sandbox_.RemoteReverts(trigger_.id), 0);
}

TEST_F(ExecutorTest, NothingToUndoIsSaid) {
  trigger_.deploy_id = "";
  sandbox_.Git({"rm", "--quiet", "bad.txt"});
  sandbox_.Git({"commit", "--quiet", "--message=took it out by hand"});
  sandbox_.Publish();
  EXPECT_THAT(Run(), ElementsAre("accepted done", "planned done", "reverted empty_change"));
}

TEST_F(ExecutorTest, AMovedHeadIsReplannedAndRevertedOnTop) {
  sandbox_.Publish();
  std::string moved;
  git_.before_push = [&] {
    if (git_.pushes > 1) return;
    moved = sandbox_.Commit("other.txt", "x\n", "somebody was faster");
    sandbox_.Publish();
  };
  EXPECT_THAT(Run().back(), "recovered recovered");
  EXPECT_EQ(git_.pushes, 2);
  EXPECT_EQ(sandbox_.RemoteReverts(trigger_.id), 1);
  EXPECT_EQ(sandbox_.GitIn(sandbox_.remote, {"rev-parse", "production^"}), moved);
}

TEST_F(ExecutorTest, ABranchThatKeepsMovingIsAPersonsCase) {
  sandbox_.Publish();
  git_.before_push = [&] {
    sandbox_.Commit("other.txt", std::to_string(git_.pushes), "again");
    sandbox_.Publish();
  };
  EXPECT_EQ(Run().back(), "pushed branch_keeps_moving");
  EXPECT_EQ(git_.pushes, GitSteps::kPushAttemptsMax);
  EXPECT_EQ(sandbox_.RemoteReverts(trigger_.id), 0);
}

TEST_F(ExecutorTest, ARevertByAPersonInBetweenIsRespected) {
  sandbox_.Publish();
  git_.before_push = [&] {
    sandbox_.Git({"revert", "--no-edit", "--mainline=1", bad_});
    sandbox_.Publish();
  };
  EXPECT_EQ(Run().back(), "pushed already_reverted");
  EXPECT_EQ(sandbox_.RemoteReverts(trigger_.id), 0);
}

TEST_F(ExecutorTest, ARewrittenBranchWithoutTheCommitIsLeftAlone) {
  sandbox_.Publish();
  git_.before_push = [&] { sandbox_.GitIn(sandbox_.remote, {"update-ref", "refs/heads/production", bad_ + "^"}); };
  EXPECT_EQ(Run().back(), "pushed commit_not_on_branch");
}

TEST_F(ExecutorTest, ARemoteThatSaysNoEndsIt) {
  sandbox_.Publish();
  sandbox_.WriteHook("pre-receive", "echo 'frozen until Monday' >&2; exit 1");
  EXPECT_EQ(Run().back(), "pushed push_rejected");
  EXPECT_THAT(DetailOf("pushed"), HasSubstr("frozen until Monday"));
  EXPECT_EQ(git_.pushes, 1);
}

TEST_F(ExecutorTest, ARemoteThatLiesIsFoundOut) {
  sandbox_.Publish();
  sandbox_.WriteHook("post-receive", "git update-ref refs/heads/production " + bad_);
  EXPECT_EQ(Run().back(), "push_verified remote_unchanged");
  EXPECT_THAT(DetailOf("push_verified"), HasSubstr(bad_));
}

TEST_F(ExecutorTest, AHeadThatHoldsOursIsVerified) {
  sandbox_.Publish();
  sandbox_.WriteHook(
      "post-receive",
      "new=$(GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@x GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@x git "
      "commit-tree -p production -m later production^{tree}) && git update-ref refs/heads/production $new");
  const std::vector<std::string> outcomes = Run();
  ASSERT_GE(outcomes.size(), 7U);
  EXPECT_EQ(outcomes[6], "push_verified done");
  EXPECT_EQ(outcomes.back(), "deployed not_seen") << "the test's sidecar deploys only our own SHA";
}

TEST_F(ExecutorTest, AnUnreachableRemoteIsTriedAgainUpToTheLimit) {
  sandbox_.Publish();
  int tries = 0;
  git_.before_fetch = [&] { ++tries; };
  git_.remote = Unavailable("no route to host");
  EXPECT_THAT(Run(), ElementsAre("accepted done", "planned remote_unreachable"));
  EXPECT_EQ(tries, RevertExecutor::kTriesMax);
  EXPECT_THAT(DetailOf("planned"), HasSubstr("no route to host"));
}

TEST_F(ExecutorTest, ARemoteThatComesBackLosesNothing) {
  sandbox_.Publish();
  int tries = 0;
  git_.before_push = [&] {
    if (++tries == 1) git_.remote = Unavailable("connection reset");
  };
  git_.before_fetch = [&] {
    if (tries > 0 && ++tries > 4) git_.remote = OkStatus();
  };
  EXPECT_EQ(Run().back(), "recovered recovered");
  EXPECT_EQ(sandbox_.RemoteReverts(trigger_.id), 1);
}

TEST_F(ExecutorTest, APushWhoseAnswerWasLostIsAdopted) {
  sandbox_.Publish();
  git_.before_push = [&] {
    if (git_.pushes > 1) return;
    // It arrives at the remote, and the connection dies before git hears of it.
    const auto kept = program_.ReadPrepared(sandbox_.Repo(), trigger_.id);
    ASSERT_TRUE(kept.ok() && kept->has_value());
    ASSERT_TRUE(program_.Push(sandbox_.Repo(), bad_, (*kept)->sha, false)->accepted);
    git_.remote = Unavailable("connection reset");
  };
  git_.before_fetch = [&] { git_.remote = OkStatus(); };
  EXPECT_EQ(Run().back(), "recovered recovered");
  EXPECT_EQ(git_.pushes, 1);
  EXPECT_EQ(sandbox_.RemoteReverts(trigger_.id), 1);
}

TEST_F(ExecutorTest, TheKillSwitchIsAskedAgainBeforeThePush) {
  sandbox_.Publish();
  int fetches = 0;
  git_.before_fetch = [&] {
    if (++fetches == 3) WriteFile(config_.guard.kill_switch, "");
  };
  EXPECT_EQ(Run().back(), "pushed kill_switch");
  EXPECT_EQ(git_.pushes, 0);
}

TEST_F(ExecutorTest, AnOldDeployIsNotReverted) {
  sandbox_.Publish();
  clock_.now_ns += config_.guard.commit_age_push;
  EXPECT_THAT(Run(), ElementsAre("accepted done", "planned deploy_too_old"));
}

TEST_F(ExecutorTest, ADeployThatNeverComesIsSaid) {
  sandbox_.Publish();
  sandbox_.WriteHook("post-receive", "true");
  trigger_.service = "other";  // deploys of "checkout" are not its deploys
  ServiceConfig other = config_.services[0];
  other.name = "other";
  config_.services.push_back(other);
  Stores stores = OpenStores(sandbox_);
  ASSERT_TRUE(stores.sidecar->WriteTrigger(trigger_).ok());
  RevertExecutor executor(config_, stores.state.get(), stores.journal.get(), &git_, &clock_, &events_, nullptr);
  while (executor.Advance(trigger_).value() == RevertExecutor::Progress::kAdvanced) continue;
  clock_.now_ns += config_.guard.deploy_wait - 1;
  EXPECT_EQ(executor.Advance(trigger_).value(), RevertExecutor::Progress::kWaiting);
  clock_.now_ns += 1;
  EXPECT_EQ(executor.Advance(trigger_).value(), RevertExecutor::Progress::kAdvanced);
  EXPECT_EQ(executor.Advance(trigger_).value(), RevertExecutor::Progress::kEnded);
  EXPECT_EQ(Outcomes(sandbox_, trigger_.id).back(), "deployed not_seen");
}

TEST_F(ExecutorTest, OneIsInFlightForEachRepoAndADismissedOneNeverStarts) {
  sandbox_.Publish();
  Stores stores = OpenStores(sandbox_);
  RollbackTrigger second = trigger_;
  second.id = "second";
  RollbackTrigger dismissed = trigger_;
  dismissed.id = "dismissed";
  dismissed.state = TriggerState::kDismissed;
  for (const RollbackTrigger& one : {dismissed, trigger_, second}) ASSERT_TRUE(stores.sidecar->WriteTrigger(one).ok());
  RevertExecutor executor(config_, stores.state.get(), stores.journal.get(), &git_, &clock_, &events_, nullptr);
  ActionLoop loop(config_, stores.state.get(), stores.journal.get(), &executor, &clock_);
  while (loop.RunOnce().value()) continue;
  EXPECT_EQ(stores.journal->ReadTriggerIds().value(), std::vector<std::string>{trigger_.id});
  // The first one ends without its deploy; then the second one runs, and finds the work done.
  clock_.now_ns += config_.guard.deploy_wait;
  while (loop.RunOnce().value()) continue;
  EXPECT_THAT(Outcomes(sandbox_, "second"), ElementsAre("accepted done", "planned already_reverted"));
  EXPECT_TRUE(Outcomes(sandbox_, "dismissed").empty());
}

TEST_F(ExecutorTest, DryRunGivesTheVeryTreeThatThePushWouldMake) {
  sandbox_.Publish();
  const auto dry_run = DryRunRevert(config_, trigger_, &git_, &clock_);
  ASSERT_TRUE(dry_run.ok()) << MessageOf(dry_run.status());
  EXPECT_EQ(dry_run->refusal, "");
  EXPECT_THAT(dry_run->diffstat, HasSubstr("bad.txt"));
  EXPECT_EQ(sandbox_.RemoteHead(), bad_);
  Run();
  EXPECT_EQ(sandbox_.GitIn(sandbox_.remote, {"rev-parse", "production^{tree}"}), dry_run->tree);
  RollbackTrigger again = trigger_;
  again.id = "again";
  EXPECT_EQ(DryRunRevert(config_, again, &git_, &clock_)->refusal, "already_reverted");
}

TEST_F(ExecutorTest, CheckSaysWhatIsMissing) {
  sandbox_.Publish();
  RepoConfig repo = sandbox_.Repo();
  auto check = CheckRemote(repo, &git_);
  ASSERT_TRUE(check.ok()) << MessageOf(check.status());
  EXPECT_THAT(check->git_version, HasSubstr("git version 2"));
  EXPECT_EQ(check->branch_head, bad_);
  EXPECT_TRUE(check->push_allowed) << check->detail;
  EXPECT_EQ(sandbox_.RemoteHead(), bad_);
  repo.branch = "prodution";
  check = CheckRemote(repo, &git_);
  ASSERT_TRUE(check.ok());
  EXPECT_FALSE(check->push_allowed);
  EXPECT_THAT(check->detail, HasSubstr("prodution"));
  repo.url = "file://" + sandbox_.root + "/gone.git";
  EXPECT_TRUE(absl::IsUnavailable(CheckRemote(repo, &git_).status()));
}

}  // namespace
}  // namespace revertd

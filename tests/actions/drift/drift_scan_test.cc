// The whole scan over real remotes, work trees and databases: every planted drift is found and named, a clean system
// has none, and what cannot be looked at hides nothing else.
#include "actions/drift/drift_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "store/database.h"
#include "tests/actions/executor_fixture.h"

namespace revertd {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class DriftScanTest : public ::testing::Test {
 protected:
  DriftScanTest() {
    config_ = sandbox_.MakeConfig();
    config_.services[0].running.command.argv = {"cat", sandbox_.root + "/running"};
    config_.drift.work_trees = {{sandbox_.root + "/live", "shop"}};
    first_ = sandbox_.Git({"rev-parse", "HEAD"});
    sandbox_.Publish();
    sandbox_.GitIn(sandbox_.root, {"clone", "--quiet", "file://" + sandbox_.remote, sandbox_.root + "/live"});
    stores_ = OpenStores(sandbox_);
    Deployed("d1", "", first_);
  }

  // A finished deploy of the head: the first before the sandbox's commits were made, the others ten hours ago, each a
  // minute later.
  void Deployed(const std::string& id, const std::string& base, const std::string& head) {
    Deploy deploy;
    deploy.id = id;
    deploy.service = "checkout";
    deploy.repo = "shop";
    deploy.base = base;
    deploy.head = head;
    const DurationNs ago = (deploys_ == 0 ? 28 : 10) * kHourNs;
    deploy.start_ns = clock_.now_ns - ago + ++deploys_ * kMinuteNs;
    deploy.finish_ns = deploy.start_ns + kSecondNs;
    ASSERT_TRUE(stores_.sidecar->WriteDeploy(deploy).ok());
    WriteFile(sandbox_.root + "/running", head + "\n");
  }
  // As a deploy does it: the remote's branch, and what production runs from.
  void Pull() {
    sandbox_.Publish();
    sandbox_.GitIn(sandbox_.root + "/live", {"pull", "--quiet", "--ff-only"});
  }
  DriftReport Scan() {
    return LookForDrift(config_, sandbox_.state_directory, sandbox_.Environment(), &clock_, nullptr);
  }
  // "KIND KEY'S REST" of each.
  std::vector<std::string> Found() {
    report_ = Scan();
    std::vector<std::string> keys;
    for (const DriftFinding& finding : report_.findings) {
      EXPECT_THAT(finding.key, HasSubstr(finding.kind));
      EXPECT_FALSE(finding.text.empty());
      keys.push_back(finding.key);
    }
    return keys;
  }
  // The revert of `bad` on the branch, and the rows of it in that journal.
  std::string Revert(const std::string& bad, TriggerState state, ExecutorStore* journal) {
    trigger_ = sandbox_.TriggerFor(bad, "");
    trigger_.state = state;
    EXPECT_TRUE(stores_.sidecar->WriteTrigger(trigger_).ok());
    sandbox_.Git({"revert", "--no-commit", bad});
    sandbox_.Git({"commit", "--quiet",
                  "--message=Revert\n\nThis reverts commit " + bad + ".\n\nRevertd-Trigger: " + trigger_.id});
    const std::string revert = sandbox_.Git({"rev-parse", "HEAD"});
    EXPECT_TRUE(journal->Begin(trigger_.id, "push_verified", clock_.now_ns).ok());
    EXPECT_TRUE(journal->Finish(trigger_.id, "push_verified", clock_.now_ns, "done", revert).ok());
    return revert;
  }
  void OpenPostMortem() {
    Incident incident;
    incident.trigger_id = trigger_.id;
    incident.service = "checkout";
    incident.opened_ns = clock_.now_ns;
    EXPECT_TRUE(stores_.journal->OpenIncident(incident).ok());
  }
  // The rollback of `bad` as the executor leaves it: its commit on the branch, its journal, an open post-mortem.
  std::string RollBack(const std::string& bad) {
    const std::string revert = Revert(bad, TriggerState::kPending, stores_.journal.get());
    OpenPostMortem();
    return revert;
  }
  // The same as a release leaves it, with a journal of its own and nobody's post-mortem; and the deploy of it. Half a
  // day later.
  std::string RollBackByRelease(const std::string& bad) {
    EXPECT_TRUE(fs::create_directories(sandbox_.state_directory + "/releases"));
    auto journal =
        ExecutorStore::Open(sandbox_.state_directory + "/releases/production.db", ExecutorStore::Access::kOwner);
    EXPECT_TRUE(journal.ok()) << journal.status();
    const std::string revert = Revert(bad, TriggerState::kInRelease, journal->get());
    clock_.now_ns += 12 * kHourNs;
    Deployed("undone", bad, revert);
    return revert;
  }
  void MoveTheBranch(const std::string& sha) {
    sandbox_.GitIn(sandbox_.remote, {"update-ref", "refs/heads/production", sha});
    sandbox_.GitIn(sandbox_.root + "/live", {"fetch", "--quiet"});
    sandbox_.GitIn(sandbox_.root + "/live", {"reset", "--quiet", "--hard", "origin/production"});
  }

  Sandbox sandbox_;
  TestClock clock_;
  Config config_;
  Stores stores_;
  std::string first_;
  RollbackTrigger trigger_;
  DriftReport report_;
  int deploys_ = 0;
};

TEST_F(DriftScanTest, ACleanSystemHasNone) {
  // A squash merge, a merge of several commits, a rollback of ours, a promotion of a release, an ignored file.
  Deployed("d2", first_, sandbox_.Commit("squashed.txt", "x\n", "feature (#12)"));
  const std::string bad = sandbox_.MergeOf("feature", "bad.txt", "bad\n");
  Deployed("d3", "", bad);
  sandbox_.Git({"checkout", "--quiet", "-b", "staging"});
  const std::string staged = sandbox_.Commit("next.txt", "x\n", "next");
  sandbox_.Git({"checkout", "--quiet", "production"});
  const std::string plain = sandbox_.Commit("plain.txt", "bad\n", "plain");
  Deployed("d4", "", plain);
  const std::string revert = RollBack(plain);
  WriteFile(sandbox_.root + "/running", revert);
  Deployed("d5", plain, revert);
  sandbox_.Git({"merge", "--quiet", "--no-ff", "--message=Promote\n\nRevertd-Release: r-1", "staging"});
  ASSERT_TRUE(fs::create_directories(sandbox_.state_directory + "/releases"));
  {
    auto releases =
        ExecutorStore::Open(sandbox_.state_directory + "/releases/production.db", ExecutorStore::Access::kOwner);
    ASSERT_TRUE(releases.ok()) << releases.status();
    ReleaseRecord release;
    release.id = "r-1";
    release.environment = "production";
    ASSERT_TRUE((*releases)->BeginRelease(release).ok());
  }
  WriteFile(sandbox_.root + "/live/.git/info/exclude", "*.log\n");
  WriteFile(sandbox_.root + "/live/app.log", "x\n");
  Pull();
  EXPECT_THAT(Found(), IsEmpty());
  EXPECT_THAT(report_.notes, IsEmpty());
  EXPECT_EQ(report_.repos, 1);
  EXPECT_EQ(report_.work_trees, 1);
  EXPECT_EQ(report_.services, 1);
  EXPECT_EQ(report_.rollbacks, 1);
  EXPECT_FALSE(report_.saw_nothing());
  EXPECT_TRUE(sandbox_.LeftOvers().empty());
}

TEST_F(DriftScanTest, CommitsThatNobodyDeployedAreNamed) {
  const std::string direct = sandbox_.Commit("hot.txt", "x\n", "quick fix");
  const std::string forged = sandbox_.Commit("more.txt", "x\n", "more\n\nRevertd-Trigger: never-was");
  Pull();
  EXPECT_THAT(Found(), UnorderedElementsAre("unexplained_commit:shop:" + direct, "unexplained_commit:shop:" + forged));
  EXPECT_EQ(report_.findings[0].commit, direct);
  EXPECT_EQ(report_.findings[0].told_after, config_.drift.grace);
  EXPECT_THAT(report_.findings[0].text, HasSubstr("quick fix"));
  Deployed("d2", direct, forged);
  EXPECT_THAT(Found(), ElementsAre("unexplained_commit:shop:" + direct)) << "its deploy explains the other one";
}

// worker serves an old head, and its deploy is the first that anybody told of; what web deployed in between is unknown.
TEST_F(DriftScanTest, WhatWasCommittedBeforeTheFirstDeployThatWasToldIsNobodysQuestion) {
  sandbox_.Commit("before.txt", "x\n", "before revertd came");
  Pull();
  EXPECT_THAT(Found(), SizeIs(1));
  Deploy first;
  first.id = "d1";
  first.service = "checkout";
  first.repo = "shop";
  first.head = first_;
  first.start_ns = clock_.now_ns - 10 * kHourNs;
  first.finish_ns = first.start_ns + kSecondNs;
  ASSERT_TRUE(stores_.sidecar->WriteDeploy(first).ok());
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(DriftScanTest, OfManyCommitsTheOldestAreNamedAndTheRestCounted) {
  std::string oldest;
  for (int i = 0; i < 13; ++i) {
    const std::string sha = sandbox_.Commit("f" + std::to_string(i), "x\n", "direct " + std::to_string(i));
    if (i == 0) oldest = sha;
  }
  Pull();
  const auto found = Found();
  ASSERT_EQ(found.size(), 11U);
  EXPECT_EQ(found.front(), "unexplained_commit:shop:" + oldest);
  EXPECT_EQ(found.back(), "unexplained_commit:shop:others");
  EXPECT_THAT(report_.findings.back().text, HasSubstr("3 newer commits"));
}

TEST_F(DriftScanTest, AYoungCommitMayBeADeployOnItsWay) {
  sandbox_.Commit("hot.txt", "x\n", "quick fix");
  Pull();
  clock_.now_ns = TimeNs{1'763'600'000} * kSecondNs + config_.drift.grace - kSecondNs;
  EXPECT_THAT(Found(), IsEmpty());
  clock_.now_ns += kSecondNs;
  EXPECT_EQ(Found().size(), 1U);
}

TEST_F(DriftScanTest, ADeployWhoseBaseIsOnASideBranchExplainsWhatItBrought) {
  sandbox_.Git({"checkout", "--quiet", "-b", "side"});
  const std::string side = sandbox_.Commit("side.txt", "x\n", "side");
  sandbox_.Git({"checkout", "--quiet", "production"});
  const std::string alone = sandbox_.Commit("a.txt", "x\n", "a");
  sandbox_.Git({"merge", "--quiet", "--no-ff", "--message=Merge side", "side"});
  const std::string merge = sandbox_.Git({"rev-parse", "HEAD"});
  Deployed("d2", side, merge);
  Pull();
  EXPECT_THAT(Found(), IsEmpty()) << alone << " is in " << side << ".." << merge;
}

TEST_F(DriftScanTest, TheWorkTreeOfProductionIsLookedAt) {
  const std::string live = sandbox_.root + "/live";
  WriteFile(live + "/base.txt", "patched by hand\n");
  sandbox_.GitIn(live, {"checkout", "--quiet", "--detach"});
  sandbox_.GitIn(live, {"commit", "--quiet", "--all", "--message=by hand"});
  WriteFile(live + "/new.txt", "x\n");
  EXPECT_THAT(Found(),
              UnorderedElementsAre("dirty_work_tree:" + live, "detached_work_tree:" + live, "work_tree_ahead:" + live));
  EXPECT_THAT(report_.findings.back().text, HasSubstr("1 commit of its HEAD is not on production of the remote: "));
  EXPECT_THAT(report_.findings.back().text, HasSubstr("by hand"));
  sandbox_.GitIn(live, {"checkout", "--quiet", "production"});
  sandbox_.GitIn(live, {"checkout", "--quiet", "-b", "other"});
  EXPECT_THAT(Found(), UnorderedElementsAre("dirty_work_tree:" + live, "work_tree_off_branch:" + live));
  fs::remove_all(live);
  EXPECT_THAT(Found(), ElementsAre("work_tree_unreadable:" + live));
  EXPECT_TRUE(report_.unseen.contains(WorkTreeArea(live)));
}

TEST_F(DriftScanTest, WhatRunsIsComparedWithWhatWasDeployed) {
  WriteFile(sandbox_.root + "/running", "0123456789\n");
  EXPECT_THAT(Found(), ElementsAre("wrong_revision_running:checkout"));
  WriteFile(sandbox_.root + "/running", first_.substr(0, 8));
  EXPECT_THAT(Found(), IsEmpty());
  fs::remove(sandbox_.root + "/running");
  EXPECT_THAT(Found(), ElementsAre("running_unknown:checkout"));
}

TEST_F(DriftScanTest, ADeployThatIsNotOnTheBranchIsTold) {
  const std::string second = sandbox_.Commit("a.txt", "x\n", "a");
  Deployed("d2", first_, second);
  Pull();
  EXPECT_THAT(Found(), IsEmpty());
  sandbox_.GitIn(sandbox_.remote, {"update-ref", "refs/heads/production", first_});
  EXPECT_THAT(Found(), UnorderedElementsAre("deployed_not_on_branch:checkout:" + second,
                                            "work_tree_ahead:" + sandbox_.root + "/live"));
}

TEST_F(DriftScanTest, ACommitThatCameBackWhileItsPostMortemIsOpenIsTold) {
  const std::string bad = sandbox_.Commit("bad.txt", "bad\n", "bad");
  Deployed("d2", first_, bad);
  const std::string revert = RollBack(bad);
  sandbox_.Git({"revert", "--no-edit", revert});
  const std::string again = sandbox_.Git({"rev-parse", "HEAD"});
  Deployed("d3", revert, again);
  Pull();
  EXPECT_THAT(Found(), ElementsAre("returned_commit:shop:" + trigger_.id));
  EXPECT_THAT(report_.findings[0].text, HasSubstr("by " + again));

  sandbox_.GitIn(sandbox_.remote, {"update-ref", "refs/heads/production", bad});
  EXPECT_THAT(Found(), Contains("returned_commit:shop:" + trigger_.id));
  ASSERT_TRUE(stores_.journal->CloseIncident(trigger_.id, clock_.now_ns).ok());
  EXPECT_THAT(Found(), Not(Contains("returned_commit:shop:" + trigger_.id)));
}

TEST_F(DriftScanTest, WhatAReleaseUndidIsLockedOutUntilADeployBringsItAgain) {
  const std::string bad = sandbox_.Commit("bad.txt", "bad\n", "bad");
  Deployed("d2", first_, bad);
  const std::string revert = RollBackByRelease(bad);
  Pull();
  EXPECT_THAT(Found(), IsEmpty());
  EXPECT_EQ(report_.rollbacks, 1);

  sandbox_.Git({"revert", "--no-edit", revert});
  const std::string again = sandbox_.Git({"rev-parse", "HEAD"});
  Pull();
  EXPECT_THAT(Found(), UnorderedElementsAre("unexplained_commit:shop:" + again, "returned_commit:shop:" + trigger_.id));
  EXPECT_THAT(report_.findings[1].text, HasSubstr("by " + again));

  const std::string after = sandbox_.Commit("after.txt", "x\n", "after");
  Deployed("d3", revert, after);
  Pull();
  EXPECT_THAT(Found(), IsEmpty()) << "somebody deployed " << after << ", and " << again << " with it";
}

TEST_F(DriftScanTest, AForcePushOverTheRevertOfAReleaseIsTold) {
  const std::string bad = sandbox_.Commit("bad.txt", "bad\n", "bad");
  Deployed("d2", first_, bad);
  const std::string revert = RollBackByRelease(bad);
  Pull();
  MoveTheBranch(bad);
  EXPECT_THAT(Found(),
              UnorderedElementsAre("returned_commit:shop:" + trigger_.id, "deployed_not_on_branch:checkout:" + revert));
  EXPECT_THAT(report_.findings[0].text, HasSubstr("without its revert " + revert));
  Deployed("d3", revert, bad);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(DriftScanTest, TheRevertOfAReleaseThatIsRewrittenWithTheCommitIsNoReturn) {
  const std::string bad = sandbox_.Commit("bad.txt", "bad\n", "bad");
  Deployed("d2", first_, bad);
  RollBackByRelease(bad);
  Pull();
  MoveTheBranch(first_);
  EXPECT_THAT(Found(), Not(Contains("returned_commit:shop:" + trigger_.id)));
}

TEST_F(DriftScanTest, AReleasesRollbackThatHasAPostMortemIsLockedByThatAlone) {
  const std::string bad = sandbox_.Commit("bad.txt", "bad\n", "bad");
  Deployed("d2", first_, bad);
  const std::string revert = RollBackByRelease(bad);
  // The sidecar went on with it.
  ASSERT_TRUE(stores_.journal->Begin(trigger_.id, "push_verified", clock_.now_ns).ok());
  ASSERT_TRUE(stores_.journal->Finish(trigger_.id, "push_verified", clock_.now_ns, "done", revert).ok());
  OpenPostMortem();
  sandbox_.Git({"revert", "--no-edit", revert});
  clock_.now_ns += 12 * kHourNs;
  Deployed("d3", revert, sandbox_.Git({"rev-parse", "HEAD"}));
  Pull();
  EXPECT_THAT(Found(), ElementsAre("returned_commit:shop:" + trigger_.id)) << "once, and whoever deployed it";
  ASSERT_TRUE(stores_.journal->CloseIncident(trigger_.id, clock_.now_ns).ok());
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(DriftScanTest, ARepoThatCannotBeReadHidesNoOther) {
  RepoConfig gone = sandbox_.Repo();
  gone.name = "gone";
  gone.url = "file:///nowhere/gone.git";
  RepoConfig bare = sandbox_.Repo();
  bare.name = "bare";
  bare.branch = "not-there";
  config_.repos.insert(config_.repos.begin(), {gone, bare});
  config_.drift.work_trees.insert(config_.drift.work_trees.begin(), {"/nowhere/live", "gone"});
  ServiceConfig silent = config_.services[0];
  silent.name = "silent";
  silent.running.command.argv = {"false"};
  config_.services.insert(config_.services.begin(), silent);
  const std::string direct = sandbox_.Commit("hot.txt", "x\n", "quick fix");
  Pull();
  EXPECT_THAT(Found(), UnorderedElementsAre("cannot_look:gone", "cannot_look:bare", "running_unknown:silent",
                                            "work_tree_unreadable:/nowhere/live", "unexplained_commit:shop:" + direct));
  EXPECT_TRUE(report_.unseen.contains(LineArea("gone")));
  EXPECT_FALSE(report_.unseen.contains(LineArea("shop")));
  EXPECT_FALSE(report_.saw_nothing());
}

TEST_F(DriftScanTest, WhereNothingCanBeLookedAtItSaysSo) {
  config_.repos[0].url = "file:///nowhere/gone.git";
  config_.drift.work_trees.clear();
  config_.services.clear();
  EXPECT_THAT(Found(), ElementsAre("cannot_look:shop"));
  EXPECT_TRUE(report_.saw_nothing());
}

TEST_F(DriftScanTest, WithoutDeploysNothingIsCalledClean) {
  stores_ = Stores{};
  for (const char* name : {"state.db", "state.db-wal", "state.db-shm", "executor.db", "executor.db-wal"}) {
    fs::remove(sandbox_.state_directory + "/" + name);
  }
  sandbox_.Commit("hot.txt", "x\n", "quick fix");
  Pull();
  EXPECT_THAT(Found(), IsEmpty());
  EXPECT_THAT(report_.notes, ElementsAre(HasSubstr("no_state: "), HasSubstr("no_deploys_known: no deploy of shop"),
                                         HasSubstr("no_deploys_known: no finished deploy of checkout")));
  EXPECT_FALSE(fs::exists(sandbox_.state_directory + "/state.db"));
}

TEST_F(DriftScanTest, AStateThatCannotBeReadIsToldAndHidesNoWorkTree) {
  auto database = Database::Open(sandbox_.state_directory + "/state.db", Database::Access::kReadWrite);
  ASSERT_TRUE(database.ok());
  ASSERT_TRUE((*database)->RunScript("breaking it", "ALTER TABLE deploys RENAME TO gone").ok());
  WriteFile(sandbox_.root + "/live/new.txt", "x\n");
  EXPECT_THAT(Found(), UnorderedElementsAre("cannot_look:state.db", "dirty_work_tree:" + sandbox_.root + "/live"));
  for (const std::string& area : {LineArea("shop"), RollbacksArea("shop"), RunningArea("checkout")}) {
    EXPECT_TRUE(report_.unseen.contains(area)) << area;
  }
}

TEST_F(DriftScanTest, AJournalThatCannotBeReadAccusesNobody) {
  const std::string ours = sandbox_.Commit("a.txt", "x\n", "Promote\n\nRevertd-Release: r-9");
  const std::string theirs = sandbox_.Commit("b.txt", "x\n", "direct");
  Pull();
  WriteFile(sandbox_.state_directory + "/releases/production.db", "this is no database, whatever it is called");
  EXPECT_THAT(Found(), UnorderedElementsAre("cannot_look:production.db", "unexplained_commit:shop:" + theirs)) << ours;
}

TEST_F(DriftScanTest, OneThatIsToldToStopIsNoWholeScan) {
  const std::atomic<bool> stop{true};
  const DriftReport report = LookForDrift(config_, sandbox_.state_directory, sandbox_.Environment(), &clock_, &stop);
  EXPECT_TRUE(report.stopped);
}

// Time passes once: then the executor ends.
class LastSleepClock final : public Clock {
 public:
  explicit LastSleepClock(std::atomic<bool>* stop) : stop_(stop) {}
  TimeNs Now() const override { return TestClock().now_ns; }
  void SleepFor(DurationNs /*duration*/) override {
    ++sleeps;
    stop_->store(true);
  }
  int sleeps = 0;

 private:
  std::atomic<bool>* const stop_;
};

TEST_F(DriftScanTest, ToldToStopItWaitsForNoMirrorOfAnothers) {
  std::atomic<bool> stop{false};
  LastSleepClock clock(&stop);
  const auto held = MirrorLock::Take(MirrorPathsOf(sandbox_.state_directory, "shop"), &clock_);
  ASSERT_TRUE(held.ok());
  const DriftReport report = LookForDrift(config_, sandbox_.state_directory, sandbox_.Environment(), &clock, &stop);
  EXPECT_TRUE(report.stopped);
  EXPECT_EQ(clock.sleeps, 1);
}

TEST(DriftJson, IsOneObjectALine) {
  DriftReport report;
  report.repos = 1;
  report.CannotLook("shop", "line\nbreak", {"line:shop"});
  EXPECT_EQ(ToJson(report.findings[0], 7),
            R"({"event":"drift","time_ns":7,"kind":"cannot_look","subject":"shop","key":"cannot_look:shop",)"
            R"("text":"cannot look at shop: line?break","facts":{"why":"line?break"}})");
  EXPECT_EQ(SummaryJson(report, 7),
            R"({"event":"summary","time_ns":7,"findings":1,"looked_at":{"repos":1,"work_trees":0,"services":0,)"
            R"("rollbacks":0},"notes":[]})");
}

}  // namespace
}  // namespace revertd

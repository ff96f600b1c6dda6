// What people are told of a rollback, through the real stores.
#include "actions/teller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "actions/lock_watch.h"
#include "actions/step.h"
#include "tests/actions/executor_fixture.h"

namespace revertd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Nothing is ever sent: what is told stands in the store.
class DeafClient final : public HttpClient {
 public:
  StatusOr<HttpResponse> Send(const HttpRequest& /*request*/) override { return Unavailable("nobody listens"); }
};

class TellerTest : public testing::Test {
 protected:
  TellerTest() {
    ChannelConfig channel;
    channel.kind = ChannelConfig::Kind::kSlack;
    channel.name = "slack";
    channel.url = "http://127.0.0.1:9/";
    config_.notify = {channel};
    EXPECT_TRUE(stores_.sidecar->WriteTrigger(trigger_).ok());
    MakeTeller();
  }
  void MakeTeller() {
    notifier_.emplace(
        config_, stores_.journal.get(),
        NotifierParts{
            .make_http = [] { return std::make_unique<DeafClient>(); }, .wake = nullptr, .on_end = nullptr, .seed = 1});
    teller_.emplace(stores_.state.get(), stores_.journal.get(), &*notifier_, &clock_);
  }
  // The journal's row, and the telling of it.
  void Step(const std::string& step, const std::string& outcome, const std::string& detail = "") {
    ASSERT_TRUE(stores_.journal->Begin(trigger_.id, step, clock_.Now()).ok());
    ASSERT_TRUE(teller_->OnStep({trigger_.id, "checkout", step, "", "", clock_.Now(), true}).ok());
    if (outcome.empty()) return;
    ASSERT_TRUE(stores_.journal->Finish(trigger_.id, step, clock_.Now(), outcome, detail).ok());
    if (!told_) return;
    ASSERT_TRUE(teller_->OnStep({trigger_.id, "checkout", step, outcome, detail, clock_.Now(), false}).ok());
  }
  std::vector<std::string> Told(const std::string& key) {
    std::vector<std::string> events;
    const auto deliveries = stores_.journal->ReadDeliveries(key);
    EXPECT_TRUE(deliveries.ok());
    for (const Delivery& delivery : *deliveries) events.push_back(delivery.event);
    return events;
  }

  Sandbox sandbox_;
  TestClock clock_;
  Config config_ = sandbox_.MakeConfig();
  Stores stores_ = OpenStores(sandbox_);
  RollbackTrigger trigger_ = sandbox_.TriggerFor(std::string(40, 'a'), "");
  std::optional<Notifier> notifier_;
  std::optional<Teller> teller_;
  bool told_ = true;  // false: the process dies between a row's end and its telling
};

TEST_F(TellerTest, ARollbackIsToldTurnByTurn) {
  Step("accepted", "done");
  Step("announced", "done");
  Step("pushed", "done", std::string(40, 'b'));
  Step("push_verified", "done", std::string(40, 'b'));
  Step("deployed", "done", "checkout-revert");
  Step("recovered", "undecided", "no word from the detector");
  EXPECT_THAT(Told(trigger_.id),
              ElementsAre("rollback_under_way", "rollback_pushed", "rollback_deployed", "rollback_undecided"));
  const std::string notice = stores_.journal->ReadDeliveries(trigger_.id)->front().notice;
  EXPECT_THAT(notice, HasSubstr("already under way"));
  EXPECT_THAT(notice, HasSubstr("\"audit_head\":\"3:")) << "of the moment";
}

TEST_F(TellerTest, TheErrorsOfTheVerdictThatTheTriggerComesOfAreNamed) {
  Verdict verdict;
  verdict.deploy_id = trigger_.deploy_id;
  verdict.service = "checkout";
  verdict.state = VerdictState::kRegressed;
  verdict.errors.emplace_back().title = "out of \"paper\"";
  ASSERT_TRUE(stores_.sidecar->WriteVerdict(verdict).ok());
  Step("announced", "done");
  const auto notice = NoticeFromJson(stores_.journal->ReadDeliveries(trigger_.id)->front().notice);
  ASSERT_TRUE(notice.ok()) << notice.status();
  EXPECT_EQ(notice->facts.back(), (NoticeFact{"errors", "more out of \"paper\", 0 events"}));
}

TEST_F(TellerTest, WhatAKillKeptFromBeingToldIsToldAtTheStart) {
  Step("announced", "done");
  told_ = false;
  Step("planned", "conflict", "a.cc");
  EXPECT_THAT(Told(trigger_.id), ElementsAre("rollback_under_way"));
  MakeTeller();
  ASSERT_TRUE(teller_->TellWhatWasLost().ok());
  EXPECT_THAT(Told(trigger_.id), ElementsAre("rollback_under_way", "rollback_held"));
  ASSERT_TRUE(teller_->TellWhatWasLost().ok());
  EXPECT_EQ(Told(trigger_.id).size(), 2U);
}

TEST_F(TellerTest, HistoryIsNotToldAgain) {
  told_ = false;
  Step("planned", "conflict", "a.cc");
  clock_.now_ns += Teller::kToldAgainMax + 1;
  ASSERT_TRUE(teller_->TellWhatWasLost().ok());
  EXPECT_THAT(Told(trigger_.id), IsEmpty());
}

TEST_F(TellerTest, ARefusedPushThatGoesOnAsAProposalIsNoEnd) {
  config_.repos[0].forge.emplace();
  MakeTeller();
  ASSERT_TRUE(stores_.journal->Begin(trigger_.id, "proposed", clock_.Now()).ok());  // with the push's end
  Step("pushed", "push_rejected", "protected branch");
  EXPECT_THAT(Told(trigger_.id), IsEmpty());
  Step("proposed", "done", "7 " + std::string(40, 'b') + " https://forge.example/7; labels: none");
  EXPECT_THAT(Told(trigger_.id), ElementsAre("rollback_proposed"));
  EXPECT_THAT(stores_.journal->ReadDeliveries(trigger_.id)->front().notice,
              HasSubstr("\"url\":\"https://forge.example/7\""));
}

TEST_F(TellerTest, DecisionsAreAuditedAndThoseThatNoTriggerSpeaksForAreTold) {
  for (DecisionKind kind : {DecisionKind::kAlert, DecisionKind::kHold, DecisionKind::kAct}) {
    Decision decision;
    decision.deploy_id = "deploy-" + std::string(NameOf(kind));
    decision.service = "checkout";
    decision.kind = kind;
    decision.reason = "because";
    decision.at_ns = clock_.Now();
    if (kind == DecisionKind::kAct) decision.trigger_id = trigger_.id;
    ASSERT_TRUE(stores_.sidecar->WriteDecision(decision).ok());
  }
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(teller_->TakeDecisions().ok());
    clock_.now_ns += Teller::kDecisionsEvery;
  }
  EXPECT_THAT(Told("deploy-alert"), ElementsAre("deploy_regressed"));
  EXPECT_THAT(Told("deploy-hold"), IsEmpty());
  int audited = 0;
  ASSERT_TRUE(stores_.journal
                  ->ReadAudit([&](const AuditRow& row) {
                    audited += row.kind == "decision" ? 1 : 0;
                    return OkStatus();
                  })
                  .ok());
  EXPECT_EQ(audited, 3) << "each once, the negative ones too";
}

class LockTest : public TellerTest {
 protected:
  LockTest() {
    trigger_ = sandbox_.TriggerFor(bad_, "");
    EXPECT_TRUE(stores_.sidecar->WriteTrigger(trigger_).ok());
    sandbox_.Git({"revert", "--no-edit", "--mainline=1", bad_});
    revert_ = sandbox_.Git({"rev-parse", "HEAD"});
    sandbox_.Publish();
    Step("push_verified", "done", revert_);
    Incident incident;
    incident.trigger_id = trigger_.id;
    incident.service = "checkout";
    incident.opened_ns = clock_.Now() - kMinuteNs;
    EXPECT_TRUE(stores_.journal->OpenIncident(incident).ok());
  }
  std::vector<std::string> ToldOfDeploy(const std::string& id, const std::string& head) {
    clock_.now_ns += kMinuteNs;
    Deploy deploy;
    deploy.id = id;
    deploy.service = "checkout";
    deploy.repo = "shop";
    deploy.head = head;
    deploy.start_ns = deploy.finish_ns = clock_.Now();
    EXPECT_TRUE(stores_.sidecar->WriteDeploy(deploy).ok());
    const Status status = watch_.RunOnce();
    EXPECT_TRUE(status.ok()) << MessageOf(status);
    return Told(id);
  }

  const std::string bad_ = sandbox_.MergeOf("feature", "bad.txt", "bad\n");
  std::string revert_;
  GitProgram git_ = sandbox_.MakeGit(&clock_);
  LockWatch watch_{&config_, stores_.state.get(), stores_.journal.get(), &git_, &*notifier_, &clock_};
};

TEST_F(LockTest, TheGuiltyVersionDeployedAgainIsToldUntilThePostMortemIsClosed) {
  EXPECT_THAT(ToldOfDeploy("again", bad_), ElementsAre("reverted_commit_deployed_again"));
  ASSERT_TRUE(stores_.journal->CloseIncident(trigger_.id, clock_.Now()).ok());
  EXPECT_THAT(ToldOfDeploy("later", bad_), IsEmpty());
}

TEST_F(LockTest, WorkOnTopOfTheRevertIsNoneOfIt) {
  const std::string next = sandbox_.Commit("next.txt", "x\n", "more work");
  sandbox_.Publish();
  EXPECT_THAT(ToldOfDeploy("next", next), IsEmpty());
}

TEST_F(LockTest, ARevertOfTheRevertIsTold) {
  sandbox_.Git({"revert", "--no-edit", revert_});
  const std::string back = sandbox_.Git({"rev-parse", "HEAD"});
  sandbox_.Publish();
  EXPECT_THAT(ToldOfDeploy("back", back), ElementsAre("reverted_commit_deployed_again"));

  // And undone once more: the branch is clean again.
  sandbox_.Git({"revert", "--no-edit", back});
  const std::string clean = sandbox_.Git({"rev-parse", "HEAD"});
  sandbox_.Publish();
  EXPECT_THAT(ToldOfDeploy("clean", clean), IsEmpty());
}

TEST_F(LockTest, ADeployThatBeganBeforeTheRevertIsNoReturn) {
  Deploy deploy;
  deploy.id = "between";
  deploy.service = "search";
  deploy.repo = "shop";
  deploy.head = bad_;
  const auto reverted = ReadRevert(*stores_.journal, trigger_.id);
  ASSERT_TRUE(reverted.ok() && reverted->has_value());
  deploy.start_ns = deploy.finish_ns = (*reverted)->finished_ns;
  ASSERT_TRUE(stores_.sidecar->WriteDeploy(deploy).ok());
  const Status status = watch_.RunOnce();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_THAT(Told("between"), IsEmpty());
}

}  // namespace
}  // namespace revertd

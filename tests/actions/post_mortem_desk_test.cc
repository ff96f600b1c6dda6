// The desk with both real stores: records opened once and kept up to date, people's words taken once, deploy logs
// written once, whatever is killed or full in between.
#include "actions/post_mortem_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/actions/sandbox.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr TimeNs kFinish = 1'795'255'200 * kSecondNs;
constexpr char kTrigger[] = "checkout-3f2a91c0-1795255170";

class PostMortemDeskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto sidecar = StateStore::Open(folder_.Path("state.db"), StateStore::Access::kOwner);
    ASSERT_TRUE(sidecar.ok()) << sidecar.status();
    sidecar_ = *std::move(sidecar);
    auto state = StateStore::Open(folder_.Path("state.db"), StateStore::Access::kInboxOnly);
    ASSERT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
    auto executor = ExecutorStore::Open(folder_.Path("executor.db"), ExecutorStore::Access::kOwner);
    ASSERT_TRUE(executor.ok()) << executor.status();
    executor_ = *std::move(executor);
    auto people = ExecutorStore::Open(folder_.Path("executor.db"), ExecutorStore::Access::kCommandsOnly);
    ASSERT_TRUE(people.ok()) << people.status();
    people_ = *std::move(people);
    Restart();
    ASSERT_TRUE(sidecar_->WriteTrigger(Trigger()).ok());
    ASSERT_TRUE(sidecar_->WriteDeploy(Deployed("checkout-1795255170", "checkout", kFinish)).ok());
  }

  static RollbackTrigger Trigger() {
    RollbackTrigger trigger;
    trigger.id = kTrigger;
    trigger.deploy_id = "checkout-1795255170";
    trigger.service = "checkout";
    trigger.repo = "shop";
    trigger.head = "3f2a91c0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    trigger.reason = "mode_push";
    trigger.created_ns = kFinish + 20 * kSecondNs;
    trigger.evidence.signal = "errors";
    trigger.evidence.after = 0.04;
    trigger.evidence.onset_ns = kFinish + kSecondNs;
    return trigger;
  }

  static Deploy Deployed(const std::string& id, const std::string& service, TimeNs finish_ns) {
    Deploy deploy;
    deploy.id = id;
    deploy.service = service;
    deploy.start_ns = finish_ns - 30 * kSecondNs;
    deploy.finish_ns = finish_ns;
    return deploy;
  }

  void Judge(const std::string& deploy_id, const std::string& service, VerdictState state, TimeNs at_ns) {
    Verdict verdict;
    verdict.deploy_id = deploy_id;
    verdict.service = service;
    verdict.state = state;
    verdict.reason = "observation_ended";
    verdict.at_ns = at_ns;
    ASSERT_TRUE(sidecar_->WriteVerdict(verdict).ok());
  }

  // As after a kill: nothing but what is on the disk.
  void Restart() {
    PostMortemTools tools;
    tools.config = &config_;
    tools.state = state_.get();
    tools.executor = executor_.get();
    tools.git = git_;
    tools.state_folder = folder_.Path("");
    tools.owner_of = [this](const RollbackTrigger&) { return owner_; };
    tools.on_command = [this](const ExecutorEvent& event) {
      told_.push_back(event.step + " " + event.outcome + (event.detail.empty() ? "" : ": " + event.detail));
    };
    desk_ = std::make_unique<PostMortemDesk>(std::move(tools));
  }

  // A step of the executor: its rows, then what the desk is told.
  void Step(const std::string& step, TimeNs at_ns, const std::string& outcome = "done", bool is_told = true) {
    ASSERT_TRUE(executor_->Begin(kTrigger, step, at_ns - 1).ok());
    ASSERT_TRUE(executor_->Finish(kTrigger, step, at_ns, outcome, "").ok());
    if (!is_told) return;
    const Status status = desk_->OnStep({kTrigger, "checkout", step, outcome, "", at_ns, false});
    ASSERT_TRUE(status.ok()) << status;
  }

  void Run(TimeNs now_ns) {
    const Status status = desk_->RunOnce(now_ns);
    ASSERT_TRUE(status.ok()) << status;
  }

  void Say(ExecutorCommand::Kind kind, const std::string& question = "", const std::string& text = "",
           const std::string& subject = kTrigger) {
    ExecutorCommand command;
    command.kind = kind;
    command.subject = subject;
    command.name = question;
    command.text = text;
    command.author = "ada";
    ASSERT_TRUE(people_->Post(command).ok());
  }
  void AnswerAll() {
    for (const PostMortemQuestion& question : PostMortemQuestions()) {
      Say(ExecutorCommand::Kind::kIncidentAnswer, std::string(question.id), "because");
    }
  }

  Incident Record() { return executor_->ReadIncident(kTrigger)->value(); }
  std::string Markdown() { return ReadFile(folder_.Path("records/" + std::string(kTrigger) + ".md")); }
  std::string Chart() { return ReadFile(folder_.Path("records/" + std::string(kTrigger) + ".svg")); }
  std::vector<std::string> Logs() {
    std::vector<std::string> names;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.Path("records/deploys"), none)) {
      names.push_back(entry.path().filename());
    }
    std::ranges::sort(names);
    return names;
  }
  std::vector<std::string> AuditTexts() {
    std::vector<std::string> texts;
    EXPECT_TRUE(executor_
                    ->ReadAudit([&](const AuditRow& row) {
                      if (row.kind == kIncidentAudit) texts.push_back(row.text);
                      return OkStatus();
                    })
                    .ok());
    return texts;
  }

  const TestFolder folder_;
  Config config_;
  Git* git_ = nullptr;
  std::string owner_ = "Ada";
  std::vector<std::string> told_;
  std::unique_ptr<StateStore> sidecar_;
  std::unique_ptr<StateStore> state_;
  std::unique_ptr<ExecutorStore> executor_;
  std::unique_ptr<ExecutorStore> people_;
  std::unique_ptr<PostMortemDesk> desk_;
};

constexpr TimeNs kAnnounced = kFinish + 21 * kSecondNs;
using Kind = ExecutorCommand::Kind;

TEST_F(PostMortemDeskTest, ARollbackThatPeopleAreToldOfOpensOneRecord) {
  Step("accepted", kAnnounced - 3);
  Step("reverted", kAnnounced - 2);
  EXPECT_FALSE(executor_->ReadIncident(kTrigger)->has_value());
  Step("announced", kAnnounced);
  Step("pushed", kAnnounced + kSecondNs);
  const Incident incident = Record();
  EXPECT_EQ(incident.service, "checkout");
  EXPECT_EQ(incident.owner, "Ada");
  EXPECT_EQ(incident.opened_ns, kAnnounced);
  EXPECT_EQ(incident.due_ns, kAnnounced + 7 * 24 * kHourNs);
  EXPECT_THAT(AuditTexts(), ElementsAre("{\"what\":\"opened\",\"service\":\"checkout\",\"owner\":\"Ada\",\"due_ns\":" +
                                        std::to_string(incident.due_ns) + "}"));
  EXPECT_EQ(executor_->ReadIncidents()->size(), 1U);
}

TEST_F(PostMortemDeskTest, WithoutAnAuthorTheServiceOwnsIt) {
  owner_ = "";
  Step("proposed", kAnnounced);
  EXPECT_EQ(Record().owner, "checkout");
}

TEST_F(PostMortemDeskTest, ARollbackThatEndsBeforeAnybodyKnowsOpensNone) {
  Step("accepted", kAnnounced);
  Step("planned", kAnnounced + 1, "kill_switch");
  Step("announced", kAnnounced + 2, "kill_switch");
  Run(kAnnounced + kHourNs);
  EXPECT_THAT(*executor_->ReadIncidents(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(folder_.Path("records")));
}

TEST_F(PostMortemDeskTest, NothingIsWrittenWhileStepsFollowEachOther) {
  Step("announced", kAnnounced);
  Run(kAnnounced + kMillisecondNs);
  EXPECT_EQ(Markdown(), "");
  Step("pushed", kAnnounced + kSecondNs / 2);
  Run(kAnnounced + kSecondNs);
  EXPECT_EQ(Markdown(), "");
  Run(kAnnounced + 2 * kSecondNs);
  EXPECT_THAT(Markdown(), HasSubstr("step `pushed`: `done`"));
  EXPECT_EQ(Record().record, Markdown());
}

TEST_F(PostMortemDeskTest, TheRecordFollowsTheStepsAndTheMessages) {
  Step("announced", kAnnounced);
  Run(kAnnounced + kSecondNs);
  EXPECT_THAT(Markdown(), HasSubstr("under way: step `announced` is done"));
  Delivery delivery;
  delivery.channel = "on-call";
  delivery.key = kTrigger;
  delivery.event = "rollback_under_way";
  delivery.created_ns = kAnnounced;
  ASSERT_TRUE(executor_->QueueDelivery(delivery).ok());
  ASSERT_TRUE(executor_->EndDelivery(1, kAnnounced + 3 * kSecondNs, "delivered").ok());
  Run(kAnnounced + 10 * kSecondNs);
  EXPECT_THAT(Markdown(), Not(HasSubstr("on-call")));
  Run(kAnnounced + 70 * kSecondNs);
  EXPECT_THAT(Markdown(), HasSubstr("message `rollback_under_way` to `on-call`: `delivered` (tries: 1)"));
  Recovery recovery;
  recovery.trigger_id = kTrigger;
  recovery.service = "checkout";
  recovery.state = RecoveryState::kRecovered;
  recovery.at_ns = kAnnounced + 200 * kSecondNs;
  ASSERT_TRUE(sidecar_->WriteRecovery(recovery).ok());
  Step("recovered", kAnnounced + 201 * kSecondNs, "recovered");
  Run(kAnnounced + 203 * kSecondNs);
  EXPECT_THAT(Markdown(), HasSubstr("production **recovered**"));
}

SecondCounts Counted(int64_t second, uint32_t requests, uint32_t errors) {
  SecondCounts counts;
  counts.second = second;
  counts.by_age.requests[0] = requests;
  counts.by_age.errors[0] = errors;
  return counts;
}

TEST_F(PostMortemDeskTest, ThePictureIsOfBlocksThenSeconds) {
  const int64_t finish = kFinish / kSecondNs;
  std::vector<std::pair<std::string, SecondCounts>> seconds;
  for (int64_t second = finish - 100; second < finish + 20; ++second) {
    seconds.emplace_back("checkout", Counted(second, 100, second < finish ? 0 : 4));
    seconds.emplace_back("catalog", Counted(second, 100, 100));
  }
  std::vector<std::pair<std::string, HistoryBlock>> blocks;
  for (int64_t start = finish - 1000; start < finish; start += kHistoryBlockSeconds) {
    blocks.push_back({"checkout", {start, 4000, 0}});
  }
  ASSERT_TRUE(sidecar_->WriteHistory(seconds, blocks).ok());
  Step("announced", kAnnounced);
  Run(kAnnounced + kSecondNs);
  EXPECT_THAT(Markdown(), HasSubstr("![The course around the change](" + std::string(kTrigger) + ".svg)"));
  EXPECT_THAT(Chart(), HasSubstr(">deploy finished</text>"));
  EXPECT_THAT(Chart(), HasSubstr(">5 %</text>"));  // 4 % of checkout; catalog's 100 % are not in it
  EXPECT_THAT(Chart(), HasSubstr("V158H"));
  // Words of people change the text, not the picture: the seconds may be gone by then.
  std::filesystem::last_write_time(folder_.Path("records/" + std::string(kTrigger) + ".svg"),
                                   std::filesystem::file_time_type{});
  ASSERT_TRUE(sidecar_->Prune(kFinish + 24 * kHourNs).ok());
  Run(kFinish + 24 * kHourNs);  // the one for the messages
  const std::string picture = Chart();
  Say(Kind::kIncidentAnswer, "why_review", "because");
  Run(kFinish + 25 * kHourNs);
  EXPECT_THAT(Markdown(), HasSubstr("> because"));
  EXPECT_EQ(Chart(), picture);
}

TEST_F(PostMortemDeskTest, WhatAKillLeftUndoneIsDoneAtTheStart) {
  Step("announced", kAnnounced, "done", false);
  Step("pushed", kAnnounced + kSecondNs, "done", false);
  Run(kAnnounced + kHourNs);
  EXPECT_EQ(Record().opened_ns, kAnnounced);
  EXPECT_THAT(Markdown(), HasSubstr("step `pushed`: `done`"));
  EXPECT_EQ(AuditTexts().size(), 1U);
  Step("recovered", kAnnounced + 2 * kHourNs, "not_recovered", false);
  Restart();
  Run(kAnnounced + 3 * kHourNs);
  EXPECT_THAT(Markdown(), HasSubstr("ended at step `recovered`: `not_recovered`"));
  EXPECT_EQ(AuditTexts().size(), 1U);
}

TEST_F(PostMortemDeskTest, ARecordThatCannotBeWrittenIsWrittenLater) {
  Step("announced", kAnnounced);
  folder_.Write("records", "in the way");
  const Status status = desk_->RunOnce(kAnnounced + kSecondNs);
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("the record of trigger " + std::string(kTrigger)));
  EXPECT_THAT(Record().record, HasSubstr("# Post-mortem"));      // the store has it all the same
  EXPECT_TRUE(desk_->RunOnce(kAnnounced + 2 * kSecondNs).ok());  // not tried at every turn
  std::filesystem::remove(folder_.Path("records"));
  Run(kAnnounced + 12 * kSecondNs);
  EXPECT_THAT(Markdown(), HasSubstr("# Post-mortem"));
}

TEST_F(PostMortemDeskTest, AnAnswerIsKeptAndShownAndInTheTrail) {
  Step("announced", kAnnounced);
  Run(kAnnounced + kSecondNs);
  Say(Kind::kIncidentAnswer, "why_tests", "they were \"off\"");
  Run(kAnnounced + kHourNs);
  Run(kAnnounced + kHourNs + kSecondNs);
  EXPECT_THAT(told_, ElementsAre("incident_answer done: why_tests"));
  EXPECT_THAT(Record().answers, ElementsAre(std::pair<std::string, std::string>("why_tests", "they were \"off\"")));
  EXPECT_THAT(Markdown(), HasSubstr("> they were \"off\""));
  EXPECT_THAT(Markdown(), HasSubstr("- status: open, 4 of 5 unanswered"));
  EXPECT_EQ(AuditTexts().back(),
            R"({"what":"incident_answer","outcome":"done","detail":"why_tests","answer":"they were \"off\"",)"
            R"("author":"ada"})");
  EXPECT_THAT(*executor_->Peek(10), IsEmpty());
}

TEST_F(PostMortemDeskTest, WhatCannotBeTakenIsDroppedWithItsReason) {
  Step("announced", kAnnounced);
  Say(Kind::kIncidentAnswer, "why_review", "x", "another");
  Say(Kind::kIncidentClose, "", "", std::string(1000, 'y'));
  Say(Kind::kIncidentAnswer, "why_not", "x");
  Say(Kind::kIncidentAnswer, "why_review", " \n");
  Say(Kind::kIncidentAnswer, "why_review", std::string(kAnswerBytesMax + 1, 'x'));
  Say(Kind::kIncidentClose);
  Run(kAnnounced + kSecondNs);
  EXPECT_THAT(told_,
              ElementsAre("incident_answer no_such_incident: another",
                          "incident_close no_such_incident: " + std::string(200, 'y'),
                          "incident_answer no_such_question: why_not", "incident_answer empty_answer: why_review",
                          "incident_answer answer_too_long: why_review",
                          "incident_close unanswered: why_review, why_tests, why_canary, change_or_check, "
                          "what_next"));
  EXPECT_EQ(AuditTexts().size(), 7U);
  EXPECT_THAT(AuditTexts().back(), HasSubstr("\"outcome\":\"unanswered\""));
  for (const std::string& text : AuditTexts()) EXPECT_LT(text.size(), 1000U);
  EXPECT_THAT(*executor_->Peek(10), IsEmpty());
  EXPECT_THAT(Record().answers, IsEmpty());
  EXPECT_EQ(Record().closed_ns, 0);
}

TEST_F(PostMortemDeskTest, ARecordIsClosedOnceEveryQuestionIsAnswered) {
  Step("announced", kAnnounced);
  AnswerAll();
  Say(Kind::kIncidentClose);
  Say(Kind::kIncidentAnswer, "why_review", "too late");
  Run(kAnnounced + kHourNs);
  EXPECT_EQ(told_.at(5), "incident_close done");
  EXPECT_EQ(told_.at(6), "incident_answer incident_closed: " + std::string(kTrigger));
  EXPECT_EQ(Record().closed_ns, kAnnounced + kHourNs);
  EXPECT_THAT(Markdown(), HasSubstr("- status: closed at 2026-11-21T11:00:21Z"));
  EXPECT_FALSE(executor_->FindOverdueIncident("checkout", kAnnounced + 30 * 24 * kHourNs)->has_value());
}

TEST_F(PostMortemDeskTest, AtMostSoManyWordsAreTakenAtATime) {
  Step("announced", kAnnounced);
  for (int i = 0; i < 2 * PostMortemDesk::kCommandsPerCall + 1; ++i) Say(Kind::kIncidentAnswer, "why_review", "x");
  for (const int left : {PostMortemDesk::kCommandsPerCall + 1, 1, 0}) {
    ASSERT_TRUE(desk_->TakeCommands(kAnnounced).ok());
    EXPECT_EQ(std::ssize(*executor_->Peek(1000)), left);
  }
}

constexpr DurationNs kOver = 16 * kMinuteNs;  // 15 minutes of observation and one more

TEST_F(PostMortemDeskTest, TheLogOfADeployIsWrittenOnceWhenItsWatchIsOver) {
  Judge("checkout-1795255170", "checkout", VerdictState::kWatching, kFinish);
  Judge("checkout-1795255170", "checkout", VerdictState::kHealthy, kFinish + 15 * kMinuteNs);
  Run(kFinish + kOver - 1);
  EXPECT_THAT(Logs(), IsEmpty());
  Run(kFinish + kOver + kMinuteNs);
  EXPECT_THAT(Logs(), ElementsAre("checkout-1795255170.md"));
  const std::string path = folder_.Path("records/deploys/checkout-1795255170.md");
  EXPECT_THAT(ReadFile(path), HasSubstr("- verdict: **healthy** (`observation_ended`)"));
  EXPECT_EQ(*executor_->ReadCursor("deploy_logs"), kFinish);
  // A later verdict is in the state; the log that people may have linked to stays.
  const std::string log = ReadFile(path);
  Judge("checkout-1795255170", "checkout", VerdictState::kRegressed, kFinish + kHourNs);
  Restart();
  Run(kFinish + 2 * kHourNs);
  EXPECT_EQ(ReadFile(path), log);
}

TEST_F(PostMortemDeskTest, ALaterDeployOfTheServiceEndsTheWatch) {
  Judge("checkout-1795255170", "checkout", VerdictState::kInconclusive, kFinish + kMinuteNs);
  Run(kFinish + 2 * kMinuteNs);
  EXPECT_THAT(Logs(), IsEmpty());
  ASSERT_TRUE(sidecar_->WriteDeploy(Deployed("other", "catalog", kFinish + kMinuteNs)).ok());
  Run(kFinish + 3 * kMinuteNs);
  EXPECT_THAT(Logs(), IsEmpty());
  Deploy next = Deployed("next", "checkout", kFinish + 4 * kMinuteNs);
  next.finish_ns = 0;
  ASSERT_TRUE(sidecar_->WriteDeploy(next).ok());
  Run(kFinish + 4 * kMinuteNs);
  EXPECT_THAT(Logs(), ElementsAre("checkout-1795255170.md"));
}

TEST_F(PostMortemDeskTest, ADeployThatIsWaitedForHoldsNobodyElseUp) {
  // "slow" finished first and is watched longer, because nothing followed it.
  ASSERT_TRUE(sidecar_->WriteDeploy(Deployed("slow", "catalog", kFinish - kMinuteNs)).ok());
  Judge("slow", "catalog", VerdictState::kHealthy, kFinish);
  Judge("checkout-1795255170", "checkout", VerdictState::kHealthy, kFinish + kMinuteNs);
  ASSERT_TRUE(sidecar_->WriteDeploy(Deployed("next", "checkout", kFinish + 4 * kMinuteNs)).ok());
  Run(kFinish + 5 * kMinuteNs);
  EXPECT_THAT(Logs(), ElementsAre("checkout-1795255170.md"));
  EXPECT_EQ(*executor_->ReadCursor("deploy_logs"), 0);
  Restart();
  Run(kFinish + kOver);
  EXPECT_THAT(Logs(), ElementsAre("checkout-1795255170.md", "slow.md"));
  EXPECT_EQ(*executor_->ReadCursor("deploy_logs"), kFinish);
}

TEST_F(PostMortemDeskTest, WhatNobodyJudgedHasNoLogAndAVerdictThatIsDueIsWaitedFor) {
  ASSERT_TRUE(sidecar_->WriteDeploy(Deployed("unjudged", "nobody", kFinish - kMinuteNs)).ok());
  Judge("checkout-1795255170", "checkout", VerdictState::kWatching, kFinish);
  Run(kFinish + kOver);
  EXPECT_THAT(Logs(), IsEmpty());
  EXPECT_EQ(*executor_->ReadCursor("deploy_logs"), kFinish - kMinuteNs);
  Run(kFinish + 15 * kMinuteNs + PostMortemDesk::kDeployLogVerdictWait);
  EXPECT_THAT(Logs(), ElementsAre("checkout-1795255170.md"));
}

TEST_F(PostMortemDeskTest, ManyDeploysAreLoggedALittleAtATimeAndNoneTwice) {
  constexpr size_t kDeploys = 3 * PostMortemDesk::kDeployLogsPerCall - 2;
  for (size_t i = 0; i < kDeploys; ++i) {
    const std::string name = "d" + std::to_string(100 + i);
    // Three at a time finish in the same instant.
    ASSERT_TRUE(sidecar_->WriteDeploy(Deployed(name, name, kFinish + static_cast<TimeNs>(i / 3) * kSecondNs)).ok());
    Judge(name, name, VerdictState::kHealthy, kFinish + kMinuteNs);
  }
  TimeNs now_ns = kFinish + kHourNs;
  size_t before = 0;
  for (int call = 0; call < 5; ++call) {
    Restart();
    Run(now_ns += kSecondNs);
    EXPECT_LE(Logs().size(), before + PostMortemDesk::kDeployLogsPerCall);
    before = Logs().size();
  }
  EXPECT_EQ(before, kDeploys);
}

// What was undone is read from the mirror: the revert's own message and what it changes.
TEST_F(PostMortemDeskTest, TheRecordTellsWhatWasUndone) {
  Sandbox sandbox;
  sandbox.Commit("app.conf", "good\n", "Good");
  const std::string bad = sandbox.Commit("app.conf", "bad\n", "Bad");
  sandbox.Publish();
  TestClock clock;
  GitProgram git = sandbox.MakeGit(&clock);
  const RepoConfig repo = sandbox.Repo();
  RollbackTrigger trigger = Trigger();
  trigger.id = "undone";
  trigger.repo = repo.name;
  trigger.head = bad;
  ASSERT_TRUE(sidecar_->WriteTrigger(trigger).ok());
  ASSERT_TRUE(git.FetchBranch(repo).ok());
  RevertOrder order;
  order.onto = bad;
  order.steps = {{bad, 0}};
  order.message = "Revert \"Bad\"\n\nReverts: " + bad;
  order.date_ns = kFinish;
  const auto revert = git.Revert(repo, order);
  ASSERT_TRUE(revert.ok()) << revert.status();
  ASSERT_TRUE(git.KeepPrepared(repo, "undone", revert->sha).ok());
  config_ = sandbox.MakeConfig();
  git_ = &git;
  Restart();
  for (const char* step : {"planned", "reverted", "announced"}) {
    ASSERT_TRUE(executor_->Begin("undone", step, kAnnounced).ok());
    ASSERT_TRUE(executor_->Finish("undone", step, kAnnounced, "done", "detail").ok());
  }
  Run(kAnnounced + kSecondNs);
  const std::string markdown = ReadFile(folder_.Path("records/undone.md"));
  EXPECT_THAT(markdown, HasSubstr("```text\nRevert \"Bad\"\n\nReverts: " + bad));
  EXPECT_THAT(markdown, HasSubstr(" app.conf | 2 +-\n"));
}

}  // namespace
}  // namespace revertd

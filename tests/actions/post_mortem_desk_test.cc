// The desk with both real stores: records opened once and kept up to date, people's words taken once, whatever is
// killed or full in between.
#include "actions/post_mortem_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "store/database.h"
#include "tests/actions/post_mortem_fixture.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using PostMortemDeskTest = PostMortemDeskFixture;

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

// The journal of a version without an audit trail.
TEST_F(PostMortemDeskTest, RollbacksOfAnOlderVersionAskForNoRecord) {
  const auto database = Database::Open(folder_.Path("executor.db"), Database::Access::kReadWrite);
  ASSERT_TRUE(database.ok()) << database.status();
  ASSERT_TRUE((*database)
                  ->RunScript("filling",
                              "INSERT INTO journal (trigger_id, step, begun_ns, finished_ns, outcome, detail)"
                              " VALUES ('old', 'announced', 1, 2, 'done', ''), ('old', 'pushed', 3, 4, 'done', '')")
                  .ok());
  Run(kAnnounced);
  EXPECT_THAT(*executor_->ReadIncidents(), IsEmpty());
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

// Whoever runs a release has a database of its own; one that asks here is told so, whatever it names.
TEST_F(PostMortemDeskTest, AWordToAReleaseIsNoAnswer) {
  Step("announced", kAnnounced);
  Say(Kind::kReleaseApprove, "why_review", "x");
  Say(Kind::kReleaseAbort, "keep", "x", "2026-11-21");
  Run(kAnnounced + kSecondNs);
  EXPECT_THAT(told_, ElementsAre("release_approve no_such_release: " + std::string(kTrigger),
                                 "release_abort no_such_release: 2026-11-21"));
  EXPECT_THAT(*executor_->Peek(10), IsEmpty());
  EXPECT_THAT(Record().answers, IsEmpty());
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

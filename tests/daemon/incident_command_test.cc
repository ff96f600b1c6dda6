// `revertd incident`, run as a user runs it; the executor is played by its own desk in between.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actions/post_mortem_desk.h"
#include "base/clock.h"
#include "store/executor_store.h"
#include "store/state_store.h"
#include "tests/daemon/program.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr TimeNs kOpened = 1'795'255'200 * kSecondNs;  // 2026-11-21T10:00:00Z
constexpr char kTrigger[] = "checkout-3f2a91c0-1795255170";

class IncidentCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    config_path_ = folder_.Write("revertd.yaml", "state: " + folder_.Path("state.db") + "\n");
    auto state = StateStore::Open(folder_.Path("state.db"), StateStore::Access::kOwner);
    ASSERT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
    auto executor = ExecutorStore::Open(folder_.Path("executor.db"), ExecutorStore::Access::kOwner);
    ASSERT_TRUE(executor.ok()) << executor.status();
    executor_ = *std::move(executor);
    PostMortemTools tools;
    tools.config = &config_;
    tools.state = state_.get();
    tools.executor = executor_.get();
    tools.state_folder = folder_.Path("");
    desk_ = std::make_unique<PostMortemDesk>(std::move(tools));
    Open(kTrigger, "checkout", kOpened);
  }

  void Open(const std::string& trigger_id, const std::string& service, TimeNs at_ns) {
    ASSERT_TRUE(executor_->Begin(trigger_id, "announced", at_ns).ok());
    ASSERT_TRUE(executor_->Finish(trigger_id, "announced", at_ns, "done", "").ok());
    ASSERT_TRUE(desk_->OnStep({trigger_id, service, "announced", "done", "", at_ns, false}).ok());
  }

  // The executor looks at what people said.
  void Turn() {
    now_ns_ += kMinuteNs;
    const Status status = desk_->RunOnce(now_ns_);
    ASSERT_TRUE(status.ok()) << status;
  }

  ProgramResult Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "incident");
    arguments.insert(arguments.end(), {"--config", config_path_});
    return RunProgram(folder_, arguments);
  }
  ProgramResult Answer(const std::string& question, const std::string& text) {
    return Run({"answer", kTrigger, "--question", question, "--text", text});
  }

  const TestFolder folder_;
  std::string config_path_;
  Config config_;
  TimeNs now_ns_ = kOpened;
  std::unique_ptr<StateStore> state_;
  std::unique_ptr<ExecutorStore> executor_;
  std::unique_ptr<PostMortemDesk> desk_;
};

TEST_F(IncidentCommand, ListTellsWhatIsOpenAndOverdue) {
  const TimeNs now_ns = SystemClock().Now();
  Open("late", "catalog", now_ns - 8 * 24 * kHourNs);
  Open("new", "search", now_ns);
  const ProgramResult result = Run({"list"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("{\"id\":\"checkout-3f2a91c0-1795255170\",\"service\":\"checkout\",\"owner\":"
                                    "\"checkout\",\"opened_ns\":1795255200000000000,"
                                    "\"due_ns\":1795860000000000000,\"overdue\":"));
  EXPECT_THAT(result.out, HasSubstr("\"closed\":false,\"unanswered\":[\"why_review\",\"why_tests\",\"why_canary\","
                                    "\"change_or_check\",\"what_next\"]}\n"));
  const auto line_of = [&](const std::string& id) {
    const size_t at = result.out.find("{\"id\":\"" + id + "\"");
    return result.out.substr(at, result.out.find('\n', at) - at);
  };
  EXPECT_THAT(line_of("late"), HasSubstr("\"overdue\":true"));
  EXPECT_THAT(line_of("new"), HasSubstr("\"overdue\":false"));
}

TEST_F(IncidentCommand, ShowPrintsTheRecord) {
  const ProgramResult early = Run({"show", kTrigger});
  EXPECT_EQ(early.exit_code, 3);
  EXPECT_THAT(early.err, HasSubstr("is not written yet"));
  Turn();
  const ProgramResult result = Run({"show", kTrigger});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, ReadFile(folder_.Path("records/" + std::string(kTrigger) + ".md")));
  EXPECT_THAT(result.out, testing::StartsWith("# Post-mortem: rollback of `checkout`\n"));
}

TEST_F(IncidentCommand, AnUnknownOneIsWrongUsageThatNamesTheNearest) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"show", "checkout-3f2a91c0-1795255171"},
        {"close", "checkout-3f2a91c0-1795255171"},
        {"answer", "checkout-3f2a91c0-1795255171", "--question", "why_review", "--text", "x"}}) {
    const ProgramResult result = Run(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments.front();
    EXPECT_THAT(result.err, HasSubstr("did you mean \"checkout-3f2a91c0-1795255170\"?")) << arguments.front();
  }
}

TEST_F(IncidentCommand, AnUnknownQuestionOrAnEmptyAnswerIsWrongUsage) {
  const ProgramResult result = Answer("why_reviews", "x");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("no question \"why_reviews\"; did you mean \"why_review\"? (known: why_review, "
                                    "why_tests, why_canary, change_or_check, what_next)"));
  EXPECT_EQ(Answer("why_review", "  ").exit_code, 2);
  EXPECT_EQ(Answer("why_review", std::string(kAnswerBytesMax + 1, 'x')).exit_code, 2);
  EXPECT_TRUE(executor_->Peek(10)->empty());
}

TEST_F(IncidentCommand, CloseIsRefusedAtOnceWhileAQuestionIsOpen) {
  EXPECT_EQ(Answer("why_tests", "they were off").exit_code, 0);
  const ProgramResult result = Run({"close", kTrigger});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "revertd: the post-mortem record of " + std::string(kTrigger) +
                            " stays open; unanswered: why_review, why_canary, change_or_check, what_next\n");
  EXPECT_EQ(executor_->Peek(10)->size(), 1U);  // the answer alone
}

// Answers that the executor has not taken yet count: one may answer and close without a pause.
TEST_F(IncidentCommand, AnsweredItIsClosedAndShownAsClosed) {
  for (const PostMortemQuestion& question : PostMortemQuestions()) {
    const ProgramResult result = Answer(std::string(question.id), "because of \"it\"");
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "{\"incident\":\"checkout-3f2a91c0-1795255170\"}\n");
  }
  EXPECT_EQ(Run({"close", kTrigger}).exit_code, 0);
  Turn();
  Turn();
  EXPECT_THAT(Run({"list"}).out, HasSubstr("\"overdue\":false,\"closed\":true,\"closed_ns\":1795255260000000000,"
                                           "\"unanswered\":[]}\n"));
  const std::string record = Run({"show", kTrigger}).out;
  EXPECT_THAT(record, HasSubstr("- status: closed at 2026-11-21T10:01:00Z\n"));
  EXPECT_THAT(record, HasSubstr("> because of \"it\"\n"));
  EXPECT_THAT(record, Not(HasSubstr("(unanswered)")));
  for (const ProgramResult& late : {Run({"close", kTrigger}), Answer("why_tests", "x")}) {
    EXPECT_EQ(late.exit_code, 2);
    EXPECT_THAT(late.err, HasSubstr("is closed: there is nothing to say to it"));
  }
}

TEST(IncidentCommandLine, WithoutAnExecutorSaysSo) {
  const TestFolder folder;
  const std::string config = folder.Write("revertd.yaml", "state: " + folder.Path("state.db") + "\n");
  for (const std::vector<std::string>& command : {std::vector<std::string>{"incident", "list"},
                                                  {"incident", "show", "x"},
                                                  {"incident", "close", "x"},
                                                  {"incident", "answer", "x", "--question", "q", "--text", "t"}}) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"--config", config});
    const ProgramResult result = RunProgram(folder, arguments);
    EXPECT_EQ(result.exit_code, 3) << command[1];
    EXPECT_EQ(result.err, "revertd: there is no " + folder.Path("executor.db") + "\n") << command[1];
  }
  EXPECT_EQ(RunProgram(folder, {"incident", "answer", "x", "--config", config}).exit_code, 2);
}

}  // namespace
}  // namespace revertd

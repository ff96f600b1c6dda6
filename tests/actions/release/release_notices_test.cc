// What people are told of a release.
#include "actions/release/release_notices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actions/step.h"

namespace revertd {
namespace {

using testing::HasSubstr;
using testing::Not;
using Severity = Notice::Severity;
using Kind = ReleaseTaskKind;

const NoticeContext kContext = {1'763'700'120 * kSecondNs, "12:abcd"};

// database (nothing undoes it), then checkout and cart.
ReleaseFile MakeFile() {
  ReleaseStep database{.name = "database"};
  database.promote.by = PromoteBy::kCommand;
  database.inverse = {.by = InverseBy::kNone, .why = "dropped columns are gone"};
  ReleaseStep checkout{.name = "checkout", .service = "checkout"};
  checkout.approval = true;
  const ReleaseStep cart{.name = "cart", .service = "cart"};
  ReleaseFile file{.id = "shop-42", .environment = "production", .stages = {}};
  file.stages = {{.name = "layers", .needs = {}, .steps = {database}},
                 {.name = "web", .needs = {"layers"}, .steps = {checkout, cart}}};
  return file;
}

const ReleaseStep& StepNamed(const ReleaseFile& file, std::string_view name) {
  for (const ReleaseStage& stage : file.stages) {
    for (const ReleaseStep& step : stage.steps) {
      if (step.name == name) return step;
    }
  }
  ADD_FAILURE() << "no step " << name;
  return file.stages.front().steps.front();
}

JournalRow Row(std::string_view step, Kind kind, std::string outcome = "done", std::string detail = "") {
  return {"shop-42", RowOf(step, kind), 1, outcome.empty() ? 0 : 2, std::move(outcome), std::move(detail)};
}

std::string ValueOf(const Notice& notice, std::string_view name) {
  for (const NoticeFact& fact : notice.facts) {
    if (fact.name == name) return fact.value;
  }
  return "no such fact";
}

Verdict Regressed() {
  Verdict verdict;
  verdict.state = VerdictState::kRegressed;
  Evidence evidence;
  evidence.signal = "errors";
  evidence.before = 0.0001;
  evidence.after = 0.041;
  evidence.n_after = 30'000;
  evidence.x_after = 1200;
  evidence.onset_ns = 1'763'700'060 * kSecondNs;
  verdict.evidence = {evidence};
  return verdict;
}

TEST(StepStanding, FollowsTheStepThereAndBack) {
  const ReleaseFile file = MakeFile();
  const ReleaseStep& step = StepNamed(file, "checkout");
  std::vector<JournalRow> rows;
  const auto standing_after = [&](JournalRow row) {
    rows.push_back(std::move(row));
    return StepStanding(step, rows);
  };
  EXPECT_EQ(StepStanding(step, rows), "not begun");
  EXPECT_EQ(standing_after(Row("cart", Kind::kPromote)), "not begun");
  EXPECT_EQ(standing_after(Row("checkout", Kind::kApprove, "")), "waits for approval");
  rows.pop_back();
  EXPECT_EQ(standing_after(Row("checkout", Kind::kApprove)), "not begun");
  EXPECT_EQ(standing_after(Row("checkout", Kind::kRegister)), "not begun");
  EXPECT_EQ(standing_after(Row("checkout", Kind::kPromote, "")), "being promoted");
  rows.pop_back();
  EXPECT_EQ(standing_after(Row("checkout", Kind::kPromote, "conflict")), "promotion failed");
  rows.pop_back();
  rows.push_back(Row("checkout", Kind::kPromote, ""));
  EXPECT_EQ(standing_after(Row("checkout", Kind::kFindOut)), "not promoted");
  rows.pop_back();
  EXPECT_EQ(standing_after(Row("checkout", Kind::kFindOut, "done", "a..b")), "promoted");
  rows.pop_back();
  rows.pop_back();
  EXPECT_EQ(standing_after(Row("checkout", Kind::kPromote, "done", "a..b")), "promoted");
  EXPECT_EQ(standing_after(Row("checkout", Kind::kGuard, "")), "promoted");
  rows.pop_back();
  EXPECT_EQ(standing_after(Row("checkout", Kind::kGuard)), "healthy");
  rows.pop_back();
  EXPECT_EQ(standing_after(Row("checkout", Kind::kGuard, "regressed")), "broken");
  EXPECT_EQ(standing_after(Row("checkout", Kind::kReverse, "")), "being undone");
  rows.pop_back();
  EXPECT_EQ(standing_after(Row("checkout", Kind::kReverse, "conflict")), "not undone");
  rows.pop_back();
  EXPECT_EQ(standing_after(Row("checkout", Kind::kReverse)), "being undone");
  EXPECT_EQ(standing_after(Row("checkout", Kind::kVerifyReverse)), "undone");
}

TEST(ReleaseNotices, TheBeginSaysTheOrderAndWhatNothingUndoes) {
  const Notice notice = ReleaseBegun(MakeFile(), kContext);
  EXPECT_EQ(notice.key, "release:shop-42");
  EXPECT_EQ(notice.event, "release_begun");
  EXPECT_EQ(notice.severity, Severity::kInfo);
  EXPECT_EQ(notice.summary, "release shop-42: begun in production, 3 steps");
  EXPECT_EQ(ValueOf(notice, "order"), "layers: database; web: checkout, cart");
  EXPECT_EQ(ValueOf(notice, "nothing undoes"), "database (dropped columns are gone)");
  EXPECT_EQ(ValueOf(notice, "waits for approval"), "checkout");
  EXPECT_EQ(notice.audit_head, "12:abcd");
}

TEST(ReleaseNotices, ABreachSaysWhatBrokeWhatIsUndoneAndWhatIsNot) {
  const ReleaseFile file = MakeFile();
  const std::vector<JournalRow> rows = {
      Row("database", Kind::kPromote, "done", "..7"),  Row("database", Kind::kGuard),
      Row("checkout", Kind::kPromote, "done", "a..b"), Row("checkout", Kind::kGuard),
      Row("cart", Kind::kPromote, "done", "b..c"),     Row("cart", Kind::kGuard, "regressed")};
  const Verdict verdict = Regressed();
  const ReleaseBreach breach{.step = "cart", .reason = "regressed", .detail = "errors 0.01 % -> 4.1 %"};
  const Notice notice = ReleaseBreached(file, rows, breach, &verdict, kContext);
  EXPECT_EQ(notice.event, "release_breached");
  EXPECT_EQ(notice.severity, Severity::kCritical);
  EXPECT_FALSE(notice.resolves);
  EXPECT_EQ(notice.summary,
            "release shop-42: cart is broken (regressed): errors 0.01 % -> 4.1 %; it is being undone: cart, checkout");
  EXPECT_EQ(ValueOf(notice, "is being undone, in this order"), "cart, checkout");
  EXPECT_EQ(ValueOf(notice, "is not undone"), "database (dropped columns are gone)");
  EXPECT_THAT(ValueOf(notice, "evidence"), HasSubstr("1200 of 30000"));
  EXPECT_EQ(ValueOf(notice, "onset"), "2025-11-21T04:41:00Z");
  EXPECT_EQ(ValueOf(notice, "broken"), "cart");
  EXPECT_EQ(ValueOf(notice, "healthy"), "database, checkout");
}

TEST(ReleaseNotices, APersonsAbortIsAWarningAndKeepUndoesNothing) {
  const ReleaseFile file = MakeFile();
  const std::vector<JournalRow> rows = {Row("checkout", Kind::kPromote, "done", "a..b")};
  const ReleaseBreach breach{.step = "", .reason = "aborted", .detail = "by anna: wrong day", .keep = true};
  const Notice kept = ReleaseBreached(file, rows, breach, nullptr, kContext);
  EXPECT_EQ(kept.severity, Severity::kWarning);
  EXPECT_THAT(kept.summary, HasSubstr("aborted by a person: by anna: wrong day; what is promoted stays as it is"));
  EXPECT_EQ(ValueOf(kept, "is being undone, in this order"), "no such fact");
  const Notice undone = ReleaseBreached(file, rows, {.step = "", .reason = "aborted", .detail = ""}, nullptr, kContext);
  EXPECT_EQ(ValueOf(undone, "is being undone, in this order"), "checkout");
}

TEST(ReleaseNotices, EachTaskAndReasonForWaitingIsAnEventOfItsOwn) {
  const ReleaseFile file = MakeFile();
  const std::vector<ReleaseTask> tasks = ForwardTasks(file);
  const auto task = [&](std::string_view row) {
    return *std::ranges::find_if(tasks, [&](const ReleaseTask& candidate) { return candidate.row == row; });
  };
  const Notice approval = ReleaseWaits(file, task("checkout/approved"), {.why = "approval"}, kContext);
  EXPECT_EQ(approval.event, "release_waits.checkout/approved.approval");
  EXPECT_EQ(approval.severity, Severity::kWarning);
  EXPECT_THAT(ValueOf(approval, "what to do"), HasSubstr("`revertd release approve shop-42 checkout`"));
  const Notice ambiguous =
      ReleaseWaits(file, task("checkout/guarded"), {.why = "ambiguous", .detail = "errors of both"}, kContext);
  EXPECT_EQ(ambiguous.event, "release_waits.checkout/guarded.ambiguous");
  EXPECT_EQ(ambiguous.severity, Severity::kCritical);
  EXPECT_THAT(ambiguous.summary, HasSubstr("waits for a person at checkout/guarded (ambiguous): errors of both"));
  EXPECT_THAT(ValueOf(ambiguous, "what to do"), HasSubstr("`revertd explain shop-42:checkout`"));
}

TEST(ReleaseNotices, OnTheWayBackAnAbortIsNoAnswer) {
  const ReleaseFile file = MakeFile();
  const ReleaseTask back{Kind::kReverse, &file.stages[1], &file.stages[1].steps[0], "checkout/reversed"};
  const Notice notice = ReleaseWaits(file, back, {.why = "reverting", .detail = "merged"}, kContext);
  EXPECT_THAT(ValueOf(notice, "what to do"), HasSubstr("pull request"));
  EXPECT_THAT(ValueOf(notice, "what to do"), Not(HasSubstr("abort")));
}

TEST(ReleaseNotices, TheEventsOfTasksWithLongNamesStayApart) {
  ReleaseFile file = MakeFile();
  file.stages[1].steps[0].name = std::string(80, 'x');
  const ReleaseTask task{Kind::kGuard, &file.stages[1], &file.stages[1].steps[0],
                         RowOf(file.stages[1].steps[0].name, Kind::kGuard)};
  const std::string why(40, 'w');
  const Notice one = ReleaseWaits(file, task, {.why = why + "1"}, kContext);
  const Notice two = ReleaseWaits(file, task, {.why = why + "2"}, kContext);
  EXPECT_NE(one.event, two.event);
  EXPECT_EQ(one.event, ReleaseWaits(file, task, {.why = why + "1"}, kContext).event);
}

TEST(ReleaseNotices, AHaltSaysTheStandingOfEveryStepAndWhatAPersonCanSay) {
  const ReleaseFile file = MakeFile();
  std::vector<JournalRow> rows = {Row("database", Kind::kPromote, "done", "..7"),
                                  Row("checkout", Kind::kPromote, "conflict")};
  const Notice forward = ReleaseHalted(file, rows, StandingOf(file, rows), kContext);
  EXPECT_EQ(forward.severity, Severity::kCritical);
  EXPECT_EQ(ValueOf(forward, "promoted"), "database");
  EXPECT_EQ(ValueOf(forward, "promotion failed"), "checkout");
  EXPECT_EQ(ValueOf(forward, "not begun"), "cart");
  EXPECT_THAT(ValueOf(forward, "what to do"), HasSubstr("release resume shop-42"));
  EXPECT_THAT(ValueOf(forward, "what to do"), HasSubstr("release abort shop-42"));

  const ReleaseTask back{Kind::kReverse, &file.stages[1], &file.stages[1].steps[0], "checkout/reversed"};
  const ReleaseStanding standing{.kind = ReleaseStanding::Kind::kHalted,
                                 .task = back,
                                 .outcome = "conflict",
                                 .detail = "a.txt",
                                 .breach = ReleaseBreach{.step = "cart", .reason = "regressed", .detail = ""}};
  const Notice reverse = ReleaseHalted(file, rows, standing, kContext);
  EXPECT_EQ(reverse.event, "release_halted.checkout/reversed");
  EXPECT_EQ(reverse.summary, "release shop-42: halted on its way back at checkout/reversed (conflict): a.txt");
  EXPECT_EQ(ValueOf(reverse, "breach"), "cart: regressed");
  EXPECT_THAT(ValueOf(reverse, "what to do"),
              HasSubstr("`revertd release approve shop-42 checkout` says that you have undone it by hand"));
}

TEST(ReleaseNotices, TheEndResolvesWhereProductionIsWell) {
  const ReleaseFile file = MakeFile();
  for (const std::string_view outcome : {"done", "reversed", "stopped"}) {
    const Notice notice = ReleaseEnded(file, {}, outcome, "", kContext);
    EXPECT_TRUE(notice.resolves) << outcome;
    EXPECT_EQ(notice.severity, Severity::kInfo) << outcome;
    EXPECT_EQ(notice.event, "release_ended");
  }
  const Notice notice = ReleaseEnded(file, {}, "reversed_not_recovered", "errors 4 %", kContext);
  EXPECT_FALSE(notice.resolves);
  EXPECT_EQ(notice.severity, Severity::kCritical);
  EXPECT_THAT(notice.summary, HasSubstr("reversed_not_recovered: errors 4 %"));
  EXPECT_THAT(ValueOf(notice, "what to do"), Not(HasSubstr("no such fact")));
}

TEST(ReleaseNotices, AReleaseOfManyStepsStaysWithinWhatAMessageMayHold) {
  ReleaseFile file = MakeFile();
  for (int i = 0; i < 190; ++i) file.stages[1].steps.push_back({.name = std::string(70, 'x') + std::to_string(i)});
  const Notice notice = ReleaseBegun(file, kContext);
  EXPECT_EQ(notice, Bounded(notice));
  EXPECT_LE(ValueOf(notice, "order").size(), kNoticeLineBytesMax);
}

}  // namespace
}  // namespace revertd

// A release as people read it.
#include "daemon/release/release_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"

namespace revertd {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::SizeIs;
using Kind = ReleaseTaskKind;

constexpr TimeNs kNow = 1'763'700'000 * kSecondNs;

class ReleaseViewTest : public ::testing::Test {
 protected:
  ReleaseViewTest() {
    ReleaseStep schema{.name = "schema"};
    schema.promote.by = PromoteBy::kCommand;
    schema.promote.version = "0042";
    file_.id = "prices";
    file_.environment = "production";
    file_.stages = {{.name = "database", .needs = {}, .steps = {schema}},
                    {.name = "core",
                     .needs = {"database"},
                     .steps = {{.name = "payments", .service = "payments"}, {.name = "cart", .service = "cart"}},
                     .soak = kMinuteNs}};
    record_ = {.id = "prices", .environment = "production", .file = "", .begun_ns = kNow - 12 * kMinuteNs};
    Add("schema", Kind::kPromote, "done", "0042");
    Add("schema", Kind::kGuard, "done", "");
    Add("payments", Kind::kPromote, "done", std::string(40, 'a') + ".." + std::string(40, 'b'));
  }

  void Add(const std::string& step, Kind kind, const std::string& outcome, const std::string& detail) {
    rows_.push_back({"prices", RowOf(step, kind), kNow, outcome.empty() ? 0 : kNow, outcome, detail});
  }
  ReleaseView View() const { return {&record_, &file_, &rows_, true, waits_at_, waiting_}; }
  std::string Table(const ViewFrame& frame = {}) const { return Join(ReleaseTable(View(), kNow, frame), "\n") + "\n"; }

  ReleaseFile file_{.id = "", .environment = "", .stages = {}};
  ReleaseRecord record_;
  std::vector<JournalRow> rows_;
  std::string waits_at_;
  TaskWaiting waiting_;
};

TEST_F(ReleaseViewTest, ATableSaysWhereEachStepStandsAndWhatIsWaitedFor) {
  Add("payments", Kind::kGuard, "", "");
  waits_at_ = "payments/guarded";
  waiting_ = {"guard_window", "healthy so far", kNow + 3 * kMinuteNs};
  EXPECT_EQ(Table(), R"(release prices of production: under way, begun 12m ago
stage     step      state      left  evidence
database  schema    healthy          0042
core      payments  promoted   3m    guard_window: healthy so far
core      cart      not begun
)");
}

TEST_F(ReleaseViewTest, ABreachIsSaidBelowWithWhatIsUndone) {
  Add("payments", Kind::kGuard, "regressed", "errors 0.01 % -> 4.1 %");
  const ReleaseBreach breach{.step = "payments", .reason = "regressed", .detail = "errors 0.01 % -> 4.1 %"};
  rows_.push_back({"prices", std::string(kBreachedRow), kNow, kNow, "done", BreachText(breach)});
  Add("payments", Kind::kReverse, "conflict", "prices.txt");
  EXPECT_EQ(Table(), R"(release prices of production: halted, begun 12m ago
stage     step      state       left  evidence
database  schema    healthy           0042
core      payments  not undone        conflict: prices.txt
core      cart      not begun
breach: payments regressed, errors 0.01 % -> 4.1 %
halted at payments/reversed (conflict): `revertd release resume prices` or `revertd release abort prices`
)");
}

TEST_F(ReleaseViewTest, ASoakIsOfNoStepAndStandsBelow) {
  waits_at_ = "core:soaked";
  waiting_ = {"soaking", "everything promoted so far is watched", kNow + 50 * kSecondNs};
  EXPECT_THAT(Table(), HasSubstr("\ncore:soaked: soaking: everything promoted so far is watched, 50s left\n"));
}

TEST_F(ReleaseViewTest, AnEndedReleaseSaysHow) {
  record_.ended_ns = kNow;
  record_.outcome = "reversed";
  EXPECT_THAT(Table(), HasSubstr("release prices of production: ended 2025-11-21T04:40:00Z, reversed\n"));
}

TEST_F(ReleaseViewTest, NoLineIsWiderThanTheTerminal) {
  waits_at_ = "payments/guarded";
  waiting_ = {"watching", std::string(500, 'x'), 0, false};
  for (const std::string& line : ReleaseTable(View(), kNow, {.width = 60})) EXPECT_THAT(line, SizeIs(Le(60U))) << line;
}

TEST_F(ReleaseViewTest, AReleaseHigherThanTheTerminalShowsTheStepAtHand) {
  for (int i = 0; i < 100; ++i)
    file_.stages[1].steps.insert(file_.stages[1].steps.begin(), {.name = "s" + std::to_string(i)});
  const std::vector<std::string> lines = ReleaseTable(View(), kNow, {.width = 100, .height = 12});
  EXPECT_THAT(lines, SizeIs(Le(12U)));
  EXPECT_THAT(Join(lines, "\n"), HasSubstr("s99"));
  EXPECT_THAT(lines.back(), HasSubstr("other steps"));
}

TEST_F(ReleaseViewTest, ColourIsOfTheStateAlone) {
  EXPECT_THAT(Table({.colour = true}), HasSubstr("database  schema    \x1b[32mhealthy\x1b[0m"));
  EXPECT_EQ(Table().find('\x1b'), std::string::npos);
}

TEST_F(ReleaseViewTest, WhatAProgramPrintedCannotSteerTheTerminal) {
  waits_at_ = "payments/guarded";
  waiting_ = {"condition_unknown", "smoke exit 2; \x1b[2Jgone", 0, false};
  EXPECT_EQ(Table().find('\x1b'), std::string::npos);
}

TEST_F(ReleaseViewTest, EventsAreObjectsOfOneLine) {
  EXPECT_EQ(ToJson({.release = "prices",
                    .environment = "production",
                    .row = "cart/promoted",
                    .outcome = "done",
                    .detail = "a..b",
                    .at_ns = 7}),
            R"({"event":"release","release":"prices","environment":"production","row":"cart/promoted",)"
            R"("state":"finished","outcome":"done","detail":"a..b","time_ns":7})");
  const ReleaseTask task{Kind::kGuard, &file_.stages[1], &file_.stages[1].steps[0], "payments/guarded"};
  EXPECT_EQ(WaitingJson(file_, task, {"watching", "no verdict yet", 9, false}, 8),
            R"({"event":"waiting","release":"prices","environment":"production","row":"payments/guarded",)"
            R"("why":"watching","detail":"no verdict yet","until_ns":9,"for_a_person":false,"time_ns":8})");
}

TEST_F(ReleaseViewTest, APlanSaysEverythingInTheOrderInWhichItWouldBeDone) {
  ReleasePlan plan;
  plan.steps.push_back({.stage = &file_.stages[0],
                        .step = &file_.stages[0].steps[0],
                        .promote = {"migrate up 0042"},
                        .inverse = {"migrate down 0042"},
                        .guard = "at least 1m"});
  plan.steps.push_back({.stage = &file_.stages[1],
                        .step = &file_.stages[1].steps[0],
                        .repo = "shop",
                        .branch = "production",
                        .source = "main",
                        .source_head = "0123456789abcdef",
                        .target_head = "fedcba9876543210",
                        .commits = 3,
                        .diffstat = " a | 2 +-\n 1 file changed\n",
                        .promote = {"git merge"},
                        .inverse = {"git revert"},
                        .guard = "at least 2m"});
  plan.reverse_order = {"payments", "schema"};
  plan.warnings = {{"payments", "taken_for_deployed", "no `running`"}};
  plan.refusals = {{"", "kill_switch", "it exists"}};
  EXPECT_THAT(
      PlanText(file_, plan),
      ElementsAre("release prices of production", "stage database", "  schema", "    does:   migrate up 0042",
                  "    guard:  at least 1m", "    undone: migrate down 0042", "stage core, then 1m of watching",
                  "  payments (service payments): main 0123456789ab onto shop production fedcba987654, 3 commits",
                  "    does:   git merge", "    guard:  at least 2m", "    undone: git revert", "    a | 2 +-",
                  "     1 file changed", "the way back, where the last step breaks: payments, schema",
                  "warning payments: taken_for_deployed: no `running`", "REFUSED: kill_switch: it exists",
                  "it cannot be run as it is"));
  const std::vector<std::string> lines = PlanJson(file_, plan);
  EXPECT_THAT(lines, SizeIs(5));
  EXPECT_THAT(lines, Each(HasSubstr("\"release\":\"prices\"")));
  EXPECT_THAT(lines[3], HasSubstr(R"("kind":"refusal","step":"","reason":"kill_switch","detail":"it exists")"));
  EXPECT_THAT(lines[4],
              HasSubstr(R"("refused":true,"reverse":"since_healthy_point","reverse_order":["payments","schema"])"));
}

}  // namespace
}  // namespace revertd

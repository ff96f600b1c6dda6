// Which step follows which, by every route.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actions/step.h"

namespace revertd {
namespace {

JournalRow Row(std::string step, std::string outcome, std::string detail = "") {
  const TimeNs finished_ns = outcome.empty() ? 0 : 2;
  return {"t", std::move(step), 1, finished_ns, std::move(outcome), std::move(detail)};
}

// The steps that follow when each is done.
std::vector<std::string> Walk(std::vector<JournalRow> rows, bool has_forge) {
  std::vector<std::string> steps;
  while (const auto step = NextStep(rows, has_forge)) {
    steps.emplace_back(*step);
    rows.push_back(Row(steps.back(), "done"));
  }
  return steps;
}

TEST(NextStep, EveryRouteEndsWithProductionBeingWatched) {
  for (Route route : {Route::kPush, Route::kPropose, Route::kVersion}) {
    const std::vector<JournalRow> accepted = {Row("accepted", "done", std::string(NameOf(route)))};
    std::vector<std::string> wanted;
    for (std::string_view step : StepsOf(route)) wanted.emplace_back(step);
    wanted.erase(wanted.begin());
    EXPECT_EQ(Walk(accepted, true), wanted) << NameOf(route);
    EXPECT_EQ(wanted.back(), "recovered");
  }
}

TEST(NextStep, WhatIsBegunIsDueAgain) {
  EXPECT_EQ(NextStep({Row("accepted", "done", "push"), Row("planned", "")}, false), "planned");
  EXPECT_EQ(NextStep({}, false), "accepted");
}

TEST(NextStep, AnyOtherOutcomeEndsIt) {
  EXPECT_EQ(NextStep({Row("accepted", "done", "push"), Row("planned", "conflict")}, true), std::nullopt);
  EXPECT_EQ(NextStep({Row("accepted", "bad_revision")}, true), std::nullopt);
}

TEST(NextStep, ARefusedPushGoesOnAsAProposalWhereThereIsAForge) {
  std::vector<JournalRow> rows = {Row("accepted", "done", "push"), Row("planned", "done"),
                                  Row("reverted", "done"),         Row("announced", "done"),
                                  Row("drained", "done"),          Row("pushed", "push_rejected")};
  EXPECT_EQ(NextStep(rows, false), std::nullopt);
  EXPECT_THAT(Walk(rows, true), testing::ElementsAre("proposed", "merged", "deployed", "reapply_offered", "recovered"));
  rows.back().outcome = "kill_switch";
  EXPECT_EQ(NextStep(rows, true), std::nullopt);
}

TEST(NextStep, ATriggerThatAnOlderProgramAcceptedIsPushed) {
  EXPECT_EQ(RouteOf({Row("accepted", "done", "shop")}), Route::kPush);
}

}  // namespace
}  // namespace revertd

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
std::vector<std::string> Walk(std::vector<JournalRow> rows) {
  std::vector<std::string> steps;
  while (const auto step = NextStep(rows)) {
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
    EXPECT_EQ(Walk(accepted), wanted) << NameOf(route);
    EXPECT_EQ(wanted.back(), "recovered");
  }
}

TEST(NextStep, WhatIsBegunIsDueAgain) {
  EXPECT_EQ(NextStep({Row("accepted", "done", "push"), Row("planned", "")}), "planned");
  EXPECT_EQ(NextStep({}), "accepted");
}

TEST(NextStep, AnyOtherOutcomeEndsIt) {
  EXPECT_EQ(NextStep({Row("accepted", "done", "push"), Row("planned", "conflict")}), std::nullopt);
  EXPECT_EQ(NextStep({Row("accepted", "bad_revision")}), std::nullopt);
}

TEST(NextStep, ARefusedPushGoesOnAsAProposalOnceThatIsBegun) {
  std::vector<JournalRow> rows = {Row("accepted", "done", "push"), Row("planned", "done"),
                                  Row("reverted", "done"),         Row("announced", "done"),
                                  Row("drained", "done"),          Row("pushed", "push_rejected")};
  EXPECT_EQ(NextStep(rows), std::nullopt) << "a forge that is configured later revives nothing";
  rows.push_back(Row("proposed", ""));
  EXPECT_EQ(NextStep(rows), "proposed");
  rows.back() = Row("proposed", "done");
  EXPECT_THAT(Walk(rows), testing::ElementsAre("merged", "deployed", "reapply_offered", "recovered"));
}

// The steps of the version before drains and drafts.
TEST(NextStep, AnOlderProgramsRollbackGoesOnWhereItStood) {
  std::vector<JournalRow> rows = {Row("accepted", "done", "shop"), Row("planned", "done"), Row("reverted", "done"),
                                  Row("announced", "done")};
  EXPECT_EQ(NextStep(rows), "drained");
  for (const char* step : {"pushed", "push_verified"}) rows.push_back(Row(step, "done"));
  rows.push_back(Row("deployed", ""));
  EXPECT_EQ(NextStep(rows), "deployed");
  rows.back() = Row("deployed", "done");
  rows.push_back(Row("recovered", "recovered"));
  EXPECT_EQ(NextStep(rows), std::nullopt) << "what has ended stays ended";
  rows.pop_back();
  rows.back() = Row("deployed", "not_seen");
  EXPECT_EQ(NextStep(rows), std::nullopt);
}

TEST(NextStep, ATriggerThatAnOlderProgramAcceptedIsPushed) {
  EXPECT_EQ(RouteOf({Row("accepted", "done", "shop")}), Route::kPush);
}

}  // namespace
}  // namespace revertd

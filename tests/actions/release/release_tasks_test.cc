// The lists of tasks, forward and back, as pure functions: for random releases and random failures what is undone is
// exactly what was done, and nothing before what was built on it.
#include "actions/release/release_tasks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace revertd {
namespace {

using testing::ElementsAre;
using Kind = ReleaseTaskKind;

struct RandomRelease {
  ReleaseFile file;
  std::vector<JournalRow> rows;
  std::vector<std::string> begun;  // steps that may have changed something, in the order begun
  std::set<std::string> kept;      // of those: before the last healthy point
  std::string broken;
};

JournalRow Row(const std::string& name, std::string_view outcome, std::string_view detail = "") {
  return {"r", name, 1, 2, std::string(outcome), std::string(detail)};
}

// Stages that need random earlier ones, in an order that respects it, run until a random step breaks.
RandomRelease MakeRandom(std::mt19937_64* random) {
  const auto below = [random](size_t n) { return static_cast<size_t>((*random)() % n); };
  RandomRelease release;
  const size_t stages = 1 + below(6);
  std::vector<std::string> steps;
  for (size_t i = 0; i < stages; ++i) {
    ReleaseStage stage;
    stage.name = "g" + std::to_string(i);
    for (size_t j = 0; j < i; ++j) {
      if (below(2) == 0) stage.needs.push_back("g" + std::to_string(j));
    }
    stage.healthy_point = below(4) == 0;
    stage.soak = below(3) == 0 ? kMinuteNs : 0;
    for (size_t j = 0, n = 1 + below(3); j < n; ++j) {
      ReleaseStep step;
      step.name = "s" + std::to_string(steps.size());
      step.promote.by = below(3) == 0 ? PromoteBy::kCommand : PromoteBy::kMerge;
      step.approval = below(4) == 0;
      steps.push_back(step.name);
      stage.steps.push_back(step);
    }
    release.file.stages.push_back(stage);
  }
  const size_t last = below(steps.size());
  release.broken = steps[below(last + 1)];
  const bool last_is_open = below(2) == 0;  // its promotion was begun and has no end
  bool is_past_broken = false;
  size_t at = 0;
  for (const ReleaseStage& stage : release.file.stages) {
    for (const ReleaseStep& step : stage.steps) {
      if (at > last) return release;
      if (step.name == release.broken) is_past_broken = true;
      release.rows.push_back(Row(RowOf(step.name, Kind::kRegister), "done"));
      const bool is_open = at == last && last_is_open;
      JournalRow promoted = Row(RowOf(step.name, Kind::kPromote), "done", "a..b");
      if (is_open) promoted.finished_ns = 0;
      release.rows.push_back(promoted);
      const bool is_started = step.promote.by == PromoteBy::kCommand && (!is_open || below(2) == 0);
      if (is_started) release.rows.push_back(Row(StartedRow(step.name), "done"));
      if (!is_open || is_started) release.begun.push_back(step.name);
      if (at == last) return release;
      release.rows.push_back(Row(RowOf(step.name, Kind::kGuard), "done"));
      ++at;
    }
    if (stage.soak > 0) release.rows.push_back(Row(RowOf(stage.name, Kind::kSoak), "done"));
    if (stage.healthy_point && !is_past_broken) release.kept.insert(release.begun.begin(), release.begun.end());
  }
  return release;
}

TEST(ReleaseTasks, WhatIsUndoneIsWhatWasDoneInReverse) {
  for (uint64_t seed = 1; seed <= 20'000; ++seed) {
    std::mt19937_64 random(seed);
    RandomRelease release = MakeRandom(&random);
    const ReleaseBreach breach = {release.broken, "regressed", "", false};
    std::vector<std::string> expected;
    for (const std::string& step : release.begun) {
      if (!release.kept.contains(step)) expected.push_back(step);
    }
    std::ranges::reverse(expected);
    std::vector<std::string> undone;
    for (const ReleaseStep* step : StepsToReverse(release.file, release.rows, breach)) undone.push_back(step->name);
    ASSERT_EQ(undone, expected) << "seed " << seed;

    // A reverse topological order of the graph: no stage before one that needs it.
    std::map<std::string, size_t> undone_at;
    for (const ReleaseStage& stage : release.file.stages) {
      for (const ReleaseStep& step : stage.steps) {
        const auto found = std::ranges::find(undone, step.name);
        if (found != undone.end()) undone_at[stage.name] = static_cast<size_t>(found - undone.begin());
      }
    }
    for (const ReleaseStage& stage : release.file.stages) {
      for (const std::string& need : stage.needs) {
        if (!undone_at.contains(stage.name) || !undone_at.contains(need)) continue;
        ASSERT_LT(undone_at[stage.name], undone_at[need]) << "seed " << seed;
      }
    }
  }
}

// The executed order, and not only the planned one: whichever task fails, the next one is never passed over.
TEST(ReleaseTasks, TheWayBackStopsAtWhatFailsAndGoesOnAfterIt) {
  for (uint64_t seed = 1; seed <= 5'000; ++seed) {
    std::mt19937_64 random(seed);
    RandomRelease release = MakeRandom(&random);
    const ReleaseBreach breach = {release.broken, "regressed", "", false};
    const auto steps = StepsToReverse(release.file, release.rows, breach);
    release.rows.push_back(Row(std::string(kBreachedRow), "done", BreachText(breach)));
    std::vector<std::string> executed;
    for (int turn = 0; turn < 200; ++turn) {
      const ReleaseStanding standing = StandingOf(release.file, release.rows);
      if (standing.kind == ReleaseStanding::Kind::kEnded) break;
      std::erase_if(release.rows, [&](const JournalRow& row) { return row.step == standing.task->row; });
      if (standing.kind == ReleaseStanding::Kind::kRunning && random() % 3 == 0) {
        release.rows.push_back(Row(standing.task->row, "command_failed"));
        const bool settles = standing.task->kind == Kind::kSettle;
        ASSERT_EQ(StandingOf(release.file, release.rows).kind,
                  settles ? ReleaseStanding::Kind::kEnded : ReleaseStanding::Kind::kHalted);
        continue;
      }
      release.rows.push_back(Row(standing.task->row, "done"));
      if (standing.task->kind == Kind::kReverse) executed.push_back(standing.task->step->name);
    }
    std::vector<std::string> expected;
    for (const ReleaseStep* step : steps) expected.push_back(step->name);
    ASSERT_EQ(executed, expected) << "seed " << seed;
  }
}

TEST(ReleaseTasks, ABreachIsReadAsItWasWritten) {
  const ReleaseBreach breach = {"cart", "regressed", "errors 0.1 % -> 5 %\nand more", true};
  const ReleaseBreach read = BreachFrom(BreachText(breach));
  EXPECT_EQ(read.step, breach.step);
  EXPECT_EQ(read.reason, breach.reason);
  EXPECT_EQ(read.detail, breach.detail);
  EXPECT_TRUE(read.keep);
}

TEST(ReleaseTasks, OnlyWhatMayHaveMadeProductionWorseGoesBackByItself) {
  EXPECT_TRUE(IsBreach(Kind::kGuard, "regressed"));
  EXPECT_TRUE(IsBreach(Kind::kDeploy, "not_running"));
  EXPECT_TRUE(IsBreach(Kind::kPromote, "command_failed"));
  EXPECT_FALSE(IsBreach(Kind::kPromote, "conflict"));
  EXPECT_FALSE(IsBreach(Kind::kPromote, "push_rejected"));
  EXPECT_FALSE(IsBreach(Kind::kVerify, "remote_unchanged"));
  EXPECT_FALSE(IsBreach(Kind::kReverse, "command_failed"));
  EXPECT_FALSE(IsBreach(Kind::kGuard, "done"));
}

}  // namespace
}  // namespace revertd

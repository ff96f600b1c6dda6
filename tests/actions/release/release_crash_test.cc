// Kills a release with SIGKILL at every named place of its journal, forward and on the way back, and starts it again:
// every remote, every command and every row ends as if nobody had died.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <functional>

#include "tests/actions/release/release_world.h"

namespace revertd {
namespace {

struct Life {
  std::string outcome;
  std::vector<std::string> rows;
  std::vector<std::vector<std::string>> histories;
  std::vector<std::string> commands;
  std::vector<std::string> told;

  bool operator==(const Life&) const = default;
};

Life LifeOf(ReleaseWorld* world) {
  Life life;
  life.outcome = world->Record()->outcome;
  life.rows = world->Rows();
  for (const char* repo : {"payments", "catalog", "web"}) life.histories.push_back(world->History(repo));
  life.commands = world->Commands();
  life.told = world->Told();
  return life;
}

// Collects the fault points that an undisturbed run passes.
Life Undisturbed(bool breaks, std::vector<std::string>* passed) {
  ReleaseWorld world;
  if (breaks) world.verdicts["cart"] = VerdictState::kRegressed;
  world.Run([passed](std::string_view name) { passed->emplace_back(name); });
  return LifeOf(&world);
}

void KillAtEveryPlace(bool breaks, const std::function<bool(const std::string&)>& is_meant) {
  std::vector<std::string> passed;
  const Life life = Undisturbed(breaks, &passed);
  ASSERT_EQ(life.outcome, breaks ? "reversed" : "done");
  int died = 0;
  for (const std::string& place : passed) {
    if (!is_meant(place)) continue;
    SCOPED_TRACE(place);
    ReleaseWorld world;
    if (breaks) world.verdicts["cart"] = VerdictState::kRegressed;
    const int first = world.RunInChild(place);
    ASSERT_TRUE(WIFSIGNALED(first) && WTERMSIG(first) == SIGKILL) << "the place was never reached";
    const int last = world.RunInChild("none");
    ASSERT_TRUE(WIFEXITED(last) && WEXITSTATUS(last) == 0);
    EXPECT_EQ(LifeOf(&world).outcome, life.outcome);
    EXPECT_EQ(LifeOf(&world).rows, life.rows);
    EXPECT_EQ(LifeOf(&world).histories, life.histories);
    EXPECT_EQ(LifeOf(&world).commands, life.commands);
    EXPECT_EQ(LifeOf(&world).told, life.told);
    ++died;
  }
  EXPECT_GT(died, 0);
}

bool IsOf(const std::string& place, std::string_view row) { return place.starts_with(row); }

// Payments, catalog and front are promoted and undone as cart is: where this is set they are killed too, which is three
// times as many lives.
bool EveryStep() { return std::getenv("REVERTD_CRASH_EVERY_STEP") != nullptr; }

TEST(ReleaseCrash, BesideTheCommandItGoesOn) {
  KillAtEveryPlace(false, [](const std::string& place) { return IsOf(place, "schema/"); });
}

TEST(ReleaseCrash, InEveryStageItGoesOn) {
  KillAtEveryPlace(false, [](const std::string& place) {
    if (IsOf(place, "cart/") || IsOf(place, "edge:")) return true;
    return EveryStep() ? !IsOf(place, "schema/")
                       : IsOf(place, "payments/promoted.after") || IsOf(place, "front/promoted.after");
  });
}

TEST(ReleaseCrash, AtTheBreachAndTheEndItGoesOn) {
  KillAtEveryPlace(true, [](const std::string& place) { return IsOf(place, "breached") || IsOf(place, "settled"); });
}

TEST(ReleaseCrash, InTheReverseOfACommandItGoesOn) {
  KillAtEveryPlace(true, [](const std::string& place) { return IsOf(place, "schema/reverse"); });
}

TEST(ReleaseCrash, InTheReverseOfAMergeItGoesOn) {
  KillAtEveryPlace(true, [](const std::string& place) {
    const bool is_reverse = place.find("/reverse") != std::string::npos && !IsOf(place, "schema/");
    return is_reverse &&
           (EveryStep() || IsOf(place, "cart/") || place.find("pushed.before_finish") != std::string::npos);
  });
}

}  // namespace
}  // namespace revertd

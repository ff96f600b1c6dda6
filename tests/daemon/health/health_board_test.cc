#include "daemon/health/health_board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace revertd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class HealthBoardTest : public testing::Test {
 protected:
  static Config MakeConfig() {
    Config config;
    for (const char* name : {"checkout", "catalog"}) {
      ServiceConfig service;
      service.name = name;
      service.health.checks.push_back({.name = "ready", .url = ""});
      config.services.push_back(service);
    }
    return config;
  }
  static HealthResult Result(HealthLevel level, TimeNs at_ns, const std::string& service = "checkout") {
    HealthResult result;
    result.service = service;
    result.check = "ready";
    result.level = level;
    result.reason = std::string(NameOf(level));
    result.at_ns = at_ns;
    return result;
  }
  static std::vector<TimeNs> TimesOf(const std::vector<HealthResult>& results) {
    std::vector<TimeNs> times;
    for (const HealthResult& result : results) times.push_back(result.at_ns);
    return times;
  }

  HealthBoard board_{MakeConfig()};
};

TEST_F(HealthBoardTest, ACheckIsUnknownBeforeItsFirstAnswer) {
  ASSERT_THAT(board_.Read(), SizeIs(2));
  const HealthState state = board_.Read()[1];
  EXPECT_EQ(state.newest.service, "catalog");
  EXPECT_EQ(state.newest.check, "ready");
  EXPECT_EQ(state.newest.level, HealthLevel::kUnknown);
  EXPECT_EQ(state.newest.reason, "not_asked_yet");
  EXPECT_FALSE(state.is_asked());
  EXPECT_THAT(board_.Take(), IsEmpty());
}

TEST_F(HealthBoardTest, TheFirstAnswerAndEveryOtherLevelIsAChange) {
  board_.Put(Result(HealthLevel::kUnknown, 1));  // known for the first time, if only that it is not
  board_.Put(Result(HealthLevel::kOk, 2));
  board_.Put(Result(HealthLevel::kOk, 3));
  board_.Put(Result(HealthLevel::kFatal, 4));
  board_.Put(Result(HealthLevel::kFatal, 5));
  board_.Put(Result(HealthLevel::kFatal, 6, "catalog"));  // another service's
  std::vector<TimeNs> changes;
  for (const HealthResult& result : board_.Take()) {
    if (result.is_change) changes.push_back(result.at_ns);
  }
  EXPECT_THAT(changes, ElementsAre(1, 2, 4, 6));
}

TEST_F(HealthBoardTest, KeepsTheNewestAndSinceWhenItsLevelIsThat) {
  board_.Put(Result(HealthLevel::kOk, 10));
  board_.Put(Result(HealthLevel::kFatal, 20), /*missed=*/3);
  board_.Put(Result(HealthLevel::kFatal, 30), /*missed=*/1);
  const HealthState state = board_.Read()[0];
  EXPECT_EQ(state.newest.level, HealthLevel::kFatal);
  EXPECT_EQ(state.newest.at_ns, 30);
  EXPECT_EQ(state.since_ns, 20);
  EXPECT_THAT(state.results, ElementsAre(1U, 0U, 2U, 0U));
  EXPECT_EQ(state.missed, 4U);
  EXPECT_FALSE(board_.Read()[1].is_asked());
}

TEST_F(HealthBoardTest, EachResultIsTakenOnceInOrder) {
  board_.Put(Result(HealthLevel::kOk, 1));
  board_.Put(Result(HealthLevel::kOk, 2, "catalog"));
  EXPECT_THAT(TimesOf(board_.Take()), ElementsAre(1, 2));
  board_.Put(Result(HealthLevel::kOk, 3));
  EXPECT_THAT(TimesOf(board_.Take()), ElementsAre(3));
  EXPECT_THAT(board_.Take(), IsEmpty());
}

TEST_F(HealthBoardTest, BeyondItsRoomTheOldestIsDroppedAndCounted) {
  const auto room = static_cast<TimeNs>(HealthBoard::kWaitingMax);
  for (TimeNs at = 1; at <= room + 3; ++at) board_.Put(Result(HealthLevel::kOk, at));
  EXPECT_EQ(board_.results_dropped(), 3U);
  const std::vector<TimeNs> times = TimesOf(board_.Take());
  ASSERT_THAT(times, SizeIs(HealthBoard::kWaitingMax));
  EXPECT_EQ(times.front(), 4);
  EXPECT_EQ(times.back(), room + 3);
  board_.Put(Result(HealthLevel::kOk, 1));
  EXPECT_EQ(board_.results_dropped(), 3U);
}

}  // namespace
}  // namespace revertd

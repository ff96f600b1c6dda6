// The health checks' past: what a calibration and a restart read from the state.
#include "daemon/health_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "daemon/event_json.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;

class HealthHistory : public ::testing::Test {
 protected:
  static constexpr TimeNs kNow = 1'800'000'000 * kSecondNs;

  void SetUp() override {
    auto state = StateStore::Open(folder_.Path("state.db"), StateStore::Access::kOwner);
    ASSERT_TRUE(state.ok());
    state_ = *std::move(state);
  }
  void Told(const char* check, HealthLevel level, DurationNs ago) {
    HealthResult result{.service = "shop", .check = check, .level = level};
    result.reason = std::string(NameOf(level));
    result.at_ns = kNow - ago;
    ASSERT_TRUE(state_->WriteEvents({EventOf(result)}).ok());
  }
  // "CHECK LEVEL SECONDS-AGO" of each that is told.
  auto Noting() {
    return [this](const HealthResult& result) {
      noted_.push_back(result.check + " " + std::string(NameOf(result.level)) + " " +
                       std::to_string((kNow - result.at_ns) / kSecondNs));
    };
  }

  TestFolder folder_;
  std::unique_ptr<StateStore> state_;
  std::vector<std::string> noted_;
};

TEST_F(HealthHistory, IsEveryChangeThatWasTold) {
  Told("ready", HealthLevel::kOk, 100 * kHourNs);
  Told("ready", HealthLevel::kFatal, kHourNs);
  ASSERT_TRUE(state_->WriteEvents({{.at_ns = kNow, .kind = "health", .text = "{}"}}).ok()) << "none of ours";
  ASSERT_TRUE(ReadHealthChanges(*state_, Noting()).ok());
  EXPECT_THAT(noted_, ElementsAre("ready ok 360000", "ready fatal 3600"));
}

// Killed ten minutes ago: until then the levels held.
TEST_F(HealthHistory, BeforeARestartEachLevelHeldUntilTheEnd) {
  Told("old", HealthLevel::kOk, 100 * kHourNs);
  Told("ready", HealthLevel::kOk, 2 * kHourNs);
  Told("ready", HealthLevel::kFatal, kHourNs);
  const int64_t end = kNow / kSecondNs - 600;
  ASSERT_TRUE(state_->WriteHistory({{"shop", {end, {}}}}, {}).ok());
  ASSERT_TRUE(ReadHealthBefore(*state_, kNow, Noting()).ok());
  EXPECT_THAT(noted_,
              ElementsAre("old ok 360000", "ready ok 7200", "ready fatal 3600", "old ok 600", "ready fatal 600"));
}

TEST_F(HealthHistory, AStateWithoutChecksHasNone) {
  ASSERT_TRUE(ReadHealthBefore(*state_, kNow, Noting()).ok());
  EXPECT_THAT(noted_, ElementsAre());
}

}  // namespace
}  // namespace revertd

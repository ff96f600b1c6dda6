// `revertd calibrate` as a user runs it: what it prints, what it leaves in the state, and that a sidecar which starts
// on that state is calibrated. The log is of two days at one request in five seconds: cheap, and as long as it takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "analysis/calibration.h"
#include "base/clock.h"
#include "store/state_store.h"
#include "tests/daemon/program.h"
#include "tests/daemon/synthetic_log.h"

namespace revertd {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kHour = 3600;
constexpr int64_t kLength = 44 * kHour;
constexpr int64_t kEvery = 5;

// One of twenty requests fails, never at the same place.
std::string QuietLog(int64_t from, int64_t until) {
  std::string lines;
  for (int64_t second = (from + kEvery - 1) / kEvery * kEvery; second < until; second += kEvery) {
    const auto draw = static_cast<uint64_t>(second) * 0x9E3779B97F4A7C15U;
    lines += LogLine("shop.test", second, (draw >> 40) % 20 == 0 ? 500 : 200);
  }
  return lines;
}

class Calibrate : public ::testing::Test {
 protected:
  Calibrate() : end_((FloorToSecond(SystemClock().Now()) - 600) / kHour * kHour), start_(end_ - kLength) {
    config_ = folder_.Write("revertd.yaml", "services:\n  shop: {match: {host: shop.test}}\nguard: {kill_switch: " +
                                                folder_.Path("kill-switch") + "}\nstate: " + state_ + "\n");
  }

  ProgramResult Run(const std::string& log, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"calibrate", "--json", "--config", config_});
    return RunProgram(folder_, more, log);
  }

  // Everything that a fill writes, as text.
  std::string StateText() {
    const auto store = StateStore::Open(state_, StateStore::Access::kReadOnly);
    EXPECT_TRUE(store.ok());
    std::string text = "newest " + std::to_string((*store)->ReadNewestSecond()->value_or(0)) + "\n";
    const auto history = (*store)->ReadHistory(end_ * kSecondNs);
    EXPECT_TRUE(history.ok());
    for (const ServiceHistory& service : *history) {
      text += service.service + "\n";
      for (const SecondCounts& second : service.seconds) {
        text += "second " + std::to_string(second.second) + " " + std::to_string(second.by_age.requests[0]) + "\n";
      }
      for (const HistoryBlock& block : service.blocks) {
        text += "block " + std::to_string(block.start_second) + " " + std::to_string(block.requests) + " " +
                std::to_string(block.errors) + "\n";
      }
      EXPECT_TRUE((*store)
                      ->ReadMinutes(service.service, 0, end_ + kHour,
                                    [&](int64_t start, std::string_view bytes) {
                                      text += "minute " + std::to_string(start) + " " + std::string(bytes) + "\n";
                                    })
                      .ok());
    }
    return text;
  }
  std::vector<StoredShadow> Shadows() {
    std::vector<StoredShadow> shadows;
    const auto store = StateStore::Open(state_, StateStore::Access::kReadOnly);
    EXPECT_TRUE((*store)->ReadShadows([&](const StoredShadow& shadow) { shadows.push_back(shadow); }).ok());
    return shadows;
  }

  TestFolder folder_;
  std::string state_ = folder_.Path("state/state.db");
  std::string config_;
  int64_t end_;
  int64_t start_;
};

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

TEST_F(Calibrate, ADryRunPrintsAndWritesNothing) {
  const ProgramResult result = Run(QuietLog(start_, end_), {"--dry-run"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(FirstLine(result.out),
              AllOf(HasSubstr("{\"event\":\"calibration\","), HasSubstr("\"service\":\"shop\",\"deploy\":\"\""),
                    HasSubstr("\"false\":0"), HasSubstr("\"per_1000_upper95\":"), HasSubstr("\"calibrated\":true"),
                    HasSubstr("\"slow\":{\"block_seconds\":"), HasSubstr("\"requests_per_second\":0.2,"),
                    HasSubstr("\"smallest_regression\":[{\"within_seconds\":60")));
  EXPECT_THAT(result.out, AllOf(HasSubstr("{\"event\":\"summary\","), Not(HasSubstr("\"filled\""))));
  EXPECT_FALSE(std::filesystem::exists(state_));
}

// One of twenty fails: a limit below that is wrong all the time, one far above it never.
TEST_F(Calibrate, TellsHowOftenAnOwnersRuleWouldHaveBeenWrong) {
  const auto with_limit = [this](const char* limit) {
    config_ = folder_.Write("rule.yaml",
                            "services:\n  shop: {match: {host: shop.test}, rule: {errors_above: " + std::string(limit) +
                                ", requests_min: 20}}\nguard: {kill_switch: " + folder_.Path("kill-switch") +
                                "}\nstate: " + state_ + "\n");
    const ProgramResult result = Run(QuietLog(end_ - 6 * kHour, end_), {"--dry-run"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return FirstLine(result.out);
  };
  EXPECT_THAT(with_limit("0.001"), ContainsRegex("\"rule_errors\":\\{\"judged\":1[0-9],\"false\":1[0-9],"));
  EXPECT_THAT(with_limit("0.6"), ContainsRegex("\"rule_errors\":\\{\"judged\":1[0-9],\"false\":0,\"per_1000\":0,"));
}

TEST_F(Calibrate, FillingTwiceChangesNothing) {
  const std::string log = QuietLog(start_, end_);
  const ProgramResult once = Run(log);
  ASSERT_EQ(once.exit_code, 0) << once.err;
  const std::string state = StateText();
  const std::vector<StoredShadow> shadows = Shadows();
  ASSERT_GE(shadows.size(), 150U);
  EXPECT_THAT(once.out, HasSubstr("\"shadows\":" + std::to_string(shadows.size()) + "}"));

  const ProgramResult twice = Run(log);
  ASSERT_EQ(twice.exit_code, 0) << twice.err;
  EXPECT_EQ(FirstLine(twice.out), FirstLine(once.out));
  EXPECT_THAT(twice.out, HasSubstr("\"filled\":{\"blocks\":0,\"minutes\":0,\"shadows\":0}"));
  EXPECT_EQ(StateText(), state);
  EXPECT_EQ(Shadows().size(), shadows.size());
}

TEST_F(Calibrate, LogsInPiecesAreTheSameHistory) {
  const int64_t cut = end_ - 20 * kHour + 12'345;  // in the middle of a block and of a minute
  ASSERT_EQ(Run(QuietLog(start_, cut)).exit_code, 0);
  ASSERT_EQ(Run(QuietLog(cut, end_)).exit_code, 0);
  const std::string in_pieces = StateText();
  std::filesystem::remove_all(folder_.Path("state"));
  ASSERT_EQ(Run(QuietLog(start_, end_)).exit_code, 0);
  EXPECT_EQ(StateText(), in_pieces);
}

// The older piece comes later: it is put before what is there, and the block that both have a part of is not doubled.
TEST_F(Calibrate, OlderLogsComeBeforeWhatIsThere) {
  const int64_t cut = end_ - 4 * kHour + 25;  // in the middle, again
  ASSERT_EQ(Run(QuietLog(cut, end_)).exit_code, 0);
  ASSERT_EQ(Run(QuietLog(start_, cut + kHour)).exit_code, 0);
  const std::string in_pieces = StateText();
  std::filesystem::remove_all(folder_.Path("state"));
  ASSERT_EQ(Run(QuietLog(start_, end_)).exit_code, 0);
  EXPECT_EQ(StateText(), in_pieces);
}

TEST_F(Calibrate, WhatTheSidecarHasSeenStays) {
  const int64_t block = start_ + kHour - (start_ + kHour) % kHistoryBlockSeconds;
  {
    const auto store = StateStore::Open(state_, StateStore::Access::kOwner);
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE((*store)
                    ->WriteHistory({{"shop", {end_ - 10, {}}}},
                                   {{"shop", {block, 1, 1}}, {"shop", {block + kHistoryBlockSeconds, 50, 0}}})
                    .ok());
  }
  ASSERT_EQ(Run(QuietLog(start_, end_)).exit_code, 0);
  const std::string state = StateText();
  EXPECT_THAT(state, HasSubstr("block " + std::to_string(block) + " 8 ")) << "the log saw all of it";
  EXPECT_THAT(state, HasSubstr("block " + std::to_string(block + kHistoryBlockSeconds) + " 50 0\n"));
  EXPECT_THAT(state, Not(HasSubstr("second " + std::to_string(end_ - 15)))) << "counted already, by the sidecar";
  EXPECT_THAT(state, HasSubstr("newest " + std::to_string(end_ - kEvery)));
}

TEST_F(Calibrate, AStateThatASidecarHasOpenIsRefused) {
  const auto store = StateStore::Open(state_, StateStore::Access::kOwner);
  ASSERT_TRUE(store.ok());
  const ProgramResult refused = Run("");
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, HasSubstr("is in use by another revertd"));
  EXPECT_EQ(Run(QuietLog(end_ - kHour, end_), {"--dry-run"}).exit_code, 0);
}

TEST_F(Calibrate, PrintsATableThatSaysWhatIsMissing) {
  const ProgramResult result =
      RunProgram(folder_, {"calibrate", "--dry-run", "--config", config_}, QuietLog(end_ - 4 * kHour, end_));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(FirstLine(result.out), AllOf(HasSubstr("service"), HasSubstr("per 1000"), HasSubstr("15 min")));
  EXPECT_THAT(result.out, HasSubstr("shop is uncalibrated: needs 59 pretend deploys and a day: has 1"));
  EXPECT_THAT(result.err, HasSubstr("2880 lines, 0 of them not counted"));
}

TEST_F(Calibrate, ASidecarStartsCalibrated) {
  ASSERT_EQ(Run(QuietLog(start_, end_)).exit_code, 0);
  const std::string at = std::to_string(end_ + 10);
  const std::vector<std::string> common = {"--config", config_};
  const auto with_config = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), common.begin(), common.end());
    return arguments;
  };
  ASSERT_EQ(
      RunProgram(folder_, with_config({"deploy", "start", "--service", "shop", "--id", "bad", "--at", at})).exit_code,
      0);
  ASSERT_EQ(RunProgram(folder_, with_config({"deploy", "finish", "--id", "bad", "--at", at})).exit_code, 0);
  std::string log;
  for (int64_t second = end_; second < end_ + 200; ++second) {
    log += LogSecond("shop.test", second, 10, second < end_ + 10 ? 0 : 10);
  }
  const ProgramResult run = RunProgram(folder_, with_config({"run"}), log);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("\"state\":\"regressed\",\"reason\":\"errors_above_null\",\"calibrated\":true"));
}

}  // namespace
}  // namespace revertd

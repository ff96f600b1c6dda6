// Logs with gaps and clocks that were set, replayed as a user would: no deploy is blamed for them, a bad one is found
// all the same, and the summary says what became of the lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/daemon/program.h"
#include "tests/daemon/synthetic_log.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kStart = 1'795'255'200;  // 2026-11-21T10:00:00Z
constexpr int64_t kDeployAt = kStart + 60;

// The clock shows `step` more from 40 s after the deploy on. Checkout has `errors` a second since the deploy.
std::string LogWithStep(int64_t step, int errors) {
  constexpr int64_t kStepAt = kDeployAt + 40;
  return LogSeconds(kStart, kDeployAt, 0) + LogSeconds(kDeployAt, kStepAt, errors) +
         LogSeconds(kStepAt + step, kStepAt + step + 400, errors);
}

ProgramResult ReplayWithStep(int64_t step, int errors) {
  const TestFolder folder;
  return RunProgram(folder, {"replay", "--deploy", "service=checkout.test,id=it,at=" + std::to_string(kDeployAt)},
                    LogWithStep(step, errors));
}

constexpr int64_t kMinute = 60;

TEST(Clock, AStepBlamesNoDeployAndHidesNone) {
  for (const int64_t step : {kMinute, 5 * kMinute, -kMinute, -5 * kMinute}) {
    SCOPED_TRACE(testing::Message() << "a step of " << step << " s");
    const ProgramResult healthy = ReplayWithStep(step, 0);
    EXPECT_EQ(healthy.exit_code, 0) << healthy.err;
    EXPECT_THAT(healthy.out, HasSubstr("\"state\":\"healthy\",\"reason\":\"not_worse\""));
    EXPECT_THAT(healthy.out, HasSubstr("\"verdicts\":{\"it\":\"healthy\"}"));
    EXPECT_THAT(healthy.out, Not(HasSubstr("ambiguous")));
    const ProgramResult bad = ReplayWithStep(step, 6);
    EXPECT_EQ(bad.exit_code, 1) << bad.err;
    EXPECT_THAT(bad.out, HasSubstr("\"verdicts\":{\"it\":\"regressed\"}"));
  }
}

TEST(Clock, TheSummaryNamesWhatAStepCost) {
  // Ahead by more than a line is believed at once.
  const ProgramResult ahead = ReplayWithStep(5 * kMinute, 0);
  EXPECT_THAT(ahead.out, HasSubstr("\"bad_lines\":{},\"time_jumps\":1,"));
  // Back: what is told of seconds that are sealed is left out, two services of 150 requests each.
  const ProgramResult back = ReplayWithStep(-5 * kMinute, 0);
  EXPECT_THAT(back.out, HasSubstr("\"bad_lines\":{\"lines_too_late\":"));
  EXPECT_THAT(back.out, HasSubstr("\"time_jumps\":0,"));
  const ProgramResult none = ReplayWithStep(0, 0);
  EXPECT_THAT(none.out, HasSubstr("\"bad_lines\":{},\"time_jumps\":0,"));
}

// A log that stops for a minute and goes on is the same to a replay as a clock that went ahead.
TEST(Clock, AfterAStepBackTheWatchGoesOnWhereTheLogsTimeIsNewAgain) {
  const ProgramResult back = ReplayWithStep(-kMinute, 0);
  // The sealed seconds are those up to the lateness before the newest.
  EXPECT_THAT(back.out, HasSubstr("\"lines_too_late\":" + std::to_string(300 * (kMinute - 5 - 1)) + "}"));
}

}  // namespace
}  // namespace revertd

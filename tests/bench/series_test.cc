// Recorded traffic told again, and pretend deploys on it.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "analysis/series.h"
#include "bench/detection/pretend_deploys.h"
#include "bench/detection/recorded_series.h"

namespace revertd::bench {
namespace {

constexpr int64_t kStart = 1'800'000'000;

// `minutes` of `requests` a minute, of which `errors_at(minute)` fail.
template <typename ErrorsAt>
std::string Minutes(int64_t minutes, int64_t requests, const ErrorsAt& errors_at) {
  std::string text;
  for (int64_t minute = 0; minute < minutes; ++minute) {
    const int64_t from = kStart + minute * 60;
    text += "shop," + std::to_string(from) + "," + std::to_string(from + 60) + "," + std::to_string(requests) + ",7," +
            std::to_string(errors_at(minute)) + "\n";
  }
  return text;
}

TEST(RecordedSeries, CountsOfIntervalsStandAndAreSpreadOverTheirSeconds) {
  const auto series = RecordedSeries::OfCounts(Minutes(3, 6'000, [](int64_t minute) { return 10 * minute; }), 1);
  ASSERT_TRUE(series.ok());
  std::map<int64_t, RateCounts> minutes;
  uint32_t least = 6'000, most = 0;
  int64_t sealed = 0;
  series->Tell(
      [&](const Window& window) {
        const RateCounts counts = AllAges(window.by_age);
        minutes[(window.second - kStart) / 60] += counts;
        least = std::min(least, static_cast<uint32_t>(counts.requests));
        most = std::max(most, static_cast<uint32_t>(counts.requests));
      },
      [&](int64_t second) { sealed = second; });
  EXPECT_EQ(sealed, kStart + 179);
  ASSERT_EQ(minutes.size(), 3U);
  for (const auto& [minute, counts] : minutes) {
    EXPECT_EQ(counts.requests, 6'000);
    EXPECT_EQ(counts.errors, 10 * minute);
  }
  EXPECT_GT(least, 50U) << "six standard deviations";
  EXPECT_LT(most, 160U);
  EXPECT_GT(most - least, 10U) << "seconds differ";
}

TEST(RecordedSeries, SaysWhichLineOfCountsIsNone) {
  for (const char* wrong : {"shop,1,2,3,4\n", "shop,2,1,1,0,0\n", "shop,0,60,5,3,3\n", "shop,0,x,5,0,0\n"}) {
    EXPECT_FALSE(RecordedSeries::OfCounts(wrong, 1).ok()) << wrong;
  }
}

TEST(RecordedSeries, LinesOfALogAreToldInTheOrderOfTheirTimes) {
  std::string text = "garbage\n";
  for (const int second : {7, 3, 9, 3, 0}) {
    text += "192.0.2.7 - - [21/Nov/2026:03:10:0" + std::to_string(second) +
            " +0000] \"GET / HTTP/1.1\" 200 20 \"-\" \"x\"\n";
  }
  const RecordedSeries series = RecordedSeries::OfLog(text, nullptr);
  EXPECT_EQ(series.lines_unread(), 1U);
  EXPECT_EQ(series.requests(), 5);
  EXPECT_EQ(series.ServicesWithTraffic(), std::vector<std::string>{"default"});
  std::vector<int64_t> counts;
  series.Tell(
      [&](const Window& window) {
        counts.insert(counts.end(), static_cast<size_t>(AllAges(window.by_age).requests),
                      window.second - series.first_second());
      },
      [](int64_t) {});
  EXPECT_EQ(counts, (std::vector<int64_t>{0, 3, 3, 7, 9}));
}

TEST(PretendDeploys, NothingIsBlamedInSteadyTraffic) {
  const auto series = RecordedSeries::OfCounts(Minutes(300, 6'000, [](int64_t) { return 12; }), 1);
  ASSERT_TRUE(series.ok());
  const PretendSettings settings;
  for (const int64_t offset : {0, 1800}) {
    const PretendRun run = PlayPretendDeploys(*series, "shop", settings, offset);
    EXPECT_EQ(run.deploys.size(), 5U);
    EXPECT_EQ(run.Count(VerdictState::kHealthy), 5);
    EXPECT_EQ(run.triggered(), 0);
  }
}

// What the traffic itself brings is found: the program is not blind.
TEST(PretendDeploys, AChangeInTheTrafficIsFound) {
  const auto errors_at = [](int64_t minute) { return minute >= 195 && minute < 210 ? 240 : 12; };
  const auto series = RecordedSeries::OfCounts(Minutes(300, 6'000, errors_at), 1);
  ASSERT_TRUE(series.ok());
  const PretendRun run = PlayPretendDeploys(*series, "shop", {}, 0);
  EXPECT_EQ(run.Count(VerdictState::kRegressed), 1);
  EXPECT_EQ(run.deploys.at(3).verdict.state, VerdictState::kRegressed);
  EXPECT_EQ(run.triggered(), 0) << "uncalibrated and without a control";
}

}  // namespace
}  // namespace revertd::bench

// What health checks found, over the API: the list, and the metrics.
#include <memory>
#include <string>

#include "daemon/api/health_metrics.h"
#include "tests/daemon/api/api_fixture.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ApiHealth : public ApiTest {
 protected:
  ApiHealth() {
    config_.services[0].health.checks.push_back({.name = "ready", .url = ""});
    health_ = std::make_unique<HealthBoard>(config_);
    Listen({});
  }
  HealthResult Answer(HealthLevel level, const std::string& reason) {
    clock_.now_ns += kSecondNs;
    HealthResult result;
    result.service = "checkout";
    result.check = "ready";
    result.level = level;
    result.reason = reason;
    result.detail = "GET /ready";
    result.at_ns = clock_.now_ns;
    result.took_ns = 250 * kMillisecondNs;
    return result;
  }
};

TEST_F(ApiHealth, ACheckThatWasNotAskedYetIsUnknown) {
  EXPECT_EQ(Get("/v1/health").body,
            R"({"health":[{"service":"checkout","check":"ready","level":"unknown","reason":"not_asked_yet"}]})");
}

TEST_F(ApiHealth, TellsTheNewestAnswerAndSinceWhenItIsThatLevel) {
  health_->Put(Answer(HealthLevel::kOk, "ok"));
  health_->Put(Answer(HealthLevel::kFatal, "status_503"));
  const TimeNs since = clock_.now_ns;
  health_->Put(Answer(HealthLevel::kFatal, "timed_out"));
  EXPECT_EQ(Get("/v1/health").body,
            R"({"health":[{"service":"checkout","check":"ready","level":"fatal","reason":"timed_out",)"
            R"("detail":"GET /ready","at_ns":)" +
                std::to_string(since + kSecondNs) + R"(,"took_ns":250000000,"since_ns":)" + std::to_string(since) +
                "}]}");
}

TEST_F(ApiHealth, MetricsTellTheLevelAndCountTheAnswers) {
  health_->Put(Answer(HealthLevel::kOk, "ok"));
  health_->Put(Answer(HealthLevel::kOk, "ok"));
  health_->Put(Answer(HealthLevel::kFatal, "status_503"), /*missed=*/5);
  const std::string text = Get("/metrics").body;
  const std::string labels = "{service=\"checkout\",check=\"ready\"";
  EXPECT_THAT(text, HasSubstr("\nrevertd_health_check_level" + labels + ",level=\"fatal\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nrevertd_health_check_level" + labels + ",level=\"ok\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\nrevertd_health_checks_total" + labels + ",level=\"ok\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("\nrevertd_health_checks_total" + labels + ",level=\"warn\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\nrevertd_health_check_duration_seconds" + labels + "} 0.25\n"));
  EXPECT_THAT(text, HasSubstr("\nrevertd_health_checks_missed_total" + labels + "} 5\n"));
  EXPECT_THAT(text, HasSubstr("\nrevertd_health_results_dropped_total 0\n"));
}

TEST_F(ApiHealth, NoAnswerYetIsNoTime) {
  const std::string text = Get("/metrics").body;
  EXPECT_THAT(text, HasSubstr("check=\"ready\",level=\"unknown\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("revertd_health_check_duration_seconds{")));
}

TEST_F(ApiTest, WithoutHealthChecksTheListIsEmptyAndMetricsSayNothing) {
  EXPECT_EQ(Get("/v1/health").body, R"({"health":[]})");
  EXPECT_EQ(HealthMetricsText({}, 0), "");
}

}  // namespace
}  // namespace revertd

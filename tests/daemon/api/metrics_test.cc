#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "base/strings.h"

#include "daemon/api/http_metrics.h"
#include "daemon/api/metrics_text.h"
#include "daemon/api/prometheus_text.h"
#include "daemon/api/service_metrics.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(PrometheusText, WritesFamiliesWithTheirSamples) {
  PrometheusText text;
  text.Family("revertd_things_total", "counter", "Things that happened.");
  text.Sample({{"kind", "good"}}, uint64_t{18446744073709551615U});
  text.Sample({{"kind", "bad"}, {"where", "here"}}, uint64_t{0});
  text.Family("revertd_level", "gauge", "How high.");
  text.Sample({}, 0.25);
  EXPECT_EQ(text.Take(),
            "# HELP revertd_things_total Things that happened.\n"
            "# TYPE revertd_things_total counter\n"
            "revertd_things_total{kind=\"good\"} 18446744073709551615\n"
            "revertd_things_total{kind=\"bad\",where=\"here\"} 0\n"
            "# HELP revertd_level How high.\n"
            "# TYPE revertd_level gauge\n"
            "revertd_level 0.25\n");
}

// A service's name comes out of a log line; one that broke the text would blind the scrape of all others.
TEST(PrometheusText, EscapesWhatCallersNamed) {
  PrometheusText text;
  text.Family("m", "gauge", "h");
  text.Sample({{"service", "a\"b\\c\nd\xFF"}}, uint64_t{1});
  EXPECT_THAT(text.Take(), HasSubstr("m{service=\"a\\\"b\\\\c\\nd\xEF\xBF\xBD\"} 1\n"));
}

class ServiceMetricsTest : public ::testing::Test {
 protected:
  std::string Text() const {
    PrometheusText text;
    metrics_.Write(services_, &text);
    return text.Take();
  }
  void Count(std::string_view service, StatusClass status, DurationNs duration) {
    auto window = std::make_unique<Window>();
    window->service = services_.Intern(service);
    window->by_class[static_cast<size_t>(status)] = 1;
    window->latency.Record(duration);
    metrics_.OnWindow(*window);
  }

  ServiceTable services_{8};
  ServiceMetrics metrics_;
};

TEST_F(ServiceMetricsTest, AddsUpWindows) {
  Count("checkout", StatusClass::k2xx, 3 * kMillisecondNs);
  Count("checkout", StatusClass::k2xx, 70 * kMillisecondNs);
  Count("checkout", StatusClass::k5xx, 20 * kSecondNs);
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("revertd_requests_total{service=\"checkout\",class=\"2xx\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("revertd_requests_total{service=\"checkout\",class=\"5xx\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{service=\"checkout\",le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{service=\"checkout\",le=\"0.05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{service=\"checkout\",le=\"0.1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{service=\"checkout\",le=\"10\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("_bucket{service=\"checkout\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("_count{service=\"checkout\"} 3\n"));
}

TEST_F(ServiceMetricsTest, SumsDurationsWithinTheHistogramsWidth) {
  for (int i = 0; i < 100; ++i) Count("checkout", StatusClass::k2xx, 100 * kMillisecondNs);
  const std::string text = Text();
  const size_t at = text.find("_sum{service=\"checkout\"} ");
  ASSERT_NE(at, std::string::npos);
  const std::string rest = text.substr(at + 25);
  EXPECT_NEAR(ParseDouble(rest.substr(0, rest.find('\n'))).value_or(0), 10.0, 0.1);
}

TEST(HttpMetrics, TellsEveryCounter) {
  HttpCounters counters;
  counters.requests = 7;
  counters.connections_evicted = 2;
  const std::string text = HttpMetricsText(counters);
  EXPECT_THAT(text, HasSubstr("\nrevertd_http_requests_total 7\n"));
  EXPECT_THAT(text, HasSubstr("\nrevertd_http_connections_evicted_total 2\n"));
}

TEST(MetricsText, TellsOfTheSidecar) {
  const ServiceTable services(4);
  StatusFacts facts;
  facts.started_ns = 5 * kSecondNs;
  facts.sealed_through = 1763694609;
  const std::string text = MetricsText(facts, {}, services, ServiceMetrics(), {});
  EXPECT_THAT(text, HasSubstr("\nrevertd_start_timestamp_seconds 5\n"));
  EXPECT_THAT(text, HasSubstr("\nrevertd_sealed_through_timestamp_seconds 1763694609\n"));
  EXPECT_THAT(text, HasSubstr("\nrevertd_deploys_watched{state=\"regressed\"} 0\n"));
}

TEST(MetricsText, SaysNothingOfSecondsBeforeTheFirstLine) {
  const ServiceTable services(4);
  StatusFacts facts;
  facts.sealed_through = kNoSecond;
  EXPECT_THAT(MetricsText(facts, {}, services, ServiceMetrics(), {}), Not(HasSubstr("sealed_through")));
}

}  // namespace
}  // namespace revertd

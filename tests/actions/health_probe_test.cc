#include "actions/health_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "tests/actions/fake_http_server.h"
#include "tests/actions/fake_tls_server.h"
#include "tests/actions/servers.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using Lie = FakeAnswer::Lie;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr TimeNs kNow = TimeNs{1'795'230'000} * kSecondNs;
constexpr TimeNs kIn2100 = TimeNs{4'102'444'800} * kSecondNs;
constexpr TimeNs kIn2020 = TimeNs{1'577'836'800} * kSecondNs;

class HealthProbeTest : public ::testing::Test {
 protected:
  HealthProbeTest() {
    setenv("no_proxy", "127.0.0.1", 1);
    check_.name = "ready";
    check_.url = server_.url() + "/ready?full";
  }

  HealthResult Ask() {
    const auto probe = HealthProbe::Make("shop", check_, nullptr);
    EXPECT_TRUE(probe.ok()) << probe.status();
    return probe.ok() ? (*probe)->Ask(kNow) : HealthResult{};
  }

  FakeHttpServer server_;
  TestFolder folder_;
  HealthCheckConfig check_;
};

TEST_F(HealthProbeTest, AsksAsConfiguredAndSaysWhatCame) {
  check_.method = "POST";
  check_.headers = {{"Accept", "application/json"}, {"Host", "shop.example"}};
  server_.Answer(200, "{}");
  const HealthResult result = Ask();
  EXPECT_EQ(result.service, "shop");
  EXPECT_EQ(result.check, "ready");
  EXPECT_EQ(result.level, HealthLevel::kOk);
  EXPECT_EQ(result.reason, "ok");
  EXPECT_EQ(result.at_ns, kNow);
  EXPECT_GT(result.took_ns, 0);
  const std::vector<FakeRequest> seen = server_.TakeRequests();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].Line(), "POST /ready?full");
  EXPECT_EQ(seen[0].Header("accept"), "application/json");
  EXPECT_EQ(seen[0].Header("host"), "shop.example");
  EXPECT_EQ(seen[0].Header("authorization"), "");
}

TEST_F(HealthProbeTest, OneProbeAsksAgainAndAgain) {
  const auto probe = HealthProbe::Make("shop", check_, nullptr);
  ASSERT_TRUE(probe.ok());
  for (const int status : {200, 503, 200}) {
    server_.Answer(status, "");
    EXPECT_EQ((*probe)->Ask(kNow).level, status == 200 ? HealthLevel::kOk : HealthLevel::kFatal);
  }
  server_.Answer(FakeAnswer{200, "", {}, Lie::kHangUp});
  EXPECT_EQ((*probe)->Ask(kNow).reason, "connection_cut");
  server_.Answer(200, "");
  EXPECT_EQ((*probe)->Ask(kNow).reason, "ok");
}

TEST_F(HealthProbeTest, ARedirectIsNotFollowed) {
  FakeHttpServer elsewhere;
  server_.Answer(FakeAnswer{302, "", {{"Location", elsewhere.url()}}, {}});
  EXPECT_EQ(Ask().reason, "status_302");
  EXPECT_THAT(elsewhere.TakeRequests(), IsEmpty());
}

TEST_F(HealthProbeTest, TheTokenIsReadAnewEachTime) {
  check_.token.file = folder_.Write("token", "first\n");
  const auto probe = HealthProbe::Make("shop", check_, nullptr);
  ASSERT_TRUE(probe.ok());
  for (const std::string token : {"first", "second"}) {
    folder_.Write("token", token + "\n");
    server_.Answer(401, "no such token: " + token);
    const HealthResult result = (*probe)->Ask(kNow);
    EXPECT_EQ(server_.TakeRequests().at(0).Header("authorization"), "Bearer " + token);
    EXPECT_EQ(result.reason, "status_401");
    EXPECT_THAT(result.detail, Not(HasSubstr(token)));
  }
}

TEST_F(HealthProbeTest, WithoutItsTokenNothingIsAsked) {
  check_.token.file = folder_.Path("nowhere");
  EXPECT_EQ(Ask().level, HealthLevel::kUnknown);
  EXPECT_EQ(Ask().reason, "token_unreadable");
  EXPECT_THAT(Ask().detail, HasSubstr(check_.token.file));
  folder_.Write("nowhere", "two words");
  EXPECT_EQ(Ask().reason, "token_unreadable");
  EXPECT_THAT(Ask().detail, Not(HasSubstr("words")));
  EXPECT_THAT(server_.TakeRequests(), IsEmpty());
}

TEST_F(HealthProbeTest, SilenceEndsAtTheTimeout) {
  check_.timeout = 200 * kMillisecondNs;
  for (const Lie lie : {Lie::kSilent, Lie::kDrip}) {
    server_.Answer(FakeAnswer{200, "", {}, lie});
    const HealthResult result = Ask();
    EXPECT_EQ(result.level, HealthLevel::kFatal);
    EXPECT_EQ(result.reason, "timed_out");
    // libcurl's limit and its time begin at two moments, up to a millisecond apart.
    EXPECT_GE(result.took_ns, check_.timeout - 10 * kMillisecondNs);
    EXPECT_LT(result.took_ns, check_.timeout + 5 * kSecondNs);
  }
}

TEST_F(HealthProbeTest, ALongBodyIsNoFailureUnlessItIsLookedInto) {
  check_.body_bytes_max = 1000;
  server_.Answer(FakeAnswer{200, "", {}, Lie::kHuge});
  EXPECT_EQ(Ask().reason, "ok");
  check_.expect.body_contains = "end";
  server_.Answer(FakeAnswer{200, "", {}, Lie::kHuge});
  EXPECT_EQ(Ask().reason, "body_too_long");
}

TEST_F(HealthProbeTest, WithoutABodyTheHeadIsEnough) {
  check_.body_bytes_max = 0;
  server_.Answer(FakeAnswer{200, "", {}, Lie::kDrip});
  EXPECT_EQ(Ask().reason, "ok");
}

TEST_F(HealthProbeTest, CertificatesAreLookedAt) {
  const FakeTlsServer good(kIn2100);
  check_.url = good.url() + "/";
  EXPECT_EQ(Ask().reason, "certificate_untrusted");
  EXPECT_EQ(Ask().level, HealthLevel::kFatal);
  check_.ca_file = good.ca_file();
  check_.expect.certificate_days = 14;
  EXPECT_EQ(Ask().reason, "ok");
  const auto late = HealthProbe::Make("shop", check_, nullptr);
  ASSERT_TRUE(late.ok());
  EXPECT_EQ((*late)->Ask(kIn2100 - kHourNs).reason, "certificate_expires_in_14_days");
  const FakeTlsServer over(kIn2020);
  check_.url = over.url() + "/";
  check_.ca_file = over.ca_file();
  EXPECT_EQ(Ask().reason, "certificate_expired");
  check_.ca_file = folder_.Path("nowhere.pem");
  EXPECT_EQ(Ask().reason, "ca_file_unreadable");
  EXPECT_EQ(Ask().level, HealthLevel::kUnknown);
}

TEST_F(HealthProbeTest, PrometheusIsAskedOneNumber) {
  check_.kind = HealthCheckConfig::Kind::kPrometheus;
  check_.url = server_.url() + "/base";
  check_.query = "rate(a{b=\"c d\"}[1m]) > 0";
  check_.max = 5;
  check_.token.env = "REVERTD_TEST_PROMETHEUS_TOKEN";
  setenv("REVERTD_TEST_PROMETHEUS_TOKEN", "t0ken", 1);
  server_.Answer(200,
                 R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"4.5"]}]}})");
  EXPECT_EQ(Ask().reason, "ok");
  const std::vector<FakeRequest> seen = server_.TakeRequests();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].Line(), "GET /base/api/v1/query?query=rate%28a%7Bb%3D%22c%20d%22%7D%5B1m%5D%29%20%3E%200");
  EXPECT_EQ(seen[0].Header("authorization"), "Bearer t0ken");
  server_.Answer(200, R"({"status":"success","data":{"resultType":"scalar","result":[1,"5.5"]}})");
  EXPECT_EQ(Ask().reason, "value_above_max");
  server_.Answer(FakeAnswer{200, "", {}, Lie::kHangUp});
  const HealthResult away = Ask();
  EXPECT_EQ(away.reason, "prometheus_connection_cut");
  EXPECT_EQ(away.level, HealthLevel::kUnknown);
}

// Of the environment, as long as it lives.
class Variable {
 public:
  Variable(std::string name, const std::string& value) : name_(std::move(name)) {
    const char* const before = getenv(name_.c_str());
    if (before != nullptr) before_ = before;
    setenv(name_.c_str(), value.c_str(), 1);
  }
  ~Variable() {
    if (before_) {
      setenv(name_.c_str(), before_->c_str(), 1);
    } else {
      unsetenv(name_.c_str());
    }
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const std::string name_;
  std::optional<std::string> before_;
};

// A proxy that is down, or answers for the service, would be evidence against a deploy.
TEST_F(HealthProbeTest, NoProxyOfTheEnvironmentStandsBetween) {
  const LoopbackSocket dead(false);
  const std::string proxy = "http://127.0.0.1:" + std::to_string(dead.port());
  const Variable http("http_proxy", proxy);
  const Variable https("https_proxy", proxy);
  const Variable all("all_proxy", proxy);
  const Variable none("no_proxy", "");
  CurlHttpClient others;
  EXPECT_FALSE(others.Send({"GET", check_.url, {}, ""}).ok()) << "the proxy is used where it is not forbidden";
  server_.Answer(200, "{}");
  EXPECT_EQ(Ask().reason, "ok");
  const FakeTlsServer tls(kIn2100);
  check_.url = tls.url();
  check_.ca_file = tls.ca_file();
  EXPECT_EQ(Ask().reason, "ok");
}

// One that scripts answers and failures; what others need of the probe besides the wire.
class ScriptedClient final : public HttpClient {
 public:
  ScriptedClient(StatusOr<HttpResponse> answer, NoAnswer no_answer)
      : answer_(std::move(answer)), no_answer_(no_answer) {}
  StatusOr<HttpResponse> Send(const HttpRequest& /*request*/) override { return answer_; }
  NoAnswer no_answer() const override { return no_answer_; }

 private:
  const StatusOr<HttpResponse> answer_;
  const NoAnswer no_answer_;
};

TEST_F(HealthProbeTest, ItsTimeIsTheClients) {
  HttpResponse slow = {200, {}, ""};
  slow.took_ns = 700 * kMillisecondNs;
  check_.expect.latency_max = 500 * kMillisecondNs;
  const auto probe = HealthProbe::Make("shop", check_, std::make_unique<ScriptedClient>(slow, NoAnswer{}));
  ASSERT_TRUE(probe.ok());
  EXPECT_EQ((*probe)->Ask(kNow).reason, "latency_above_500ms");
  EXPECT_EQ((*probe)->Ask(kNow).took_ns, slow.took_ns);
  const NoAnswer refused = {.failure = HttpFailure::kConnectionRefused, .took_ns = 3};
  const auto down =
      HealthProbe::Make("shop", check_, std::make_unique<ScriptedClient>(Unavailable("refused"), refused));
  ASSERT_TRUE(down.ok());
  EXPECT_EQ((*down)->Ask(kNow).reason, "connection_refused");
  EXPECT_EQ((*down)->Ask(kNow).took_ns, 3);
}

TEST_F(HealthProbeTest, AWrongExpressionMakesNoProbe) {
  check_.expect.body_matches = "(";
  EXPECT_TRUE(absl::IsInvalidArgument(HealthProbe::Make("shop", check_, nullptr).status()));
}

}  // namespace
}  // namespace revertd

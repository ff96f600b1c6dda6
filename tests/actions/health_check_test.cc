#include "actions/health_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "base/strings.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr TimeNs kNow = TimeNs{1'795'230'000} * kSecondNs;
constexpr DurationNs kDay = 24 * kHourNs;

using Change = std::function<void(HealthCheckConfig*)>;

HealthCheckConfig Check(const Change& change = {}) {
  HealthCheckConfig check;
  check.name = "ready";
  check.url = "https://shop.example/ready";
  if (change) change(&check);
  return check;
}

HealthFinding Judge(const HealthCheckConfig& check, const HttpResponse& response, std::string_view token = "") {
  const auto judge = HealthJudge::Make(check);
  EXPECT_TRUE(judge.ok()) << judge.status();
  return judge.ok() ? judge->Judge(response, token, kNow) : HealthFinding{};
}

HttpResponse Answer(int status, std::string body = "", HttpResponse more = {}) {
  more.status = status;
  more.body = std::move(body);
  return more;
}

// "ok", or the reason of what failed.
std::string ReasonOf(const Change& change, const HttpResponse& response) {
  const HealthFinding finding = Judge(Check(change), response);
  EXPECT_EQ(finding.reason == "ok", finding.level == HealthLevel::kOk) << finding.reason;
  return finding.reason;
}

TEST(HealthJudge, AnyTwoHundredIsWellWhereNothingElseIsAsked) {
  for (const int status : {200, 204, 299}) EXPECT_EQ(ReasonOf({}, Answer(status)), "ok");
  for (const int status : {100, 199, 300, 302, 404, 429, 500, 503, 599}) {
    EXPECT_EQ(ReasonOf({}, Answer(status)), "status_" + std::to_string(status));
  }
}

TEST(HealthJudge, AFailureIsAsGraveAsTheCheckSays) {
  EXPECT_EQ(Judge(Check(), Answer(503)).level, HealthLevel::kFatal);
  EXPECT_EQ(Judge(Check([](auto* check) { check->fatal = false; }), Answer(503)).level, HealthLevel::kWarn);
}

TEST(HealthJudge, StatusesAreThoseExpected) {
  const Change change = [](auto* check) { check->expect.statuses = {{204, 204}, {301, 308}}; };
  EXPECT_EQ(ReasonOf(change, Answer(204)), "ok");
  EXPECT_EQ(ReasonOf(change, Answer(308)), "ok");
  EXPECT_EQ(ReasonOf(change, Answer(200)), "status_200");
  EXPECT_EQ(Judge(Check(change), Answer(500, "out of\nstock")).detail,
            "status 500 came, 204, 301-308 expected; the body: \"out of?stock\"");
}

TEST(HealthJudge, HeadersAreThereAndFit) {
  const auto rule = [](TextRule value) -> Change {
    return [value](auto* check) { check->expect.headers = {{"content-type", value}}; };
  };
  const HttpResponse json = {200, {{"content-type", "application/json; charset=utf-8"}}, ""};
  EXPECT_EQ(ReasonOf(rule({}), json), "ok");
  EXPECT_EQ(ReasonOf(rule({.equals = "application/json; charset=utf-8", .matches = {}}), json), "ok");
  EXPECT_EQ(ReasonOf(rule({.equals = {}, .matches = "^application/json\\b"}), json), "ok");
  EXPECT_EQ(ReasonOf(rule({.equals = "application/json", .matches = {}}), json), "header_content_type");
  EXPECT_EQ(ReasonOf(rule({.equals = {}, .matches = "html"}), json), "header_content_type");
  EXPECT_EQ(ReasonOf(rule({}), Answer(200)), "header_content_type");
  EXPECT_EQ(Judge(Check(rule({.equals = "text/html", .matches = {}})), json).detail,
            "content-type: \"application/json; charset=utf-8\" came, \"text/html\" expected");
}

TEST(HealthJudge, OneHeaderOfTwoIsEnough) {
  const HttpResponse two = {200, {{"set-cookie", "a=1"}, {"set-cookie", "b=2"}}, ""};
  for (const std::string value : {"a=1", "b=2"}) {
    const Change change = [&value](auto* check) {
      check->expect.headers = {{"set-cookie", {.equals = value, .matches = {}}}};
    };
    EXPECT_EQ(ReasonOf(change, two), "ok");
  }
}

TEST(HealthJudge, TheBodyHoldsTheText) {
  const Change contains = [](auto* check) { check->expect.body_contains = "all green"; };
  const Change matches = [](auto* check) { check->expect.body_matches = "^all (green|blue)$"; };
  EXPECT_EQ(ReasonOf(contains, Answer(200, "it is all green here")), "ok");
  EXPECT_EQ(ReasonOf(contains, Answer(200, "it is All Green here")), "body_lacks_text");
  EXPECT_EQ(ReasonOf(contains, Answer(200)), "body_lacks_text");
  EXPECT_EQ(ReasonOf(matches, Answer(200, "all blue")), "ok");
  EXPECT_EQ(ReasonOf(matches, Answer(200, "all blue ")), "body_pattern");
  EXPECT_EQ(ReasonOf(matches, Answer(200)), "body_pattern");
}

TEST(HealthJudge, ABodyThatIsCutIsAFailureOnlyWhereItIsLookedInto) {
  HttpResponse cut = Answer(200, "all green");
  cut.body_cut = true;
  EXPECT_EQ(ReasonOf({}, cut), "ok");
  EXPECT_EQ(ReasonOf([](auto* check) { check->expect.body_contains = "all green"; }, cut), "body_too_long");
  EXPECT_EQ(ReasonOf([](auto* check) { check->expect.json = {{"/a", {}, {}, {}}}; }, cut), "body_too_long");
  cut.status = 500;
  EXPECT_EQ(ReasonOf([](auto* check) { check->expect.body_contains = "all green"; }, cut), "status_500");
}

Change Json(JsonRule rule) {
  return [rule](auto* check) { check->expect.json = {rule}; };
}

TEST(HealthJudge, ValuesOfJsonFit) {
  const HttpResponse answer =
      Answer(200, R"({"status":"ok","checks":[{"db/main":{"ms":12.5}}],"n":7,"text_n":"8","big":123456789012345678901,)"
                  R"("yes":true,"none":null})");
  EXPECT_EQ(ReasonOf(Json({"/status", {.equals = "ok", .matches = {}}, {}, {}}), answer), "ok");
  EXPECT_EQ(ReasonOf(Json({"/status", {.equals = "OK", .matches = {}}, {}, {}}), answer), "json_status");
  EXPECT_EQ(ReasonOf(Json({"/status", {.equals = {}, .matches = "^o"}, {}, {}}), answer), "ok");
  EXPECT_EQ(ReasonOf(Json({"/status", {.equals = {}, .matches = "^k"}, {}, {}}), answer), "json_status");
  EXPECT_EQ(ReasonOf(Json({"/checks/0/db~1main/ms", {}, {}, 12.5}), answer), "ok");
  EXPECT_EQ(ReasonOf(Json({"/checks/0/db~1main/ms", {}, {}, 12.4}), answer), "json_checks_0_db_1main_ms");
  EXPECT_EQ(ReasonOf(Json({"/checks/0/db~1main/ms", {}, 12.6, {}}), answer), "json_checks_0_db_1main_ms");
  EXPECT_EQ(ReasonOf(Json({"/n", {.equals = "7.0", .matches = {}}, {}, {}}), answer), "ok");
  EXPECT_EQ(ReasonOf(Json({"/text_n", {}, 8, 8}), answer), "ok");
  EXPECT_EQ(ReasonOf(Json({"/big", {}, 1e20, {}}), answer), "ok");
  EXPECT_EQ(ReasonOf(Json({"/yes", {.equals = "true", .matches = {}}, {}, {}}), answer), "ok");
  EXPECT_EQ(ReasonOf(Json({"/status", {}, 0, {}}), answer), "json_status") << "no number";
  EXPECT_EQ(ReasonOf(Json({"/none", {}, {}, {}}), answer), "ok") << "it is there";
  EXPECT_EQ(ReasonOf(Json({"/checks", {}, {}, {}}), answer), "ok");
  EXPECT_EQ(ReasonOf(Json({"/checks", {.equals = "x", .matches = {}}, {}, {}}), answer), "json_checks");
  EXPECT_EQ(ReasonOf(Json({"/nowhere", {}, {}, {}}), answer), "json_nowhere");
  EXPECT_EQ(ReasonOf(Json({"", {.equals = "pong", .matches = {}}, {}, {}}), Answer(200, "\"pong\"")), "ok");
  EXPECT_EQ(ReasonOf(Json({"", {.equals = "pong", .matches = {}}, {}, {}}), Answer(200, "\"ping\"")), "json_body");
  EXPECT_EQ(ReasonOf(Json({"/a", {}, {}, {}}), Answer(200, "<html>")), "not_json");
  EXPECT_EQ(ReasonOf(Json({"/a", {}, {}, {}}), Answer(200, "")), "not_json");
  EXPECT_EQ(ReasonOf(Json({"/a", {}, 0, {}}), Answer(200, R"({"a":NaN})")), "not_json");
  EXPECT_EQ(Judge(Check(Json({"/n", {}, 8, 9})), answer).detail, "the value at \"/n\" is \"7\", 8 to 9 expected");
}

TEST(HealthJudge, SlownessIsAFailure) {
  const Change change = [](auto* check) { check->expect.latency_max = 500 * kMillisecondNs; };
  HttpResponse answer = Answer(200);
  answer.took_ns = 500 * kMillisecondNs;
  EXPECT_EQ(ReasonOf(change, answer), "ok");
  answer.took_ns += 1;
  EXPECT_EQ(ReasonOf(change, answer), "latency_above_500ms");
  EXPECT_EQ(ReasonOf({}, answer), "ok");
}

TEST(HealthJudge, ACertificateThatSoonEndsIsAFailure) {
  const Change change = [](auto* check) { check->expect.certificate_days = 14; };
  HttpResponse answer = Answer(200);
  const HealthFinding unseen = Judge(Check(change), answer);
  EXPECT_EQ(unseen.reason, "certificate_not_seen");
  EXPECT_EQ(unseen.level, HealthLevel::kUnknown);
  answer.certificate_end_ns = kNow + 14 * kDay + 1;
  EXPECT_EQ(ReasonOf(change, answer), "ok");
  answer.certificate_end_ns = kNow + 14 * kDay;
  EXPECT_EQ(ReasonOf(change, answer), "certificate_expires_in_14_days");
  answer.certificate_end_ns = kNow;
  EXPECT_EQ(ReasonOf(change, answer), "certificate_expired");
  EXPECT_EQ(ReasonOf({}, answer), "ok");
}

TEST(HealthJudge, TheFirstThatFailsIsNamed) {
  const Change all = [](auto* check) {
    check->expect.headers = {{"x-a", {}}};
    check->expect.body_contains = "b";
    check->expect.json = {{"/c", {}, {}, {}}};
    check->expect.latency_max = 1;
  };
  HttpResponse answer = Answer(500, "");
  answer.took_ns = 2;
  EXPECT_EQ(ReasonOf(all, answer), "status_500");
  answer.status = 200;
  EXPECT_EQ(ReasonOf(all, answer), "header_x_a");
  answer.headers = {{"x-a", ""}};
  EXPECT_EQ(ReasonOf(all, answer), "body_lacks_text");
  answer.body = "{\"b\":1}";
  EXPECT_EQ(ReasonOf(all, answer), "json_c");
  answer.body = "{\"b\":1,\"c\":1}";
  EXPECT_EQ(ReasonOf(all, answer), "latency_above_0ms");
}

TEST(HealthJudge, NoAnswerIsTheServicesFailureOrNoNews) {
  const auto judge = HealthJudge::Make(Check());
  ASSERT_TRUE(judge.ok());
  const auto level_of = [&](HttpFailure failure) {
    const HealthFinding finding = judge->JudgeNoAnswer({.failure = failure}, "https://shop.example: words", kNow);
    EXPECT_EQ(finding.reason, NameOf(failure));
    EXPECT_EQ(finding.detail, "https://shop.example: words");
    return finding.level;
  };
  using F = HttpFailure;
  for (const F failure : {F::kNoAnswer, F::kTimedOut, F::kConnectionRefused, F::kNotConnected, F::kConnectionCut,
                          F::kTlsFailed, F::kCertificateUntrusted, F::kNotHttp, F::kAnswerTooLong}) {
    EXPECT_EQ(level_of(failure), HealthLevel::kFatal) << NameOf(failure);
  }
  for (const F failure :
       {F::kNameNotResolved, F::kNetworkUnreachable, F::kProxyFailed, F::kCaFileUnreadable, F::kNotSent}) {
    EXPECT_EQ(level_of(failure), HealthLevel::kUnknown) << NameOf(failure);
  }
}

TEST(HealthJudge, ACertificateThatIsOverIsSaidToBe) {
  const auto judge = HealthJudge::Make(Check());
  NoAnswer no_answer = {.failure = HttpFailure::kCertificateUntrusted, .took_ns = 0, .certificate_end_ns = kNow - 1};
  EXPECT_EQ(judge->JudgeNoAnswer(no_answer, "x", kNow).reason, "certificate_expired");
  no_answer.certificate_end_ns = kNow + kDay;
  EXPECT_EQ(judge->JudgeNoAnswer(no_answer, "x", kNow).reason, "certificate_untrusted");
  EXPECT_EQ(judge->JudgeNoAnswer(no_answer, "x", kNow).detail, "x; it ends 2026-11-22T03:00:00Z");
}

HealthCheckConfig OfPrometheus(std::optional<double> min, std::optional<double> max) {
  return Check([&](auto* check) {
    check->kind = HealthCheckConfig::Kind::kPrometheus;
    check->min = min;
    check->max = max;
  });
}

TEST(HealthJudge, TheNumberOfPrometheusLiesInItsRange) {
  const auto reason_of = [](const HealthCheckConfig& check, const std::string& number) {
    return Judge(check,
                 Answer(200, R"({"status":"success","data":{"resultType":"scalar","result":[1,")" + number + "\"]}}"))
        .reason;
  };
  EXPECT_EQ(reason_of(OfPrometheus(1, 2), "1"), "ok");
  EXPECT_EQ(reason_of(OfPrometheus(1, 2), "2"), "ok");
  EXPECT_EQ(reason_of(OfPrometheus(1, 2), "0.999"), "value_below_min");
  EXPECT_EQ(reason_of(OfPrometheus(1, 2), "2.001"), "value_above_max");
  EXPECT_EQ(reason_of(OfPrometheus(1, {}), "+Inf"), "ok");
  EXPECT_EQ(reason_of(OfPrometheus({}, 2), "+Inf"), "value_above_max");
  EXPECT_EQ(reason_of(OfPrometheus({}, 2), "NaN"), "prometheus_nan");
}

TEST(HealthJudge, WhatPrometheusDoesNotSayIsNoNews) {
  const auto judge = HealthJudge::Make(OfPrometheus(1, 2));
  ASSERT_TRUE(judge.ok());
  for (const HttpResponse& response : {Answer(503, ""), Answer(200, ""), Answer(200, "{}")}) {
    EXPECT_EQ(judge->Judge(response, "", kNow).level, HealthLevel::kUnknown);
  }
  const HealthFinding away = judge->JudgeNoAnswer({.failure = HttpFailure::kTimedOut}, "http://p: words", kNow);
  EXPECT_EQ(away.reason, "prometheus_timed_out");
  EXPECT_EQ(away.level, HealthLevel::kUnknown);
  EXPECT_EQ(
      Judge(OfPrometheus(3, {}), Answer(200, R"({"status":"success","data":{"resultType":"scalar","result":[1,"2"]}})"))
          .detail,
      "2 came, at least 3 expected");
}

TEST(HealthJudge, TheTokenIsNeverShown) {
  const std::string token = "s3cr3t-t0ken";
  std::string echo = "Bearer " + token + token + ", " + std::string(170, 'x') + token;  // one across the cut
  const HealthCheckConfig check = Check([](auto* it) {
    it->expect.headers = {{"x-echo", {.equals = "y", .matches = {}}}};
    it->expect.json = {{"/t", {.equals = "y", .matches = {}}, {}, {}}};
  });
  const HttpResponse header = {200, {{"x-echo", echo}}, ""};
  const HttpResponse json = {200, {{"x-echo", "y"}}, "{\"t\":\"" + echo + "\"}"};
  for (const HttpResponse& response : {Answer(500, echo), header, json}) {
    const HealthFinding finding = Judge(check, response, token);
    EXPECT_NE(finding.reason, "ok");
    EXPECT_THAT(finding.detail, HasSubstr("**"));
    EXPECT_THAT(finding.detail, Not(HasSubstr("s3c"))) << finding.detail;
  }
  EXPECT_THAT(Judge(Check(), Answer(500, "a*b*"), "*").detail, HasSubstr("\"a*b*\""));
}

TEST(HealthJudge, AnExpressionThatIsNoneMakesNoJudge) {
  EXPECT_FALSE(HealthJudge::Make(Check([](auto* check) { check->expect.body_matches = "("; })).ok());
  EXPECT_FALSE(HealthJudge::Make(Check(Json({"/a", {.equals = {}, .matches = "("}, {}, {}}))).ok());
  EXPECT_FALSE(HealthJudge::Make(Check(Json({"a", {}, {}, {}}))).ok());
  EXPECT_FALSE(HealthJudge::Make(Check([](auto* check) {
                 check->expect.headers = {{"a", {.equals = {}, .matches = "("}}};
               })).ok());
}

// Whatever comes is judged, in words that may stand in a log, and of which no more than a page.
TEST(HealthJudge, AnyBodyIsJudgedInBoundedPrintableWords) {
  constexpr unsigned kSeed = 20261206;
  std::mt19937 random(kSeed);
  const std::string whole =
      R"({"status":"ok","list":[1,2.5e3,-7,{"a/b":null}],"text":"\u00fc\n","n":12345678901234567890})";
  for (int round = 0; round < 5000; ++round) {
    HttpResponse response = Answer(random() % 4 == 0 ? 500 : 200, whole);
    for (size_t i = random() % 6; i > 0; --i) {
      std::string& body = response.body;
      const size_t at = random() % (body.size() + 1);
      if (random() % 3 == 0) body.resize(at);
      body.insert(at, 1 + random() % 100, static_cast<char>(random() % 256));
    }
    response.headers = {{"x-a", response.body.substr(0, 300)}};
    const HealthCheckConfig check = Check([&](auto* it) {
      if (random() % 2 == 0) it->expect.headers = {{"x-a", {.equals = {}, .matches = "status.*ok"}}};
      if (random() % 2 == 0) it->expect.body_matches = "\"n\":[0-9]+}$";
      it->expect.json = {
          {"/list/3/a~1b", {}, {}, {}}, {"/n", {}, 1, {}}, {"/text", {.equals = "x", .matches = {}}, {}, {}}};
      it->expect.latency_max = kSecondNs;
    });
    const HealthFinding finding = Judge(check, response, "ok");
    ASSERT_FALSE(finding.reason.empty()) << "seed " << kSeed << " round " << round;
    ASSERT_EQ(finding.reason, Printable(finding.reason));
    ASSERT_EQ(finding.detail, Printable(finding.detail));
    ASSERT_LE(finding.reason.size(), 80U);
    ASSERT_LE(finding.detail.size(), 3 * kShownBytesMax);
  }
}

}  // namespace
}  // namespace revertd

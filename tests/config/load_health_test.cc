// What the configuration says of health checks, the simple rule, follow-ups and the watchdog.
#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;

std::string MessageOfParse(const std::string& yaml) {
  const auto config = ParseConfig(yaml, "F");
  return config.ok() ? "ok" : std::string(MessageOf(config.status()));
}

// The same text inside the maps that it stands in.
std::string InHealth(const std::string& yaml) { return "services: {a: {health: {" + yaml + "}}}"; }
std::string InCheck(const std::string& yaml) { return InHealth("checks: [{name: n, " + yaml + "}]"); }
std::string InHttp(const std::string& yaml) { return InCheck("url: 'http://h/', " + yaml); }
std::string InExpect(const std::string& yaml) { return InHttp("expect: {" + yaml + "}"); }
std::string InPrometheus(const std::string& yaml) {
  return InCheck("prometheus: {url: 'http://p:9090', query: up}" + (yaml.empty() ? "" : ", " + yaml));
}

struct WrongRow {
  std::string yaml;
  std::string message;  // behind the path of what the row stands in
};

void ExpectAll(const std::vector<WrongRow>& rows, const std::function<std::string(const std::string&)>& in,
               const std::string& path) {
  for (const WrongRow& row : rows) EXPECT_EQ(MessageOfParse(in(row.yaml)), "F:1: " + path + row.message) << row.yaml;
}

std::string Duration(const std::string& range, const std::string& found) {
  return "a duration like 90s, 15m or 1h, " + range + " expected, \"" + found + "\" found";
}

constexpr char kUrlExpected[] = ": a URL that begins with https:// or http:// expected";

TEST(LoadHealth, WrongChecksAreRefused) {
  ExpectAll(
      {
          {"fatals_needed: 0", ".fatals_needed: a whole number from 1 to 100 expected, \"0\" found"},
          {"fatals_needed: 101", ".fatals_needed: a whole number from 1 to 100 expected, \"101\" found"},
          {"checks: {}", ".checks: a list expected, a map found"},
          {"checks: [x]", ".checks[0]: a map expected, a single value found"},
          {"cheks: []", ".cheks: unknown key; did you mean \"checks\"?"},
          {"checks: [{url: 'http://h/'}]", ".checks[0]: name expected"},
          {"checks: [{name: ''}]", ".checks[0].name: must not be empty"},
          {"checks: [{name: n}]", ".checks[0]: url or prometheus expected"},
          {"checks: [{name: n, url: 'http://h/'}, {name: n, url: 'http://i/'}]", ".checks[1]: a second check \"n\""},
      },
      &InHealth, "services.a.health");
}

TEST(LoadHealth, WrongRequestsAreRefused) {
  ExpectAll(
      {
          {"prometheus: {}", ": one of url and prometheus expected"},
          {"methd: GET", ".methd: unknown key; did you mean \"method\"?"},
          {"query: up", ".query: unknown key; did you mean \"every\"?"},
          {"method: PUT", ".method: GET, HEAD or POST expected, \"PUT\" found"},
          {"method: get", ".method: GET, HEAD or POST expected, \"get\" found"},
          {"level: error", ".level: fatal or warn expected, \"error\" found"},
          {"every: 500ms", ".every: " + Duration("from 1s to 1h", "500ms")},
          {"every: 2h", ".every: " + Duration("from 1s to 1h", "2h")},
          {"timeout: 99ms", ".timeout: " + Duration("from 100ms to 1m", "99ms")},
          {"timeout: 61s", ".timeout: " + Duration("from 100ms to 1m", "61s")},
          {"timeout: 16s", ".timeout: at most what every says expected, \"16s\" found"},
          {"every: 2s, timeout: 3s", ".timeout: at most what every says expected, \"3s\" found"},
          {"body_max: 1MiB", ".body_max: a whole number from 0 to 16777216 expected, \"1MiB\" found"},
          {"body_max: 16777217", ".body_max: a whole number from 0 to 16777216 expected, \"16777217\" found"},
          {"ca_file: ca.pem", ".ca_file: an absolute path expected"},
          {"token: t0ken", ".token: a map expected, a single value found"},
          {"token: {file: /t, env: T}", ".token: one of file and env expected"},
          {"headers: []", ".headers: a map expected, a list found"},
          {"headers: {'a b': x}", ".headers.a b: the name of a header expected"},
          {"headers: {A: [x]}", ".headers.A: a single value expected, a list found"},
          {"headers: {A: \"x\\r\\nB: y\"}", ".headers.A: must not hold line ends or control characters"},
          {"headers: {Transfer-Encoding: chunked}", ".headers.Transfer-Encoding: this header is HTTP's own"},
          {"headers: {authorization: Basic x}, token: {env: T}",
           ": one of token and the header Authorization expected"},
          {"method: HEAD, expect: {body_contains: ok}", ".expect: an answer to HEAD has no body to look into"},
          {"body_max: 0, expect: {body_matches: ok}", ".expect: with body_max 0 there is no body to look into"},
      },
      &InHttp, "services.a.health.checks[0]");
  for (const std::string url : {"h", "ftp://h/", "http://", "http:///x", "'http://h/a b'", "'http://h/\xC3\xBC'"}) {
    EXPECT_EQ(MessageOfParse(InCheck("url: " + url)),
              std::string("F:1: services.a.health.checks[0].url") + kUrlExpected)
        << url;
  }
}

TEST(LoadHealth, WrongExpectationsAreRefused) {
  const std::string status = " expected, a status like 200, 2xx or 200-204, from 100 to 599";
  ExpectAll(
      {
          {"statuses: 200", ".statuses: unknown key; did you mean \"status\"?"},
          {"status: []", ".status: 1 to 32 statuses expected"},
          {"headers: {A: x}", ".headers.A: a map expected, a single value found"},
          {"headers: {A: {is: x}}", ".headers.A.is: unknown key; known are equals, matches"},
          {"headers: {A: {}, a: {}}", ".headers.a: the same header twice"},
          {"headers: {'a:': {}}", ".headers.a:: the name of a header expected"},
          {"headers: {A: {equals: x, matches: x}}", ".headers.A: one of equals and matches expected"},
          {"headers: {A: {matches: '[a'}}", ".headers.A.matches: no RE2 expression: missing ]: [a"},
          {"body_contains: ''", ".body_contains: must not be empty"},
          {"body_matches: '(a'", ".body_matches: no RE2 expression: missing ): (a"},
          {"body_matches: 'a(?=b)'", ".body_matches: no RE2 expression: invalid perl operator: (?="},
          {"json: {}", ".json: a list expected, a map found"},
          {"json: [{}]", ".json[0]: pointer expected"},
          {"json: [{pointer: a}]", ".json[0].pointer: a JSON pointer that begins with /, or is empty, expected"},
          {"json: [{pointer: /a~2}]",
           ".json[0].pointer: a JSON pointer in which ~ is written ~0, and / in a name ~1, expected"},
          {"json: [{pointer: /a, matches: '*'}]",
           ".json[0].matches: no RE2 expression: no argument for repetition operator: *"},
          {"json: [{pointer: /a, equals: x, matches: x}]", ".json[0]: one of equals, matches, and min or max expected"},
          {"json: [{pointer: /a, equals: 1, min: 1}]", ".json[0]: one of equals, matches, and min or max expected"},
          {"json: [{pointer: /a, min: 2, max: 1}]", ".json[0]: min is above max"},
          {"json: [{pointer: /a, min: much}]", ".json[0].min: a number expected, \"much\" found"},
          {"json: [{pointer: /a, max: nan}]", ".json[0].max: a number expected, \"nan\" found"},
          {"json: [{pointer: /a, max: inf}]", ".json[0].max: a number expected, \"inf\" found"},
          {"latency_max: 0s", ".latency_max: " + Duration("from 1ms to 1m", "0s")},
          {"latency_max: 6s", ".latency_max: at most the timeout expected, \"6s\" found"},
          {"certificate_days: 0", ".certificate_days: a whole number from 1 to 3650 expected, \"0\" found"},
          {"certificate_days: 7", ".certificate_days: needs a URL that begins with https://"},
      },
      &InExpect, "services.a.health.checks[0].expect");
  for (const std::string text :
       {"99", "600", "20x", "6xx", "xxx", "204-200", "200-", "-200", "200-600", "0200", "ok"}) {
    EXPECT_THAT(MessageOfParse(InExpect("status: " + text)),
                StartsWith("F:1: services.a.health.checks[0].expect.status: a status like 200, 2xx or 200-204"))
        << text;
    EXPECT_THAT(MessageOfParse(InExpect("status: [200, " + text + "]")),
                StartsWith("F:1: services.a.health.checks[0].expect.status[1]: a status like"))
        << text;
  }
}

TEST(LoadHealth, WrongChecksOfPrometheusAreRefused) {
  ExpectAll(
      {
          {"", ": min or max expected"},
          {"min: 2, max: 1", ": min is above max"},
          {"min: x", ".min: a number expected, \"x\" found"},
          {"min: 1, expect: {}",
           ".expect: unknown key; known are prometheus, min, max, name, level, every, timeout, token, ca_file"},
          {"min: 1, timeout: 20s", ".timeout: at most what every says expected, \"20s\" found"},
      },
      &InPrometheus, "services.a.health.checks[0]");
  ExpectAll(
      {
          {"prometheus: up", ".prometheus: a map expected, a single value found"},
          {"prometheus: {url: 'http://p'}", ".prometheus: query expected"},
          {"prometheus: {query: up}", ".prometheus: url expected"},
          {"prometheus: {url: p, query: up}", std::string(".prometheus.url") + kUrlExpected},
          {"prometheus: {url: 'http://p/?x', query: up}", ".prometheus.url: a URL without a query of its own expected"},
          {"prometheus: {url: 'http://p', query: ''}", ".prometheus.query: must not be empty"},
      },
      &InCheck, "services.a.health.checks[0]");
}

TEST(LoadHealth, LinesAreThoseOfTheMistake) {
  const std::string yaml =
      "services:\n  a:\n    health:\n      checks:\n        - name: n\n          url: http://h/\n          expect:\n"
      "            latency_max: 9s\n";
  EXPECT_EQ(MessageOfParse(yaml),
            "F:8: services.a.health.checks[0].expect.latency_max: at most the timeout expected, \"9s\" found");
}

TEST(LoadHealth, AsManyChecksAsFit) {
  const auto checks = [](int count) {
    std::string list;
    for (int i = 0; i < count; ++i) list += "{name: n" + std::to_string(i) + ", url: 'http://h/'}, ";
    return InHealth("checks: [" + list + "]");
  };
  EXPECT_EQ(MessageOfParse(checks(32)), "ok");
  EXPECT_EQ(MessageOfParse(checks(33)), "F:1: services.a.health.checks: at most 32 checks expected");
}

TEST(LoadHealth, ACheckIsReadAsWritten) {
  const auto config = ParseConfig(
      InHealth("fatals_needed: 5, checks: [{name: ready, url: 'https://h/ready/', method: POST, level: warn, every: 1m,"
               " timeout: 10s, token: {env: T}, ca_file: /ca.pem, body_max: 10, headers: {X-A: '1', x-b: two},"
               " expect: {status: [200, 3xx, 410-412], headers: {X-C: {equals: ''}, ETag: {}}, body_contains: ok,"
               " body_matches: o., json: [{pointer: '', equals: ''}, {pointer: /a, min: -1.5}], latency_max: 2s,"
               " certificate_days: 14}}]"),
      "F");
  ASSERT_TRUE(config.ok()) << config.status();
  const HealthConfig& health = config->services[0].health;
  EXPECT_EQ(health.fatals_needed, 5);
  ASSERT_EQ(health.checks.size(), 1U);
  const HealthCheckConfig& check = health.checks[0];
  EXPECT_EQ(check.kind, HealthCheckConfig::Kind::kHttp);
  EXPECT_EQ(check.url, "https://h/ready/") << "another page than without its slash";
  EXPECT_EQ(check.method, "POST");
  EXPECT_FALSE(check.fatal);
  EXPECT_EQ(check.every, kMinuteNs);
  EXPECT_EQ(check.timeout, 10 * kSecondNs);
  EXPECT_EQ(check.token.env, "T");
  EXPECT_EQ(check.ca_file, "/ca.pem");
  EXPECT_EQ(check.body_bytes_max, 10);
  EXPECT_THAT(check.headers, ElementsAre(Pair("X-A", "1"), Pair("x-b", "two")));
  EXPECT_THAT(check.expect.statuses, ElementsAre(Pair(200, 200), Pair(300, 399), Pair(410, 412)));
  ASSERT_EQ(check.expect.headers.size(), 2U);
  EXPECT_EQ(check.expect.headers[0].name, "x-c");
  EXPECT_EQ(check.expect.headers[0].value.equals, "");
  EXPECT_EQ(check.expect.headers[1].value.equals, std::nullopt);
  ASSERT_EQ(check.expect.json.size(), 2U);
  EXPECT_EQ(check.expect.json[0].pointer, "");
  EXPECT_EQ(check.expect.json[0].value.equals, "");
  EXPECT_EQ(check.expect.json[1].min, -1.5);
  EXPECT_EQ(check.expect.json[1].max, std::nullopt);
  EXPECT_EQ(check.expect.latency_max, 2 * kSecondNs);
  EXPECT_EQ(check.expect.certificate_days, 14);
}

TEST(LoadHealth, WhatIsLeftOutIsTheDefault) {
  const auto config = ParseConfig(InCheck("url: 'http://h', every: 2s"), "F");
  ASSERT_TRUE(config.ok()) << config.status();
  const HealthCheckConfig& check = config->services[0].health.checks[0];
  EXPECT_EQ(config->services[0].health.fatals_needed, HealthConfig{}.fatals_needed);
  EXPECT_TRUE(check.fatal);
  EXPECT_EQ(check.method, "GET");
  EXPECT_EQ(check.timeout, 2 * kSecondNs) << "never longer than `every`";
  EXPECT_THAT(check.expect.statuses, ElementsAre(Pair(200, 299)));
  EXPECT_FALSE(config->services[0].rule.errors_above);
}

TEST(LoadHealth, ACheckOfPrometheusIsReadAsWritten) {
  const auto config = ParseConfig(
      InCheck("prometheus: {url: 'http://p:9090/base//', query: 'a{b=\"c\"}'}, min: 0, max: 5, level: warn"), "F");
  ASSERT_TRUE(config.ok()) << config.status();
  const HealthCheckConfig& check = config->services[0].health.checks[0];
  EXPECT_EQ(check.kind, HealthCheckConfig::Kind::kPrometheus);
  EXPECT_EQ(check.url, "http://p:9090/base");
  EXPECT_EQ(check.query, "a{b=\"c\"}");
  EXPECT_EQ(check.min, 0.0);
  EXPECT_EQ(check.max, 5.0);
}

TEST(LoadHealth, TheRule) {
  const auto in = [](const std::string& yaml) { return "services: {a: {rule: {" + yaml + "}}}"; };
  const std::string between = " a number above 0 and below 1 expected, \"";
  ExpectAll(
      {
          {"", ": errors_above expected"},
          {"window: 1m", ": errors_above expected"},
          {"errors_above: 0", ".errors_above:" + between + "0\" found"},
          {"errors_above: 1", ".errors_above:" + between + "1\" found"},
          {"errors_above: -0.1", ".errors_above:" + between + "-0.1\" found"},
          {"errors_above: 5 %", ".errors_above: a number expected, \"5 %\" found"},
          {"requests_min: 0", ".requests_min: a whole number from 1 to 1000000000 expected, \"0\" found"},
          {"window: 9s", ".window: " + Duration("from 10s to 30m", "9s")},
          {"window: 31m", ".window: " + Duration("from 10s to 30m", "31m")},
          {"eror_above: 0.1", ".eror_above: unknown key; did you mean \"errors_above\"?"},
      },
      in, "services.a.rule");
  const auto config = ParseConfig(in("errors_above: 0.05, requests_min: 20, window: 1m"), "F");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->services[0].rule.errors_above, 0.05);
  EXPECT_EQ(config->services[0].rule.requests_min, 20);
  EXPECT_EQ(config->services[0].rule.window, kMinuteNs);
}

TEST(LoadHealth, StabiliseAndFollowUps) {
  const auto in = [](const std::string& yaml) { return "detect: {" + yaml + "}"; };
  ExpectAll(
      {
          {"stabilise: 31m", ".stabilise: " + Duration("from 0s to 30m", "31m")},
          {"follow_ups: 1h", ".follow_ups: a list expected, a single value found"},
          {"follow_ups: [1h, x]", ".follow_ups[1]: " + Duration("up to 12h", "x")},
          {"follow_ups: [13h]", ".follow_ups[0]: " + Duration("up to 12h", "13h")},
          {"follow_ups: [1h, 1h]", ".follow_ups[1]: longer than the one before it expected, \"1h\" found"},
          {"follow_ups: [2h, 1h]", ".follow_ups[1]: longer than the one before it expected, \"1h\" found"},
          {"follow_ups: [15m]", ".follow_ups[0]: longer than detect.observe expected, \"15m\" found"},
          {"follow_ups: [16m], observe: 20m", ".follow_ups[0]: longer than detect.observe expected, \"16m\" found"},
          {"follow_ups: [1h, 2h, 3h, 4h, 5h, 6h, 7h, 8h, 9h]", ".follow_ups: at most 8 durations expected"},
      },
      in, "detect");
  EXPECT_THAT(ParseConfig(in("follow_ups: []"), "F")->detect.follow_ups, IsEmpty());
  EXPECT_THAT(ParseConfig(in("follow_ups: [6m, 12h], observe: 5m"), "F")->detect.follow_ups,
              ElementsAre(6 * kMinuteNs, 12 * kHourNs));
  EXPECT_EQ(ParseConfig(in("stabilise: 0s"), "F")->detect.stabilise, 0);
}

TEST(LoadHealth, TheWatchdog) {
  const auto in = [](const std::string& yaml) { return "watchdog: {" + yaml + "}"; };
  ExpectAll(
      {
          {"heartbeat: here", std::string(".heartbeat") + kUrlExpected},
          {"heartbeat: 'http://h', secret_heartbeat: {env: H}", ": one of heartbeat and secret_heartbeat expected"},
          {"secret_heartbeat: {}", ".secret_heartbeat: one of file and env expected"},
          {"heartbeat_every: 9s", ".heartbeat_every: " + Duration("from 10s to 1h", "9s")},
          {"clock_step_max: 499ms", ".clock_step_max: " + Duration("from 500ms to 1h", "499ms")},
          {"disk_free_min: -1", ".disk_free_min: a whole number from 0 to 1125899906842624 expected, \"-1\" found"},
          {"disk_free: 1", ".disk_free: unknown key; did you mean \"disk_free_min\"?"},
      },
      in, "watchdog");
  const auto config =
      ParseConfig(in("heartbeat: 'https://h/ping/', heartbeat_every: 30s, clock_step_max: 5s, disk_free_min: 0"), "F");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->watchdog.heartbeat, "https://h/ping/");
  EXPECT_EQ(config->watchdog.heartbeat_every, 30 * kSecondNs);
  EXPECT_EQ(config->watchdog.clock_step_max, 5 * kSecondNs);
  EXPECT_EQ(config->watchdog.disk_free_min, 0);
}

// A URL may hold a secret: a mistake in it is told without it.
TEST(LoadHealth, AWrongUrlIsNotRepeated) {
  EXPECT_EQ(MessageOfParse(InCheck("url: 'htps://user:hidden@h/'")),
            std::string("F:1: services.a.health.checks[0].url") + kUrlExpected);
}

}  // namespace
}  // namespace revertd

// JSON access logs as their servers document them: key by key, unit by unit, and what nginx writes that is no JSON.
#include <gtest/gtest.h>

#include <string>

#include "base/time_format.h"
#include "ingest/format/text_fields.h"
#include "ingest/format_detector.h"

namespace revertd {
namespace {

// What a line says in a format that was named, and in the one that was detected.
class JsonFormats : public testing::Test {
 protected:
  // The format in which `line_` was detected; "" and the error in error_ where it was in none.
  std::string Read(const std::string& line) {
    line_ = line;
    detector_ = std::make_unique<FormatDetector>(nullptr);
    record_ = {};
    error_ = detector_->Parse(line_, record_);
    const Format* const chosen = detector_->chosen();
    return error_ == ParseError::kNone && chosen != nullptr ? std::string(chosen->name()) : std::string();
  }
  ParseError ReadAs(std::string_view format, const std::string& line) {
    line_ = line;
    detector_ = std::make_unique<FormatDetector>(FormatNamed(format));
    record_ = {};
    return error_ = detector_->Parse(line_, record_);
  }

  std::string line_;
  std::unique_ptr<FormatDetector> detector_;
  AccessRecord record_;
  ParseError error_ = ParseError::kNone;
};

TEST_F(JsonFormats, TraefikCountsInNanoseconds) {
  EXPECT_EQ(
      Read(R"({"ServiceAddr":"10.0.0.3:80","ServiceName":"shop@docker","DownstreamStatus":404,"Duration":1500000,)"
           R"("OriginDuration":1200000,"DownstreamContentSize":19,"RequestHost":"shop.example.com",)"
           R"("RequestMethod":"GET","RequestPath":"/cart?id=7","StartUTC":"2026-11-21T03:10:09.25Z",)"
           R"("time":"2026-11-21T03:10:09Z","request_User-Agent":"x"})"),
      "traefik_json");
  EXPECT_EQ(record_.start_ns, ParseTime("2026-11-21T03:10:09.25Z"));
  EXPECT_EQ(record_.end_ns, ParseTime("2026-11-21T03:10:09.2515Z"));
  EXPECT_EQ(record_.duration_ns, 1'500'000);
  EXPECT_EQ(record_.upstream_ns, 1'200'000);
  EXPECT_EQ(record_.status, 404);
  EXPECT_EQ(record_.bytes, 19);
  EXPECT_EQ(record_.path, "/cart");
  EXPECT_EQ(record_.host, "shop.example.com");
  EXPECT_EQ(record_.upstream, "10.0.0.3:80");
  EXPECT_EQ(record_.backend, "shop@docker");
}

// Traefik lets its users drop fields.
TEST_F(JsonFormats, TraefikWithoutItsStartHasTheTimeOfTheLine) {
  EXPECT_EQ(Read(R"({"DownstreamStatus":200,"Duration":2000000000,"RequestMethod":"GET","RequestPath":"/",)"
                 R"("time":"2026-11-21T03:10:09+01:00"})"),
            "traefik_json");
  EXPECT_EQ(record_.end_ns, ParseTime("2026-11-21T02:10:09Z"));
  EXPECT_EQ(record_.start_ns, ParseTime("2026-11-21T02:10:07Z"));
}

TEST_F(JsonFormats, CaddyNestsTheRequestAndCountsSeconds) {
  EXPECT_EQ(
      Read(R"({"level":"info","ts":1795230609.25,"logger":"http.log.access","msg":"handled request","request":)"
           R"({"remote_ip":"192.0.2.7","method":"GET","host":"shop.example.com:8443","uri":"/a\"b?c=\u00e9",)"
           R"("headers":{"Host":["evil.example.com"],"Accept":["*/*"]}},"duration":2.364e-06,"size":7,"status":0})"),
      "caddy_json");
  EXPECT_EQ(record_.end_ns, ParseTime("2026-11-21T03:10:09.25Z"));
  EXPECT_EQ(record_.duration_ns, 2364);
  EXPECT_EQ(record_.status, 0);
  EXPECT_EQ(record_.bytes, 7);
  EXPECT_EQ(record_.host, "shop.example.com");
  EXPECT_EQ(record_.path, "/a\"b");
}

// Caddy writes an error log of the same request beside the access log: counted once.
TEST_F(JsonFormats, CaddyErrorsAreNoRequests) {
  EXPECT_EQ(Read(R"({"level":"error","ts":1795230609.25,"logger":"http.log.error.log0","msg":"dial tcp","request":)"
                 R"({"method":"GET","host":"a","uri":"/"},"duration":0.1,"status":502})"),
            "");
  EXPECT_EQ(error_, ParseError::kHeader);
}

TEST_F(JsonFormats, KongCountsMillisecondsAndNamesTheLastTry) {
  EXPECT_EQ(
      Read(
          R"({"latencies":{"request":8,"kong":5,"proxy":3},"service":{"name":"cart"},"request":{"uri":"\/v1\/x?a=1",)"
          R"("headers":{"host":"api.example.com:8000"},"method":"POST"},"tries":[{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}],)"
          R"("response":{"status":502,"size":"298"},"started_at":1795230609250})"),
      "kong_json");
  EXPECT_EQ(record_.start_ns, ParseTime("2026-11-21T03:10:09.25Z"));
  EXPECT_EQ(record_.duration_ns, 8 * kMillisecondNs);
  EXPECT_EQ(record_.upstream_ns, 3 * kMillisecondNs);
  EXPECT_EQ(record_.status, 502);
  EXPECT_EQ(record_.bytes, 298);
  EXPECT_EQ(record_.path, "/v1/x");
  EXPECT_EQ(record_.host, "api.example.com");
  EXPECT_EQ(record_.upstream, "10.0.0.2");
  EXPECT_EQ(record_.backend, "cart");
}

TEST_F(JsonFormats, GoogleWritesLatencyWithItsUnit) {
  EXPECT_EQ(
      Read(R"({"httpRequest":{"latency":"0.005192s","requestMethod":"GET","requestUrl":"https://shop.example.com/a?b",)"
           R"("responseSize":"746","serverIp":"10.20.0.4","status":200},"jsonPayload":{"statusDetails":)"
           R"("client_disconnected_after_partial_response"},"resource":{"labels":{"backend_service_name":"shop"}},)"
           R"("timestamp":"2026-11-21T03:10:09.230937Z"})"),
      "gcp_lb");
  EXPECT_EQ(record_.duration_ns, 5'192'000);
  EXPECT_EQ(record_.start_ns, ParseTime("2026-11-21T03:10:09.230937Z"));
  EXPECT_EQ(record_.host, "shop.example.com");
  EXPECT_EQ(record_.path, "/a");
  EXPECT_EQ(record_.backend, "shop");
  EXPECT_TRUE(record_.aborted);
}

TEST_F(JsonFormats, AzureGatewayChangedItsUnitWithItsVersion) {
  const auto line = [](const std::string& instance, const std::string& taken) {
    return R"({"timeStamp":"2026-11-21T03:10:09Z","properties":{"instanceId":")" + instance +
           R"(","httpMethod":"GET","requestUri":"/x","httpStatus":301,"sentBytes":55,"timeTaken":)" + taken +
           R"(,"serverResponseLatency":"0.016","serverRouted":"10.4.0.4:80","host":"b","originalHost":"a.com"}})";
  };
  EXPECT_EQ(Read(line("ApplicationGatewayRole_IN_0", "205")), "azure_appgw");
  EXPECT_EQ(record_.duration_ns, 205 * kMillisecondNs);
  EXPECT_EQ(Read(line("appgw_1", "0.013")), "azure_appgw");
  EXPECT_EQ(record_.duration_ns, 13 * kMillisecondNs);
  EXPECT_EQ(record_.upstream_ns, 16 * kMillisecondNs);
  EXPECT_EQ(record_.host, "a.com");
  EXPECT_EQ(record_.upstream, "10.4.0.4:80");
}

TEST_F(JsonFormats, FirewallRecordsAreNoRequests) {
  EXPECT_EQ(
      Read(
          R"({"category":"FrontdoorWebApplicationFirewallLog","properties":{"action":"Block","policyMode":"detection",)"
          R"("ruleName":"R","requestUri":"https://a/","trackingReference":"0v"},"time":"2026-11-21T03:10:09Z"})"),
      "");
  EXPECT_EQ(error_, ParseError::kHeader);
}

TEST_F(JsonFormats, FrontDoorWritesNumbersAsText) {
  EXPECT_EQ(
      Read(R"({"category":"FrontdoorAccessLog","properties":{"httpMethod":"GET","httpStatusCode":"200","requestUri":)"
           R"("https://shop.example.com:443/a/b?c","responseBytes":"2308","timeTaken":"0.122","routingRuleName":"r",)"
           R"("backendHostname":"be:443","trackingReference":"0v"},"time":"2026-11-21T03:10:09.9266300Z"})"),
      "azure_frontdoor");
  EXPECT_EQ(record_.end_ns, ParseTime("2026-11-21T03:10:09.92663Z"));
  EXPECT_EQ(record_.duration_ns, 122 * kMillisecondNs);
  EXPECT_EQ(record_.host, "shop.example.com");
  EXPECT_EQ(record_.path, "/a/b");
}

TEST_F(JsonFormats, CloudflareHasTwoStampsInFourForms) {
  struct Case {
    std::string_view start;
    std::string_view end;
    DurationNs duration;
  };
  for (const Case& c : {Case{"1795230609", "1795230611", 2 * kSecondNs},
                        {"1795230609250", "1795230609260", 10 * kMillisecondNs},
                        {"1795230609250000000", "1795230609250000007", 7},
                        {R"("2026-11-21T03:10:09Z")", R"("2026-11-21T03:10:15Z")", 6 * kSecondNs}}) {
    EXPECT_EQ(Read(R"({"ClientRequestHost":"a.example.com","ClientRequestMethod":"GET","ClientRequestURI":"/x?y",)"
                   R"("EdgeResponseStatus":200,"EdgeResponseBytes":9,"EdgeStartTimestamp":)" +
                   std::string(c.start) + R"(,"EdgeEndTimestamp":)" + std::string(c.end) + "}"),
              "cloudflare_logpush");
    EXPECT_EQ(record_.duration_ns, c.duration) << c.start;
    EXPECT_EQ(record_.start_ns / kSecondNs, 1795230609) << c.start;
  }
}

TEST_F(JsonFormats, IstioAndEnvoyStartAndCountMilliseconds) {
  EXPECT_EQ(Read(R"({"authority":"reviews:9080","bytes_sent":358,"duration":15,"method":"GET","path":"/reviews/0?x",)"
                 R"("requested_server_name":"o","response_code":0,"response_flags":"UF,DC","start_time":)"
                 R"("2026-11-21T03:10:09.656Z","upstream_cluster":"inbound|9080||","upstream_host":null,)"
                 R"("upstream_service_time":"14"})"),
            "istio_json");
  EXPECT_EQ(record_.end_ns, ParseTime("2026-11-21T03:10:09.671Z"));
  EXPECT_EQ(record_.host, "reviews");
  EXPECT_EQ(record_.backend, "inbound|9080||");
  EXPECT_EQ(record_.upstream, "");
  EXPECT_EQ(record_.upstream_ns, 14 * kMillisecondNs);
  EXPECT_TRUE(record_.aborted);
  EXPECT_EQ(Read(R"({":authority":"a.example.com:443","start_time":"2026-11-21T03:10:09.656Z","duration":"7",)"
                 R"("x-envoy-origin-path":"/p","method":"GET","response_code":"503","response_flags":"UH"})"),
            "envoy_json");
  EXPECT_EQ(record_.status, 503);
  EXPECT_EQ(record_.duration_ns, 7 * kMillisecondNs);
  EXPECT_FALSE(record_.aborted);
}

TEST_F(JsonFormats, HaproxyKeepsItsLettersApart) {
  EXPECT_EQ(Read(R"({"time":"21/Nov/2026:03:12:35.342","backend":"be","server":"app1","method":"GET","uri":"\/x?y",)"
                 R"("status":-1,"bytes":92,"TR":1,"Tw":20,"Tc":-1,"Tr":-1,"Ta":44,"tsc":"CH--"})"),
            "haproxy_json");
  EXPECT_EQ(record_.start_ns, ParseTime("2026-11-21T03:12:35.342Z"));
  EXPECT_EQ(record_.duration_ns, 44 * kMillisecondNs);
  EXPECT_EQ(record_.queue_ns, 20 * kMillisecondNs);
  EXPECT_EQ(record_.connect_ns, kNotLogged);
  EXPECT_EQ(record_.upstream_ns, kNotLogged);
  EXPECT_EQ(record_.status, 0);
  EXPECT_TRUE(record_.aborted);
}

TEST_F(JsonFormats, NginxEscapedTakesTheFinestTimeAndSumsTries) {
  EXPECT_EQ(
      Read(R"({"time_local":"21/Nov/2026:03:10:09 +0000","time_iso8601":"2026-11-21T03:10:09+00:00","msec":)"
           R"("1795230609.493","remote_addr":"::1","request":"GET /a?b HTTP/1.1","request_method":"GET","request_uri":)"
           R"("/a?b","status":"009","body_bytes_sent":"20","request_time":"0.005","upstream_addr":)"
           R"("10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80","upstream_response_time":"0.001, - : 0.003"})"),
      "nginx_json");
  EXPECT_EQ(record_.end_ns, ParseTime("2026-11-21T03:10:09.493Z"));
  EXPECT_EQ(record_.status, 9);
  EXPECT_EQ(record_.upstream_ns, 4 * kMillisecondNs);
  EXPECT_EQ(record_.upstream, "10.0.0.3:80");
  EXPECT_EQ(record_.duration_ns, 5 * kMillisecondNs);
}

// Everything that JSON forbids and nginx writes: \xHH, 009, nothing, "-" and lists for numbers, bytes not UTF-8.
TEST_F(JsonFormats, NginxUnescapedIsReadThoughItIsNoJson) {
  EXPECT_EQ(Read(R"({"@timestamp":"2026-11-21T03:10:12+00:00","request":"GET /a\x22b?c HTTP/1.1","status":009,)"
                 R"("request_time":0.005,"agent":"\x22","upstream_response_time":-})"),
            "nginx_json_unescaped");
  EXPECT_EQ(record_.escapes, Escapes::kNginx);
  EXPECT_EQ(DecodeNginxEscapes(record_.path), "/a\"b");
  EXPECT_EQ(record_.status, 9);
  EXPECT_EQ(record_.upstream_ns, kNotLogged);
  EXPECT_EQ(Read(R"({"ts":1795230609.493,"method":"GET","uri":"/caf)"
                 "\xE9\xFF"
                 R"(","args":"","status":200,"bytes":,)"
                 R"("duration":0.003,"upstream_response_time":0.001, 0.002,"host":"a"})"),
            "nginx_json_num");
  EXPECT_EQ(record_.path, "/caf\xE9\xFF");
  EXPECT_EQ(record_.bytes, kNotLogged);
  EXPECT_EQ(record_.upstream_ns, 3 * kMillisecondNs);
}

TEST_F(JsonFormats, CommonNamesAreKnownInEverySpelling) {
  for (const std::string& line : {
           std::string(
               R"({"timestamp":"2026-11-21T03:10:09Z","status_code":503,"method":"GET","path":"/x","durationMs":12})"),
           std::string(R"({"@timestamp":"2026-11-21T03:10:09.000Z","http":{"request":{"method":"GET"},"response":)"
                       R"({"status_code":503}},"url":{"path":"/x"},"event":{"duration":12000000}})"),
           std::string(
               R"({"http.method":"GET","http.status_code":"503","http.target":"/x","ts":1795230609000,"took":"12ms"})"),
           std::string(R"({"level":30,"time":1795230609000,"req":{"method":"GET","url":"/x"},"res":{"statusCode":503},)"
                       R"("responseTime":12,"msg":"done"})"),
           std::string(
               R"({"ts":"2026-11-21 03:10:09,000+0000","Request":"GET /x HTTP/1.1","Status":"503 Service Unavailable",)"
               R"("elapsed_seconds":0.012})"),
           // Logstash's grok of a combined line, with a time that its user added.
           std::string(R"({"timestamp":"21/Nov/2026:03:10:09 +0000","clientip":"192.0.2.7","verb":"GET",)"
                       R"("request":"/x?a=b","httpversion":"1.1","response":"503","bytes":"7","resp_time":0.012})"),
       }) {
    EXPECT_EQ(Read(line), "json") << line;
    EXPECT_EQ(record_.end_ns, ParseTime("2026-11-21T03:10:09Z")) << line;
    EXPECT_EQ(record_.status, 503) << line;
    EXPECT_EQ(record_.method, "GET") << line;
    EXPECT_EQ(record_.path, "/x") << line;
    EXPECT_EQ(record_.duration_ns, 12 * kMillisecondNs) << line;
  }
}

TEST_F(JsonFormats, OtherJsonIsNoRequest) {
  for (const std::string& line :
       {std::string(R"({"time":"2026-11-21T03:10:09Z","level":"info","msg":"started"})"),
        std::string(R"({"time":"2026-11-21T03:10:09Z","msg":"job done","status":"ok"})"), std::string("{}"),
        std::string("[1,2]"), std::string("{''\"records\"'': [{\"time\":\"2026-11-21T03:10:09Z\"}]}")}) {
    EXPECT_EQ(Read(line), "") << line;
    EXPECT_EQ(error_, ParseError::kNoFormat) << line;
  }
}

TEST_F(JsonFormats, DamageIsNamed) {
  const std::string good =
      R"({"timestamp":"2026-11-21T03:10:09Z","status":200,"method":"GET","path":"/x","duration_ms":1})";
  struct Case {
    std::string line;
    ParseError error;
  };
  for (const Case& c :
       {Case{good, ParseError::kNone},
        {good.substr(0, good.size() - 1), ParseError::kBadField},
        {good + good, ParseError::kBadField},
        {good + " x", ParseError::kBadField},
        {R"({"timestamp":"yesterday","status":200,"path":"/x"})", ParseError::kBadTime},
        {R"({"timestamp":"","status":200,"path":"/x"})", ParseError::kBadTime},
        {R"({"timestamp":"2026-11-21T03:10:09Z","status":"ok","path":"/x"})", ParseError::kBadStatus},
        {R"({"timestamp":"2026-11-21T03:10:09Z","status":null,"path":"/x"})", ParseError::kBadStatus},
        {R"({"timestamp":"2026-11-21T03:10:09Z","status":1000,"path":"/x"})", ParseError::kBadStatus},
        {R"({"timestamp":"2026-11-21T03:10:09Z","status":200,"path":"/x","took":"long"})", ParseError::kBadField},
        {R"({"timestamp":"2026-11-21T03:10:09Z","status":200,"path":"/x","bytes":"many"})", ParseError::kBadField}}) {
    Read(c.line);
    EXPECT_EQ(NameOf(error_), NameOf(c.error)) << c.line;
  }
}

// A person who names the general format means every dialect; one who names a dialect means its keys, whatever else.
TEST_F(JsonFormats, NamedFormatsDoNotAskForMarkers) {
  const std::string traefik =
      R"({"DownstreamStatus":200,"Duration":7,"RequestMethod":"GET","StartUTC":"2026-11-21T03:10:09Z"})";
  EXPECT_EQ(ReadAs("json", traefik), ParseError::kNone);
  EXPECT_EQ(record_.duration_ns, 7);
  EXPECT_EQ(ReadAs("nginx_json", R"({"msec":1795230609.5,"status":200,"request_time":0.25,"request_uri":"/x"})"),
            ParseError::kNone);
  EXPECT_EQ(record_.duration_ns, 250 * kMillisecondNs);
  EXPECT_EQ(ReadAs("caddy_json", traefik), ParseError::kNoFormat);
}

TEST_F(JsonFormats, AFieldMapNamesKeysOfItsOwn) {
  const auto format = CustomFormat("json:status=res.st,duration_ms=took,time=when,path=what,host=who,release=v");
  ASSERT_TRUE(format.ok());
  FormatDetector detector(format->get());
  AccessRecord record;
  const std::string line =
      R"({"when":"2026-11-21T03:10:09Z","took":1.5,"res":{"st":201},"what":"/x?y","who":"a:1","v":"r7"})";
  ASSERT_EQ(detector.Parse(line, record), ParseError::kNone);
  EXPECT_EQ(record.status, 201);
  EXPECT_EQ(record.duration_ns, 1'500'000);
  EXPECT_EQ(record.path, "/x");
  EXPECT_EQ(record.host, "a");
  EXPECT_EQ(record.release, "r7");
  EXPECT_EQ(detector.Parse("{\"x\":1}", record), ParseError::kNoFormat);
}

TEST_F(JsonFormats, AWrongFieldMapSaysWhatIsWrong) {
  EXPECT_NE(CustomFormat("json:stats=a,time=b").status().message().find("nearest: status"), std::string::npos);
  EXPECT_NE(CustomFormat("json:status=a").status().message().find("no key for time"), std::string::npos);
  EXPECT_NE(CustomFormat("json:time=a").status().message().find("no key for status"), std::string::npos);
  EXPECT_FALSE(CustomFormat("json:status").ok());
  EXPECT_FALSE(CustomFormat("json:status=,time=a").ok());
  EXPECT_FALSE(CustomFormat("json:").ok());
}

TEST_F(JsonFormats, LtsvReadsTheRecommendedLabels) {
  EXPECT_EQ(
      Read("time:21/Nov/2026:03:10:09 +0000\thost:192.0.2.7\tforwardedfor:-\treq:GET /a\\x22?b HTTP/1.1\tstatus:200"
           "\tsize:20\tua:x: y\treqtime:0.250\tapptime:0.100, 0.050\tvhost:shop.example.com"),
      "nginx_ltsv");
  EXPECT_EQ(record_.end_ns, ParseTime("2026-11-21T03:10:09Z"));
  EXPECT_EQ(record_.duration_ns, 250 * kMillisecondNs);
  EXPECT_EQ(record_.upstream_ns, 150 * kMillisecondNs);
  EXPECT_EQ(record_.host, "shop.example.com");
  EXPECT_EQ(DecodeNginxEscapes(record_.path), "/a\"");
  EXPECT_EQ(Read("datetime:[21/Nov/2026:03:10:09 +0000]\trequest:POST /x HTTP/1.1\tstatus:303\tsize:-"
                 "\treqtime_microsec:1500"),
            "ltsv");
  EXPECT_EQ(record_.duration_ns, 1'500'000);
  EXPECT_EQ(record_.bytes, kNotLogged);
  EXPECT_EQ(Read("a b\tstatus:200\ttime:21/Nov/2026:03:10:09 +0000"), "");
  const auto custom = CustomFormat("ltsv:time=t,status=s,duration_us=d");
  ASSERT_TRUE(custom.ok());
  AccessRecord record;
  EXPECT_EQ(FormatDetector(custom->get()).Parse("t:1795230609.5\ts:200\td:250", record), ParseError::kNone);
  EXPECT_EQ(record.duration_ns, 250 * kMicrosecondNs);
}

}  // namespace
}  // namespace revertd

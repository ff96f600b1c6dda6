#include "ingest/format/haproxy.h"

#include <gtest/gtest.h>

#include <string>

#include "base/time_format.h"
#include "ingest/format/civil_text.h"
#include "ingest/format_detector.h"
#include "tests/ingest/kept_parse.h"

namespace revertd {
namespace {

constexpr std::string_view kHead = "<134>Nov 21 03:10:09 lb-1 haproxy[812]: ";
constexpr std::string_view kHttp =
    R"(192.0.2.7:40112 [21/Nov/2026:03:10:07.250] www~ shop/web-3 5/40/2/120/1250 200 8512 - - ---- 9/7/3/1/0 2/5 )"
    R"({shop.example.com|curl} {text/html} "GET /cart?id=7 HTTP/1.1")";

ParseError ParseAs(std::string_view format, std::string_view line, AccessRecord& record, ReaderOptions options = {}) {
  return KeptParse(*FormatNamed(format), line, record, options);
}

// An httplog line with these words; the rest as on a quiet day.
std::string HttpLine(std::string_view timers, std::string_view status, std::string_view state,
                     std::string_view rest = R"("GET / HTTP/1.1")") {
  return "192.0.2.7:40112 [21/Nov/2026:03:10:07.250] www shop/web-3 " + std::string(timers) + " " +
         std::string(status) + " 512 - - " + std::string(state) + " 1/1/0/0/0 0/0 " + std::string(rest);
}

TEST(HaproxyHttp, ReadsAllFields) {
  AccessRecord record;
  ASSERT_EQ(ParseAs("haproxy_http", kHttp, record), ParseError::kNone);
  EXPECT_EQ(record.start_ns, ParseTime("2026-11-21T03:10:07.250Z"));
  EXPECT_EQ(record.end_ns, ParseTime("2026-11-21T03:10:08.500Z"));
  EXPECT_EQ(record.duration_ns, 1250 * kMillisecondNs);
  EXPECT_EQ(record.queue_ns, 40 * kMillisecondNs);
  EXPECT_EQ(record.connect_ns, 2 * kMillisecondNs);
  EXPECT_EQ(record.upstream_ns, 120 * kMillisecondNs);
  EXPECT_EQ(record.queue_length, 7);
  EXPECT_EQ(record.status, 200);
  EXPECT_EQ(record.bytes, 8512);
  EXPECT_EQ(record.method, "GET");
  EXPECT_EQ(record.path, "/cart");
  EXPECT_EQ(record.host, "");
  EXPECT_EQ(record.backend, "shop");
  EXPECT_EQ(record.upstream, "web-3");
  EXPECT_FALSE(record.aborted);
}

TEST(HaproxyHttp, ReadsItsBracketInTheReadersZone) {
  AccessRecord record;
  const ReaderOptions berlin{.zone = *TimeZone::Named("Europe/Berlin"), .alone = false};
  ASSERT_EQ(ParseAs("haproxy_http", kHttp, record, berlin), ParseError::kNone);
  EXPECT_EQ(record.start_ns, ParseTime("2026-11-21T02:10:07.250Z"));
}

TEST(HaproxyHttp, ReadsThroughAnyHead) {
  for (const std::string& head : {std::string(kHead), std::string("haproxy[812]: "),
                                  std::string("<134>1 2026-11-21T03:10:09.5+00:00 lb-1 haproxy 812 - [a b=\"c\"] "),
                                  std::string("2026-11-21T03:10:09+01:00 lb-1 haproxy[812]: ")}) {
    AccessRecord record;
    ASSERT_EQ(ParseAs("haproxy_http", head + std::string(kHttp), record), ParseError::kNone) << head;
    EXPECT_EQ(record.path, "/cart");
  }
}

TEST(HaproxyHttp, BearsWhatALineMayLack) {
  AccessRecord record;
  // option logasap: more was to come.
  ASSERT_EQ(ParseAs("haproxy_http", HttpLine("9/10/7/14/+30", "200", "----"), record), ParseError::kNone);
  EXPECT_EQ(record.duration_ns, 30 * kMillisecondNs);
  // Phases never reached are not logged, they are not zero.
  ASSERT_EQ(ParseAs("haproxy_http", HttpLine("0/0/-1/-1/1004", "503", "SC--"), record), ParseError::kNone);
  EXPECT_EQ(record.queue_ns, 0);
  EXPECT_EQ(record.connect_ns, kNotLogged);
  EXPECT_EQ(record.upstream_ns, kNotLogged);
  EXPECT_FALSE(record.aborted) << "the server's fault is no client's abort";
  // No total: the end is the start.
  ASSERT_EQ(ParseAs("haproxy_http", HttpLine("-1/-1/-1/-1/-1", "400", "PR--"), record), ParseError::kNone);
  EXPECT_EQ(record.duration_ns, kNotLogged);
  EXPECT_EQ(record.end_ns, record.start_ns);
  // A redispatched request's retries, a size that goes on, a time without its fraction.
  ASSERT_EQ(ParseAs("haproxy_http",
                    R"(::1:9 [21/Nov/2026:03:10:07] a b/c 0/0/0/0/0 200 +92 - - ---- 1/1/0/0/+1 0/0 "GET / HTTP/1.0")",
                    record),
            ParseError::kNone);
  EXPECT_EQ(record.bytes, 92);
  EXPECT_EQ(record.end_ns, ParseTime("2026-11-21T03:10:07Z"));
}

TEST(HaproxyHttp, TellsClientsThatWentAway) {
  for (std::string_view state : {"CR--", "cR--", "CD--", "cD--", "CH--", "CQVN"}) {
    AccessRecord record;
    ASSERT_EQ(ParseAs("haproxy_http", HttpLine("-1/-1/-1/-1/50", "-1", state, R"("<BADREQ>")"), record),
              ParseError::kNone)
        << state;
    EXPECT_TRUE(record.aborted) << state;
    EXPECT_EQ(record.status, 0) << "nothing was answered";
    EXPECT_EQ(record.method, "");
    EXPECT_EQ(record.path, "");
  }
  for (std::string_view state : {"----", "sH--", "PR--", "SD--", "LR--", "--VN", "RC--", "IH--"}) {
    AccessRecord record;
    ASSERT_EQ(ParseAs("haproxy_http", HttpLine("0/0/0/0/1", "200", state), record), ParseError::kNone) << state;
    EXPECT_FALSE(record.aborted) << state;
  }
}

TEST(HaproxyHttp, FindsTheRequestsEnd) {
  struct Case {
    std::string_view rest;
    std::string_view method;
    std::string_view path;
  };
  for (const Case& c : {Case{R"("GET /a b HTTP/1.1")", "GET", "/a b"},
                        {R"("GET /a" b HTTP/1.1")", "GET", R"(/a" b)"},
                        {R"("GET /a#22?b=#22 HTTP/1.1")", "GET", "/a#22"},
                        {R"({a} {b|} "GET / HTTP/1.1")", "GET", "/"},
                        {R"({Mozilla/5.0 (X11; "U")} "PUT /x HTTP/1.1")", "PUT", "/x"},
                        {R"("OPTIONS * HTTP/1.1")", "OPTIONS", "*"},
                        {R"("CONNECT api.example.com:443 HTTP/1.1")", "CONNECT", "api.example.com:443"},
                        {R"("GET /cut-off-at-the-end-of-a-syslog-pac)", "GET", "/cut-off-at-the-end-of-a-syslog-pac"},
                        {R"("GET /cut?a=1 HTT)", "GET", "/cut"},
                        {R"("GET)", "", ""},
                        {R"({Mozilla/5.0 (X11; Li)", "", ""},
                        {R"("")", "", ""},
                        {R"(2001:db8::1 "GET / HTTP/1.1" "curl/7.88")", "GET", "/"}}) {
    AccessRecord record;
    ASSERT_EQ(ParseAs("haproxy_http", HttpLine("0/0/0/0/1", "200", "----", c.rest), record), ParseError::kNone)
        << c.rest;
    EXPECT_EQ(record.method, c.method) << c.rest;
    EXPECT_EQ(record.path, c.path) << c.rest;
  }
}

TEST(HaproxyHttp, TakesTheHostFromWhereItIsCertain) {
  AccessRecord record;
  ASSERT_EQ(
      ParseAs("haproxy_http",
              HttpLine("0/0/0/0/1", "200", "----", R"("GET https://shop.example.com:8443/cart?a HTTP/2.0")"), record),
      ParseError::kNone);
  EXPECT_EQ(record.host, "shop.example.com");
  EXPECT_EQ(record.path, "/cart");
  // A word of the operator's own between server and timers.
  ASSERT_EQ(ParseAs("haproxy_http",
                    R"(-:4 [21/Nov/2026:03:10:07.250] f b/s 17 shop.example.com:80 0/0/1/17/18 302 291 - - ---- )"
                    R"(1/1/0/0/0 0/0 "GET / HTTP/1.1")",
                    record),
            ParseError::kNone);
  EXPECT_EQ(record.host, "shop.example.com");
  EXPECT_EQ(record.duration_ns, 18 * kMillisecondNs);
}

TEST(HaproxyHttp, NamesNoServerWhereThereWasNone) {
  AccessRecord record;
  ASSERT_EQ(ParseAs("haproxy_http",
                    R"(192.0.2.7:1 [21/Nov/2026:03:10:07.250] www www/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- )"
                    R"(1/1/0/0/0 0/0 "<BADREQ>")",
                    record),
            ParseError::kNone);
  EXPECT_EQ(record.backend, "www");
  EXPECT_EQ(record.upstream, "");
}

TEST(HaproxyHttps, ReadsTheNameThatTheClientAskedFor) {
  const std::string line = HttpLine("0/0/0/5/5", "200", "----");
  AccessRecord record;
  ASSERT_EQ(ParseAs("haproxy_https", line + " 0/0/0/0/1 shop.example.com/TLSv1.3/TLS_AES_128_GCM_SHA256", record),
            ParseError::kNone);
  EXPECT_EQ(record.host, "shop.example.com");
  record = {};
  ASSERT_EQ(ParseAs("haproxy_https", line + " 0/-/-/-/0 -/-/-", record), ParseError::kNone);
  EXPECT_EQ(record.host, "");
  // In one log of both kinds of frontend a reader that is alone takes both.
  record = {};
  ASSERT_EQ(
      ParseAs("haproxy_http", line + " 0/0/0/0/1 shop.example.com/TLSv1.3/-", record, {.zone = {}, .alone = true}),
      ParseError::kNone);
  EXPECT_EQ(record.host, "shop.example.com");
  EXPECT_EQ(ParseAs("haproxy_https", line, record, {.zone = {}, .alone = true}), ParseError::kNone);
  // Else each line is of one format only.
  EXPECT_EQ(ParseAs("haproxy_https", line, record), ParseError::kNoFormat);
  EXPECT_EQ(ParseAs("haproxy_http", line + " 0/-/-/-/0 -/-/-", record), ParseError::kNoFormat);
}

TEST(HaproxyTcp, ReadsAllFields) {
  AccessRecord record;
  ASSERT_EQ(ParseAs("haproxy_tcp",
                    "192.0.2.7:40112 [21/Nov/2026:03:10:07.250] db pg/pg-1 3/1/5007 2048 -- 4/2/2/1/0 1/2", record),
            ParseError::kNone);
  EXPECT_EQ(record.status, kStatusNotLogged);
  EXPECT_EQ(record.end_ns, ParseTime("2026-11-21T03:10:12.257Z"));
  EXPECT_EQ(record.duration_ns, 5007 * kMillisecondNs);
  EXPECT_EQ(record.queue_ns, 3 * kMillisecondNs);
  EXPECT_EQ(record.connect_ns, kMillisecondNs);
  EXPECT_EQ(record.bytes, 2048);
  EXPECT_EQ(record.backend, "pg");
  EXPECT_EQ(record.upstream, "pg-1");
  EXPECT_EQ(record.queue_length, 3);
}

TEST(HaproxyTcp, TellsFailuresByTheTerminationState) {
  struct Case {
    std::string_view state;
    int status;
    bool aborted;
  };
  for (const Case& c : {Case{"--", kStatusNotLogged, false},
                        {"SC", 503, false},
                        {"sC", 503, false},
                        {"sQ", 503, false},
                        {"SD", 502, false},
                        {"sD", kStatusNotLogged, false},
                        {"PR", 403, false},
                        {"RC", 503, false},
                        {"IC", 500, false},
                        {"DD", 503, false},
                        {"CD", kStatusNotLogged, true},
                        {"cD", kStatusNotLogged, true},
                        {"CC", kStatusNotLogged, true},
                        {"KD", kStatusNotLogged, false},
                        {"LR", kStatusNotLogged, false},
                        {"UD", kStatusNotLogged, false}}) {
    AccessRecord record;
    ASSERT_EQ(ParseAs("haproxy_tcp",
                      "192.0.2.7:1 [21/Nov/2026:03:10:07.250] db pg/<NOSRV> -1/-1/1 212 " + std::string(c.state) +
                          " 1/1/0/0/0 0/0",
                      record),
              ParseError::kNone);
    EXPECT_EQ(record.status, c.status) << c.state;
    EXPECT_EQ(record.aborted, c.aborted) << c.state;
  }
}

TEST(HaproxyClf, ReadsWhatStandsBehindTheCombinedFields) {
  const std::string line = std::string(kHead) +
                           R"(192.0.2.7 - - [21/Nov/2026:03:10:07 +0000] "GET /cart HTTP/1.1" 504 194 "" "" 40112 250 )"
                           R"("www~" "shop" "web-3" 0 7 2 -1 +1000 sH-- 9 7 3 1 +1 2 5 "" "" )";
  AccessRecord record;
  ASSERT_EQ(ParseAs("haproxy_clf", line, record), ParseError::kNone);
  EXPECT_EQ(record.start_ns, ParseTime("2026-11-21T03:10:07.250Z"));
  EXPECT_EQ(record.end_ns, ParseTime("2026-11-21T03:10:08.250Z"));
  EXPECT_EQ(record.duration_ns, kSecondNs);
  EXPECT_EQ(record.queue_ns, 7 * kMillisecondNs);
  EXPECT_EQ(record.connect_ns, 2 * kMillisecondNs);
  EXPECT_EQ(record.upstream_ns, kNotLogged);
  EXPECT_EQ(record.queue_length, 7);
  EXPECT_EQ(record.status, 504);
  EXPECT_EQ(record.bytes, 194);
  EXPECT_EQ(record.path, "/cart");
  EXPECT_EQ(record.backend, "shop");
  EXPECT_EQ(record.upstream, "web-3");
}

TEST(Haproxy, NamesWhatIsWrong) {
  AccessRecord record;
  EXPECT_EQ(ParseAs("haproxy_http", HttpLine("0/0/0/0/1", "2x0", "----"), record), ParseError::kBadStatus);
  std::string line(kHttp);
  line.replace(line.find(" 8512 "), 6, " 8x12 ");
  EXPECT_EQ(ParseAs("haproxy_http", line, record), ParseError::kBadField);
  line = kHttp;
  line.replace(line.find("21/Nov"), 6, "31/Nov");
  EXPECT_EQ(ParseAs("haproxy_http", line, record), ParseError::kBadTime);
  line = kHttp;
  line.replace(line.find("07.250"), 6, "07.2x0");
  EXPECT_EQ(ParseAs("haproxy_http", line, record), ParseError::kBadTime);
}

// What HAProxy also writes is no request, and neither is a line of another server or a stump of its own.
TEST(Haproxy, LeavesOtherLinesAlone) {
  for (std::string_view line : {
           "192.0.2.7:40112 [21/Nov/2026:03:10:07.250] www/1: SSL handshake failure",
           "192.0.2.7:40112 [21/Nov/2026:03:10:07.250] www/shop: Connection closed during SSL handshake",
           "Connect from 192.0.2.7:40112 to 192.0.2.1:443 (www/HTTP)",
           "Proxy www stopped (FE: 847876 conns, BE: 0 conns).",
           R"(<OCSP-UPDATE> /etc/ssl/shop.pem 1 "Update successful" 0 1)",
           R"(192.0.2.7 - - [21/Nov/2026:03:10:07 +0000] "GET /cart HTTP/1.1" 504 194 "-" "-")",
           R"(192.0.2.7:1 - - [21/Nov/2026:03:10:07] "GET /cart HTTP/1.1" 504 194)",
           "192.0.2.7:40112 [21/Nov/2026:03:10:07.250] www shop/web-3 5/40/2/120/1250 200 85",
           "192.0.2.7:40112 [21/Nov/2026:03:10:07.250] www shop/web-3 0/0/0/0/0 200 8 - - ---- 1/1/0/0/0 0/",
           "192.0.2.7:40112 [21/Nov/2026:03:10:07.250",
           "192.0.2.7:40112 [21/Nov/2026:03:10:07.250]",
           " [",
           "",
       }) {
    for (const Format* format : HaproxyFormats()) {
      AccessRecord record;
      EXPECT_EQ(format->NewReader({})->Parse(line, record), ParseError::kNoFormat) << format->name() << ": " << line;
    }
  }
}

TEST(Haproxy, IsDetected) {
  struct Case {
    std::string_view name;
    std::string line;
  };
  FormatDetector detector(nullptr);
  for (const Case& c :
       {Case{"haproxy_http", std::string(kHttp)},
        {"haproxy_https", HttpLine("0/0/0/5/5", "200", "----") + " 0/-/-/-/0 -/-/-"},
        {"haproxy_tcp", "192.0.2.7:1 [21/Nov/2026:03:10:07.250] db pg/a 1/0/0 212 -- 1/1/0/0/0 0/0"},
        {"haproxy_clf", R"(192.0.2.7 - - [21/Nov/2026:03:10:07 +0000] "GET / HTTP/1.1" 200 9 "" "" 4 5 )"
                        R"("a" "b" "c" 0 0 0 0 0 ---- 1 1 0 0 0 0 0 "" "" )"}}) {
    AccessRecord record;
    ASSERT_EQ(detector.Parse(c.line, record), ParseError::kNone) << c.line;
    EXPECT_EQ(detector.chosen()->name(), c.name);
  }
}

TEST(CivilText, ReadsDurationsThatWereNeverBegun) {
  EXPECT_EQ(ParseLoggedDuration("-1", kSecondNs), kNotLogged);
  EXPECT_EQ(ParseLoggedDuration("-", kSecondNs), kNotLogged);
  EXPECT_EQ(ParseLoggedDuration("+30", kMillisecondNs), 30 * kMillisecondNs);
  EXPECT_EQ(ParseLoggedDuration("-2", kSecondNs), std::nullopt);
  EXPECT_EQ(ParseLoggedDuration("100000001", kSecondNs), std::nullopt);
  EXPECT_EQ(ParseLoggedDuration("10800000001", kMicrosecondNs), 3 * kHourNs + kMicrosecondNs);
}

TEST(CivilText, ReadsCtime) {
  const auto civil = ParseCtimeCivil("Tue Jan  3 05:01:31 2012");
  ASSERT_TRUE(civil.has_value());
  EXPECT_EQ(TimeZone().ToUtc(*civil), ParseTime("2012-01-03T05:01:31Z"));
  for (std::string_view bad : {"Tue Jan 33 05:01:31 2012", "Tue Foo  3 05:01:31 2012", "Tue Jan  3 25:01:31 2012",
                               "Tue Jan  3 05:01:31 201", "Tue Jan  3 05:01:31 1912", ""}) {
    EXPECT_FALSE(ParseCtimeCivil(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace revertd

#include "ingest/format/w3c.h"

#include <gtest/gtest.h>

#include <string>

#include "base/time_format.h"
#include "ingest/format_detector.h"
#include "tests/ingest/kept_parse.h"

namespace revertd {
namespace {

constexpr std::string_view kIisFields =
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) "
    "sc-status sc-substatus sc-win32-status time-taken";
constexpr std::string_view kIisLine =
    "2026-11-21 03:10:09 10.0.0.4 GET /cart id=7 443 - 192.0.2.7 curl/7.88 - 503 0 64 1250";
constexpr std::string_view kCloudFrontLine =
    "2026-11-21\t03:10:09\tFRA56-P2\t8512\t192.0.2.7\tGET\td111.cloudfront.net\t/cart\t200\t-\tcurl/"
    "7.88\tid=7\t-\tMiss\t"
    "k6WG==\tshop.example.com\thttps\t62\t0.113";

std::unique_ptr<LineReader> NewReader(std::string_view format, ReaderOptions options = {}) {
  return FormatNamed(format)->NewReader(options);
}

TEST(IisW3c, ReadsTheColumnsThatItsDirectiveNames) {
  const auto reader = NewReader("iis_w3c");
  AccessRecord record;
  EXPECT_EQ(reader->Parse("#Software: Microsoft Internet Information Services 10.0", record), ParseError::kHeader);
  EXPECT_EQ(reader->Parse("#Version: 1.0", record), ParseError::kHeader);
  EXPECT_EQ(reader->Parse("#Date: 2026-11-21 03:10:09", record), ParseError::kHeader);
  EXPECT_EQ(reader->Parse(kIisFields, record), ParseError::kHeader);
  ASSERT_EQ(reader->Parse(kIisLine, record), ParseError::kNone);
  EXPECT_EQ(record.end_ns, ParseTime("2026-11-21T03:10:09Z"));
  EXPECT_EQ(record.duration_ns, 1250 * kMillisecondNs);
  EXPECT_EQ(record.start_ns, record.end_ns - record.duration_ns);
  EXPECT_EQ(record.status, 503);
  EXPECT_EQ(record.method, "GET");
  EXPECT_EQ(record.path, "/cart");
  EXPECT_EQ(record.upstream, "10.0.0.4");
  EXPECT_EQ(record.bytes, kNotLogged);

  // A new directive, in another case, with other columns in another order.
  EXPECT_EQ(reader->Parse("#Fields: Time Date SC-Status SC-Bytes CS-Host S-SiteName cs-uri-stem", record),
            ParseError::kHeader);
  record = {};
  ASSERT_EQ(reader->Parse("03:10:10 2026-11-21 404 99 shop.example.com:8443 W3SVC1 /a?b", record), ParseError::kNone);
  EXPECT_EQ(record.end_ns, ParseTime("2026-11-21T03:10:10Z"));
  EXPECT_EQ(record.status, 404);
  EXPECT_EQ(record.bytes, 99);
  EXPECT_EQ(record.host, "shop.example.com");
  EXPECT_EQ(record.backend, "W3SVC1");
  EXPECT_EQ(record.path, "/a");
  EXPECT_EQ(record.method, "");
}

TEST(IisW3c, TakesTheDayFromItsDirectiveWhereLinesHaveAClockOnly) {
  const auto reader = NewReader("iis_w3c");
  AccessRecord record;
  ASSERT_EQ(reader->Parse("#Date: 2026-11-21 03:10:00", record), ParseError::kHeader);
  ASSERT_EQ(reader->Parse("#Fields: time cs-method cs-uri-stem sc-status", record), ParseError::kHeader);
  ASSERT_EQ(reader->Parse("03:10:09 GET /cart 200", record), ParseError::kNone);
  EXPECT_EQ(record.end_ns, ParseTime("2026-11-21T03:10:09Z"));
}

TEST(IisW3c, ReadsAdvancedLoggingInTheReadersZone) {
  const auto reader = NewReader("iis_w3c", {.zone = *TimeZone::Named("Europe/Berlin"), .alone = false});
  AccessRecord record;
  ASSERT_EQ(reader->Parse("#Fields:  date-local time-local cs-method cs-uri-stem cs(User-Agent) cs(Host) sc-status "
                          "TimeTakenMS",
                          record),
            ParseError::kHeader);
  ASSERT_EQ(reader->Parse(R"(2026-11-21 03:10:09.363 GET /cart "a ""b"" c" "shop.example.com" 200 109)", record),
            ParseError::kNone);
  EXPECT_EQ(record.end_ns, ParseTime("2026-11-21T02:10:09.363Z"));
  EXPECT_EQ(record.duration_ns, 109 * kMillisecondNs);
  EXPECT_EQ(record.host, "shop.example.com");
}

TEST(IisW3c, BearsQuotesInUserAgents) {
  const auto reader = NewReader("iis_w3c");
  AccessRecord record;
  ASSERT_EQ(reader->Parse(kIisFields, record), ParseError::kHeader);
  ASSERT_EQ(reader->Parse(R"(2026-11-21 03:10:09 10.0.0.4 GET / "x 443 - 192.0.2.7 "Mozilla/5.0 - 200 0 0 7)", record),
            ParseError::kNone);
  EXPECT_EQ(record.duration_ns, 7 * kMillisecondNs);
}

// A file that is followed from its end shows no directive.
TEST(IisW3c, GuessesColumnsFromTheirFixedOrder) {
  struct Case {
    std::string_view line;
    std::string_view host;
    int64_t bytes;
    int64_t duration_ms;
  };
  for (const Case& c : {
           Case{kIisLine, "", kNotLogged, 1250},
           {"2026-11-21 03:10:09 10.0.0.4 GET /cart id=7 443 - 192.0.2.7 curl/7.88 503 0 64 1250", "", kNotLogged,
            1250},
           {"2026-11-21 03:10:09 10.0.0.4 GET /cart - 443 - 192.0.2.7 curl/7.88 https://a.example/x 503 0 64 1250 "
            "192.0.2.9,192.0.2.8",
            "", kNotLogged, 1250},
           {"2026-11-21 03:10:09 W3SVC1 GET /cart - 80 - ::1 curl/7.88 - - shop.example.com 503 0 0 123 456 789",
            "shop.example.com", 123, 789},
           {"2026-11-21 03:10:09 W3SVC1 WEB-1 10.0.0.4 GET /cart - 80 - 192.0.2.7 HTTP/1.1 curl/7.88 - - "
            "shop.example.com:80 503 0 0 123 456 789",
            "shop.example.com", 123, 789},
           {"2026-11-21 03:10:09 10.0.0.4 GET /cart - 80 - fe81::64ae%3 curl/7.88 - 503 0 0", "", kNotLogged, -1},
           {"2026-11-21 03:10:09 10.0.0.4 GET /cart - 80 - 192.0.2.7 curl/7.88 - 503 0 0 17 1250", "", kNotLogged, -1},
       }) {
    AccessRecord record;
    ASSERT_EQ(KeptParse(*FormatNamed("iis_w3c"), c.line, record), ParseError::kNone) << c.line;
    EXPECT_EQ(record.end_ns, ParseTime("2026-11-21T03:10:09Z"));
    EXPECT_EQ(record.status, 503) << c.line;
    EXPECT_EQ(record.method, "GET");
    EXPECT_EQ(record.path, "/cart");
    EXPECT_EQ(record.host, c.host) << c.line;
    EXPECT_EQ(record.bytes, c.bytes) << c.line;
    EXPECT_EQ(record.duration_ns, c.duration_ms < 0 ? kNotLogged : c.duration_ms * kMillisecondNs) << c.line;
  }
}

TEST(IisW3c, LeavesOtherLinesAlone) {
  const auto reader = NewReader("iis_w3c");
  for (const bool has_directive : {false, true}) {
    AccessRecord record;
    if (has_directive) {
      ASSERT_EQ(reader->Parse(kIisFields, record), ParseError::kHeader);
    }
    for (std::string_view line :
         {"2026-11-21 03:10:09 10.0.0.4 GET /cart id=7 443", "# a comment", "#", "#Comment: a",
          "a b c d e f g h i j k l m n o", "2026-11-21 03:10:09 app GET /cart took 3 ms and gave 200",
          R"(192.0.2.7 - - [21/Nov/2026:03:10:09 +0000] "GET / HTTP/1.1" 200 5 "-" "a b c d e")", ""}) {
      EXPECT_EQ(reader->Parse(line, record), ParseError::kNoFormat) << line;
    }
  }
}

// A directive that looks like a damaged line of another format is a directive all the same.
TEST(IisW3c, NobodyElseTakesALineWithAHash) {
  const std::string line = R"(#Fields:x.com:80: ::1 - - [2&Nov/2026:03:10:09 +0009] "GET /" 200 9)";
  AccessRecord record;
  for (const Format* format : DetectedFormats()) {
    if (format->name() == "iis_w3c" || format->name() == "aws_cloudfront") continue;
    EXPECT_EQ(format->NewReader({})->Parse(line, record), ParseError::kNoFormat) << format->name();
  }
}

TEST(IisW3c, NamesWhatIsWrong) {
  const auto reader = NewReader("iis_w3c");
  AccessRecord record;
  ASSERT_EQ(reader->Parse(kIisFields, record), ParseError::kHeader);
  struct Case {
    std::string_view good;
    std::string_view bad;
    ParseError error;
  };
  for (const Case& c : {Case{"2026-11-21", "2026-11-31", ParseError::kBadTime},
                        {"03:10:09", "03:60:09", ParseError::kBadTime},
                        {" 503 ", " 5033 ", ParseError::kBadStatus},
                        {" 1250", " 12.x", ParseError::kBadField}}) {
    std::string line(kIisLine);
    line.replace(line.find(c.good), c.good.size(), c.bad);
    EXPECT_EQ(reader->Parse(line, record), c.error) << line;
  }
}

TEST(AwsCloudFront, ReadsWithAndWithoutItsDirective) {
  for (const bool has_directive : {false, true}) {
    const auto reader = NewReader("aws_cloudfront");
    AccessRecord record;
    if (has_directive) {
      ASSERT_EQ(
          reader->Parse("#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status "
                        "cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id "
                        "x-host-header cs-protocol cs-bytes time-taken",
                        record),
          ParseError::kHeader);
      EXPECT_EQ(reader->Parse("#Version: 1.0", record), ParseError::kHeader);
    }
    ASSERT_EQ(reader->Parse(kCloudFrontLine, record), ParseError::kNone);
    EXPECT_EQ(record.end_ns, ParseTime("2026-11-21T03:10:09Z"));
    EXPECT_EQ(record.duration_ns, 113 * kMillisecondNs) << "seconds, not IIS's milliseconds";
    EXPECT_EQ(record.status, 200);
    EXPECT_EQ(record.bytes, 8512);
    EXPECT_EQ(record.host, "shop.example.com") << "what the client asked for, not the distribution";
    EXPECT_EQ(record.path, "/cart");
  }
}

TEST(AwsCloudFront, KnowsAClientThatWentAway) {
  std::string line(kCloudFrontLine);
  line.replace(line.find("\t200\t"), 5, "\t000\t");
  AccessRecord record;
  ASSERT_EQ(KeptParse(*FormatNamed("aws_cloudfront"), line, record), ParseError::kNone);
  EXPECT_EQ(record.status, 0);
}

TEST(W3c, DirectivesSelectTheFormat) {
  FormatDetector detector(nullptr);
  AccessRecord record;
  const auto expect = [&](std::string_view fields, std::string_view line, std::string_view name) {
    EXPECT_EQ(detector.Parse("#Version: 1.0", record), ParseError::kHeader);
    EXPECT_EQ(detector.Parse(fields, record), ParseError::kHeader) << fields;
    ASSERT_EQ(detector.Parse(line, record), ParseError::kNone) << line;
    const Format* const chosen = detector.chosen();
    EXPECT_EQ(chosen == nullptr ? "none" : chosen->name(), name);
  };
  for (int round = 0; round < 2; ++round) {
    expect(kIisFields, kIisLine, "iis_w3c");
    expect("#Fields: date time cs-method cs-uri-stem sc-status sc-servicename time-taken",
           "2026-11-21 03:10:09 GET /cart 302 HTTP 1", "w3c_netscaler");
    EXPECT_EQ(record.duration_ns, kSecondNs) << "seconds, as the standard has it";
    EXPECT_EQ(record.backend, "HTTP");
    expect("#Fields: c-ip date time cs-uri-stem c-status sc-bytes x-duration",
           "192.0.2.7 2026-11-21 03:10:09 /stream?title=a 200 65580 2", "w3c_shoutcast");
    EXPECT_EQ(record.path, "/stream");
    EXPECT_EQ(record.duration_ns, 2 * kSecondNs);
    expect("#Fields: date time x-edge-location cs-method cs-uri-stem sc-status time-taken",
           "2026-11-21\t03:10:09\tFRA56\tGET\t/cart\t200\t0.5", "aws_cloudfront");
  }
}

TEST(CustomW3c, ReadsTheFieldsThatAPersonNames) {
  auto format = CustomFormat("w3c:date time cs-method cs-uri-stem cs-host sc-status time-taken");
  ASSERT_TRUE(format.ok());
  AccessRecord record;
  ASSERT_NE(format->get(), nullptr);
  const auto reader = (*format)->NewReader({});
  ASSERT_EQ(reader->Parse("2026-11-21 03:10:09 GET /cart shop.example.com 200 1250", record), ParseError::kNone);
  EXPECT_EQ(record.duration_ns, 1250 * kMillisecondNs);
  EXPECT_EQ(record.host, "shop.example.com");
  EXPECT_EQ(reader->Parse("2026-11-21 03:10:09 GET /cart shop.example.com 200", record), ParseError::kNoFormat);
  // A directive in the log knows better.
  ASSERT_EQ(reader->Parse("#Fields: date time sc-status x-edge-location", record), ParseError::kHeader);
  ASSERT_EQ(reader->Parse("2026-11-21 03:10:09 404 FRA56", record), ParseError::kNone);
  EXPECT_EQ(record.status, 404);
}

TEST(CustomW3c, SaysWhatIsMissing) {
  EXPECT_FALSE(CustomW3cFormat("").ok());
  EXPECT_FALSE(CustomW3cFormat("date cs-method sc-status").ok());
  EXPECT_FALSE(CustomW3cFormat("time sc-status").ok());
  std::string many = "date time";
  for (int i = 0; i < 70; ++i) many += " x";
  EXPECT_FALSE(CustomW3cFormat(many).ok());
  EXPECT_TRUE(CustomW3cFormat("#Fields: date time sc-status").ok());
}

}  // namespace
}  // namespace revertd

#include "ingest/format/columns.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "base/time_format.h"
#include "ingest/format/cells.h"
#include "ingest/format_detector.h"
#include "tests/ingest/kept_parse.h"

namespace revertd {
namespace {

ParseError ParseAs(std::string_view format, std::string_view line, AccessRecord& record, ReaderOptions options = {}) {
  return KeptParse(*FormatNamed(format), line, record, options);
}

// The ends of the lines of Envoy's family: from X-Forwarded-For through the upstream.
constexpr std::string_view kEnvoyEnd = R"("192.0.2.7" "curl/7.88" "b4e1" "shop.example.com:8443" "10.0.0.4:8080")";

constexpr std::string_view kAlb =
    R"(https 2026-11-21T03:10:09.250000Z app/front/50dc6c 192.0.2.7:4011 10.0.0.4:80 0.001 0.120 0.004 502 502 34 366 )"
    R"("GET https://shop.example.com:443/cart?id=7 HTTP/2.0" "curl/7.88" - - )"
    R"(arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/shop-blue/73e2 "Root=1-5" "-" "-" 0 )"
    R"(2026-11-21T03:10:09.100000Z "forward" "-" "-" "10.0.0.4:80" "502" "-" "-" TID_1)";

constexpr std::string_view kElb =
    R"(2026-11-21T03:10:09.250000Z front 192.0.2.7:4011 10.0.0.4:80 0.001 0.12 0.0045 200 200 0 29 )"
    R"("GET http://shop.example.com:80/cart HTTP/1.1" "curl/7.88" - -)";

constexpr std::string_view kNlb =
    "tls 2.0 2026-11-21T03:10:09 net/front/c6e7 g3d4 192.0.2.7:4011 10.0.0.4:443 250 2 98 246 - arn:aws:acm:1 - "
    "ECDHE-RSA tlsv12 - db.example.com h2 - - 2026-11-21T03:10:08";

constexpr std::string_view kS3 =
    R"(79a5 shop-assets [21/Nov/2026:03:10:09 +0000] 192.0.2.7 - 3E57 REST.GET.OBJECT img/a.jpg )"
    R"("GET /img/a.jpg?x=1 HTTP/1.1" 304 - 113 8512 70 10 "-" "curl/7.88" - s9lz= SigV4 ECDHE AuthHeader )"
    R"(shop-assets.s3.example.com TLSv1.2)";

constexpr std::string_view kSquid =
    "1795230609.250   1250 192.0.2.7 TCP_MISS/200 8512 GET http://shop.example.com/cart?id=7 - HIER_DIRECT/10.0.0.4 "
    "text/html";

constexpr std::string_view kUwsgi =
    "[pid: 7|app: 0|req: 4/9] 192.0.2.7 () {34 vars in 617 bytes} [Sat Nov 21 03:10:09 2026] POST /cart?id=7 => "
    "generated 215 bytes in 1250 msecs (HTTP/1.1 201) 9 headers in 373 bytes (1 switches on core 22)";

std::string EnvoyLine(std::string_view request, std::string_view status, std::string_view rest) {
  return "[2026-11-21T03:10:09.250Z] \"" + std::string(request) + "\" " + std::string(status) + " " +
         std::string(rest) + " " + std::string(kEnvoyEnd);
}

TEST(EnvoyText, ReadsAllFields) {
  AccessRecord record;
  ASSERT_EQ(ParseAs("envoy_text", EnvoyLine("GET /cart?id=7 HTTP/2", "503", "UF,URX 10 91 1250 1200"), record),
            ParseError::kNone);
  EXPECT_EQ(record.start_ns, ParseTime("2026-11-21T03:10:09.250Z"));
  EXPECT_EQ(record.end_ns, ParseTime("2026-11-21T03:10:10.500Z"));
  EXPECT_EQ(record.duration_ns, 1250 * kMillisecondNs);
  EXPECT_EQ(record.upstream_ns, 1200 * kMillisecondNs);
  EXPECT_EQ(record.status, 503);
  EXPECT_EQ(record.bytes, 91);
  EXPECT_EQ(record.method, "GET");
  EXPECT_EQ(record.path, "/cart");
  EXPECT_EQ(record.host, "shop.example.com");
  EXPECT_EQ(record.upstream, "10.0.0.4:8080");
  EXPECT_FALSE(record.aborted);
}

TEST(EnvoyText, TellsClientsThatWentAway) {
  struct Case {
    std::string_view flags;
    bool aborted;
  };
  for (const Case& c : {Case{"DC", true}, {"UT,DC", true}, {"DR", true}, {"DPE", false}, {"-", false}, {"UC", false}}) {
    AccessRecord record;
    ASSERT_EQ(ParseAs("envoy_text", EnvoyLine("GET / HTTP/1.1", "0", std::string(c.flags) + " 0 0 746 -"), record),
              ParseError::kNone);
    EXPECT_EQ(record.status, 0);
    EXPECT_EQ(record.aborted, c.aborted) << c.flags;
    EXPECT_EQ(record.upstream_ns, kNotLogged);
  }
}

TEST(EnvoyText, BearsWhatItCouldNotRead) {
  for (std::string_view request : {"- - -", "- - HTTP/1.1", ""}) {
    AccessRecord record;
    ASSERT_EQ(ParseAs("envoy_text", EnvoyLine(request, "400", "DPE 0 11 0 -"), record), ParseError::kNone);
    EXPECT_EQ(record.method, "") << request;
    EXPECT_EQ(record.path, "") << request;
  }
  AccessRecord record;
  ASSERT_EQ(ParseAs("envoy_text", EnvoyLine("CONNECT - HTTP/2", "200", "- 1 2 5 -"), record), ParseError::kNone);
  EXPECT_EQ(record.method, "CONNECT");
  EXPECT_EQ(record.path, "");
}

TEST(IstioText, ReadsTheServiceFromItsCluster) {
  struct Case {
    std::string_view cluster;
    std::string_view backend;
  };
  for (const Case& c : {Case{"outbound|80||cart.shop.svc.cluster.local", "cart.shop.svc.cluster.local"},
                        {"outbound|80|v2|cart.shop.svc.cluster.local", "cart.shop.svc.cluster.local"},
                        {"inbound|8080||", ""},
                        {"PassthroughCluster", "PassthroughCluster"},
                        {"-", ""}}) {
    const std::string line = EnvoyLine("GET /cart HTTP/1.1", "200", R"(- via_upstream - "-" 0 135 25 24)") + " " +
                             std::string(c.cluster) + " 10.0.0.2:5713 10.9.3.7:80 10.0.0.1:5051 - default";
    AccessRecord record;
    ASSERT_EQ(ParseAs("istio_text", line, record), ParseError::kNone) << line;
    EXPECT_EQ(record.backend, c.backend);
    EXPECT_EQ(record.upstream, "10.0.0.4:8080");
    EXPECT_EQ(record.duration_ns, 25 * kMillisecondNs);
    EXPECT_EQ(record.upstream_ns, 24 * kMillisecondNs);
    EXPECT_EQ(record.bytes, 135);
  }
}

TEST(IstioText, ReadsFailuresWithBlanksInTheirDetails) {
  for (const std::string_view details :
       {"reset{connection termination}", "reset{connection failure,TLS error: 26:SSL}"}) {
    const std::string line =
        EnvoyLine("GET /cart HTTP/1.1", "503", "UC " + std::string(details) + R"( - "-" 7 95 25 -)") +
        " outbound|80||cart.shop - 10.9.3.7:443 10.0.0.1:29543 shop.example.com -";
    AccessRecord record;
    ASSERT_EQ(ParseAs("istio_text", line, record), ParseError::kNone) << line;
    EXPECT_EQ(record.bytes, 95);
    EXPECT_EQ(record.duration_ns, 25 * kMillisecondNs);
    EXPECT_EQ(record.backend, "cart.shop");
  }
}

TEST(IstioTextOld, ReadsTheFirstVersionsWithoutAReason) {
  const std::string line = EnvoyLine("GET /cart HTTP/1.1", "418", R"(- "-" 7 135 25 24)") + " outbound|80||cart.shop -";
  AccessRecord record;
  ASSERT_EQ(ParseAs("istio_text_old", line, record), ParseError::kNone);
  EXPECT_EQ(record.bytes, 135);
  EXPECT_EQ(record.upstream_ns, 24 * kMillisecondNs);
  EXPECT_EQ(record.backend, "cart.shop");
}

TEST(IstioTextOld, ReadsFailuresWithBlanksInTheirReason) {
  const std::string line = EnvoyLine("POST /cart HTTP/2", "503", R"(UF "-" "TLS error: no secret" 132 91 25 -)") +
                           " outbound|80||cart.shop - 10.9.3.7:443 10.0.0.1:29543 shop.example.com -";
  AccessRecord record;
  ASSERT_EQ(ParseAs("istio_text_old", line, record), ParseError::kNone);
  EXPECT_EQ(record.status, 503);
  EXPECT_EQ(record.bytes, 91);
  EXPECT_EQ(record.duration_ns, 25 * kMillisecondNs);
  EXPECT_EQ(record.backend, "cart.shop");
}

TEST(AwsAlb, ReadsAllFields) {
  AccessRecord record;
  ASSERT_EQ(ParseAs("aws_alb", kAlb, record), ParseError::kNone);
  EXPECT_EQ(record.end_ns, ParseTime("2026-11-21T03:10:09.250Z"));
  EXPECT_EQ(record.start_ns, ParseTime("2026-11-21T03:10:09.100Z")) << "as logged, not end less duration";
  EXPECT_EQ(record.duration_ns, 125 * kMillisecondNs);
  EXPECT_EQ(record.upstream_ns, 120 * kMillisecondNs);
  EXPECT_EQ(record.status, 502);
  EXPECT_EQ(record.bytes, 366);
  EXPECT_EQ(record.method, "GET");
  EXPECT_EQ(record.host, "shop.example.com");
  EXPECT_EQ(record.path, "/cart");
  EXPECT_EQ(record.backend, "shop-blue");
  EXPECT_EQ(record.upstream, "10.0.0.4:80");
}

TEST(AwsAlb, BearsPhasesThatWereNotReached) {
  std::string line(kAlb);
  line.replace(line.find("10.0.0.4:80 0.001 0.120 0.004 502 502"), 37, "- -1 -1 -1 460 -");
  line.replace(line.find("arn:aws"), line.find(" \"Root") - line.find("arn:aws"), "-");
  AccessRecord record;
  ASSERT_EQ(ParseAs("aws_alb", line, record), ParseError::kNone);
  EXPECT_EQ(record.duration_ns, kNotLogged);
  EXPECT_EQ(record.upstream_ns, kNotLogged);
  EXPECT_EQ(record.upstream, "");
  EXPECT_EQ(record.backend, "front") << "the balancer, where no target group answered";
  EXPECT_TRUE(record.aborted) << "460: the client closed the connection";
}

TEST(AwsAlb, ReadsRequestsThatItCouldNotRead) {
  struct Case {
    std::string_view request;
    std::string_view method;
    std::string_view host;
    std::string_view path;
  };
  for (const Case& c : {Case{"- - -", "", "", ""},
                        {"- http://shop.example.com:80- -", "", "", ""},
                        {"GET http://shop.example.com:80- -", "GET", "shop.example.com", ""},
                        {"GET http://shop.example.com:80/a b;c HTTP/1.1", "GET", "shop.example.com", "/a b;c"},
                        {"GET https://[2001:db8::1]:443/a HTTP/1.1", "GET", "[2001:db8::1]", "/a"}}) {
    std::string line(kAlb);
    const size_t request = line.find("GET https://");
    line.replace(request, line.find('"', request) - request, c.request);
    AccessRecord record;
    ASSERT_EQ(ParseAs("aws_alb", line, record), ParseError::kNone) << c.request;
    EXPECT_EQ(record.method, c.method) << c.request;
    EXPECT_EQ(record.host, c.host) << c.request;
    EXPECT_EQ(record.path, c.path) << c.request;
  }
}

TEST(AwsAlb, ReadsTheShortLinesOf2016) {
  AccessRecord record;
  ASSERT_EQ(ParseAs("aws_alb", kAlb.substr(0, kAlb.find(" \"Root")), record), ParseError::kNone);
  EXPECT_EQ(record.start_ns, record.end_ns - 125 * kMillisecondNs) << "no time of the request is logged";
}

TEST(AwsElbClassic, LogsWhenTheRequestCame) {
  AccessRecord record;
  ASSERT_EQ(ParseAs("aws_elb_classic", kElb, record), ParseError::kNone);
  EXPECT_EQ(record.start_ns, ParseTime("2026-11-21T03:10:09.250Z"));
  EXPECT_EQ(record.end_ns - record.start_ns, 125'500 * kMicrosecondNs);
  EXPECT_EQ(record.upstream_ns, 120 * kMillisecondNs);
  EXPECT_EQ(record.backend, "front");
  EXPECT_EQ(record.host, "shop.example.com");
  EXPECT_EQ(record.path, "/cart");
}

TEST(AwsElbClassic, HasNoStatusForTcp) {
  AccessRecord record;
  ASSERT_EQ(ParseAs("aws_elb_classic",
                    R"(2026-11-21T03:10:09.250000Z front 192.0.2.7:4 10.0.0.4:80 0.001 0.00002 0.00004 - - 82 305 )"
                    R"("- - - " "-" - -)",
                    record),
            ParseError::kNone);
  EXPECT_EQ(record.status, kStatusNotLogged);
  EXPECT_EQ(record.duration_ns, 1'060 * kMicrosecondNs);
  EXPECT_EQ(record.method, "");
}

TEST(AwsNlb, LogsConnections) {
  AccessRecord record;
  ASSERT_EQ(ParseAs("aws_nlb", kNlb, record), ParseError::kNone);
  EXPECT_EQ(record.status, kStatusNotLogged);
  EXPECT_EQ(record.end_ns, ParseTime("2026-11-21T03:10:09Z"));
  EXPECT_EQ(record.duration_ns, 250 * kMillisecondNs);
  EXPECT_EQ(record.bytes, 246);
  EXPECT_EQ(record.backend, "front");
  EXPECT_EQ(record.upstream, "10.0.0.4:443");
  EXPECT_EQ(record.host, "db.example.com");
}

TEST(AwsS3, LogsWhenTheRequestCame) {
  AccessRecord record;
  ASSERT_EQ(ParseAs("aws_s3", kS3, record), ParseError::kNone);
  EXPECT_EQ(record.start_ns, ParseTime("2026-11-21T03:10:09Z"));
  EXPECT_EQ(record.end_ns, record.start_ns + 70 * kMillisecondNs);
  EXPECT_EQ(record.upstream_ns, 10 * kMillisecondNs);
  EXPECT_EQ(record.status, 304);
  EXPECT_EQ(record.bytes, 113);
  EXPECT_EQ(record.path, "/img/a.jpg");
  EXPECT_EQ(record.backend, "shop-assets");
  EXPECT_EQ(record.host, "shop-assets.s3.example.com");
  // Internal work has no request; the oldest lines end at the user agent.
  ASSERT_EQ(ParseAs("aws_s3",
                    "79a5 shop-assets [21/Nov/2026:03:10:09 +0000] 192.0.2.7 - 3E57 BATCH.DELETE.OBJECT a.jpg - 204 - "
                    "- 344017 - - - - -",
                    record),
            ParseError::kNone);
  EXPECT_EQ(record.method, "");
  EXPECT_EQ(record.bytes, kNotLogged);
  EXPECT_EQ(record.duration_ns, kNotLogged);
  EXPECT_EQ(record.host, "");
}

TEST(Squid, ReadsAllFields) {
  AccessRecord record;
  ASSERT_EQ(ParseAs("squid", kSquid, record), ParseError::kNone);
  EXPECT_EQ(record.end_ns, ParseTime("2026-11-21T03:10:09.250Z"));
  EXPECT_EQ(record.duration_ns, 1250 * kMillisecondNs);
  EXPECT_EQ(record.start_ns, ParseTime("2026-11-21T03:10:08Z"));
  EXPECT_EQ(record.status, 200);
  EXPECT_EQ(record.bytes, 8512);
  EXPECT_EQ(record.method, "GET");
  EXPECT_EQ(record.host, "shop.example.com");
  EXPECT_EQ(record.path, "/cart");
  EXPECT_EQ(record.upstream, "10.0.0.4");
}

TEST(Squid, ReadsTunnelsAbortsAndErrors) {
  AccessRecord record;
  ASSERT_EQ(ParseAs("squid", "1795230609.250 9 192.0.2.7 TCP_TUNNEL/200 6 CONNECT shop.example.com:443 - HIER_NONE/- -",
                    record),
            ParseError::kNone);
  EXPECT_EQ(record.host, "shop.example.com");
  EXPECT_EQ(record.upstream, "");
  ASSERT_EQ(ParseAs("squid", "1795230609.250 9 192.0.2.7 TCP_MISS_ABORTED/000 0 GET http://a/ - HIER_NONE/- -", record),
            ParseError::kNone);
  EXPECT_EQ(record.status, 0);
  EXPECT_TRUE(record.aborted);
  ASSERT_EQ(
      ParseAs("squid", "1795230609.250 9 192.0.2.7 NONE/400 3 NONE error:invalid-request - HIER_NONE/- -", record),
      ParseError::kNone);
  EXPECT_EQ(record.method, "");
  EXPECT_EQ(record.path, "");
}

TEST(Uwsgi, LogsWhenTheRequestCameInItsOwnZone) {
  AccessRecord record;
  ASSERT_EQ(ParseAs("uwsgi", kUwsgi, record, {.zone = *TimeZone::Named("Europe/Berlin"), .alone = false}),
            ParseError::kNone);
  EXPECT_EQ(record.start_ns, ParseTime("2026-11-21T02:10:09Z"));
  EXPECT_EQ(record.end_ns, record.start_ns + 1250 * kMillisecondNs);
  EXPECT_EQ(record.status, 201);
  EXPECT_EQ(record.bytes, 215);
  EXPECT_EQ(record.method, "POST");
  EXPECT_EQ(record.path, "/cart");
  std::string line(kUwsgi);
  line.replace(line.find("1250 msecs"), 10, "1250 micros via sendfile()");
  ASSERT_EQ(ParseAs("uwsgi", line, record), ParseError::kNone);
  EXPECT_EQ(record.duration_ns, 1250 * kMicrosecondNs);
  line = "{address space usage: 7 bytes/0MB} {rss usage: 7 bytes/0MB} " + std::string(kUwsgi);
  ASSERT_EQ(ParseAs("uwsgi", line, record), ParseError::kNone) << "memory-report";
  EXPECT_EQ(record.status, 201);
  EXPECT_EQ(ParseAs("uwsgi", "x " + std::string(kUwsgi), record), ParseError::kNoFormat);
}

TEST(Columns, NameWhatIsWrong) {
  struct Case {
    std::string_view format;
    std::string_view line;
    std::string_view good;
    std::string_view bad;
    ParseError error;
  };
  for (const Case& c : {Case{"aws_alb", kAlb, "2026-11-21T03:10:09.25", "2026-13-21T03:10:09.25", ParseError::kBadTime},
                        {"aws_alb", kAlb, " 502 ", " 5o2 ", ParseError::kBadStatus},
                        {"aws_alb", kAlb, " 366 ", " 36x ", ParseError::kBadField},
                        {"aws_alb", kAlb, " 0.120 ", " 0.12o ", ParseError::kBadField},
                        {"aws_alb", kAlb, " app/", " net/", ParseError::kNoFormat},
                        {"aws_elb_classic", kElb, " 0.12 ", " 9999999999.1 ", ParseError::kBadField},
                        {"aws_nlb", kNlb, "T03:10:09 net", "T33:10:09 net", ParseError::kBadTime},
                        {"aws_s3", kS3, "21/Nov", "31/Nov", ParseError::kBadTime},
                        {"aws_s3", kS3, "REST.", "rest.", ParseError::kNoFormat},
                        {"squid", kSquid, "/200", "/20000", ParseError::kBadStatus},
                        {"squid", kSquid, "1795230609", "99952306099", ParseError::kBadTime},
                        {"squid", kSquid, " 1250 ", " 12.5.0 ", ParseError::kBadField},
                        {"squid", kSquid, "1795230609", "#1795230609", ParseError::kNoFormat},
                        {"squid", kSquid, "1795230609", "19shop[pid:0", ParseError::kNoFormat},
                        {"uwsgi", kUwsgi, "Nov 21", "Nov 31", ParseError::kBadTime},
                        {"uwsgi", kUwsgi, "HTTP/1.1 201", "HTTP/1.1 2o1", ParseError::kBadStatus},
                        {"uwsgi", kUwsgi, "1250 msecs", "1250 years", ParseError::kBadField}}) {
    std::string line(c.line);
    ASSERT_NE(line.find(c.good), std::string::npos) << c.good;
    line.replace(line.find(c.good), c.good.size(), c.bad);
    AccessRecord record;
    EXPECT_EQ(ParseAs(c.format, line, record), c.error) << line;
  }
}

// A line that was cut before its last number is not read as one with a smaller number.
TEST(Columns, RefuseStumps) {
  struct Case {
    std::string_view format;
    std::string_view line;
    std::string_view last;  // what may not be missing
  };
  const std::string envoy = EnvoyLine("GET / HTTP/2", "200", "- 10 91 1250 1200");
  for (const Case& c : {Case{"aws_alb", kAlb, " \"curl/7.88\""},
                        {"aws_elb_classic", kElb, "\"GET"},
                        {"aws_s3", kS3, " \"-\""},
                        {"squid", kSquid, " HIER"},
                        {"envoy_text", envoy, "\"10.0"}}) {
    for (size_t size = 0; size < c.line.find(c.last); ++size) {
      AccessRecord record;
      EXPECT_EQ(ParseAs(c.format, c.line.substr(0, size), record), ParseError::kNoFormat) << c.line.substr(0, size);
    }
  }
}

TEST(Columns, AreDetected) {
  const std::string istio = EnvoyLine("GET / HTTP/2", "200", R"(- via_upstream - "-" 0 1 2 3)") + " a|b||c";
  const std::string istio_old = EnvoyLine("GET / HTTP/2", "200", R"(- "-" "-" 0 1 2 3)") + " a|b||c";
  struct Case {
    std::string_view name;
    std::string_view line;
  };
  const std::string envoy = EnvoyLine("GET / HTTP/2", "200", "- 10 91 1250 1200");
  FormatDetector detector(nullptr);
  for (const Case& c : {Case{"aws_alb", kAlb},
                        {"aws_elb_classic", kElb},
                        {"aws_nlb", kNlb},
                        {"aws_s3", kS3},
                        {"squid", kSquid},
                        {"uwsgi", kUwsgi},
                        {"envoy_text", envoy},
                        {"istio_text", istio},
                        {"istio_text_old", istio_old}}) {
    AccessRecord record;
    ASSERT_EQ(detector.Parse(c.line, record), ParseError::kNone) << c.line;
    EXPECT_EQ(detector.chosen()->name(), c.name);
    int claims = 0;
    for (const Format* format : KnownFormats()) {
      claims += format->NewReader({})->Parse(c.line, record) == ParseError::kNoFormat ? 0 : 1;
    }
    EXPECT_EQ(claims, 1) << c.line;
  }
}

TEST(Cells, AreCutAtBlanksOutsideOfQuotes) {
  std::array<Cell, 8> cells;
  ASSERT_EQ(CutCells(R"(a  "b c" [d e] [::1]:80 "f\" g" "h ""i"" j" "k\" l" m)", cells), 8U);
  EXPECT_EQ(cells[0].text, "a");
  EXPECT_EQ(cells[1].text, "b c");
  EXPECT_EQ(cells[2].text, "d e");
  EXPECT_EQ(cells[2].opener, '[');
  EXPECT_EQ(cells[3].text, "[::1]:80");
  EXPECT_EQ(cells[4].text, R"(f\" g)");
  EXPECT_EQ(cells[5].text, R"(h ""i"" j)");
  EXPECT_EQ(cells[6].text, R"(k\" l)");
  EXPECT_EQ(cells[7].text, "m");
  EXPECT_EQ(CutCells(R"(a "never closed)", cells), 1U);
  EXPECT_EQ(CutCells(R"("ends in \")", cells), 1U);
  EXPECT_EQ(CutCells("", cells), 0U);
  EXPECT_EQ(CutCells("   ", cells), 0U);
  ASSERT_EQ(CutCells("a b\t\tc", cells), 3U) << "tabs alone divide";
  EXPECT_EQ(cells[0].text, "a b");
  EXPECT_EQ(cells[1].text, "");
}

}  // namespace
}  // namespace revertd

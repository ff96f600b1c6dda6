// A golden line for each named format of the CLF family: what is read, and by which name it is detected.
#include "ingest/format/clf_formats.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/time_format.h"
#include "ingest/format_detector.h"

namespace revertd {
namespace {

struct Golden {
  const char* format;
  const char* line;
  int status;
  const char* host;
  const char* path;
  int64_t bytes;
  DurationNs duration_ns;
  const char* upstream;
};

constexpr DurationNs kUs = kMicrosecondNs;
constexpr DurationNs kMs = kMillisecondNs;

// All at 2026-11-21T03:10:09Z.
const Golden kGolden[] = {
    {"nginx_combined", R"(::1 - a - b [x] [21/Nov/2026:04:10:09 +0100] "GET /a?b HTTP/1.1" 200 7 "-" "c\\")", 200, "",
     "/a", 7, kNotLogged, ""},
    {"nginx_combined", R"(::1 - - [2026-11-21T03:10:09+00:00] "GET /a HTTP/1.1" 200 7 "-" "-")", 200, "", "/a", 7,
     kNotLogged, ""},
    {"nginx_main", R"(::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 499 0 "" "c" "192.0.2.1, x y")", 499, "",
     "/a", 0, kNotLogged, ""},
    {"nginx_combined_rt", R"(::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7 "-" "c" 0.003)", 200, "",
     "/a", 7, 3 * kMs, ""},
    {"nginx_combined_rt",
     R"(::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7 "-" "c" 0.003 0.001, 0.002 .)", 200, "", "/a", 7,
     3 * kMs, ""},
    {"nginx_vhost_combined_rt",
     R"(s.example.com:80 ::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7 "-" "c" 0.003)", 200,
     "s.example.com", "/a", 7, 3 * kMs, ""},
    {"nginx_timed",
     R"(::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 502 7 "-" "c" rt=0.003 uct="-, 0.001" uht="-, -" )"
     R"(urt="0.001, 0.002 : 0.003" ua="10.0.0.1:80, 10.0.0.2:80 : unix:/s" us="502, 502 : 200")",
     502, "", "/a", 7, 3 * kMs, "unix:/s"},
    {"nginx_ingress",
     R"(::1 - u v [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/2.0" 200 7 "-" "c" 450 0.003 [ns-web-80] [] )"
     "10.0.0.1:80, [::1]:80 0, 7 0.001, 0.002 502, 200 6a01",
     200, "", "/a", 7, 3 * kMs, "[::1]:80"},
    {"nginx_ingress",
     R"(::1 - [::1] - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/2.0" 200 7 "-" "c" 450 0.003 [] - - - - 6a01)", 200,
     "", "/a", 7, 3 * kMs, ""},
    {"nginx_vhost_combined",
     R"(s.example.com 1.2.3.4, ::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7 "-" "c")", 200,
     "s.example.com", "/a", 7, kNotLogged, ""},
    {"nginx_vhost_combined", R"([::1]:80 unix: - - [21/Nov/2026:03:10:09 +0000] "" 400 0 "-" "-")", 400, "[::1]", "", 0,
     kNotLogged, ""},
    {"nginx_proxy_manager",
     R"([21/Nov/2026:03:10:09 +0000] HIT 502, 200 200 - GET https s.example.com "/a?b" [Client ::1] )"
     R"([Length 7] [Gzip 3.10] [Sent-to web] "c" "-")",
     200, "s.example.com", "/a", 7, kNotLogged, ""},
    {"nginx_proxy_manager",
     R"([21/Nov/2026:03:10:09 +0000] 200 - GET http s.example.com "/a" [Client ::1] [Length 7] [Gzip -] "c" "-")", 200,
     "s.example.com", "/a", 7, kNotLogged, ""},
    {"nginx_proxy_manager",
     R"([21/Nov/2026:03:10:09 +0000] s.example.com ::1 0.003 "GET /a HTTP/1.1" 200 7 99 - c (d))", 200, "s.example.com",
     "/a", 7, 3 * kMs, ""},
    {"nginx_gitlab", R"(::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7 "" "c" 2.51)", 200, "", "/a", 7,
     kNotLogged, ""},
    {"kong_text", R"(::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/2.0" 200 7 "-" "c" kong_request_id: "6a01")",
     200, "", "/a", 7, kNotLogged, ""},
    {"traefik_clf",
     R"(::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7 "-" "c"d" 9 )"
     R"("web@docker" "http://10.0.0.1:80" 3ms)",
     200, "", "/a", 7, 3 * kMs, "http://10.0.0.1:80"},
    {"traefik_clf", R"(::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 401 7 - "c" 9 "web space" - 0ms)", 401,
     "", "/a", 7, 0, ""},
    {"apache_common", R"(::1 - frank zappa [21/Nov/2026:03:10:09 +0000] "-" 408 -)", 408, "", "", kNotLogged,
     kNotLogged, ""},
    {"custom_date", R"(::1 - - [November - 21, 2026:03:10:09] "GET /a HTTP/1.1" 200 7)", 200, "", "/a", 7, kNotLogged,
     ""},
    {"apache_combined_D", R"(::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7 "-" "c" 3000)", 200, "", "/a",
     7, 3000 * kUs, ""},
    {"apache_vhost_combined_D",
     R"(s.example.com:443 ::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7 "-" "c" 3000)", 200,
     "s.example.com", "/a", 7, 3000 * kUs, ""},
    {"apache_combined_T", R"(::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7 "-" "c" 1003 1)", 200, "",
     "/a", 7, 1003 * kMs, ""},
    {"apache_combined_T", R"(::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7 "-" "c" 1 1003275)", 200, "",
     "/a", 7, 1003275 * kUs, ""},
    {"apache_vhost_common", R"(s.example.com ::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7)", 200,
     "s.example.com", "/a", 7, kNotLogged, ""},
    {"apache_custom_duration", R"(::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 304 - 3551 "-" "c")", 304, "",
     "/a", kNotLogged, 3551 * kUs, ""},
    {"apache_custom_full",
     R"(192.0.2.1, ::2 ::1 - - [2026-11-21T03:10:09.000000+0000] "GET /a b?c HTTP/1.1" 200/200 7 320 173 3275 X 0 id)",
     200, "", "/a b", 7, 3275 * kUs, ""},
    {"apache_tomcat",
     R"(::1 - u [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7 ::1 + "-" "c" X-Forwarded-For="::2")", 200, "",
     "/a", 7, kNotLogged, ""},
    {"apache_ssl_request", R"([21/Nov/2026:03:10:09 +0000] ::1 TLSv1.3 TLS_AES "GET /a HTTP/1.1" 7)", kStatusNotLogged,
     "", "/a", 7, kNotLogged, ""},
    {"gandi", R"(s.example.com ::1 - - [21/Nov/2026:03:10:09 +0000] (2 s) "GET /a HTTP/1.1" 200 7 "-" "c")", 200,
     "s.example.com", "/a", 7, 2 * kSecondNs, ""},
    {"lighttpd_default", R"(::1 s.example.com - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7 "-" "c")", 200,
     "s.example.com", "/a", 7, kNotLogged, ""},
    {"lighttpd_custom", R"(- ::1 - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7 158 128 1 "-" "c")", 200, "",
     "/a", 7, kSecondNs, ""},
    {"varnish_ncsa_timed",
     R"(::1 - - [21/Nov/2026:03:10:09 +0000] "GET http://s.example.com/a?b HTTP/1.1" 200 7 "-" "c" )"
     "3000 0.002 miss 3277",
     200, "s.example.com", "/a", 7, 3000 * kUs, ""},
    {"zoraxy",
     R"(2026/11/21 03:10:09 [2026-11-21 03:10:09.000000] [router:host-http] [origin:s.example.com] [client: ::1] )"
     R"([useragent: c "d" (e)] GET /a?b 404)",
     404, "s.example.com", "/a", kNotLogged, kNotLogged, ""},
};

void ExpectGolden(const Golden& golden, const AccessRecord& record) {
  const auto logged = ParseTime("2026-11-21T03:10:09Z");
  EXPECT_TRUE(record.end_ns == logged || record.start_ns == logged) << golden.line;
  EXPECT_EQ(record.end_ns - record.start_ns, golden.duration_ns == kNotLogged ? 0 : golden.duration_ns) << golden.line;
  EXPECT_EQ(record.status, golden.status) << golden.line;
  EXPECT_EQ(record.host, golden.host) << golden.line;
  EXPECT_EQ(record.path, golden.path) << golden.line;
  EXPECT_EQ(record.bytes, golden.bytes) << golden.line;
  EXPECT_EQ(record.duration_ns, golden.duration_ns) << golden.line;
  EXPECT_EQ(record.upstream, golden.upstream) << golden.line;
}

TEST(ClfFormats, ReadTheirGoldenLines) {
  std::set<std::string_view> met;
  for (const Golden& golden : kGolden) {
    met.insert(golden.format);
    for (const Format* fixed : {FormatNamed(golden.format), static_cast<const Format*>(nullptr)}) {
      FormatDetector detector(fixed);
      AccessRecord record;
      ASSERT_EQ(NameOf(detector.Parse(golden.line, record)), "none") << golden.line;
      EXPECT_EQ(detector.chosen()->name(), golden.format) << golden.line;
      ExpectGolden(golden, record);
    }
  }
  for (const Format* format : ClfFormats()) {
    const bool is_twin = format->detected_as() != format->name();
    EXPECT_TRUE(is_twin || met.contains(format->name())) << format->name();
  }
}

TEST(ClfFormats, AreKnownByTheNamesOfTheirTwins) {
  for (const char* name : {"apache_combined", "apache_combined_O", "litespeed", "varnish_ncsa"}) {
    ASSERT_NE(FormatNamed(name), nullptr) << name;
    EXPECT_EQ(FormatNamed(name)->name(), name);
    EXPECT_EQ(FormatNamed(name)->detected_as(), "nginx_combined");
  }
  EXPECT_EQ(FormatNamed("bunkerweb")->detected_as(), "nginx_vhost_combined");
  EXPECT_EQ(FormatNamed("ovh")->detected_as(), "lighttpd_default");
}

TEST(ClfFormats, ReadIcecastsSecondsWhereAPersonNamesThem) {
  constexpr std::string_view kLine = R"(::1 - - [21/Nov/2026:03:10:09 +0000] "GET /live HTTP/1.0" 200 7 "-" "c" 1807)";
  AccessRecord record;
  ASSERT_EQ(FormatDetector(FormatNamed("icecast2")).Parse(kLine, record), ParseError::kNone);
  EXPECT_EQ(record.duration_ns, 1807 * kSecondNs);
  ASSERT_EQ(FormatDetector(nullptr).Parse(kLine, record), ParseError::kNone);
  EXPECT_EQ(record.duration_ns, 1807 * kUs) << "by itself it looks like Apache's microseconds";
}

TEST(ClfFormats, SeeThroughQuotesAroundTheLineAndBlanksBehindIt) {
  constexpr std::string_view kLine = R"(::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7 "-" "c")";
  for (const std::string& line : {"\"" + std::string(kLine) + "\"", std::string(kLine) + " \t"}) {
    FormatDetector detector(nullptr);
    AccessRecord record;
    ASSERT_EQ(detector.Parse(line, record), ParseError::kNone) << line;
    EXPECT_EQ(detector.chosen()->name(), "nginx_combined") << line;
    EXPECT_EQ(record.path, "/a");
  }
}

TEST(ClfFallback, ReadsTheMiddleOfUnknownRelatives) {
  for (const char* line : {R"(::1 [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7 "-" "c")",
                           R"(::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7 "-" "c" **0/12345**)",
                           R"(x y z ::1 u [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7)",
                           R"(::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7 k=v "-" 12 "c" [z])"}) {
    FormatDetector detector(nullptr);
    AccessRecord record;
    ASSERT_EQ(NameOf(detector.Parse(line, record)), "none") << line;
    EXPECT_EQ(detector.chosen()->name(), "clf_other") << line;
    EXPECT_EQ(record.status, 200);
    EXPECT_EQ(record.path, "/a");
    EXPECT_EQ(record.bytes, 7);
    EXPECT_EQ(record.duration_ns, kNotLogged) << "a number's unit is not guessed";
  }
  // Cut inside a quoted field.
  AccessRecord record;
  EXPECT_EQ(
      FormatDetector(nullptr).Parse(R"(::1 - - [21/Nov/2026:03:10:09 +0000] "GET /a HTTP/1.1" 200 7 "-" "c)", record),
      ParseError::kNoFormat);
}

}  // namespace
}  // namespace revertd

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/time_format.h"
#include "ingest/format_detector.h"
#include "tests/ingest/kept_parse.h"

namespace revertd {
namespace {

constexpr std::string_view kCombined =
    R"(192.0.2.7 - alice [21/Nov/2026:03:10:09 +0100] "GET /cart?id=7 HTTP/1.1" 502 157 "-" "curl/7.88")";
constexpr std::string_view kVhost =
    R"(Shop.example.com:443 192.0.2.7 - - [21/Nov/2026:03:10:09 +0000] "POST /pay HTTP/2.0" 200 20 "-" "x" 1.250)";

ParseError ParseAs(std::string_view format, std::string_view line, AccessRecord& record) {
  return KeptParse(*FormatNamed(format), line, record, {.zone = {}, .alone = true});
}

TEST(Formats, AreFoundByName) {
  ASSERT_EQ(FormatNames().size(), KnownFormats().size());
  for (std::string_view name : FormatNames()) {
    ASSERT_NE(FormatNamed(name), nullptr) << name;
    EXPECT_EQ(FormatNamed(name)->name(), name);
  }
  EXPECT_EQ(FormatNamed("nginx_combine"), nullptr);
  EXPECT_EQ(FormatNamed(""), nullptr);
}

TEST(NginxCombined, ReadsAllFields) {
  AccessRecord record;
  ASSERT_EQ(ParseAs("nginx_combined", kCombined, record), ParseError::kNone);
  EXPECT_EQ(record.end_ns, ParseTime("2026-11-21T02:10:09Z"));
  EXPECT_EQ(record.start_ns, record.end_ns);
  EXPECT_EQ(record.status, 502);
  EXPECT_EQ(record.method, "GET");
  EXPECT_EQ(record.path, "/cart");
  EXPECT_EQ(record.host, "");
  EXPECT_EQ(record.bytes, 157);
  EXPECT_EQ(record.duration_ns, kNotLogged);
}

TEST(NginxVhostCombinedRt, ReadsAllFields) {
  AccessRecord record;
  ASSERT_EQ(ParseAs("nginx_vhost_combined_rt", kVhost, record), ParseError::kNone);
  EXPECT_EQ(record.end_ns, ParseTime("2026-11-21T03:10:09Z"));
  EXPECT_EQ(record.start_ns, record.end_ns - 1250 * kMillisecondNs);
  EXPECT_EQ(record.duration_ns, 1250 * kMillisecondNs);
  EXPECT_EQ(record.host, "Shop.example.com");
  EXPECT_EQ(record.path, "/pay");
}

TEST(NginxVhostCombinedRt, ReadsBracketedHosts) {
  AccessRecord record;
  ASSERT_EQ(ParseAs("nginx_vhost_combined_rt",
                    R"([2001:db8::1]:80 ::1 - - [21/Nov/2026:03:10:09 +0000] "" 400 0 "-" "-" 0.000)", record),
            ParseError::kNone);
  EXPECT_EQ(record.host, "[2001:db8::1]");
  EXPECT_EQ(record.method, "");
  EXPECT_EQ(record.path, "");
}

TEST(NginxCombined, TakesUserNamesThatLookLikeMore) {
  AccessRecord record;
  ASSERT_EQ(ParseAs("nginx_combined",
                    R"(::1 - a - b [x] [21/Nov/2026:03:10:09 +0000] "GET / HTTP/1.1" 009 - "\x22" "a\"b")", record),
            ParseError::kNone);
  EXPECT_EQ(record.status, 9);
  EXPECT_EQ(record.bytes, kNotLogged);
}

TEST(NginxCombined, TellsAHostFromAListOfClients) {
  struct Case {
    std::string_view client;
    std::string_view host;
  };
  for (const Case& c : {Case{"shop.example.com:80 192.0.2.1", "shop.example.com"},
                        {"shop.example.com 192.0.2.1, 192.0.2.2", "shop.example.com"},
                        {"192.0.2.1, 192.0.2.2", ""},
                        {"192.0.2.1", ""},
                        {"unix:", ""}}) {
    const std::string line =
        std::string(c.client) + R"( - - [21/Nov/2026:03:10:09 +0000] "GET / HTTP/1.1" 200 1 "-" "-")";
    AccessRecord record;
    ASSERT_EQ(ParseAs("nginx_combined", line, record), ParseError::kNone) << line;
    EXPECT_EQ(record.host, c.host) << line;
  }
}

// Which damage is which error, and that no reader takes another's line.
TEST(Formats, NameWhatIsWrong) {
  struct Case {
    std::string_view line;
    ParseError combined;
    ParseError vhost;
  };
  const Case cases[] = {
      {kCombined, ParseError::kNone, ParseError::kNoFormat},
      {kVhost, ParseError::kNoFormat, ParseError::kNone},
      {R"(1 - - [21/Nov/2026:03:10:99 +0000] "G / HTTP/1.1" 200 1 "-" "-")", ParseError::kBadTime,
       ParseError::kNoFormat},
      {R"(1 - - [21/Nov/2026:03:10:09 +0000] "G / HTTP/1.1" 2x0 1 "-" "-")", ParseError::kBadStatus,
       ParseError::kNoFormat},
      {R"(1 - - [21/Nov/2026:03:10:09 +0000] "G / HTTP/1.1" 200 1x "-" "-")", ParseError::kBadField,
       ParseError::kNoFormat},
      {R"(a:1 1 - - [21/Nov/2026:03:10:09 +0000] "G / HTTP/1.1" 200 1 "-" "-" 0.0)", ParseError::kNoFormat,
       ParseError::kBadField},
      {R"(a:1 1 - - [] "G / HTTP/1.1" 200 1 "-" "-" 0.000)", ParseError::kNoFormat, ParseError::kBadTime},
      {R"(a:1 1 - - [21/Nov/2026:03:10:09 +0000] "G / HTTP/1.1" 20 1 "-" "-" 0.000)", ParseError::kNoFormat,
       ParseError::kBadStatus},
      {R"(a:x 1 - - [21/Nov/2026:03:10:09 +0000] "G / HTTP/1.1" 200 1 "-" "-" 0.000)", ParseError::kNoFormat,
       ParseError::kNone},
      {R"(1 - - [21/Nov/2026:03:10:09 +0000] "G / HTTP/1.1" 200 1 "-" "-" 0.000)", ParseError::kNoFormat,
       ParseError::kNoFormat},
      {R"(1 - - [21/Nov/2026:03:10:09 +0000] "G / HTTP/1.1" 200 1 "-" "-)", ParseError::kNoFormat,
       ParseError::kNoFormat},
      {"", ParseError::kNoFormat, ParseError::kNoFormat},
      {"\"", ParseError::kNoFormat, ParseError::kNoFormat},
      {"] \"", ParseError::kNoFormat, ParseError::kNoFormat},
  };
  for (const Case& c : cases) {
    AccessRecord record;
    EXPECT_EQ(ParseAs("nginx_combined", c.line, record), c.combined) << c.line;
    EXPECT_EQ(ParseAs("nginx_vhost_combined_rt", c.line, record), c.vhost) << c.line;
  }
}

TEST(FormatDetector, FollowsAMixedStream) {
  FormatDetector detector(nullptr);
  AccessRecord record;
  EXPECT_EQ(detector.chosen(), nullptr);
  EXPECT_EQ(detector.Parse("no log line at all", record), ParseError::kNoFormat);
  EXPECT_EQ(detector.chosen(), nullptr);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(detector.Parse(kVhost, record), ParseError::kNone);
    EXPECT_EQ(detector.chosen()->name(), "nginx_vhost_combined_rt");
    EXPECT_EQ(detector.Parse(kCombined, record), ParseError::kNone);
    EXPECT_EQ(detector.chosen()->name(), "nginx_combined");
    EXPECT_EQ(detector.Parse("noise", record), ParseError::kNoFormat);
    EXPECT_EQ(detector.chosen()->name(), "nginx_combined") << "noise must not forget the format";
  }
}

TEST(FormatDetector, KeepsToAFixedFormat) {
  FormatDetector detector(FormatNamed("nginx_combined"));
  AccessRecord record;
  EXPECT_EQ(detector.chosen()->name(), "nginx_combined");
  EXPECT_EQ(detector.Parse(kVhost, record), ParseError::kNoFormat);
  EXPECT_EQ(detector.Parse(kCombined, record), ParseError::kNone);
}

TEST(FormatDetector, SeesThroughForeignStarts) {
  FormatDetector detector(nullptr);
  AccessRecord record;
  for (const std::string& start : {std::string("\xEF\xBB\xBF"), std::string(5000, '\0')}) {
    const std::string line = start + std::string(kVhost);
    EXPECT_EQ(detector.Parse(line, record), ParseError::kNone);
    EXPECT_EQ(record.host, "Shop.example.com");
  }
  for (const std::string& blank : {std::string(), std::string(" \t "), std::string(9, '\0'), std::string("\r")}) {
    EXPECT_EQ(detector.Parse(blank, record), ParseError::kEmpty);
  }
}

// A shipper's word would pass for a host, and each line for a service of its own.
TEST(FormatDetector, SeesThroughShippersWords) {
  const std::string combined(kCombined);
  for (const Format* format : {static_cast<const Format*>(nullptr), FormatNamed("nginx_combined")}) {
    FormatDetector detector(format);
    for (const char* words : {"2026-11-21T03:10:09.123456789Z ", "[pod/web-1/nginx] "}) {
      AccessRecord record;
      ASSERT_EQ(detector.Parse(words + combined, record), ParseError::kNone) << words;
      EXPECT_EQ(detector.chosen()->name(), "nginx_combined");
      EXPECT_EQ(record.host, "");
    }
  }
}

TEST(ParseErrors, HaveNamesAndCountersOfTheirOwn) {
  std::set<std::string_view> names;
  std::set<Counter> counters;
  for (const ParseError error : {ParseError::kEmpty, ParseError::kNoFormat, ParseError::kBadTime,
                                 ParseError::kBadStatus, ParseError::kBadField}) {
    names.insert(NameOf(error));
    counters.insert(CounterOf(error));
    EXPECT_TRUE(IsDrop(CounterOf(error)));
    EXPECT_EQ(NameOf(CounterOf(error)), "lines_" + std::string(NameOf(error)));
  }
  EXPECT_EQ(names.size(), 5U);
  EXPECT_EQ(counters.size(), 5U);
}

}  // namespace
}  // namespace revertd

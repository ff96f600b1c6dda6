#include "ingest/format/text_fields.h"

#include <gtest/gtest.h>

#include <random>

#include "base/sample.h"
#include "base/time_format.h"

namespace revertd {
namespace {

TEST(ClfTime, ReadsEveryMonthAndOffset) {
  const char* const kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (int month = 1; month <= 12; ++month) {
    for (const char* offset : {"+0000", "+0530", "-1130", "+1400"}) {
      char clf[40];
      char rfc[40];
      std::snprintf(clf, sizeof(clf), "28/%s/2026:23:59:58 %s", kMonths[month - 1], offset);
      std::snprintf(rfc, sizeof(rfc), "2026-%02d-28T23:59:58%.3s:%s", month, offset, offset + 3);
      ASSERT_TRUE(ParseTime(rfc).has_value()) << rfc;
      EXPECT_EQ(ParseClfTime(clf), ParseTime(rfc)) << clf;
    }
  }
}

TEST(ClfTime, AgreesWithTheEpoch) {
  EXPECT_EQ(ParseClfTime("01/Jan/1970:00:00:00 +0000"), 0);
  EXPECT_EQ(ParseClfTime("01/Jan/1970:00:00:00 +0100"), -3600 * kSecondNs);
  EXPECT_EQ(ParseClfTime("29/Feb/2024:12:00:00 +0000"), ParseTime("2024-02-29T12:00:00Z"));
  EXPECT_EQ(ParseClfTime("31/Dec/2016:23:59:60 +0000"), ParseTime("2017-01-01T00:00:00Z"));
}

TEST(ClfTime, MayHaveAFraction) {
  EXPECT_EQ(ParseClfTime("21/Nov/2026:03:10:09.25 +0100"), ParseTime("2026-11-21T02:10:09.250Z"));
  EXPECT_EQ(ParseClfTime("21/Nov/2026:03:10:09.123456789 +0000"), ParseTime("2026-11-21T03:10:09.123456789Z"));
  for (const char* text : {"21/Nov/2026:03:10:09. +0000", "21/Nov/2026:03:10:09.1234567890 +0000",
                           "21/Nov/2026:03:10:09.2x +0000", "21/Nov/2026:03:10:09,25 +0000"}) {
    EXPECT_FALSE(ParseClfTime(text).has_value()) << text;
  }
}

TEST(ClfTime, RefusesWhatIsNoTime) {
  for (const char* text : {"", "-", "29/Feb/2023:12:00:00 +0000", "31/Apr/2026:12:00:00 +0000",
                           "00/Jan/2026:12:00:00 +0000", "21/nov/2026:03:10:09 +0000", "21/anF/2026:03:10:09 +0000",
                           "21/Nov/2026:24:10:09 +0000", "21/Nov/2026:03:60:09 +0000", "21/Nov/2026:03:10:61 +0000",
                           "21/Nov/2026:03:10:09 +2400", "21/Nov/2026:03:10:09 +0060", "21/Nov/2026:03:10:09 00000",
                           "21/Nov/2026:03:10:09 +000", "21/Nov/2026:03:10:09 +00000", "21/Nov/1969:03:10:09 +0000",
                           "21/Nov/2201:03:10:09 +0000", "-1/Nov/2026:03:10:09 +0000", "21 Nov 2026 03:10:09 +0000"}) {
    EXPECT_FALSE(ParseClfTime(text).has_value()) << text;
  }
}

TEST(Status, IsThreeDigits) {
  EXPECT_EQ(ParseStatus("200"), 200);
  EXPECT_EQ(ParseStatus("009"), 9);
  EXPECT_EQ(ParseStatus("000"), 0);
  EXPECT_EQ(ParseStatus("999"), 999);
  for (const char* text : {"", "20", "2000", "-", "2 0", "+20", "0x9"}) EXPECT_FALSE(ParseStatus(text)) << text;
}

TEST(Size, IsDigitsOrAbsent) {
  EXPECT_EQ(ParseSize("0"), 0);
  EXPECT_EQ(ParseSize("999999999999999999"), 999999999999999999);
  EXPECT_EQ(ParseSize("-"), kNotLogged);
  for (const char* text : {"", "-1", "+1", "1.5", "1e3", "9999999999999999999", "12a"}) {
    EXPECT_FALSE(ParseSize(text)) << text;
  }
}

TEST(RequestTime, HasThreeDecimals) {
  EXPECT_EQ(ParseMillisecondSeconds("0.000"), 0);
  EXPECT_EQ(ParseMillisecondSeconds("12.345"), 12'345 * kMillisecondNs);
  EXPECT_EQ(ParseMillisecondSeconds("999999999.999"), 999'999'999'999 * kMillisecondNs);
  EXPECT_EQ(ParseMillisecondSeconds("-"), kNotLogged);
  for (const char* text : {"", "1", "1.", ".123", "1.12", "1.1234", "-1.000", "1,234", "9999999999.000", "a.123"}) {
    EXPECT_FALSE(ParseMillisecondSeconds(text)) << text;
  }
}

TEST(Decimal, IsExactToTheNanosecond) {
  EXPECT_EQ(ParseDecimal("0.086", kSecondNs), 86 * kMillisecondNs);
  EXPECT_EQ(ParseDecimal("0.00491", kSecondNs), 4'910 * kMicrosecondNs);
  EXPECT_EQ(ParseDecimal("12", kMillisecondNs), 12 * kMillisecondNs);
  EXPECT_EQ(ParseDecimal("1.5", kMillisecondNs), 1'500 * kMicrosecondNs);
  EXPECT_EQ(ParseDecimal("0.0000000019", kSecondNs), 1);
  EXPECT_EQ(ParseDecimal("1000000000", kSecondNs), 1'000'000'000 * kSecondNs);
  for (std::string_view bad : {"", "-", "-1", "+1", ".5", "5.", "1e3", "1 ", "9223372036", "99999999999999999999"}) {
    EXPECT_EQ(ParseDecimal(bad, kSecondNs), std::nullopt) << bad;
  }
}

TEST(Quoted, EndsAtTheFirstQuoteThatIsNotEscaped) {
  std::string_view rest = R"("a\"b\\" tail)";
  std::string_view text;
  ASSERT_TRUE(ConsumeQuoted(rest, text));
  EXPECT_EQ(text, R"(a\"b\\)");
  EXPECT_EQ(rest, " tail");
  for (std::string_view bad : {"", "\"", "\"abc", "abc\"", "\"abc\\\"", "\"\\"}) {
    std::string_view unchanged = bad;
    EXPECT_FALSE(ConsumeQuoted(unchanged, text)) << bad;
    EXPECT_EQ(unchanged, bad);
  }
}

struct RequestCase {
  const char* request;
  const char* method;
  const char* path;
};

TEST(RequestLine, MethodAndPathOrNeither) {
  for (const RequestCase& c : {RequestCase{"GET / HTTP/1.1", "GET", "/"},
                               {"GET /a/b?c=d?e HTTP/2.0", "GET", "/a/b"},
                               {"POST /with blanks/x HTTP/1.1", "POST", "/with blanks/x"},
                               {"GET /old", "GET", "/old"},
                               {"OPTIONS * HTTP/1.1", "OPTIONS", "*"},
                               {"CONNECT example.org:443 HTTP/1.1", "CONNECT", "example.org:443"},
                               {"GET http://example.org:80/ip4.php?x=/ HTTP/1.0", "GET", "/ip4.php"},
                               {"GET https://example.org HTTP/1.1", "GET", "/"},
                               {"GET http://?x HTTP/1.1", "GET", "/"},
                               {"M-SEARCH /x HTTP/1.1", "M-SEARCH", "/x"},
                               {"", "", ""},
                               {"-", "", ""},
                               {"hello", "", ""},
                               {"GET", "", ""},
                               {"GET ", "", ""},
                               {"GET  HTTP/1.1", "", ""},
                               {"GET ?query HTTP/1.1", "", ""},
                               {"GET relative", "", ""},
                               {"GET /two words", "GET", "/two words"},
                               {"GET / HTTP/1.x", "GET", "/"},
                               {"OPTIONS http://shop.example.com* HTTP/1.1", "OPTIONS", "*"},
                               {"get / HTTP/1.1", "get", "/"},
                               {"get /old", "", ""},
                               {"- http://localhost HTTP/1.0", "", ""},
                               {"G(T / HTTP/1.1", "", ""},
                               {"\\x16\\x03\\x01\\x00\\xC8", "", ""},
                               {"SSH-2.0-Go", "", ""},
                               {"GET / RTSP/1.0", "", ""}}) {
    const RequestLine line = SplitRequestLine(c.request);
    EXPECT_EQ(line.method, c.method) << c.request;
    EXPECT_EQ(line.path, c.path) << c.request;
  }
}

TEST(Target, GivesItsHostWhereItIsAbsolute) {
  struct Case {
    const char* target;
    const char* host;
    const char* path;
  };
  for (const Case& c : {Case{"/a?b=http://c", "", "/a"},
                        {"http://shop.example.com:8080/a?b", "shop.example.com", "/a"},
                        {"https://user@shop.example.com", "shop.example.com", "/"},
                        {"http://[::1]:80?x", "[::1]", "/"},
                        {"ftp://shop.example.com/a", "", "ftp://shop.example.com/a"},
                        {"", "", ""}}) {
    const Target target = SplitTarget(c.target);
    EXPECT_EQ(target.host, c.host) << c.target;
    EXPECT_EQ(target.path, c.path) << c.target;
  }
}

TEST(Host, LosesItsPort) {
  EXPECT_EQ(HostWithoutPort("shop.example.com:443"), "shop.example.com");
  EXPECT_EQ(HostWithoutPort("shop.example.com"), "shop.example.com");
  EXPECT_EQ(HostWithoutPort("[::1]:443"), "[::1]");
  EXPECT_EQ(HostWithoutPort("[::1]"), "[::1]");
  EXPECT_EQ(HostWithoutPort("2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(HostWithoutPort("[broken:80"), "[broken:80");
  EXPECT_EQ(HostWithoutPort(":80"), "");
  EXPECT_EQ(HostWithoutPort(""), "");
}

// As nginx writes a variable: ngx_http_log_escape in src/http/modules/ngx_http_log_module.c.
std::string NginxEscape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7e || c == '"' || c == '\\') {
      char hex[8];
      std::snprintf(hex, sizeof(hex), "\\x%02X", byte);
      escaped += hex;
    } else {
      escaped += c;
    }
  }
  return escaped;
}

TEST(NginxEscapes, DecodeWhatNginxEncodes) {
  constexpr unsigned kSeed = 20261121;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 2000; ++round) {
    std::string text(random() % 40, '\0');
    // Half of the bytes from the characters that matter.
    for (char& c : text) c = random() % 2 == 0 ? "\\\"xX0aF "[random() % 8] : static_cast<char>(random());
    ASSERT_EQ(DecodeNginxEscapes(NginxEscape(text)), text) << "seed " << kSeed << " round " << round;
  }
}

TEST(NginxEscapes, LeaveOtherBackslashesAlone) {
  EXPECT_EQ(DecodeNginxEscapes(R"(a\"b\\c\x41\x4a)"), "a\"b\\cAJ");
  EXPECT_EQ(DecodeNginxEscapes(R"(\n\x4\xZZ\x)"), R"(\n\x4\xZZ\x)");
  EXPECT_EQ(DecodeNginxEscapes("\\"), "\\");
}

}  // namespace
}  // namespace revertd

// Lines that servers write, read by the string that told them how.
#include "ingest/format/layout_reader.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "base/time_format.h"
#include "ingest/format/format.h"
#include "ingest/format/text_fields.h"
#include "tests/ingest/kept_parse.h"

namespace revertd {
namespace {

struct Reading {
  ParseError error = ParseError::kNone;
  AccessRecord record;
};

// `line` outlives the answer.
Reading Read(std::string_view description, std::string_view line) {
  const auto format = CustomFormat(description);
  EXPECT_TRUE(format.ok()) << description << ": " << format.status();
  Reading reading;
  if (format.ok()) reading.error = KeptParse(**format, line, reading.record);
  return reading;
}

TEST(LayoutReader, ReadsEveryFieldOfNginx) {
  const auto [error, record] = Read(
      "nginx:$msec $request_method \"$scheme://$host$request_uri\" $status $bytes_sent $request_time "
      "c=$upstream_connect_time u=$upstream_response_time [$proxy_upstream_name] $upstream_addr "
      "$upstream_http_x_release",
      R"(1795230609.493 POST "https://Shop.example.com/cart?id=7" 502 157 2.500 c=0.001, 0.002 u=0.100, - : 0.250 )"
      R"([shop-80] 10.0.0.1:80, 10.0.0.2:80 : [::1]:80 v42)");
  ASSERT_EQ(error, ParseError::kNone);
  EXPECT_EQ(record.end_ns, 1'795'230'609'493 * kMillisecondNs);
  EXPECT_EQ(record.start_ns, record.end_ns - 2500 * kMillisecondNs);
  EXPECT_EQ(record.method, "POST");
  EXPECT_EQ(record.host, "Shop.example.com");
  EXPECT_EQ(record.path, "/cart");
  EXPECT_EQ(record.status, 502);
  EXPECT_EQ(record.bytes, 157);
  EXPECT_EQ(record.connect_ns, 3 * kMillisecondNs);
  EXPECT_EQ(record.upstream_ns, 350 * kMillisecondNs);
  EXPECT_EQ(record.backend, "shop-80");
  EXPECT_EQ(record.upstream, "[::1]:80");
  EXPECT_EQ(record.release, "v42");
}

TEST(LayoutReader, ReadsEveryFieldOfApache) {
  const auto [error, record] = Read(
      "apache:%v:%p %h %u [%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t] \"%m %U%q %H\" %>s/%s %B %D %X %{X-Release}o",
      R"([2001:db8::1]:443 ::1 a] [b [21/Nov/2026 03:10:09.250 +0100] "GET /a b?c HTTP/1.1" 500/200 20 1500000 X v1)");
  ASSERT_EQ(error, ParseError::kNone);
  EXPECT_EQ(record.start_ns, ParseTime("2026-11-21T02:10:09.250Z")) << "Apache logs when a request came";
  EXPECT_EQ(record.end_ns, record.start_ns + 1500 * kMillisecondNs);
  EXPECT_EQ(record.host, "[2001:db8::1]");
  EXPECT_EQ(record.method, "GET");
  EXPECT_EQ(record.path, "/a b");
  EXPECT_EQ(record.status, 500);
  EXPECT_EQ(record.bytes, 20);
  EXPECT_TRUE(record.aborted);
  EXPECT_EQ(record.release, "v1");
}

TEST(LayoutReader, TakesDashesForNothing) {
  const auto [error, record] = Read(
      "nginx:$msec $status $body_bytes_sent $request_time \"$upstream_response_time\" \"$upstream_addr\" "
      "\"$http_host\" "
      "\"$request\"",
      R"(1795230609.493 009 - - "-" "-, -" "-" "-")");
  ASSERT_EQ(error, ParseError::kNone);
  EXPECT_EQ(record.status, 9);
  EXPECT_EQ(record.bytes, kNotLogged);
  EXPECT_EQ(record.duration_ns, kNotLogged);
  EXPECT_EQ(record.start_ns, record.end_ns);
  EXPECT_EQ(record.upstream_ns, kNotLogged);
  EXPECT_EQ(record.upstream, "");
  EXPECT_EQ(record.host, "");
  EXPECT_EQ(record.method, "");
  EXPECT_EQ(record.path, "");
}

// Under escape=json and escape=none nginx writes nothing where else "-" stands: most often for the upstream.
TEST(LayoutReader, TakesNothingForNothingWhereTheFormatSaysSo) {
  constexpr std::string_view kPieces =
      R"({"t":"$msec","r":"$request","s":"$status","u":"$upstream_response_time","c":"$upstream_connect_time",)"
      R"("a":"$upstream_addr","g":"$gzip_ratio"})";
  constexpr std::string_view kLine =
      R"({"t":"1795263981.294","r":"GET /a HTTP/1.1","s":"200","u":"","c":"","a":"","g":""})";
  for (const char* escape : {"escape=json ", "escape=none "}) {
    const auto [error, record] = Read("nginx:" + std::string(escape) + std::string(kPieces), kLine);
    ASSERT_EQ(error, ParseError::kNone) << escape;
    EXPECT_EQ(record.path, "/a");
    EXPECT_EQ(record.upstream_ns, kNotLogged);
    EXPECT_EQ(record.connect_ns, kNotLogged);
    EXPECT_EQ(record.upstream, "");
  }
  EXPECT_EQ(Read("nginx:" + std::string(kPieces), kLine).error, ParseError::kNoFormat);
  EXPECT_EQ(Read("nginx:escape=none $msec $status uct=$upstream_connect_time urt=$upstream_response_time",
                 "1795263981.294 200 uct= urt=")
                .error,
            ParseError::kNone);
}

TEST(LayoutReader, SaysThatAPathHasJsonEscapes) {
  const auto [error, record] = Read(R"(nginx:escape=json {\"t\":$msec,\"s\":$status,\"u\":\"$request_uri\"})",
                                    R"({"t":1795263981.294,"s":200,"u":"/back\\slash\"q?x=\"y\""})");
  ASSERT_EQ(error, ParseError::kNone);
  EXPECT_EQ(record.escapes, Escapes::kJson);
  EXPECT_EQ(record.path, R"(/back\\slash\"q)");
}

// $args is "-" without a query, also right behind a path.
TEST(LayoutReader, ADashForNoQueryIsNotOfThePath) {
  constexpr std::string_view kFormat = "nginx:$msec \"$request_method $uri$is_args$args\" $status";
  for (const auto& [target, path] : std::map<std::string, std::string>{
           {"/cart-", "/cart"}, {"/cart--", "/cart-"}, {"/cart-?x=-", "/cart-"}, {"/-", "/"}}) {
    const std::string line = "1795263981.294 \"GET " + target + "\" 200";
    const auto [error, record] = Read(kFormat, line);
    EXPECT_EQ(error, ParseError::kNone);
    EXPECT_EQ(record.path, path) << target;
  }
  const auto [error, record] = Read("nginx:escape=json $msec \"$request_method $uri$is_args$args\" $status",
                                    R"(1795263981.294 "GET /cart-" 200)");
  EXPECT_EQ(record.path, "/cart-") << "nothing stands for no query here";
}

TEST(LayoutReader, KnowsDamageFromAnotherFormat) {
  constexpr std::string_view kFormat =
      "nginx:$remote_addr [$time_local] \"$request\" $status $body_bytes_sent $request_time";
  struct Case {
    const char* line;
    ParseError error;
  };
  for (const Case& c : {
           Case{R"(::1 [21/Nov/2026:03:10:09 +0000] "GET / HTTP/1.1" 200 1 0.001)", ParseError::kNone},
           {R"(::1 [21/Nov/2026:03:10:99 +0000] "GET / HTTP/1.1" 200 1 0.001)", ParseError::kBadTime},
           {R"(::1 [] "GET / HTTP/1.1" 200 1 0.001)", ParseError::kBadTime},
           {R"(::1 [21/Nov/2026:03:10:09 +0000] "GET / HTTP/1.1" 2x0 1 0.001)", ParseError::kBadStatus},
           {R"(::1 [21/Nov/2026:03:10:09 +0000] "GET / HTTP/1.1" 200 1x 0.001)", ParseError::kBadField},
           {R"(::1 [21/Nov/2026:03:10:09 +0000] "GET / HTTP/1.1" 200 1 3)", ParseError::kBadField},
           {R"(::1 [21/Nov/2026:03:10:09 +0000] "GET / HTTP/1.1" 200 1 99999999999.000)", ParseError::kBadField},
           {R"(::1 [21/Nov/2026:03:10:09 +0000] "GET / HTTP/1.1" 200 1 0.001 more)", ParseError::kNoFormat},
           {R"(::1 [21/Nov/2026:03:10:09 +0000] "GET / HTTP/1.1" 200 1)", ParseError::kNoFormat},
           {R"(::1 [21/Nov/2026:03:10:09 +0000] "GET / HTTP/1.1 200 1 0.001)", ParseError::kNoFormat},
           {R"(::1 21/Nov/2026:03:10:09 +0000] "GET / HTTP/1.1" 200 1 0.001)", ParseError::kNoFormat},
           {"", ParseError::kNoFormat},
           {"\"\"", ParseError::kNoFormat},
       }) {
    EXPECT_EQ(NameOf(Read(kFormat, c.line).error), NameOf(c.error)) << c.line;
  }
}

TEST(LayoutReader, FindsTheEndOfAQuotedFieldByItsEscapes) {
  constexpr std::string_view kFormat = "apache:%t \"%r\" %>s \"%{User-Agent}i\"";
  const Reading escaped = Read(kFormat, R"([21/Nov/2026:03:10:09 +0000] "GET /a\"b\\" 200 "x\" 500 \"\\\\")");
  EXPECT_EQ(escaped.error, ParseError::kNone);
  EXPECT_EQ(escaped.record.path, R"(/a\"b\\)");
  EXPECT_EQ(escaped.record.escapes, Escapes::kNone);
  EXPECT_EQ(escaped.record.status, 200);

  // nginx's escape=none: the whole literal behind a field ends it, at the line's end the last one.
  const Reading raw = Read("nginx:escape=none $msec \"$request\" $status \"$http_user_agent\"",
                           R"(1795230609.493 "GET /a"b\ HTTP/1.1" 200 "x" y")");
  EXPECT_EQ(raw.error, ParseError::kNone);
  EXPECT_EQ(raw.record.path, R"(/a"b\)");
  EXPECT_EQ(raw.record.status, 200);
}

TEST(LayoutReader, KnowsNginxEscapesFromApaches) {
  constexpr std::string_view kFormat = "nginx:$msec \"$request\"";
  for (const auto& [path, escapes] : std::map<std::string, Escapes>{{"/a", Escapes::kNginx},
                                                                    {R"(/\x22\xE2\x5C)", Escapes::kNginx},
                                                                    {R"(/\xe2)", Escapes::kNone},
                                                                    {R"(/\")", Escapes::kNone},
                                                                    {R"(/\n)", Escapes::kNone},
                                                                    {R"(/\x2)", Escapes::kNone}}) {
    const std::string line = "1795230609.493 \"GET " + path + " HTTP/1.1\"";
    EXPECT_EQ(Read(kFormat, line).record.escapes, escapes) << path;
  }
}

TEST(LayoutReader, TakesTheHostOfAnAbsoluteTarget) {
  const std::string line = R"(1795230609.493 "GET http://shop.example.com:80/x?y HTTP/1.1" -)";
  EXPECT_EQ(Read("nginx:$msec \"$request\" $scheme", line).record.host, "shop.example.com");
  EXPECT_EQ(Read("nginx:$msec \"$request\" $scheme", line).record.path, "/x");
  EXPECT_EQ(Read("nginx:$msec \"$request\" $host", line).record.host, "shop.example.com") << "'-' is no host";
  const std::string other = R"(1795230609.493 "GET http://shop.example.com:80/x?y HTTP/1.1" own.example.com:81)";
  EXPECT_EQ(Read("nginx:$msec \"$request\" $http_host", other).record.host, "own.example.com");
}

TEST(LayoutReader, ReadsTimesWithoutAnOffsetInTheReadersZone) {
  const auto zone = TimeZone::Named("Europe/Berlin");
  if (!zone.ok()) GTEST_SKIP() << "NOT TESTED: no time zone database";
  const auto format = CustomFormat("apache:%{%Y-%m-%d %H:%M:%S}t %>s");
  ASSERT_TRUE(format.ok());
  AccessRecord record;
  ASSERT_EQ((*format)->NewReader({.zone = *zone})->Parse("2026-07-01 12:00:00 200", record), ParseError::kNone);
  EXPECT_EQ(record.start_ns, ParseTime("2026-07-01T10:00:00Z"));
}

TEST(LayoutReader, FindsATimeThatHasBlanksInIt) {
  for (const auto& [format, line] : std::map<std::string, std::string>{
           {"apache:%{%a %b %e %T %Y}t %>s", "Sun Nov  1 03:10:09 2026 200"},
           {"apache:%u %>s %{%a %b %e %T %Y}t", "a b 200 Sun Nov  1 03:10:09 2026"},
           {"nginx:$time_local $status", "01/Nov/2026:03:10:09 +0000 200"},
           {"nginx:$remote_user $status $time_local", "a b 200 01/Nov/2026:03:10:09 +0000"}}) {
    const auto [error, record] = Read(format, line);
    EXPECT_EQ(NameOf(error), "none") << format;
    EXPECT_EQ(record.end_ns, ParseTime("2026-11-01T03:10:09Z")) << format;
    EXPECT_EQ(record.status, 200) << format;
  }
}

TEST(LayoutReader, GivesUpOnMoreQuotesThanAnyFormatHas) {
  const std::string quotes(kQuotesMax + 1, '"');
  EXPECT_EQ(Read("nginx:$msec \"$request\"", quotes).error, ParseError::kNoFormat);
}

// A second witness: a writer of log_format strings. What it writes must be read back, whatever the fields hold.
class Writer {
 public:
  explicit Writer(unsigned seed) : random_(seed) {}

  unsigned Pick(unsigned below) { return static_cast<unsigned>(random_() % below); }

  std::string Text() {
    constexpr std::string_view kTelling = "\"\\[] -:x0aF/?,";
    std::string text(Pick(12), '\0');
    for (char& c : text) c = Pick(2) == 0 ? kTelling[Pick(kTelling.size())] : static_cast<char>(Pick(256));
    return text;
  }

  // ngx_http_log_escape.
  static std::string Escape(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x20 && byte <= 0x7e && c != '"' && c != '\\') {
        escaped += c;
        continue;
      }
      char hex[8];
      std::snprintf(hex, sizeof(hex), "\\x%02X", byte);
      escaped += hex;
    }
    return escaped.empty() ? "-" : escaped;
  }

  static std::string Fill(std::string_view log_format, const std::map<std::string, std::string>& values) {
    std::string line;
    for (size_t i = 0; i < log_format.size();) {
      if (log_format[i] != '$') {
        line += log_format[i++];
        continue;
      }
      const size_t end =
          std::min(log_format.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", i + 1), log_format.size());
      line += values.at(std::string(log_format.substr(i + 1, end - i - 1)));
      i = end;
    }
    return line;
  }

 private:
  std::mt19937 random_;
};

TEST(LayoutReader, ReadsBackWhatAServerWrites) {
  constexpr unsigned kSeed = 20261121;
  constexpr int kRounds = 3000;
  Writer writer(kSeed);
  constexpr std::string_view kFormats[] = {
      R"($remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_user_agent" )"
      R"($request_time)",
      R"($host $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_user_agent" )"
      R"(t=$request_time)",
      R"([$time_local] $status $host "$request" ($request_time) $body_bytes_sent agent: $http_user_agent)",
      R"({"a":"$http_user_agent","r":"$request","t":"$time_local","u":"$remote_user","s":$status,)"
      R"("b":$body_bytes_sent,"d":$request_time,"h":"$host"})",
  };
  for (std::string_view log_format : kFormats) {
    const auto format = CustomFormat("nginx:" + std::string(log_format));
    ASSERT_TRUE(format.ok()) << format.status();
    const auto reader = (*format)->NewReader({});
    for (int round = 0; round < kRounds; ++round) {
      const std::string path = "/" + std::to_string(writer.Pick(1000)) + writer.Text();
      const std::string query = writer.Pick(2) == 0 ? "" : "?" + writer.Text();
      const int status = 100 + static_cast<int>(writer.Pick(500));
      const int64_t bytes = writer.Pick(1U << 30);
      const unsigned millis = writer.Pick(100'000);
      char seconds[32];
      std::snprintf(seconds, sizeof(seconds), "%u.%03u", millis / 1000, millis % 1000);
      const std::string line =
          Writer::Fill(log_format, {{"remote_addr", writer.Pick(2) == 0 ? "192.0.2.7" : "2001:db8::7, 192.0.2.7"},
                                    {"remote_user", Writer::Escape(writer.Text())},
                                    {"time_local", "21/Nov/2026:03:10:09 +0000"},
                                    {"request", Writer::Escape("GET " + path + query + " HTTP/1.1")},
                                    {"status", std::to_string(status)},
                                    {"body_bytes_sent", std::to_string(bytes)},
                                    {"http_user_agent", Writer::Escape(writer.Text())},
                                    {"request_time", seconds},
                                    {"host", "shop.example.com"}});
      AccessRecord record;
      ASSERT_EQ(reader->Parse(line, record), ParseError::kNone) << "seed " << kSeed << " in\n" << line;
      ASSERT_EQ(record.status, status) << line;
      ASSERT_EQ(record.bytes, bytes) << line;
      ASSERT_EQ(record.duration_ns, millis * kMillisecondNs) << line;
      ASSERT_EQ(record.end_ns, ParseTime("2026-11-21T03:10:09Z")) << line;
      ASSERT_EQ(DecodeNginxEscapes(record.path), path.substr(0, path.find('?'))) << line;
      const bool has_host = log_format.find("$host") != std::string_view::npos;
      ASSERT_EQ(record.host, has_host ? "shop.example.com" : "") << line;
    }
  }
}

}  // namespace
}  // namespace revertd

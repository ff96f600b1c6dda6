// A format string in, and a line to read with it: "LOG_FORMAT\nLINE". No string breaks the compilers, and what compiles
// reads any line without harm: views lie in the line, the request is whole or none, a time has its duration on the
// right side.
#include <string>
#include <string_view>

#include "base/check.h"
#include "ingest/format/format.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using revertd::AccessRecord;
using revertd::kNotLogged;

void CheckInside(std::string_view line, std::string_view field) {
  // An absolute target without a path is the one view that points elsewhere: to a literal "/".
  if (field.empty() || field == "/") return;
  REVERTD_CHECK(field.data() >= line.data() && field.data() + field.size() <= line.data() + line.size());
}

void CheckReading(const std::string& description, std::string_view line) {
  const auto format = revertd::CustomFormat(description);
  if (!format.ok()) {
    REVERTD_CHECK(!format.status().message().empty());
    return;
  }
  const auto reader = (*format)->NewReader({});
  AccessRecord record;
  if (reader->Parse(line, record) != revertd::ParseError::kNone) return;
  for (std::string_view field :
       {record.method, record.host, record.path, record.backend, record.upstream, record.release}) {
    CheckInside(line, field);
  }
  REVERTD_CHECK(record.status >= revertd::kStatusNotLogged && record.status <= 999);
  REVERTD_CHECK(record.bytes >= kNotLogged && record.duration_ns >= kNotLogged && record.upstream_ns >= kNotLogged);
  const int64_t duration = record.duration_ns == kNotLogged ? 0 : record.duration_ns;
  REVERTD_CHECK(record.end_ns - record.start_ns == duration);
  REVERTD_CHECK(record.path.find('?') == std::string_view::npos);
  // What a reader answers does not depend on the lines before.
  AccessRecord again;
  REVERTD_CHECK(reader->Parse(line, again) == revertd::ParseError::kNone);
  REVERTD_CHECK(again.end_ns == record.end_ns && again.path == record.path && again.status == record.status);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const size_t end = input.find('\n');
  const std::string format(input.substr(0, end));
  const std::string_view line = end == std::string_view::npos ? std::string_view() : input.substr(end + 1);
  CheckReading("nginx:" + format, line);
  CheckReading("apache:" + format, line);
  return 0;
}

namespace revertd {

std::vector<std::string> FuzzCorpus() {
  return {
      "",
      "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\"\n"
      R"(192.0.2.7 - a b [21/Nov/2026:03:10:09 +0100] "GET /cart?id=7 HTTP/1.1" 502 157 "-")",
      "escape=json {\"t\":\"$msec\",\"h\":\"${host}\",\"u\":\"$scheme://$host$request_uri\",\"d\":$request_time}\n"
      R"({"t":"1795230609.493","h":"a:80","u":"http://a/b?c","d":0.003})",
      "escape=none $time_iso8601 $upstream_addr $upstream_response_time $upstream_connect_time \"$http_user_agent\"\n"
      R"(2026-11-21T03:10:09+00:00 10.0.0.1:80, unix:/s : - 0.001, 0.002 : - 0.000 "a"b")",
      "%v:%p %h %l %u %t \\\"%r\\\" %>s/%s %B %I %O %D %X %{Referer}i %!200,304{User-Agent}i %^FB\n"
      R"(a.example.com:80 ::1 - - [21/Nov/2026:03:10:09 +0000] "GET / HTTP/1.1" 200/200 20 1 2 3275 X - - 1)",
      "%{%Y-%m-%dT%H:%M:%S}t.%{usec_frac}t%{%z}t %{ms}T %T \"%m %U%q %H\" %s\n"
      R"(2026-11-21T03:15:07.150455+0000 3 0 "GET /a?b HTTP/1.1" 200)",
      "%{%a %b %e %k:%M:%S %y}t %{end:usec}t %{Host}i\nSat Nov 21  3:10:09 26 1795230609493123 [::1]:80",
      "%{%I:%M:%S %p %D %Z%%%t%n}t\n03:10:09 PM 11/21/26 GMT%\t\n",
  };
}

int SmokeRounds() { return 150'000; }

}  // namespace revertd

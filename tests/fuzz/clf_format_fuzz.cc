// Every format of the CLF family, read by its own name: no line crashes a reader, and a line that it reads holds the
// record's contract. Detection gives no other answer than the formats do.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "ingest/format/clf_formats.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using revertd::AccessRecord;
using revertd::Format;
using revertd::kNotLogged;
using revertd::ParseError;

void CheckRecord(const AccessRecord& record) {
  REVERTD_CHECK(record.status >= revertd::kStatusNotLogged && record.status <= 999);
  REVERTD_CHECK(record.bytes >= kNotLogged && record.duration_ns >= kNotLogged);
  const int64_t duration = record.duration_ns == kNotLogged ? 0 : record.duration_ns;
  REVERTD_CHECK(record.end_ns - record.start_ns == duration);
  REVERTD_CHECK(record.path.find('?') == std::string_view::npos);
  REVERTD_CHECK(record.method.empty() == record.path.empty());
}

struct Reader {
  const Format* format;
  std::unique_ptr<revertd::LineReader> reader;
};

std::vector<Reader> MakeReaders() {
  std::vector<Reader> readers;
  for (const Format* format : revertd::ClfFormats()) {
    readers.push_back({format, format->NewReader({.zone = {}, .alone = true})});
  }
  return readers;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(bytes), size);
  static const std::vector<Reader> readers = MakeReaders();
  static const auto detection = revertd::ClfDetection().NewReader({});
  AccessRecord detected;
  const ParseError error = detection->Parse(line, detected);
  if (error == ParseError::kNone) CheckRecord(detected);
  for (const Reader& each : readers) {
    AccessRecord record;
    const ParseError own_error = each.reader->Parse(line, record);
    if (own_error == ParseError::kNone) CheckRecord(record);
    if (error != ParseError::kNone || each.format != detection->last_format()) continue;
    // A line is read without the quotes around all of it where nothing reads it as it is; a format that is named has
    // more layouts to try before that.
    if (line.starts_with('"')) continue;
    REVERTD_CHECK(own_error == ParseError::kNone);
    REVERTD_CHECK(record.end_ns == detected.end_ns && record.status == detected.status);
    REVERTD_CHECK(record.path == detected.path && record.host == detected.host);
  }
  return 0;
}

namespace revertd {

std::vector<std::string> FuzzCorpus() {
  const std::string common = R"(192.0.2.7 - alice [21/Nov/2026:03:10:09 +0100] "GET /cart?id=7 HTTP/1.1" 502 157)";
  const std::string combined = common + R"( "-" "curl/7.88")";
  return {
      "",
      common,
      combined,
      "shop.example.com:80 " + combined,
      combined + R"( "198.51.100.7, 10.0.0.3" 0.001 0.002 .)",
      combined + R"( rt=0.001 uct="0.000, -" uht="-" urt="0.001 : 0.002" ua="10.0.0.1:80, unix:/s" us="502, 200")",
      combined + " 320 0.005 [a-80] [] 10.0.0.1:80, 10.0.0.2:80 0, 20 0.001, 0.002 502, 200 6a01",
      combined + R"( kong_request_id: "6a01")",
      combined + R"( 7 "web@docker" "http://10.0.0.1:80" 12ms)",
      combined + " 1758 0.001632 miss 32770",
      combined + " 3 0",
      common + R"( 10.0.0.1 + "-" "a" X-Forwarded-For="::1")",
      common + R"( 3551 "-" "a")",
      R"(- ::1 - - [2026-11-21T03:15:07.150455+0000] "GET / HTTP/1.1" 200/200 20 1 2 3 X 0 -)",
      R"([21/Nov/2026:03:10:09 +0000] ::1 TLSv1.2 AES "GET / HTTP/1.1" -)",
      R"([21/Nov/2026:03:10:09 +0000] - 404 404 - GET http a.example.com "/x" [Client ::1] [Length 1] [Gzip -] )"
      R"([Sent-to b] "a" "-")",
      R"([21/Nov/2026:03:10:09 +0000] a.example.com ::1 0.002 "GET / HTTP/1.1" 200 1 2 - agent x)",
      R"(a.example.com ::1 - - [21/Nov/2026:03:10:09 +0000] (0 s) "GET / HTTP/1.1" 200 1 "-" "a")",
      R"(::1 a.example.com - [21/Nov/2026:03:10:09 +0000] "GET http://b/x HTTP/1.1" 200 1 "-" "a\"\\")",
      "2026/11/21 03:10:09 [2026-11-21 03:10:09.5] [router:a] [origin:b] [client: ::1] [useragent: c] GET /x?y 404",
      "\"" + combined + "\"",
  };
}

int SmokeRounds() { return 60'000; }

}  // namespace revertd

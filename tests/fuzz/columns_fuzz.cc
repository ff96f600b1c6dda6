// No stream of lines crashes the column readers, no line is two of their formats, and a stream read twice is read the
// same. An input is a stream, since a W3C log's directives rule the lines behind them.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "ingest/format/columns.h"
#include "ingest/format/w3c.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/record_contract.h"

namespace {

using revertd::Format;
using revertd::ParseError;

struct Pair {
  const Format* format;
  std::unique_ptr<revertd::LineReader> reader;
  std::unique_ptr<revertd::LineReader> twin;
};

bool IsW3c(const Format* format) {
  for (const Format* w3c : revertd::W3cFormats()) {
    if (w3c == format) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view stream(reinterpret_cast<const char*>(bytes), size);
  std::vector<Pair> pairs;
  for (const Format* format : revertd::ColumnFormats()) {
    pairs.push_back({format, format->NewReader({}), format->NewReader({})});
  }
  for (const std::string_view line : revertd::Split(stream, '\n')) {
    int claims = 0;
    for (const Pair& pair : pairs) {
      const ParseError error = CheckSameReading(line, *pair.reader, *pair.twin);
      // A directive may name the columns of any other format.
      if (error != ParseError::kNoFormat && !IsW3c(pair.format)) ++claims;
    }
    REVERTD_CHECK(claims <= 1);
  }
  return 0;
}

namespace revertd {

std::vector<std::string> FuzzCorpus() {
  return {
      "",
      R"([2026-11-21T03:10:09.250Z] "GET /cart?id=7 HTTP/2" 0 UF,DC 10 91 1250 - "-" "a" "b" "h:1" "10.0.0.4:8080")",
      R"([2026-11-21T03:10:09.250Z] "- - -" 200 - via_upstream - "-" 0 135 25 24 "-" "-" "-" "[::1]:80" "-" )"
      "a|80||b - -",
      R"([2026-11-21T03:10:09.250Z] "CONNECT - HTTP/2" 503 UF "-" "no secret" 132 91 25 - "-" "-" "-" "-" "-" a||b)",
      R"(h2 2026-11-21T03:10:09.25Z app/front/50 1.2.3.4:4 10.0.0.4:80 0.001 -1 0.004 460 - 34 366 )"
      R"("GET https://h:443/a b HTTP/2.0" "a\"b" - - arn:aws:1:targetgroup/blue/73 "R" "-" "-" 0 )"
      "2026-11-21T03:10:09.1Z",
      R"(2026-11-21T03:10:09.25Z front 1.2.3.4:4 - 0.001 0.12 0.0045 - - 0 29 "GET http://h:80- -" "-" - -)",
      "tls 2.0 2026-11-21T03:10:09 net/front/c6 g3 1.2.3.4:4 10.0.0.4:443 250 2 98 246 - a - E t - db.example.com",
      R"(79a5 assets [21/Nov/2026:03:10:09 +0000] 1.2.3.4 - 3E REST.GET.OBJECT a "GET /a?x HTTP/1.1" 304 - 1 2 70 10 )"
      R"("-" "curl" - s9= V4 E A assets.s3 T)",
      "1795230609.250   1250 1.2.3.4 TCP_MISS_ABORTED/000 8512 GET http://u@h/cart?id=7 - HIER_DIRECT/10.0.0.4 a/b",
      "[pid: 7|app: 0|req: 4/9] 1.2.3.4 () {34 vars in 617 bytes} [Sat Nov  1 03:10:09 2026] POST /cart?id=7 => "
      "generated 215 bytes via route() in 1250 micros (HTTP/1.1 201) 9 headers in 373 bytes",
      "#Software: Microsoft Internet Information Services 10.0\n#Date: 2026-11-21 03:10:09\n#Fields: date time s-ip "
      "cs-method cs-uri-stem sc-status time-taken\n2026-11-21 03:10:09.5 10.0.0.4 GET /cart 503 1250\n03:10:09 GET",
      "#Date: 2026-11-21\n#Fields: time cs-uri sc-status bytes cs(Host) time-taken\n"
      "03:10:09 http://h/a?b 200 5 \"a.b\" 0.5\n03:10:10 \"\" - - \"a \"\"b\"\" c\" -",
      "2026-11-21\t03:10:09\tFRA56-P2\t8512\t::1\tGET\td.net\t/"
      "cart\t000\t-\tc\tid=7\t-\tMiss\tk==\tshop\thttps\t6\t0.113",
      "2026-11-21 03:10:09 W3SVC1 WEB-1 10.0.0.4 GET /cart - 80 - ::1 HTTP/1.1 curl - - h.example:80 503 0 0 1 4 789 x",
  };
}

int SmokeRounds() { return 60'000; }

}  // namespace revertd

// No line crashes HAProxy's readers, none is two of its formats, and what one remembers (the text of the last second)
// changes nothing.
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "ingest/format/haproxy.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/record_contract.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using revertd::ParseError;
  const std::string_view line(reinterpret_cast<const char*>(bytes), size);
  static std::map<const revertd::Format*, std::unique_ptr<revertd::LineReader>> lasting;
  int claims = 0;
  for (const revertd::Format* format : revertd::HaproxyFormats()) {
    if (lasting[format] == nullptr) lasting[format] = format->NewReader({});
    const ParseError error = CheckSameReading(line, *format->NewReader({}), *lasting[format]);
    if (error != ParseError::kNoFormat && format->detected_as() == format->name()) ++claims;
  }
  REVERTD_CHECK(claims <= 1);
  return 0;
}

namespace revertd {

std::vector<std::string> FuzzCorpus() {
  return {
      "",
      "<134>Nov 21 03:10:09 lb haproxy[812]: 192.0.2.7:40112 [21/Nov/2026:03:10:07.250] www~ shop/web-3 "
      R"(5/40/2/120/1250 200 8512 - - ---- 9/7/3/1/0 2/5 {shop.example.com|curl} {|} "GET /cart?id=7 HTTP/1.1")",
      R"(::1:9 [28/Feb/2026:23:59:60] a a/<NOSRV> -1/-1/-1/-1/+50 -1 +0 - - cR-- 1/1/0/0/+1 0/0 "<BADREQ>")",
      R"(-:4 [21/Nov/2026:03:10:07.1] f b/s shop.example.com 0/0/1/17/18 302 291 a=b c=d CDVN 1/1/0/0/0 0/0 )"
      R"("GET /a" b)",
      R"(1:2 [21/Nov/2026:03:10:07.250] f b/s 0/0/0/5/5 200 92 - - ---- 1/1/0/0/0 0/0 "GET https://h:1?a HTTP/2.0" )"
      "0/0/0/0/1 shop.example.com/TLSv1.3/TLS_AES_128_GCM_SHA256",
      "192.0.2.7:40112 [21/Nov/2026:03:10:07.250] db pg/pg-1 3/1/5007 2048 SD 4/2/2/1/0 1/2",
      R"(192.0.2.7 - - [21/Nov/2026:03:10:07 +0000] "GET /cart HTTP/1.1" 504 194 "" "" 40112 250 "www~" "shop" "w-3" )"
      R"(0 7 2 -1 +1000 sH-- 9 7 3 1 +1 2 5 "" "" )",
      "192.0.2.7:40112 [21/Nov/2026:03:10:07.250] www/1: SSL handshake failure",
  };
}

int SmokeRounds() { return 150'000; }

}  // namespace revertd

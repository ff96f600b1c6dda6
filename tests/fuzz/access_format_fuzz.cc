// No line crashes a format; what a format answers holds its own contract: views lie inside the line, numbers are in
// range, no line is of two formats, and detection agrees with the formats, whatever was read before.
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "ingest/format_detector.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/record_contract.h"

namespace {

using revertd::AccessRecord;
using revertd::Format;
using revertd::FormatDetector;
using revertd::ParseError;

// Readers are made once: that costs more than a line. A directive's rule ends with its line; columns_fuzz has streams.
ParseError ReadAs(const Format& format, std::string_view line) {
  static std::map<const Format*, std::unique_ptr<revertd::LineReader>> readers;
  std::unique_ptr<revertd::LineReader>& reader = readers[&format];
  if (reader == nullptr) reader = format.NewReader({});
  AccessRecord record;
  const ParseError error = reader->Parse(line, record);
  if (error == ParseError::kNone) CheckRecord(line, record);
  if (error == ParseError::kHeader) reader.reset();
  return error;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(bytes), size);
  int claims = 0;
  for (const Format* format : revertd::DetectedFormats()) {
    if (ReadAs(*format, line) != ParseError::kNoFormat) ++claims;
  }
  REVERTD_CHECK(claims <= 1);
  for (const Format* format : revertd::FallbackFormats()) ReadAs(*format, line);

  FormatDetector fresh(nullptr);
  AccessRecord fresh_record;
  const ParseError fresh_error = fresh.Parse(line, fresh_record);
  // Those two rule the lines behind them.
  if (fresh_error == ParseError::kHeader || fresh_error == ParseError::kPartial) return 0;
  // One that lives on over all inputs: its memory of the last format must change nothing.
  static FormatDetector lasting(nullptr);
  AccessRecord lasting_record;
  REVERTD_CHECK(lasting.Parse(line, lasting_record) == fresh_error);
  if (fresh_error == ParseError::kNone) {
    CheckRecord(line, fresh_record);
    CheckSameRecord(lasting_record, fresh_record);
  }
  return 0;
}

namespace revertd {

std::vector<std::string> FuzzCorpus() {
  return {
      "",
      R"(192.0.2.7 - alice [21/Nov/2026:03:10:09 +0100] "GET /cart?id=7 HTTP/1.1" 502 157 "-" "curl/7.88")",
      R"(192.0.2.7, ::1 - a - [b] [29/Feb/2024:03:10:09 -0700] "GET http://h HTTP/1.1" 009 - "\x22" "a\"b\\" "-")",
      R"(shop.example.com:80 ::1 - - [21/Nov/2026:03:10:09 +0000] "POST /a b HTTP/2.0" 200 20 "-" "x" 1.250)",
      R"([::1]:443 ::1 - - [21/Nov/2026:03:10:09 +0000] "\x16\x03\x01" 400 157 "-" "-" 0.000)",
      R"(shop.example.com 192.0.2.7 - - [21/Nov/2026:03:10:09 +0000] "" 499 0 "-" "-")",
      "\xEF\xBB\xBFunix: - - [21/Nov/2026:03:10:60 +0000] \"GET /old\" 200 1 \"\" \"\"",
      "2026/11/21 03:10:09 [error] 7#7: *1 connect() failed (111: Connection refused), request: \"GET / HTTP/1.1\"",
  };
}

int SmokeRounds() { return 80'000; }

}  // namespace revertd

// No stream of lines crashes the unwrapper; what it keeps is bounded; an inner line lies in its own memory or in the
// line; a line that it leaves alone is left whole; and two unwrappers that saw the same stream say the same.
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/limits.h"
#include "base/strings.h"
#include "ingest/line_unwrapper.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using revertd::LineUnwrapper;
using revertd::ParseError;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view stream(reinterpret_cast<const char*>(bytes), size);
  LineUnwrapper unwrapper;
  LineUnwrapper twin;
  size_t kept = 0;  // bytes that pieces may have left behind
  for (const std::string_view line : revertd::Split(stream, '\n')) {
    std::string_view inner;
    std::string_view again;
    const ParseError error = unwrapper.Unwrap(line, &inner);
    REVERTD_CHECK(error == ParseError::kNone || error == ParseError::kPartial || error == ParseError::kTooLong);
    REVERTD_CHECK(twin.Unwrap(line, &again) == error);
    if (error == ParseError::kPartial) kept += line.size();
    if (error != ParseError::kNone) continue;
    REVERTD_CHECK(inner == again);
    REVERTD_CHECK(inner.size() <= revertd::kLineBytesMax || inner.size() <= line.size());
    // Nothing is made up: an inner line is no longer than the line and the pieces before it.
    REVERTD_CHECK(inner.size() <= line.size() + kept);
  }
  return 0;
}

namespace revertd {

std::vector<std::string> FuzzCorpus() {
  return {
      "",
      "<190>Nov 21 03:10:09 vm nginx[7]: 192.0.2.7 - - [21/Nov/2026:03:10:09 +0000] \"GET / HTTP/1.1\" 200 1",
      "<165>1 2026-11-21T03:10:09.003Z vm nginx 71 ID47 [ex@1 a=\"1\\\"]\" b=\"]\"][m@2 c=\"\"] \xEF\xBB\xBFtext",
      "1 2026-11-21T03:10:09Z vm nginx 71 - - text\nNov  1 2026 03:10:09 vm a/b.1[5]: text\nweb-1  | {\"a\":1}",
      "2026-11-21T03:10:09.123456789Z stdout P one \n2026-11-21T03:10:09.123456789Z stderr F x\n"
      "2026-11-21T03:10:09.123456789Z stdout F two",
      R"({"log":"one \"two\" \\ \u00e9","stream":"stdout","time":"t"})"
      "\n"
      R"({"log":"three\r\n","attrs":{"tag":"t"},"stream":"stderr","time":"t"})"
      "\n"
      R"({"log":"2026-11-21T03:10:09.123456789Z stdout F \u003c1\u003eNov 21 03:10:09 a b: c\n","stream":"stdout"})",
  };
}

int SmokeRounds() { return 200'000; }

}  // namespace revertd

// No line crashes the JSON and LTSV readers; a record keeps its contract; read twice, as by another reader, a line says
// the same; and whatever simdjson reads as an object, the scanner reads with the same texts in it.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/format/json_dialects.h"
#include "ingest/format/json_formats.h"
#include "ingest/format/ltsv_formats.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/json_witness.h"
#include "tests/fuzz/record_contract.h"

namespace {

using revertd::AccessRecord;
using revertd::LineReader;
using revertd::ParseError;

struct Readers {
  std::vector<std::unique_ptr<LineReader>> detecting;  // as detection asks them
  std::vector<std::unique_ptr<LineReader>> alone;      // as a person's choice

  Readers() {
    for (const auto formats : {revertd::JsonFormats(), revertd::LtsvFormats()}) {
      for (const revertd::Format* format : formats) {
        detecting.push_back(format->NewReader({}));
        alone.push_back(format->NewReader({.zone = {}, .alone = true}));
      }
    }
  }
};

// Texts lie in the line or, where JSON's escapes were undone, in the reader's scratch memory: only numbers are checked.
void CheckNumbers(AccessRecord record) {
  record.method = record.host = record.backend = record.upstream = record.release = {};
  REVERTD_CHECK(record.path.find('?') == std::string_view::npos);
  record.path = {};
  CheckRecord("", record);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(bytes), size);
  static Readers readers;
  int claims = 0;
  for (size_t i = 0; i < readers.detecting.size(); ++i) {
    AccessRecord detected;
    AccessRecord alone;
    const ParseError error = readers.detecting[i]->Parse(line, detected);
    const ParseError alone_error = readers.alone[i]->Parse(line, alone);
    if (alone_error == ParseError::kNone) CheckNumbers(alone);
    if (error == ParseError::kNoFormat) continue;
    ++claims;
    // What a format claims among others, it reads the same alone.
    REVERTD_CHECK(error == alone_error);
    if (error == ParseError::kNone) CheckSameRecord(detected, alone);
  }
  REVERTD_CHECK(claims <= 1);
  static const revertd::KeyedFamily family(revertd::JsonDialects());
  static revertd::JsonWitness witness(&family);
  witness.Check(line);
  return 0;
}

namespace revertd {

std::vector<std::string> FuzzCorpus() {
  return {
      "",
      "{}",
      R"({"timestamp":"2026-11-21T03:10:09Z","status_code":503,"method":"GET","path":"/x?y","durationMs":12,)"
      R"("host":"a:1"})",
      R"({"ts":1795230609.25,"logger":"http.log.access","request":{"method":"GET","host":"a",)"
      R"("uri":"/\u00e9\ud83d\ude00",)"
      R"("headers":{"X":["1","2"]}},"duration":2.364e-06,"size":7,"status":0})",
      R"({"@timestamp":"2026-11-21T03:10:12+00:00","request":"GET /a\x22b?c HTTP/1.1","status":009,)"
      R"("request_time":0.005,)"
      R"("agent":"\x22","upstream_response_time":-})",
      R"({"msec":"1795230609.493","remote_addr":"::1","request_uri":"/a\"b","status":"200","request_time":"0.005",)"
      R"("upstream_addr":"10.0.0.1:80, 10.0.0.2:80","upstream_response_time":"0.001, - : 0.003",)"
      R"("body_bytes_sent":"-"})",
      R"({"DownstreamStatus":404,"Duration":1500000,"StartUTC":"2026-11-21T03:10:09.25Z","RequestPath":"/",)"
      R"("x":null})",
      R"({"latencies":{"request":8,"proxy":3},"tries":[{"ip":"a"},{"ip":"b"}],"response":{"status":502},)"
      R"("started_at":1})",
      R"({"EdgeResponseStatus":200,"EdgeStartTimestamp":1795230609250000000,)"
      R"("EdgeEndTimestamp":1795230609260,"Z":true})",
      R"({"httpRequest":{"latency":"0.005192s","requestUrl":"https://a/b","status":200},)"
      R"("timestamp":"2026-11-21T03:10:09Z"})",
      R"({"time":"21/Nov/2026:03:12:35.342","uri":"\/x","status":-1,"Tw":20,"Tc":-1,"Tr":-1,"Ta":44,"tsc":"CH--"})",
      R"({"properties":{"instanceId":"R_IN_0","httpMethod":"GET","httpStatus":301,"timeTaken":205},"time":"x"})",
      R"({"timestamp_ns":1,"container":{"project":"p"},)"
      R"("message":"a b: ::1 - - [21/Nov/2026:03:10:09 +0000] \"G\" 1 1"})",
      "time:21/Nov/2026:03:10:09 +0000\treq:GET /a\\x22?b HTTP/1.1\tstatus:200\tsize:20\treqtime:1m2s\tapptime:0.1",
  };
}

int SmokeRounds() { return 60'000; }

}  // namespace revertd

// No answer of a service or of Prometheus crashes the judge of health checks; what it says has a name, is printable and
// bounded, and never holds the token. The first line of the input is a status, a JSON pointer and an expression, parted
// by blanks; the rest is the body.
#include <string>
#include <string_view>
#include <vector>

#include "actions/health_check.h"
#include "base/check.h"
#include "base/strings.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using revertd::HealthCheckConfig;
using revertd::HealthFinding;
using revertd::HealthJudge;
using revertd::HealthLevel;

constexpr revertd::TimeNs kNow = 1'795'230'000 * revertd::kSecondNs;
constexpr std::string_view kToken = "t0ken-that-is-sent";

void CheckFinding(const HealthFinding& finding) {
  REVERTD_CHECK((finding.level == HealthLevel::kOk) == (finding.reason == "ok"));
  REVERTD_CHECK(!finding.reason.empty() && finding.reason.size() <= 80);
  REVERTD_CHECK(finding.detail.size() <= 3 * revertd::kShownBytesMax);
  for (const std::string& text : {finding.reason, finding.detail}) {
    REVERTD_CHECK(text == revertd::Printable(text));
    REVERTD_CHECK(text.find(kToken) == std::string::npos);
  }
}

void Judge(const HealthCheckConfig& check, const revertd::HttpResponse& response) {
  const auto judge = HealthJudge::Make(check);
  if (judge.ok()) CheckFinding(judge->Judge(response, kToken, kNow));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const size_t line_end = std::min(input.find('\n'), size);
  std::vector<std::string_view> words = revertd::Split(input.substr(0, line_end), ' ');
  words.resize(3);
  for (std::string_view& word : words) {
    if (word.find(kToken) != std::string_view::npos) word = {};  // a configuration that holds it shows it itself
  }
  revertd::HttpResponse response;
  response.status = static_cast<int>(revertd::ParseUnsigned(words[0]).value_or(200) % 600);
  response.body = input.substr(std::min(line_end + 1, size));
  response.headers = {{"x-body", response.body}};

  HealthCheckConfig check;
  check.name = "fuzzed";
  Judge(check, response);
  check.expect.json = {{std::string(words[1]), {}, {}, {}}};
  Judge(check, response);
  check.expect.json[0].value.equals = std::string(words[2]);
  Judge(check, response);
  check.expect.json[0].value = {.equals = {}, .matches = std::string(words[2])};
  Judge(check, response);
  check.expect.json[0] = {std::string(words[1]), {}, -1, revertd::ParseDouble(words[2])};
  Judge(check, response);
  check.expect.json = {};
  check.expect.headers = {{"x-body", {.equals = {}, .matches = std::string(words[2])}}};
  check.expect.body_matches = words[2];
  Judge(check, response);
  check.kind = HealthCheckConfig::Kind::kPrometheus;
  check.max = 1;
  Judge(check, response);
  return 0;
}

namespace revertd {

std::vector<std::string> FuzzCorpus() {
  return {
      "",
      "200 /status ok\n{\"status\":\"ok\"}",
      "200 /a~1b/0/~0 ^[a-z]+$\n{\"a/b\":[{\"~\":\"text\"}],\"a/b\":[{}]}",
      "503  \n<html>t0ken-that-is-sent</html>",
      "200 /n 7\n\xEF\xBB\xBF{\"n\":123456789012345678901234,\"m\":1e999}",
      "200 /n 9007199254740993\n{\"n\":9007199254740993}",
      "200  true\ntrue",
      "200 /t \\x{fc}\n{\"t\":\"\\u00fc\\n\\\"t0ken-that-is-sent\"}",
      "200 /0/1 .\n[[null,-0.0e5,[]],\"12.5\"]",
      R"(200 /status x
{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"shop"},"value":[17.5,"0.25"]}]}})",
      R"(200 /status x
{"status":"success","data":{"resultType":"scalar","result":[1795230000,"NaN"]}})",
      R"(400 /status x
{"status":"error","errorType":"bad_data","error":"parse error"})",
  };
}

int SmokeRounds() { return 10'000; }

}  // namespace revertd

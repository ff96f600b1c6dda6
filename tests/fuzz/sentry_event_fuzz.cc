// Any event gives an error that keeps its promises, or is refused by name; any text has a template that is its own, and
// scrubbing leaves no address of the forms that it knows.
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "ingest/sentry/frame_names.h"
#include "ingest/sentry/json_text.h"
#include "ingest/sentry/message_template.h"
#include "ingest/sentry/scrub.h"
#include "ingest/sentry/sentry_body.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/sentry_contract.h"

namespace {

using revertd::ErrorEvent;
using revertd::StatusOr;

void CheckEvent(const StatusOr<ErrorEvent>& event) {
  if (event.ok()) return revertd::CheckErrorEvent(*event);
  REVERTD_CHECK(!revertd::MessageOf(event.status()).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(bytes), size);
  const revertd::SentryReadOptions options = {.service_tag = "service", .received_ns = 0};
  CheckEvent(revertd::ReadSentryEvent(body, "7", options));
  CheckEvent(revertd::ReadSentryLine(body, "7", options));

  // A template may be three times as long as its text.
  const std::string_view text = body.substr(0, revertd::kTemplateInputMax / 4);
  const std::string once = revertd::TemplateOf(text);
  REVERTD_CHECK(once.size() > revertd::kTemplateInputMax || revertd::TemplateOf(once) == once);
  const std::string scrubbed = revertd::Scrubbed(revertd::WellFormedUtf8(text));
  revertd::CheckErrorText(revertd::FieldText(scrubbed, revertd::kErrorTextMax));
  REVERTD_CHECK(revertd::WellFormedUtf8(scrubbed) == scrubbed);
  revertd::ScrubbedUrl(text);
  revertd::FunctionName(text);
  revertd::TransactionName(text);
  return 0;
}

namespace revertd {

std::vector<std::string> FuzzCorpus() {
  return {
      "",
      "{}",
      "lag 31s of 1.5e7 at 0x7ff for ann@shop.example.com from 10.0.0.7 and fe80::1 on 2026-11-21T03:10:09.5Z",
      "no 'sku' in \"cart\" at https://u:p@h.example/x?sid=1#f, token=abc Bearer xyz 4111 1111 1111 1111",
      R"({"event":{"message":{"message":"no %s","formatted":"no bread","params":["bread"]},"level":"warning"}})",
      R"({"event_id":"6a016cc0e66a6a2bb141996f500d3b85","timestamp":"2026-11-21T03:04:01","level":40,"release":"r",)"
      R"("exception":{"values":[null,{"type":"E","value":"v","mechanism":{"synthetic":true},"stacktrace":{"frames":)"
      R"([{"module":"m","function":"f","filename":"/a/b.3f2a9c1b.js?x","lineno":7,"in_app":true},null]}}]},)"
      R"("fingerprint":["{{ default }}",7,true],"tags":[["a","b"],["service","shop"],null]})",
      R"({"exception":[{"type":"E"}],"stacktrace":{"frames":[{"function":"lambda$a$1"}]},"culprit":"c",)"
      R"("tags":{"a":1},)"
      R"("threads":{"values":[{"crashed":true,"stacktrace":{"frames":[{"package":"/lib/a.so"}]}}]},)"
      R"("message":"a\ud800"})",
      R"({"request":{"method":"GET","url":"https://h/a?b"},"sdk":{"name":"n","version":"1"},"contexts":{"os":)"
      R"({"name":"Linux","version":"6.1"},"runtime":{"name":"node"}},"transaction":"GET /a/17"})",
  };
}

int SmokeRounds() { return 20'000; }

}  // namespace revertd

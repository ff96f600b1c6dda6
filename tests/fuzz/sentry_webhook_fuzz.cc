// Any body of a webhook gives words and perhaps an event that keep their promises, or is refused by name.
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "ingest/sentry/sentry_webhook.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/sentry_contract.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(bytes), size);
  for (const std::string_view resource : {"error", "event_alert", "issue", "metric_alert", ""}) {
    const auto hook = revertd::ReadSentryHook(resource, body, {.service_tag = "service", .received_ns = 0});
    if (!hook.ok()) {
      REVERTD_CHECK(!revertd::MessageOf(hook.status()).empty());
      continue;
    }
    REVERTD_CHECK(hook->resource == resource);
    revertd::CheckErrorText(hook->words);
    revertd::CheckErrorText(hook->action);
    if (hook->event) revertd::CheckErrorEvent(*hook->event);
  }
  return 0;
}

namespace revertd {

std::vector<std::string> FuzzCorpus() {
  return {
      "",
      "{}",
      R"({"action":"created","data":{"issue":{"title":"E: no bread","culprit":"shop.pay","project":{"id":"7"}}}})",
      R"({"action":"triggered","data":{"event":{"event_id":"6a016cc0e66a6a2bb141996f500d3b85","project":7,)"
      R"("exception":{"values":[{"type":"E","value":"v"}]},"tags":[["environment","prod"]]},"triggered_rule":"r"}})",
      R"({"action":"created","data":{"error":{"project":7,"message":"m","timestamp":1795230241.5}}})",
      R"({"action":"critical","data":{"description_title":"t","description_text":"d","metric_alert":{"id":"1"}}})",
      R"({"project":"shop","message":"m","culprit":"c","level":"error","event":{"logentry":{"formatted":"m"}}})",
  };
}

int SmokeRounds() { return 10'000; }

}  // namespace revertd

// No body, whatever it is called, crashes the readers of requests: what is counted adds up, what is read keeps its
// promises, and reading it twice gives the same.
#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "ingest/sentry/base64.h"
#include "ingest/sentry/content_coding.h"
#include "ingest/sentry/sentry_auth.h"
#include "ingest/sentry/sentry_body.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/sentry_contract.h"

namespace {

using revertd::SentryItem;
using revertd::SentryReport;
using revertd::StatusOr;

constexpr revertd::TimeNs kNow = 1'795'230'000 * revertd::kSecondNs;
constexpr size_t kDecodedMax = 64 * 1024;

void CheckReport(const SentryReport& report) {
  REVERTD_CHECK(report.events.size() == report.count(SentryItem::kEvent));
  REVERTD_CHECK(report.transactions.size() == report.count(SentryItem::kTransaction));
  REVERTD_CHECK(report.refusals.size() == std::min<size_t>(report.count(SentryItem::kRefused), 8));
  REVERTD_CHECK(report.event_id.empty() || report.event_id.size() == 32);
  for (const revertd::ErrorEvent& event : report.events) revertd::CheckErrorEvent(event);
  for (const revertd::SessionCounts& counts : report.sessions) {
    REVERTD_CHECK(counts.sessions >= 0 && counts.crashed >= 0 && counts.errored >= 0 && counts.at_ns >= 0);
    REVERTD_CHECK(counts.sessions + counts.crashed + counts.errored > 0);
    revertd::CheckErrorText(counts.release);
  }
  for (const revertd::TransactionTime& time : report.transactions) {
    REVERTD_CHECK(time.duration_ns >= 0 && time.at_ns >= 0);
    revertd::CheckErrorText(time.name);
  }
}

void CheckRead(const StatusOr<SentryReport>& report) {
  if (report.ok()) return CheckReport(*report);
  REVERTD_CHECK(!revertd::MessageOf(report.status()).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(bytes), size);
  const revertd::SentryReadOptions options = {.service_tag = "service", .received_ns = kNow};
  const StatusOr<SentryReport> envelope = revertd::ReadEnvelope(body, "7", options);
  CheckRead(envelope);
  CheckRead(revertd::ReadStoreBody(body, "7", options));
  const StatusOr<SentryReport> again = revertd::ReadEnvelope(body, "7", options);
  REVERTD_CHECK(envelope.ok() == again.ok());
  if (envelope.ok()) {
    REVERTD_CHECK(envelope->items == again->items);
    for (size_t i = 0; i < envelope->events.size(); ++i) {
      REVERTD_CHECK(envelope->events[i].fingerprint == again->events[i].fingerprint);
    }
  }
  for (const std::string_view coding : {"gzip", "deflate", "br", "zstd", "deflate, gzip"}) {
    const StatusOr<std::string> decoded = revertd::DecodeBody(coding, std::string(body), kDecodedMax);
    REVERTD_CHECK(!decoded.ok() || decoded->size() <= kDecodedMax);
  }
  const std::string_view dsn = revertd::EnvelopeDsn(body);
  REVERTD_CHECK(dsn.empty() || (dsn.data() >= body.data() && dsn.data() + dsn.size() <= body.data() + body.size()));
  revertd::SentryAuthOf(body, body, "", "", dsn);
  if (const auto parsed = revertd::ParseSentryDsn(body); parsed.ok()) {
    REVERTD_CHECK(!parsed->key.empty() && !parsed->host.empty() && !parsed->project.empty() && parsed->port > 0);
  }
  return 0;
}

namespace revertd {

std::vector<std::string> FuzzCorpus() {
  return {
      "",
      "{}\n",
      "https://key@h.example:9000/base/42",
      "Sentry sentry_key=abc, sentry_client=x/1",
      "{\"event_id\":\"6a016cc0-e66a-6a2b-b141-996f500d3b85\",\"sent_at\":\"2026-11-21T03:04:01Z\","
      "\"dsn\":\"https://k@h/1\"}\n{\"type\":\"event\"}\n{\"message\":\"m\",\"timestamp\":1795230241}\n"
      "{\"type\":\"attachment\",\"length\":3}\na\nb\n{\"type\":\"check_in\"}\n{}\n",
      "{}\r\n{\"type\":\"session\"}\r\n{\"init\":true,\"status\":\"crashed\",\"errors\":1,\"attrs\":{\"release\":\"r\"}"
      "}\r\n",
      "{}\n{\"type\":\"sessions\"}\n{\"aggregates\":[{\"started\":\"2026-11-21T03:04:00Z\",\"exited\":9,\"crashed\":1}]"
      "}",
      "{}\n{\"type\":\"client_report\"}\n{\"discarded_events\":[{\"reason\":\"a\",\"quantity\":3}]}",
      "{}\n{\"type\":\"transaction\"}\n{\"type\":\"transaction\",\"start_timestamp\":1,\"timestamp\":2.5}",
      "{\"message\":\"m\",\"level\":\"fatal\"}",
      "eJyrVspNLS5OTE9VslLKVaoFACq2BQ0=",
      std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0", 20),
      "\x0b\x02\x80hello\x03",
  };
}

int SmokeRounds() { return 10'000; }

}  // namespace revertd

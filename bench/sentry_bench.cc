// Envelopes of a Sentry SDK through ReadEnvelope on one core, beside its peer: a bare simdjson On Demand pass over the
// same bytes that visits every value and keeps nothing. Bodies are made here; where the shared data is, the requests
// that real SDKs sent are read too.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "ingest/sentry/envelope.h"
#include "ingest/sentry/sentry_body.h"

namespace revertd {
namespace {

constexpr int kBodies = 500;

// What a pass over some bodies must find.
struct Sums {
  uint64_t events = 0;
  int64_t sessions = 0;
  friend bool operator==(const Sums&, const Sums&) = default;
};

std::string IdOf(int i) {
  const std::string digits = std::to_string(1'000'000'000 + i);
  return "6a016cc0e66a6a2bb14199" + digits;
}

std::string Enveloped(int i, std::string_view type, const std::string& payload) {
  return "{\"event_id\":\"" + IdOf(i) + "\",\"sent_at\":\"2026-11-21T03:04:01.500Z\"}\n{\"type\":\"" +
         std::string(type) + "\"}\n" + payload + "\n";
}

// Some 6 KB: twelve frames with their lines of code, breadcrumbs, contexts.
std::string ExceptionBody(int i) {
  std::string frames;
  for (int frame = 0; frame < 12; ++frame) {
    frames += std::string(frame == 0 ? "" : ",") + R"({"filename":"/srv/shop/dist/checkout/step)" +
              std::to_string(frame) + R"(.js","function":"Checkout.step)" + std::to_string(frame) + R"(","in_app":)" +
              (frame < 5 ? "false" : "true") + R"(,"lineno":)" + std::to_string(10 + i % 90) +
              R"(,"colno":17,"module":"checkout:step)" + std::to_string(frame) +
              R"(","pre_context":["  const cart = await carts.load(id);","  if (!cart) {","    return null;","  }"],)"
              R"("context_line":"  const price = cart.items.reduce((sum, item) => sum + item.sku.price, 0);",)"
              R"("post_context":["  return { price };","}","","module.exports = { step };"]})";
  }
  return Enveloped(i, "event",
                   R"({"event_id":")" + IdOf(i) +
                       R"(","timestamp":1795230241.5,"level":"error","platform":"node",)"
                       R"("release":"shop@2.4.1","environment":"production","server_name":"web-7",)"
                       R"("transaction":"POST /checkout/)" +
                       std::to_string(i) +
                       R"(","exception":{"values":[{"type":"TypeError","value":"Cannot read properties of undefined )"
                       "(reading 'sku-" +
                       std::to_string(i) +
                       R"j(')","mechanism":{"type":"generic","handled":false},)j"
                       R"("stacktrace":{"frames":[)" +
                       frames +
                       R"(]}}]},"user":{"id":"17"},"breadcrumbs":[)"
                       R"({"category":"http","data":{"url":"https://api.example.com/v1/carts","status_code":200}}],)"
                       R"("contexts":{"runtime":{"name":"node","version":"v20.1.0"},"os":{"name":"Linux"}},)"
                       R"("tags":{"region":"eu","team":"checkout"},"sdk":)"
                       R"({"name":"sentry.javascript.node","version":"10.1"}})");
}

// Some 1 KB.
std::string MessageBody(int i) {
  return Enveloped(
      i, "event",
      R"({"event_id":")" + IdOf(i) +
          R"(","timestamp":1795230241.5,"level":"warning","release":"shop@2",)"
          R"("environment":"production","message":"inventory sync lag )" +
          std::to_string(i) +
          R"(s for ann@shop.example.com","modules":{)"
          R"("express":"4.18.2","pg":"8.11.3","redis":"4.6.10","pino":"8.16.1","undici":"5.27.2"},)"
          R"("contexts":{"trace":{"trace_id":"6a016cc0e66a6a2bb141996f500d3b85","span_id":"b141996f500d3b85"},)"
          R"("app":{"app_start_time":"2026-11-21T03:00:00Z","app_memory":104857600},"device":{"arch":"x64",)"
          R"("memory_size":8203816960,"free_memory":1203816960,"processor_count":4},"runtime":)"
          R"({"name":"node","version":"v20.1.0"}},"extra":{"queue":"stock","depth":)" +
          std::to_string(i) + R"(,"note":")" + std::string(300, 'n') + R"("}})");
}

// Some 300 B.
std::string SessionBody(int i) {
  return Enveloped(i, "session",
                   R"({"sid":")" + IdOf(i) +
                       R"(","init":true,"started":"2026-11-21T03:04:00.867Z","timestamp":)"
                       R"("2026-11-21T03:04:00.920Z","status":"ok","errors":0,"duration":0.053,"attrs":)"
                       R"({"release":"shop@2.4.1","environment":"production"}})");
}

std::vector<std::string> Bodies(std::string (*make)(int)) {
  std::vector<std::string> bodies;
  bodies.reserve(kBodies);
  for (int i = 0; i < kBodies; ++i) bodies.push_back(make(i));
  return bodies;
}

// The captured envelopes that are not compressed.
std::vector<std::string> CapturedBodies() {
  const char* root = std::getenv("REVERTD_SHARED_DATA");
  std::vector<std::string> bodies;
  const std::filesystem::path folder = std::filesystem::path(root == nullptr ? "" : root) / "sentry/sdk_requests";
  if (root == nullptr || !std::filesystem::exists(folder)) return bodies;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".body") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    const std::string body = text.str();
    if (ReadEnvelope(body, "7", {}).ok()) bodies.push_back(body);
  }
  return bodies;
}

Sums Read(const std::vector<std::string>& bodies) {
  Sums sums;
  for (const std::string& body : bodies) {
    const StatusOr<SentryReport> report = ReadEnvelope(body, "7", {});
    REVERTD_CHECK(report.ok());
    sums.events += report->events.size();
    for (const SessionCounts& counts : report->sessions) sums.sessions += counts.sessions;
  }
  return sums;
}

uint64_t Visit(simdjson::ondemand::value value) {
  simdjson::ondemand::json_type type;
  REVERTD_CHECK(value.type().get(type) == simdjson::SUCCESS);
  uint64_t count = 1;
  if (type == simdjson::ondemand::json_type::object) {
    for (auto field : value.get_object()) count += Visit(field.value());
  } else if (type == simdjson::ondemand::json_type::array) {
    for (auto item : value.get_array()) count += Visit(item.value());
  } else if (type == simdjson::ondemand::json_type::string) {
    std::string_view text;
    REVERTD_CHECK(value.get_string().get(text) == simdjson::SUCCESS);
    if (!text.empty()) ++count;
  }
  return count;
}

// All lines of JSON of an envelope, each a document; in place, for the bodies were made with room behind them.
uint64_t VisitAll(simdjson::ondemand::parser* parser, const std::vector<simdjson::padded_string>& payloads) {
  uint64_t count = 0;
  for (const simdjson::padded_string& payload : payloads) {
    simdjson::ondemand::document document;
    REVERTD_CHECK(parser->iterate(payload).get(document) == simdjson::SUCCESS);
    for (auto field : document.get_object()) count += Visit(field.value());
  }
  return count;
}

void Report(benchmark::State& state, const std::vector<std::string>& bodies) {
  int64_t bytes = 0;
  for (const std::string& body : bodies) bytes += static_cast<int64_t>(body.size());
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(bodies.size()));
  state.SetBytesProcessed(state.iterations() * bytes);
}

void RunEnvelopes(benchmark::State& state, const std::vector<std::string>& bodies, const Sums& expected) {
  REVERTD_CHECK(Read(bodies) == expected);
  for (auto _ : state) benchmark::DoNotOptimize(Read(bodies));
  Report(state, bodies);
}

void RunPeer(benchmark::State& state, const std::vector<std::string>& bodies) {
  std::vector<simdjson::padded_string> payloads;
  for (const std::string& body : bodies) {
    EnvelopeReader envelope(body);
    REVERTD_CHECK(envelope.ReadHeader().ok());
    while (const auto item = envelope.Next()) {
      if (!item->payload.empty() && item->payload.front() == '{') payloads.emplace_back(item->payload);
    }
  }
  simdjson::ondemand::parser parser;
  REVERTD_CHECK(VisitAll(&parser, payloads) > 0);
  for (auto _ : state) benchmark::DoNotOptimize(VisitAll(&parser, payloads));
  Report(state, bodies);
}

void BM_Exceptions(benchmark::State& state) { RunEnvelopes(state, Bodies(ExceptionBody), {.events = kBodies}); }
void BM_Messages(benchmark::State& state) { RunEnvelopes(state, Bodies(MessageBody), {.events = kBodies}); }
void BM_Sessions(benchmark::State& state) {
  RunEnvelopes(state, Bodies(SessionBody), {.events = 0, .sessions = kBodies});
}
void BM_Captured(benchmark::State& state) {
  const std::vector<std::string> bodies = CapturedBodies();
  if (bodies.empty()) return state.SkipWithError("no shared data: set REVERTD_SHARED_DATA");
  RunEnvelopes(state, bodies, Read(bodies));
}
void BM_PeerExceptions(benchmark::State& state) { RunPeer(state, Bodies(ExceptionBody)); }
void BM_PeerMessages(benchmark::State& state) { RunPeer(state, Bodies(MessageBody)); }
void BM_PeerSessions(benchmark::State& state) { RunPeer(state, Bodies(SessionBody)); }
void BM_PeerCaptured(benchmark::State& state) {
  const std::vector<std::string> bodies = CapturedBodies();
  if (bodies.empty()) return state.SkipWithError("no shared data: set REVERTD_SHARED_DATA");
  RunPeer(state, bodies);
}

BENCHMARK(BM_Exceptions);
BENCHMARK(BM_PeerExceptions);
BENCHMARK(BM_Messages);
BENCHMARK(BM_PeerMessages);
BENCHMARK(BM_Sessions);
BENCHMARK(BM_PeerSessions);
BENCHMARK(BM_Captured);
BENCHMARK(BM_PeerCaptured);

}  // namespace
}  // namespace revertd

BENCHMARK_MAIN();

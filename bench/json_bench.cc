// JSON lines of a usual nginx log (some 530 bytes, 14 keys) through three readers: the fast plan, the exact reader, and
// the peer: a bare simdjson On Demand loop over the same bytes that takes the same four fields and nothing else.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <memory>
#include <random>
#include <string>

#include "base/check.h"
#include "base/strings.h"
#include "ingest/fast/byte_index.h"
#include "ingest/fast/fast_plan.h"
#include "ingest/format/format.h"

namespace revertd {
namespace {

constexpr int kLines = 8'000;  // 4 MB: as a read buffer that does not stay in the second-level cache
constexpr size_t kBlockBytes = 128 * 1024;

// What is taken of each line; the sums are the readers' answers.
struct Sums {
  uint64_t lines = 0;
  int64_t statuses = 0;
  int64_t milliseconds = 0;
  uint64_t host_bytes = 0;
  int64_t seconds = 0;
  friend bool operator==(const Sums&, const Sums&) = default;
};

std::string MakeLog() {
  std::mt19937 random(20261121);
  std::string log(kBlockMarginBytes, ' ');
  const std::string agent =
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari";
  for (int i = 0; i < kLines; ++i) {
    const std::string milliseconds = std::to_string(1000 + random() % 900).substr(1);
    log += R"({"msec":"17952306)" + std::to_string(10 + i / 1000) + "." + milliseconds +
           R"(","remote_addr":"192.0.2.)" + std::to_string(random() % 256) +
           R"(","remote_user":"","request_method":"GET","request_uri":"/api/v1/items/)" +
           std::to_string(random() % 100000) + R"(?expand=price&lang=de","server_protocol":"HTTP/1.1","status":")" +
           (random() % 100 == 0 ? "502" : "200") + R"(","body_bytes_sent":")" + std::to_string(random() % 100000) +
           R"(","request_time":"0.)" + milliseconds + R"(","upstream_response_time":"0.)" + milliseconds +
           R"(","host":"shop)" + std::to_string(random() % 48) + R"(.example.com","http_referrer":)" +
           R"("https://www.example.com/start?a=1&b=2","http_user_agent":")" + agent +
           R"(","request_id":"6a016cc0e66a6a2bb141996f500d3b85"})" + "\n";
  }
  log.append(simdjson::SIMDJSON_PADDING + kBlockMarginBytes, ' ');
  return log;
}

std::string_view LogText() {
  static const std::string log = MakeLog();
  return std::string_view(log).substr(kBlockMarginBytes,
                                      log.size() - 2 * kBlockMarginBytes - simdjson::SIMDJSON_PADDING);
}

void AddRecord(Sums& sums, const AccessRecord& record) {
  ++sums.lines;
  sums.statuses += record.status;
  sums.milliseconds += record.duration_ns / kMillisecondNs;
  sums.host_bytes += record.host.size();
  sums.seconds += record.end_ns / kSecondNs;
}

Sums ReadExact() {
  Sums sums;
  const auto reader = FormatNamed("nginx_json")->NewReader({});
  AccessRecord record;
  for (std::string_view rest = LogText(); !rest.empty();) {
    const size_t end = rest.find('\n');
    record = {};
    REVERTD_CHECK(reader->Parse(rest.substr(0, end), record) == ParseError::kNone);
    AddRecord(sums, record);
    rest.remove_prefix(end + 1);
  }
  return sums;
}

Sums ReadFast(SimdKernel kernel) {
  Sums sums;
  const Format* const format = FormatNamed("nginx_json");
  const auto plan = format->NewFastPlan({}, {}, BestKernel());
  const auto exact = format->NewReader({});
  ByteIndex index(kernel, plan->delimiters(), kBlockBytes);
  const auto batch = std::make_unique<LineBatch>();
  AccessRecord record;
  for (std::string_view rest = LogText(); !rest.empty();) {
    const std::string_view block = rest.substr(0, rest.rfind('\n', kBlockBytes - 1) + 1);
    const IndexedBlock indexed{.data = block.data(), .marks = index.Build(block)};
    for (BlockCursor cursor; cursor.begin < block.size();) {
      plan->Read(indexed, cursor, *batch);
      for (size_t i = 0; i < batch->size; ++i) {
        if (!batch->proven[i]) {
          record = {};
          exact->Parse(block.substr(batch->begins[i], batch->ends[i] - batch->begins[i]), record);
        }
        AddRecord(sums, batch->proven[i] ? batch->records[i] : record);
      }
    }
    rest.remove_prefix(block.size());
  }
  return sums;
}

int64_t Milliseconds(std::string_view seconds) {
  double value = 0;
  std::from_chars(seconds.data(), seconds.data() + seconds.size(), value);
  return std::llround(value * 1000);
}

Sums ReadPeer() {
  Sums sums;
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document_stream documents;
  const std::string_view log = LogText();
  REVERTD_CHECK(parser.iterate_many(log.data(), log.size(), 1'000'000).get(documents) == simdjson::SUCCESS);
  for (auto document : documents) {
    // In the order of the log: anything else would make the peer slow.
    std::string_view time;
    std::string_view status;
    std::string_view duration;
    std::string_view host;
    REVERTD_CHECK(document["msec"].get(time) == simdjson::SUCCESS);
    REVERTD_CHECK(document["status"].get(status) == simdjson::SUCCESS);
    REVERTD_CHECK(document["request_time"].get(duration) == simdjson::SUCCESS);
    REVERTD_CHECK(document["host"].get(host) == simdjson::SUCCESS);
    ++sums.lines;
    sums.statuses += static_cast<int64_t>(*ParseUnsigned(status));
    sums.milliseconds += Milliseconds(duration);
    sums.host_bytes += host.size();
    sums.seconds += static_cast<int64_t>(*ParseUnsigned(time.substr(0, time.find('.'))));
  }
  return sums;
}

void Report(benchmark::State& state, const Sums& sums) {
  const auto lines = static_cast<int64_t>(sums.lines);
  state.SetItemsProcessed(state.iterations() * lines);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(LogText().size()));
}

template <typename Read>
void Run(benchmark::State& state, Read read) {
  REVERTD_CHECK(read() == ReadExact());
  Sums sums;
  for (auto _ : state) benchmark::DoNotOptimize(sums = read());
  Report(state, sums);
}

void BM_SimdjsonOnDemand(benchmark::State& state) { Run(state, ReadPeer); }
void BM_JsonPlan(benchmark::State& state) {
  Run(state, [] { return ReadFast(BestKernel()); });
}
void BM_JsonPlanPortable(benchmark::State& state) {
  Run(state, [] { return ReadFast(SimdKernel::kPortable); });
}
void BM_JsonExact(benchmark::State& state) { Run(state, ReadExact); }

BENCHMARK(BM_SimdjsonOnDemand);
BENCHMARK(BM_JsonPlan);
BENCHMARK(BM_JsonPlanPortable);
BENCHMARK(BM_JsonExact);

}  // namespace
}  // namespace revertd

BENCHMARK_MAIN();

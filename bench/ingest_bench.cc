// Cost of a line's way through ingest, stage by stage, beside the floor: finding the line ends with memchr. Only the
// ratios inside one run count.
//
// Input: eight hosts, 1 % errors, five hundred different paths, no two neighbouring lines alike.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/service_table.h"
#include "base/window_ring.h"
#include "ingest/format_detector.h"
#include "ingest/line_splitter.h"
#include "ingest/recorder.h"
#include "ingest/router.h"

namespace revertd {
namespace {

constexpr int kLines = 20'000;
constexpr int kHosts = 8;

const std::string& Log() {
  static const std::string log = [] {
    std::string text;
    for (int i = 0; i < kLines; ++i) {
      char line[400];
      std::snprintf(
          line, sizeof(line),
          "shop%d.example.com:443 10.0.%d.%d - - [21/Nov/2026:10:00:%02d +0000] \"GET /items/%d?full=1 "
          "HTTP/1.1\" %d %d \"https://shop.example.com/start\" \"Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0\" "
          "0.%03d\n",
          i % kHosts, i % 250, i % 199, i * 10 / kLines, i % 500, i % 100 == 7 ? 500 : 200, 100 + i % 9000, i % 750);
      text += line;
    }
    return text;
  }();
  return log;
}

int64_t CountWithMemchr(const std::string& log) {
  int64_t lines = 0;
  const char* const end = log.data() + log.size();
  for (const char* at = log.data();
       (at = static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)))); ++at) {
    ++lines;
  }
  return lines;
}

// Hands every line to use(line); answers how many there were.
template <typename Use>
int64_t ForEachLine(const std::string& log, Counters* counters, Use&& use) {
  LineSplitter splitter(counters);
  std::string_view rest = log;
  std::string_view line;
  int64_t lines = 0;
  while (!rest.empty()) {
    const auto space = splitter.Space();
    const size_t bytes = std::min(space.size(), rest.size());
    std::memcpy(space.data(), rest.data(), bytes);
    rest.remove_prefix(bytes);
    splitter.Filled(bytes);
    while (splitter.Next(&line)) {
      use(line);
      ++lines;
    }
  }
  return lines;
}

void Finish(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * kLines);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(Log().size()));
}

void Memchr(benchmark::State& state) {
  REVERTD_CHECK(CountWithMemchr(Log()) == kLines);
  for (auto _ : state) benchmark::DoNotOptimize(CountWithMemchr(Log()));
  Finish(state);
}
BENCHMARK(Memchr);

void Split(benchmark::State& state) {
  Counters counters;
  const auto run = [&] {
    return ForEachLine(Log(), &counters, [](std::string_view line) { benchmark::DoNotOptimize(line); });
  };
  REVERTD_CHECK(run() == kLines);
  for (auto _ : state) benchmark::DoNotOptimize(run());
  Finish(state);
}
BENCHMARK(Split);

void SplitAndParse(benchmark::State& state) {
  Counters counters;
  FormatDetector detector(nullptr);
  const auto run = [&] {
    int64_t errors = 0;
    ForEachLine(Log(), &counters, [&](std::string_view line) {
      AccessRecord record;
      REVERTD_CHECK(detector.Parse(line, record) == ParseError::kNone);
      errors += record.status >= 500 ? 1 : 0;
    });
    return errors;
  };
  REVERTD_CHECK(run() == kLines / 100);
  for (auto _ : state) benchmark::DoNotOptimize(run());
  Finish(state);
}
BENCHMARK(SplitAndParse);

void RouteOfAPath(benchmark::State& state) {
  std::vector<std::string> paths;
  paths.reserve(500);
  for (int i = 0; i < 500; ++i) paths.push_back("/shop/items/" + std::to_string(i * 97) + "/reviews");
  PathTemplate route;
  TopNames names(1, 32, TopNames::Contest::kVotes);
  const auto run = [&] {
    uint64_t keys = 0;
    for (const std::string& path : paths) keys |= names.Find(0, route.Write(path), 0).key;
    return keys;
  };
  REVERTD_CHECK(route.Write(paths.back()) == "/shop/items/:id/reviews");
  for (auto _ : state) benchmark::DoNotOptimize(run());
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(paths.size()));
}
BENCHMARK(RouteOfAPath);

// The argument is how many routes a service has; 0: none are counted.
void WholePath(benchmark::State& state) {
  Config config;
  config.limits.services = kHosts;
  config.limits.routes = state.range(0);
  const auto run = [&] {
    Counters counters;
    // As many services as the log has: a ring of the full size costs more to make than these lines cost to count.
    ServiceTable services(kHosts + 1);
    WindowRing ring(kHosts + 1, kRingSeconds, config.window_parts());
    DetailFinder details(config);
    Router router(config, &services);
    Recorder recorder({.lateness_seconds = 5, .live = false, .details = &details}, &ring, &counters,
                      [] { return false; });
    FormatDetector detector(nullptr);
    ForEachLine(Log(), &counters, [&](std::string_view line) {
      AccessRecord record;
      if (detector.Parse(line, record) != ParseError::kNone) return;
      recorder.Record(record, router.Resolve(record.host, record.backend, record.path), 0);
    });
    recorder.Finish();
    return counters.Get(Counter::kLinesSampled);
  };
  REVERTD_CHECK(run() == kLines);
  for (auto _ : state) benchmark::DoNotOptimize(run());
  Finish(state);
}
BENCHMARK(WholePath)->Arg(0)->Arg(32);

}  // namespace
}  // namespace revertd

BENCHMARK_MAIN();

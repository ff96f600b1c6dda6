// What a line costs at the two places that it always passes, each beside its floor: a duration into a service's
// histogram beside a plain increment of an array, a host to its service beside absl::flat_hash_map. Only the ratios
// inside one run count.
#include <absl/container/flat_hash_map.h>
#include <benchmark/benchmark.h>

#include <cmath>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/hdr_histogram.h"
#include "ingest/fast/byte_index.h"
#include "ingest/fast/service_cache.h"

namespace revertd {
namespace {

constexpr size_t kServices = 48;
constexpr size_t kLines = 1 << 14;  // longer than a branch predictor remembers

// What lines name: uneven services, durations from a millisecond to ten seconds, as compare/make_log.cc has them.
struct Lines {
  std::vector<uint32_t> services;
  std::vector<DurationNs> durations;
  std::string text;  // the hosts, with room around them that may be read
  std::vector<std::string_view> hosts;
  std::vector<std::string> hosts_for_absl;  // whose own string view is not the library's
};

std::string HostOf(size_t service) {
  const char* const names[] = {"shop", "cart", "checkout", "search", "media", "api", "login", "accounts"};
  return std::string(names[service % std::size(names)]) + ".eu-" + std::to_string(service) + ".example.com";
}

const Lines& TheLines() {
  static const Lines lines = [] {
    std::mt19937_64 random(20'261'121);
    std::uniform_real_distribution<double> uniform;
    Lines made;
    made.text.assign(kBlockMarginBytes, ' ');
    std::vector<size_t> begins;
    for (size_t i = 0; i < kLines; ++i) {
      const double share = uniform(random);
      made.services.push_back(static_cast<uint32_t>(share * share * kServices));
      made.durations.push_back(static_cast<DurationNs>(std::exp(9.2 * uniform(random) * uniform(random)) * 1e6));
      begins.push_back(made.text.size());
      made.text += HostOf(made.services.back()) + " ";
    }
    begins.push_back(made.text.size());
    made.text.append(kBlockMarginBytes, ' ');
    for (size_t i = 0; i < kLines; ++i) {
      made.hosts.push_back(std::string_view(made.text).substr(begins[i], begins[i + 1] - begins[i] - 1));
      made.hosts_for_absl.emplace_back(made.hosts.back());
    }
    return made;
  }();
  return lines;
}

void Finish(benchmark::State& state) { state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kLines)); }

void RecordDuration(benchmark::State& state) {
  const Lines& lines = TheLines();
  std::vector<HdrHistogram> histograms(kServices);
  const auto run = [&] {
    for (size_t i = 0; i < kLines; ++i) histograms[lines.services[i]].Record(lines.durations[i]);
    benchmark::ClobberMemory();
  };
  run();
  uint64_t total = 0;
  for (const HdrHistogram& histogram : histograms) total += histogram.total();
  REVERTD_CHECK(total == kLines);
  for (auto _ : state) run();
  Finish(state);
}
BENCHMARK(RecordDuration);

void IncrementArray(benchmark::State& state) {
  const Lines& lines = TheLines();
  std::vector<uint32_t> counts(kServices);
  const auto run = [&] {
    for (size_t i = 0; i < kLines; ++i) ++counts[lines.services[i]];
    benchmark::ClobberMemory();
  };
  run();
  uint64_t total = 0;
  for (const uint32_t count : counts) total += count;
  REVERTD_CHECK(total == kLines);
  for (auto _ : state) run();
  Finish(state);
}
BENCHMARK(IncrementArray);

// Finds every line's service and holds it to the one that its host was made of, then times finding alone.
template <typename Host, typename Find>
void RunLookup(benchmark::State& state, const std::vector<Host>& hosts, Find find) {
  for (size_t i = 0; i < kLines; ++i) REVERTD_CHECK(find(hosts[i]) == TheLines().services[i]);
  for (auto _ : state) {
    uint64_t sum = 0;
    for (const Host& host : hosts) sum += find(host);
    benchmark::DoNotOptimize(sum);
  }
  Finish(state);
}

void FindInServiceCache(benchmark::State& state) {
  ServiceCache cache;
  for (size_t service = 0; service < kServices; ++service) {
    const std::string host = HostOf(service);
    const std::string padded = std::string(kBlockMarginBytes, ' ') + host + std::string(kBlockMarginBytes, ' ');
    cache.Keep({padded.data() + kBlockMarginBytes, host.size()}, static_cast<ServiceId>(service));
  }
  RunLookup(state, TheLines().hosts, [&](std::string_view host) { return cache.Find(host).value_or(kServices); });
}
BENCHMARK(FindInServiceCache);

void FindInFlatHashMap(benchmark::State& state) {
  absl::flat_hash_map<std::string, ServiceId> map;
  for (size_t service = 0; service < kServices; ++service) map[HostOf(service)] = static_cast<ServiceId>(service);
  RunLookup(state, TheLines().hosts_for_absl, [&](const std::string& host) { return map.find(host)->second; });
}
BENCHMARK(FindInFlatHashMap);

}  // namespace
}  // namespace revertd

BENCHMARK_MAIN();

// Resident memory of everything that is kept of N busy services, against the bound that `revertd check` prints.
//
//   window_memory [SERVICES [ROUTES]]      default 1000 services, no routes
//
// Every second of the ring, every kept second and block of the detector's history, and a day's and two hours' tiers of
// every service are filled, with latencies spread widely enough that no interval keeps its full precision. Prints one
// JSON object; exits 1 if more is resident than the bound allows.
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "analysis/rollups.h"
#include "analysis/series.h"
#include "base/check.h"
#include "base/json_writer.h"
#include "base/service_table.h"
#include "base/strings.h"
#include "base/window_ring.h"
#include "daemon/memory_bound.h"
#include "ingest/detail_finder.h"

namespace revertd {
namespace {

constexpr int64_t kEnd = 1'795'000'020;
constexpr uint64_t kSeed = 7;

uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t all = 0;
  uint64_t resident = 0;
  statm >> all >> resident;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

DurationNs RandomLatency(std::mt19937_64& random) {
  return static_cast<DurationNs>(std::lognormal_distribution<double>(std::log(30e6), 0.8)(random));
}

// Seconds of a service at some 2,000 requests a second, no two alike.
std::vector<Window> BusyWindows() {
  std::mt19937_64 random(kSeed);
  std::vector<Window> windows(64);
  for (Window& window : windows) {
    for (int i = 0; i < 2'000; ++i) window.latency.Record(RandomLatency(random));
    window.by_class = {0, 1'800, 100, 70, 20, 10};
    window.by_age.requests = {1'500, 400, 90};
    window.by_age.errors = {15, 4, 1};
    window.bytes = random() % 100'000'000;
  }
  return windows;
}

// One thing after the other, as `run` holds them all.
class Everything {
 public:
  explicit Everything(const Config& config)
      : config_(config),
        services_(config.limits.table_places()),
        ring_(config.limits.table_places(), kRingSeconds, config.window_parts()),
        details_(config),
        rollups_(services_, [this](std::string_view, int64_t, std::string_view bytes) {
          ++minutes_;
          minute_bytes_ += bytes.size();
        }) {
    for (int64_t i = 0; i < config.limits.services; ++i) {
      services_.Intern("service-" + std::to_string(i) + ".production.example.com");
    }
  }

  void FillRing() {
    std::mt19937_64 random(kSeed);
    for (int64_t second = kEnd; second < kEnd + kRingSeconds; ++second) {
      for (ServiceId service = 0; service < services_.size(); ++service) {
        for (int i = 0; i < 100; ++i) AddSample(random, service, second);
      }
    }
  }

  void FillHistory() {
    series_.resize(services_.size());
    for (Series& series : series_) {
      AgeCounts counts;
      counts.requests = {1'500, 400, 90};
      for (int64_t second = kEnd - kHistorySeconds; second < kEnd; second += kHistoryBlockSeconds) {
        series.Append({second, counts});
      }
      for (int64_t second = kEnd - kKeptSeconds; second < kEnd; ++second) series.Append({second, counts});
    }
  }

  void FillTiers(std::vector<Window> windows) {
    const int64_t seconds_from = kEnd - kSecondTier.kept_seconds;
    int64_t second = kEnd - kTenSecondTier.kept_seconds;
    while (second < kEnd) {
      for (ServiceId service = 1; service < services_.size(); ++service) {
        Window& window = windows[(static_cast<size_t>(second) + service) % windows.size()];
        window.second = second;
        window.service = service;
        rollups_.OnWindow(window);
      }
      rollups_.SealedThrough(second);
      second += second < seconds_from ? kTenSecondTier.grain_seconds : 1;
    }
  }

  void Report(JsonWriter* json) const {
    json->Field("rollups_bytes", rollups_.bytes()).Field("chunks_cut", rollups_.chunks_cut());
    const double mean = minutes_ == 0 ? 0.0 : static_cast<double>(minute_bytes_) / static_cast<double>(minutes_);
    json->Field("mean_minute_bytes", mean);
  }

 private:
  void AddSample(std::mt19937_64& random, ServiceId service, int64_t second) {
    AccessRecord record;
    const std::string path = "/route" + std::to_string(random() % 300) + "x";
    const std::string upstream = "10.0.0." + std::to_string(random() % 20);
    record.path = path;
    record.upstream = upstream;
    record.queue_ns = kMillisecondNs;
    const Sample sample{.service = service,
                        .end_ns = second * kSecondNs,
                        .start_ns = second * kSecondNs,
                        .duration_ns = RandomLatency(random),
                        .bytes = 1'000};
    SampleDetail detail{.load = {.queue_ns = record.queue_ns}};
    details_.FindPlaces(record, service, second, &detail);
    REVERTD_CHECK(ring_.Add(sample, detail) == WindowRing::AddResult::kCounted);
  }

  const Config config_;
  ServiceTable services_;
  WindowRing ring_;
  DetailFinder details_;
  std::vector<Series> series_;
  uint64_t minutes_ = 0;
  uint64_t minute_bytes_ = 0;
  Rollups rollups_;
};

int Main(int argc, char** argv) {
  Config config;
  config.limits.services = 1'000;
  if (argc > 1) config.limits.services = static_cast<int64_t>(ParseUnsigned(argv[1]).value_or(0));
  if (argc > 2) config.limits.routes = static_cast<int64_t>(ParseUnsigned(argv[2]).value_or(0));
  REVERTD_CHECK(config.limits.services >= 1 && config.limits.services <= kServicesMax);
  REVERTD_CHECK(config.limits.routes >= 0 && config.limits.routes <= kRoutesMax);
  if (config.limits.routes > 0) config.detect.cohort = CohortField::kUpstream;

  std::vector<Window> windows = BusyWindows();
  const uint64_t before = ResidentBytes();
  Everything everything(config);
  everything.FillRing();
  const uint64_t with_ring = ResidentBytes();
  everything.FillHistory();
  const uint64_t with_history = ResidentBytes();
  everything.FillTiers(std::move(windows));
  const uint64_t resident = ResidentBytes() - before;

  const MemoryBound bound = MemoryBoundOf(config);
  JsonWriter json;
  json.BeginObject().Field("services", config.limits.services).Field("routes", config.limits.routes);
  json.Field("bound_bytes", bound.memory()).Field("resident_bytes", resident);
  json.Field("ring_bound_bytes", bound.ring + bound.names).Field("ring_resident_bytes", with_ring - before);
  json.Field("history_bound_bytes", bound.series).Field("history_resident_bytes", with_history - with_ring);
  json.Field("rollups_bound_bytes", bound.rollups);
  json.Field("rollups_resident_bytes", resident - (with_history - before));
  json.Field("disk_bound_bytes", bound.disk);
  everything.Report(&json);
  std::printf("%s\n", json.EndObject().Take().c_str());
  if (resident <= bound.memory()) return 0;
  std::fprintf(stderr, "window_memory: more is resident than the bound allows\n");
  return 1;
}

}  // namespace
}  // namespace revertd

int main(int argc, char** argv) { return revertd::Main(argc, argv); }

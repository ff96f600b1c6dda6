// What the benchmarks of live traffic share: lines of this second, the reader that `revertd run` has, a thread on a
// processor of its own whose CPU time can be asked for, medians, and the words in which results are told.
#pragma once

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/strings.h"
#include "ingest/source_set.h"

namespace revertd {

// What `revertd run` does with its one source, wherever the windows go: the event loop, format found out, parsed,
// counted. Any thread may ask what was counted and stop it.
class LiveSource {
 public:
  // `stdin_fd` is read where `source` is stdin.
  explicit LiveSource(SourceConfig source, int stdin_fd = -1)
      : config_(ConfigOf(std::move(source))),
        services_(config_.limits.table_places()),
        ring_(config_.limits.table_places(), kRingSeconds),
        sources_(config_, &services_, &ring_, &clock_, {}) {
    REVERTD_CHECK(sources_.Open({.stdin_fd = stdin_fd}).ok());
  }
  void Read() { REVERTD_CHECK(sources_.Run(stop_).ok()); }
  void Stop() { stop_.store(true); }
  uint64_t Get(Counter counter) const { return sources_.views()[0].counters->Get(counter); }
  std::string_view loop_name() const { return sources_.loop_name(); }

 private:
  static Config ConfigOf(SourceConfig source) {
    Config config;
    config.sources = {std::move(source)};
    return config;
  }

  const Config config_;
  const SystemClock clock_;
  ServiceTable services_;
  WindowRing ring_;
  SourceSet sources_;
  std::atomic<bool> stop_{false};
};

// 512 different ones of this very second, so that none is too old to be counted; 48 hosts, about 286 bytes, each with
// `head` in front and its line end.
inline std::vector<std::string> MakeLines(std::string_view head) {
  const time_t second = FloorToSecond(SystemClock().Now());
  tm parts{};
  char clock[32];
  std::strftime(clock, sizeof(clock), "%d/%b/%Y:%H:%M:%S +0000", ::gmtime_r(&second, &parts));
  std::vector<std::string> lines;
  for (int i = 0; i < 512; ++i) {
    char line[512];
    const int size =
        std::snprintf(line, sizeof(line),
                      "shop%d.eu-central.example.com:443 192.0.2.%d - - [%s] \"GET /items/%d?page=7&sort=price "
                      "HTTP/1.1\" 200 %d \"https://www.example.com/catalog/categories\" \"Mozilla/5.0 (X11; "
                      "Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
                      "Safari/537.36\" 0.%03d\n",
                      i % 48, i % 250, clock, i * 7919, i * 31, 100 + i);
    lines.push_back(std::string(head) + std::string(line, static_cast<size_t>(size)));
  }
  return lines;
}

inline TimeNs MonotonicNow() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecondNs + now.tv_nsec;
}

// Writer and reader each have a processor, so that neither is measured waiting for the other's. Where there is none of
// that number, the thread runs where it did.
inline void PinTo(pthread_t thread, size_t processor) {
  cpu_set_t wanted;
  CPU_ZERO(&wanted);
  CPU_SET(processor, &wanted);
  ::pthread_setaffinity_np(thread, sizeof(wanted), &wanted);
}

// Runs `read` on a thread on the second processor; the maker's own thread, the writer, stays on the first.
class ReaderThread {
 public:
  explicit ReaderThread(std::function<void()> read) : thread_(std::move(read)) {
    PinTo(::pthread_self(), 0);
    PinTo(thread_.native_handle(), 1);
    REVERTD_CHECK(::pthread_getcpuclockid(thread_.native_handle(), &cpu_clock_) == 0);
  }
  // CPU time of the thread so far, user and system. Only while it runs.
  DurationNs CpuNs() const {
    timespec used{};
    REVERTD_CHECK(::clock_gettime(cpu_clock_, &used) == 0);
    return used.tv_sec * kSecondNs + used.tv_nsec;
  }
  void Join() { thread_.join(); }

 private:
  std::thread thread_;
  clockid_t cpu_clock_{};
};

// `values` is sorted by this. `share` in [0, 1].
inline double PercentileOf(std::vector<double>* values, double share) {
  REVERTD_CHECK(!values->empty());
  std::sort(values->begin(), values->end());
  return (*values)[std::min(values->size() - 1, static_cast<size_t>(share * static_cast<double>(values->size())))];
}

inline double Median(std::vector<double> values) { return PercentileOf(&values, 0.5); }

// The number that stands at place `i` of the command line.
inline size_t ArgumentOr(int argc, char** argv, int i, size_t otherwise) {
  return argc > i ? static_cast<size_t>(ParseUnsigned(argv[i]).value_or(otherwise)) : otherwise;
}

// As bench/compare/run keeps what is measured once.
inline void Tell(const std::string& name, double value) { std::printf("- %s %.6g\n", name.c_str(), value); }

}  // namespace revertd

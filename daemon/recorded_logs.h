// RecordedLogs: recorded logs through the real ingestion, on the logs' own clock: what `replay` and `calibrate` share.
//
// One thread: whoever calls Run() is called back from it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/counters.h"
#include "base/json_writer.h"
#include "base/service_table.h"
#include "base/status.h"
#include "base/window_ring.h"
#include "config/config.h"
#include "daemon/commands.h"
#include "ingest/detail_finder.h"
#include "ingest/fast/byte_index.h"
#include "ingest/format/format.h"
#include "ingest/recorder.h"
#include "ingest/router.h"

namespace revertd {

class RecordedLogs {
 public:
  struct Options {
    const Format* format = nullptr;  // null: each line's format is found out
    TimeZone zone;                   // of times that are logged without one
    SimdKernel kernel = BestKernel();
  };
  // From what a person asked for; an error names the flag.
  static StatusOr<Options> OptionsOf(const LogOptions& asked);

  // `config` outlives it.
  RecordedLogs(const Config& config, const Options& options);

  // Windows in order of time, then the second through which everything is sealed, as AnalysisLoop takes them.
  using OnWindow = std::function<void(const Window&)>;
  using OnSealed = std::function<void(int64_t second)>;
  // Reads `logs` (none: standard input) one behind the other, so they are given in order of time; a line that is
  // older than what is sealed is a counted drop. Once.
  Status Run(const std::vector<std::string>& logs, OnWindow on_window, OnSealed on_sealed);
  // From a callback: the rest of the logs is not worth reading.
  void Stop() { stop_.store(true); }

  const ServiceTable& services() const { return services_; }
  const Counters& counters() const { return counters_; }
  TimeNs sealed_ns() const;  // the logs' own end; 0 before the first second
  // "lines", "bytes", "bad_lines" by reason, "time_jumps": members of an object that the caller has opened.
  void AppendLineCounts(JsonWriter& json) const;

 private:
  Status ReadLog(const std::string& path, bool last);
  void Pump();

  const Options options_;
  std::atomic<bool> stop_{false};
  const SystemClock clock_;
  Counters counters_;
  ServiceTable services_;
  WindowRing ring_;
  Router router_;
  DetailFinder details_;
  Recorder recorder_;
  OnWindow on_window_;
  OnSealed on_sealed_;
};

}  // namespace revertd

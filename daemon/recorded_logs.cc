#include "daemon/recorded_logs.h"

#include <utility>

#include "daemon/log_input.h"
#include "ingest/ingest_loop.h"

namespace revertd {

StatusOr<RecordedLogs::Options> RecordedLogs::OptionsOf(const LogOptions& asked) {
  const auto format = FormatOrAuto(asked.format);
  if (!format.ok()) return format.status();
  auto zone = TimeZone::Named(asked.timezone);
  if (!zone.ok()) return Annotate(zone.status(), "--timezone");
  const auto kernel = KernelNamed(asked.simd);
  if (!kernel.ok()) return Annotate(kernel.status(), "--simd");
  return Options{*format, *std::move(zone), *kernel};
}

RecordedLogs::RecordedLogs(const Config& config, const Options& options)
    : options_(options),
      services_(config.limits.table_places()),
      ring_(config.limits.table_places(), kRingSeconds, config.window_parts()),
      router_(config, &services_),
      details_(config),
      recorder_({.lateness_seconds = config.detect.lateness_seconds,
                 .live = false,
                 .zone = options_.zone,
                 .details = &details_},
                &ring_, &counters_, [this] {
                  Pump();
                  return true;
                }) {}

Status RecordedLogs::Run(const std::vector<std::string>& logs, OnWindow on_window, OnSealed on_sealed) {
  on_window_ = std::move(on_window);
  on_sealed_ = std::move(on_sealed);
  const std::vector<std::string> paths = LogsOrStdin(logs);
  for (size_t i = 0; i < paths.size(); ++i) REVERTD_RETURN_IF_ERROR(ReadLog(paths[i], i + 1 == paths.size()));
  Pump();
  return OkStatus();
}

Status RecordedLogs::ReadLog(const std::string& path, bool last) {
  auto input = LogInput::Open(path);
  if (!input.ok()) return input.status();
  IngestLoop loop({.seal_at_end = last, .reader = {.zone = options_.zone}, .kernel = options_.kernel}, input->source(),
                  options_.format, &router_, &recorder_, &counters_, &clock_, [this] { Pump(); });
  return Annotate(loop.Run(stop_), "reading " + path);
}

void RecordedLogs::Pump() {
  const int64_t sealed = ring_.Collect(on_window_);
  if (sealed != kNoSecond) on_sealed_(sealed);
}

TimeNs RecordedLogs::sealed_ns() const {
  const int64_t sealed = ring_.sealed_through();
  return sealed == kNoSecond ? 0 : (sealed + 1) * kSecondNs;
}

void RecordedLogs::AppendLineCounts(JsonWriter& json) const {
  json.Field("lines", counters_.Get(Counter::kLinesRead)).Field("bytes", counters_.Get(Counter::kBytesRead));
  json.Key("bad_lines").BeginObject();
  for (size_t i = 0; i < kCounterCount; ++i) {
    const auto counter = static_cast<Counter>(i);
    if (IsDrop(counter) && counters_.Get(counter) != 0) json.Field(NameOf(counter), counters_.Get(counter));
  }
  json.EndObject().Field("time_jumps", counters_.Get(Counter::kTimeJumps));
}

}  // namespace revertd

#include "ingest/log_stream.h"

#include <array>
#include <limits>

namespace revertd {

LogStream::LogStream(const Format* fixed, const ReaderOptions& options, Router* router, Recorder* recorder,
                     Counters* counters, SimdKernel kernel)
    : options_{.zone = options.zone, .alone = fixed != nullptr},
      kernel_(kernel),
      router_(router),
      recorder_(recorder),
      counters_(counters),
      splitter_(counters),
      detector_(fixed, options) {}

void LogStream::Filled(size_t bytes, TimeNs wall_now) {
  splitter_.Filled(bytes);
  recorder_->Heard(wall_now);
  RecordLines(wall_now);
}

void LogStream::EndOfStream(TimeNs wall_now) {
  splitter_.EndOfStream();
  RecordLines(wall_now);
}

void LogStream::RecordLines(TimeNs wall_now) {
  while (true) {
    ChoosePlan();
    if (blocks_ != nullptr) RecordBlock(wall_now);
    std::string_view line;
    if (!splitter_.Next(&line)) return;
    RecordLine(line, wall_now);
  }
}

void LogStream::ChoosePlan() {
  const Format* const format = detector_.chosen();
  if (format == plan_format_) return;
  plan_format_ = format;
  const FieldNeeds needs{.request = router_->reads_paths() || recorder_->counts_routes(),
                         .cohort = recorder_->counts_cohorts()};
  auto plan = format->NewFastPlan(options_, needs, kernel_);
  blocks_ = plan == nullptr
                ? nullptr
                : std::make_unique<BlockReader>(std::move(plan), kernel_, LineSplitter::kWholeLinesBytesMax);
}

void LogStream::RecordBlock(TimeNs wall_now) {
  const std::string_view block = splitter_.WholeLines();
  splitter_.Skip(blocks_->Read(block, [&](const LineBatch& batch) {
    RecordBatch(block, batch, wall_now);
    const size_t proven = batch.proven_lines();
    splitter_.CountAccepted(proven);
    counters_->Add(Counter::kLinesSlowPath, batch.size - proven);
    // A stream of several formats keeps the plan that proves most; where it proves little, another may prove more.
    return proven * 2 > batch.size || detector_.chosen() == plan_format_;
  }));
}

void LogStream::RecordBatch(std::string_view block, const LineBatch& batch, TimeNs wall_now) {
  // First the services of all lines, then their counts: the windows are fetched while other lines are looked up. What
  // is looked up is only what was met before, so that new services are met in the lines' order.
  constexpr ServiceId kUnmet = std::numeric_limits<ServiceId>::max();
  std::array<ServiceId, LineBatch::kLines> services;
  for (size_t i = 0; i < batch.size; ++i) {
    services[i] = kUnmet;
    if (!batch.proven[i]) continue;
    if (const auto met = MetBefore(batch.records[i])) [[likely]] {
      services[i] = *met;
      recorder_->Expect(batch.records[i], *met);
    }
  }
  for (size_t i = 0; i < batch.size; ++i) {
    const AccessRecord& record = batch.records[i];
    if (services[i] != kUnmet) [[likely]] {
      RecordParsed(record, services[i], wall_now);
    } else if (batch.proven[i]) {
      RecordParsed(record, Meet(record), wall_now);
    } else if (std::string_view line; splitter_.AcceptLine(batch.LineOf(block, i), &line)) {
      RecordLine(line, wall_now);
    }
  }
}

void LogStream::RecordLine(std::string_view line, TimeNs wall_now) {
  AccessRecord record;
  if (const ParseError error = detector_.Parse(line, record); error != ParseError::kNone) {
    counters_->Add(CounterOf(error));
    return;
  }
  RecordParsed(record, router_->Resolve(record.host, record.backend, record.path), wall_now);
}

ServiceId LogStream::Meet(const AccessRecord& record) {
  const ServiceId service = router_->Resolve(record.host, record.backend, record.path);
  if (!router_->HangsOnPath(record.host)) {
    if (record.host.empty()) {
      by_backend_.Keep(record.backend, service);
    } else {
      by_host_.Keep(record.host, service);
    }
  }
  return service;
}

}  // namespace revertd

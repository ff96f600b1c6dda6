#include "ingest/log_stream.h"

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
  auto plan = format->NewFastPlan(options_, needs);
  blocks_ = plan == nullptr
                ? nullptr
                : std::make_unique<BlockReader>(std::move(plan), kernel_, LineSplitter::kWholeLinesBytesMax);
}

void LogStream::RecordBlock(TimeNs wall_now) {
  const auto on_record = [&](const AccessRecord& record) { RecordProven(record, wall_now); };
  const auto on_line = [&](std::string_view raw) {
    std::string_view line;
    if (splitter_.AcceptLine(raw, &line)) RecordLine(line, wall_now);
  };
  const auto on_batch = [&](size_t lines, size_t proven) {
    splitter_.CountAccepted(proven);
    counters_->Add(Counter::kLinesSlowPath, lines - proven);
    // A stream of several formats keeps the plan that proves most; where it proves little, another may prove more.
    return proven * 2 > lines || detector_.chosen() == plan_format_;
  };
  splitter_.Skip(blocks_->Read(splitter_.WholeLines(), on_record, on_line, on_batch));
}

void LogStream::RecordLine(std::string_view line, TimeNs wall_now) {
  AccessRecord record;
  if (const ParseError error = detector_.Parse(line, record); error != ParseError::kNone) {
    counters_->Add(CounterOf(error));
    return;
  }
  const ServiceId service = router_->Resolve(record.host, record.backend, record.path);
  if (service == ServiceTable::kOther) counters_->Add(Counter::kServicesOverflow);
  recorder_->Record(record, service, wall_now);
}

void LogStream::RecordProven(const AccessRecord& record, TimeNs wall_now) {
  const ServiceId service = ServiceOf(record);
  if (service == ServiceTable::kOther) [[unlikely]]
    counters_->Add(Counter::kServicesOverflow);
  recorder_->Record(record, service, wall_now);
}

ServiceId LogStream::ServiceOf(const AccessRecord& record) {
  ServiceCache& cache = record.host.empty() ? by_backend_ : by_host_;
  const std::string_view name = record.host.empty() ? record.backend : record.host;
  if (!name.empty()) [[likely]] {
    if (const auto service = cache.Find(name)) [[likely]]
      return *service;
  }
  const ServiceId service = router_->Resolve(record.host, record.backend, record.path);
  if (!router_->HangsOnPath(record.host)) cache.Keep(name, service);
  return service;
}

}  // namespace revertd

#include "ingest/ingest_loop.h"

namespace revertd {

IngestLoop::IngestLoop(const Options& options, ByteSource* source, const Format* fixed, Router* router,
                       Recorder* recorder, Counters* counters, const Clock* clock, OnBatch on_batch)
    : options_(options),
      source_(source),
      router_(router),
      recorder_(recorder),
      counters_(counters),
      clock_(clock),
      on_batch_(std::move(on_batch)),
      splitter_(counters),
      detector_(fixed) {}

Status IngestLoop::Run(const std::atomic<bool>& stop) {
  while (!stop.load(std::memory_order_relaxed)) {
    const StatusOr<ReadResult> read = source_->Read(splitter_.Space(), options_.poll_ns);
    if (!read.ok()) {
      counters_->Add(Counter::kReadErrors);
      Finish();
      return read.status();
    }
    if (read->kind == ReadResult::Kind::kEnd) {
      Finish();
      return OkStatus();
    }
    if (read->kind == ReadResult::Kind::kBytes) {
      splitter_.Filled(read->bytes);
      RecordLines();
    }
    if (on_batch_) on_batch_();
  }
  // What was counted is handed over; the unfinished line stays in the pipe's past, as it does in a kill.
  if (options_.seal_at_end) recorder_->Finish();
  if (on_batch_) on_batch_();
  return OkStatus();
}

void IngestLoop::RecordLines() {
  // Once a batch: the wall clock only guards against lines from the future, to the minute.
  const TimeNs wall_now = clock_->Now();
  std::string_view line;
  while (splitter_.Next(&line)) RecordLine(line, wall_now);
}

void IngestLoop::RecordLine(std::string_view line, TimeNs wall_now) {
  AccessRecord record;
  if (const ParseError error = detector_.Parse(line, record); error != ParseError::kNone) {
    counters_->Add(CounterOf(error));
    return;
  }
  const ServiceId service = router_->Resolve(record.host, record.path);
  if (service == ServiceTable::kOther) counters_->Add(Counter::kServicesOverflow);
  recorder_->Record(record, service, wall_now);
}

void IngestLoop::Finish() {
  splitter_.EndOfStream();
  RecordLines();
  if (options_.seal_at_end) recorder_->Finish();
  if (on_batch_) on_batch_();
}

}  // namespace revertd

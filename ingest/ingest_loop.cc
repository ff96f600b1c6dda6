#include "ingest/ingest_loop.h"

namespace revertd {

IngestLoop::IngestLoop(const Options& options, ByteSource* source, const Format* fixed, Router* router,
                       Recorder* recorder, Counters* counters, const Clock* clock, OnBatch on_batch)
    : options_(options),
      source_(source),
      recorder_(recorder),
      counters_(counters),
      clock_(clock),
      on_batch_(std::move(on_batch)),
      stream_(fixed, options.reader, router, recorder, counters, options.kernel) {}

Status IngestLoop::Run(const std::atomic<bool>& stop) {
  while (!stop.load(std::memory_order_relaxed)) {
    const StatusOr<ReadResult> read = source_->Read(stream_.Space(), options_.poll_ns);
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
      // The wall clock, once a read: it only guards against lines from the future, to the minute.
      stream_.Filled(read->bytes, clock_->Now());
    }
    if (on_batch_) on_batch_();
  }
  // What was counted is handed over; the unfinished line stays in the pipe's past, as it does in a kill.
  if (options_.seal_at_end) recorder_->Finish();
  if (on_batch_) on_batch_();
  return OkStatus();
}

void IngestLoop::Finish() {
  stream_.EndOfStream(clock_->Now());
  if (options_.seal_at_end) recorder_->Finish();
  if (on_batch_) on_batch_();
}

}  // namespace revertd

// LogStream: one stream of log bytes on its way into the windows: split, parse, route, record. Where the bytes come
// from is its owner's business: a file descriptor (ingest_loop.h), a followed file, a socket.
//
// Thread contract: one thread, the writer of `counters`, the ring behind `recorder` and the table behind `router`.
// Invariants: 1. no allocation, lock or system call per line; 2. every line ends as one sample or one counted drop; 3.
// a fast plan (fast/fast_plan.h) changes how soon a line is read, never what it becomes.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/counters.h"
#include "ingest/byte_stream.h"
#include "ingest/fast/block_reader.h"
#include "ingest/fast/service_cache.h"
#include "ingest/format_detector.h"
#include "ingest/line_splitter.h"
#include "ingest/recorder.h"
#include "ingest/router.h"

namespace revertd {

class LogStream final : public ByteStream {
 public:
  // Everything pointed to outlives the stream. `fixed` nullptr: each line's format is found out.
  LogStream(const Format* fixed, const ReaderOptions& options, Router* router, Recorder* recorder, Counters* counters,
            SimdKernel kernel = BestKernel());

  std::span<char> Space() override { return splitter_.Space(); }
  void Filled(size_t bytes, TimeNs wall_now) override;
  void EndOfStream(TimeNs wall_now) override;
  const Format* format() const override { return detector_.chosen(); }
  bool HoldsPieces() const override { return detector_.HoldsPieces(); }

 private:
  void RecordLines(TimeNs wall_now);
  // By the exact reader.
  void RecordLine(std::string_view line, TimeNs wall_now);
  // The lines of which the end is here, by the plan.
  void RecordBlock(TimeNs wall_now);
  void RecordBatch(std::string_view block, const LineBatch& batch, TimeNs wall_now);
  void RecordParsed(const AccessRecord& record, ServiceId service, TimeNs wall_now) {
    if (service == ServiceTable::kOther) [[unlikely]]
      counters_->Add(Counter::kServicesOverflow);
    recorder_->Record(record, service, wall_now);
  }
  // Takes the plan of the format that was found last, where that is another one than before.
  void ChoosePlan();
  // The service, where a line of the same name was met.
  std::optional<ServiceId> MetBefore(const AccessRecord& record) const {
    if (!record.host.empty()) [[likely]]
      return by_host_.Find(record.host);
    return record.backend.empty() ? std::nullopt : by_backend_.Find(record.backend);
  }
  ServiceId Meet(const AccessRecord& record);

  const ReaderOptions options_;
  const SimdKernel kernel_;
  Router* const router_;
  Recorder* const recorder_;
  Counters* const counters_;
  LineSplitter splitter_;
  FormatDetector detector_;
  const Format* plan_format_ = nullptr;  // whose plan is tried; it may have none
  std::unique_ptr<BlockReader> blocks_;  // nullptr: no plan
  ServiceCache by_host_;
  ServiceCache by_backend_;
};

}  // namespace revertd

// SentryStream: error events, one a line of NDJSON, on their way to those who judge them. What a line's end time is to
// an access log, an event's time is here: it makes the time of the source go on, so that a source of events alone seals
// seconds too; and what a process before this one has counted is left out.
//
// Thread contract: one thread, the writer of `counters` and the ring behind `recorder`. Every line is counted once: as
// sampled where its event went on, else as a drop by name.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/counters.h"
#include "ingest/byte_stream.h"
#include "ingest/error_sink.h"
#include "ingest/line_splitter.h"
#include "ingest/recorder.h"

namespace revertd {

// Sentry takes no larger event.
inline constexpr size_t kSentryLineBytesMax = size_t{1024} * 1024;

class SentryStream final : public ByteStream {
 public:
  // Everything pointed to outlives the stream. `service_tag`: SentryReadOptions'.
  SentryStream(std::string service_tag, ErrorSink* sink, Recorder* recorder, Counters* counters);

  std::span<char> Space() override { return splitter_.Space(); }
  void Filled(size_t bytes, TimeNs wall_now) override;
  void EndOfStream(TimeNs wall_now) override;
  const Format* format() const override { return nullptr; }
  bool HoldsPieces() const override { return false; }

 private:
  void TakeLines(TimeNs wall_now);
  void TakeLine(std::string_view line, TimeNs wall_now);

  const std::string service_tag_;
  ErrorSink* const sink_;
  Recorder* const recorder_;
  Counters* const counters_;
  LineSplitter splitter_;
};

}  // namespace revertd

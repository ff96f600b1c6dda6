#include "ingest/sentry_stream.h"

#include <utility>

#include "base/strings.h"
#include "ingest/sentry/sentry_body.h"

namespace revertd {

SentryStream::SentryStream(std::string service_tag, ErrorSink* sink, Recorder* recorder, Counters* counters)
    : service_tag_(std::move(service_tag)),
      sink_(sink),
      recorder_(recorder),
      counters_(counters),
      splitter_(counters, kSentryLineBytesMax) {}

void SentryStream::Filled(size_t bytes, TimeNs wall_now) {
  splitter_.Filled(bytes);
  recorder_->Heard(wall_now);
  TakeLines(wall_now);
}

void SentryStream::EndOfStream(TimeNs wall_now) {
  splitter_.EndOfStream();
  TakeLines(wall_now);
}

void SentryStream::TakeLines(TimeNs wall_now) {
  for (std::string_view line; splitter_.Next(&line);) TakeLine(line, wall_now);
}

void SentryStream::TakeLine(std::string_view line, TimeNs wall_now) {
  if (Trim(line).empty()) return counters_->Add(Counter::kLinesEmpty);
  // Lines were written when they were written: nobody's clock is corrected by when they are read.
  auto event = ReadSentryLine(line, "", {.service_tag = service_tag_, .received_ns = 0});
  if (!event.ok()) {
    counters_->Add(Counter::kLinesNoFormat);
    return sink_->OnRefusedLine();
  }
  if (!recorder_->Believe(event->at_ns, wall_now)) return;
  counters_->Add(sink_->OnErrorEvent(*std::move(event)) ? Counter::kLinesSampled : Counter::kLinesNoRoomInRing);
}

}  // namespace revertd

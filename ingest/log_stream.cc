#include "ingest/log_stream.h"

namespace revertd {

LogStream::LogStream(const Format* fixed, const ReaderOptions& options, Router* router, Recorder* recorder,
                     Counters* counters)
    : router_(router), recorder_(recorder), counters_(counters), splitter_(counters), detector_(fixed, options) {}

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
  std::string_view line;
  while (splitter_.Next(&line)) RecordLine(line, wall_now);
}

void LogStream::RecordLine(std::string_view line, TimeNs wall_now) {
  AccessRecord record;
  if (const ParseError error = detector_.Parse(line, record); error != ParseError::kNone) {
    counters_->Add(CounterOf(error));
    return;
  }
  const ServiceId service = router_->Resolve(record.host, record.path);
  if (service == ServiceTable::kOther) counters_->Add(Counter::kServicesOverflow);
  recorder_->Record(record, service, wall_now);
}

}  // namespace revertd

#include "ingest/source.h"

#include "ingest/sentry_stream.h"

namespace revertd {

std::unique_ptr<ByteStream> SourceContext::NewStream() const {
  if (errors != nullptr) return std::make_unique<SentryStream>(service_tag, errors, recorder, counters);
  return std::make_unique<LogStream>(fixed, options, router, recorder, counters, kernel);
}

void SourceContext::Heard(const Format* format) const {
  facts->last_bytes_ns.store(clock->Now(), std::memory_order_relaxed);
  facts->heard_ns.store(clock->Monotonic(), std::memory_order_relaxed);
  if (format == nullptr || facts->format.load(std::memory_order_relaxed) == format) return;
  facts->format.store(format, std::memory_order_relaxed);
  Tell("format", std::string(format->name()));
}

}  // namespace revertd

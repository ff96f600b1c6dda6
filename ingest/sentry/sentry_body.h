// The bodies that Sentry's SDKs send, as facts: an envelope (POST /api/PROJECT/envelope/), one event alone (POST
// /api/PROJECT/store/), and a line of NDJSON that holds an event. Bodies are decoded already (content_coding.h).
//
// Lenient as Sentry is: a field that is missing or of another type reads as absent, bytes that are no UTF-8 become
// U+FFFD. Refused is only what is no JSON object, and said by name.
//
// Pure, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error_event.h"
#include "base/status.h"
#include "ingest/sentry/sentry_report.h"

namespace revertd {

// A sender's clock is believed up to this; beyond, all times of its envelope move by the difference between when it
// says that it sent it and when it came.
inline constexpr DurationNs kSentryClockTolerance = kMinuteNs;

// Of one event that comes in base64, where nobody says another limit.
inline constexpr size_t kStoreBytesMax = size_t{20} * 1024 * 1024;

struct SentryReadOptions {
  std::string service_tag = {};  // the tag whose value names the service; empty: none
  TimeNs received_ns = 0;        // 0: not known, clocks are believed
  size_t decoded_bytes_max = kStoreBytesMax;
};

// InvalidArgument only where the envelope itself cannot be read; items that cannot are counted as refused.
StatusOr<SentryReport> ReadEnvelope(std::string_view body, std::string_view project, const SentryReadOptions& options);
// JSON, or base64 of zlib's JSON as old SDKs send it. FailedPrecondition: that is more than options.decoded_bytes_max.
StatusOr<SentryReport> ReadStoreBody(std::string_view body, std::string_view project, const SentryReadOptions& options);

// InvalidArgument: no JSON object.
StatusOr<ErrorEvent> ReadSentryEvent(std::string_view json, std::string_view project, const SentryReadOptions& options);
// An event, or {"event":{...}} around one.
StatusOr<ErrorEvent> ReadSentryLine(std::string_view line, std::string_view project, const SentryReadOptions& options);

}  // namespace revertd

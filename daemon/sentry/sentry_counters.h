// SentryCounters: what became of every request, item and event that error trackers' SDKs sent, above all of every way
// to lose one. docs/api.md lists the metrics that they become.
//
// Thread contract: relaxed atomics; any thread adds, any reads.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/error_event.h"
#include "base/json_writer.h"
#include "ingest/sentry/sentry_report.h"

namespace revertd {

// How a request was answered.
enum class SentryAnswer : uint8_t {
  kTaken,
  kUnreadable,      // 400
  kKeyMissing,      // 401
  kKeyWrong,        // 403
  kUnknownProject,  // 404
  kTooLarge,        // 413, decompressed: what is too large as it comes, the server refuses (HttpCounters)
  kQueueFull,       // 429
  kCount
};
std::string_view NameOf(SentryAnswer answer);

inline constexpr size_t kSentryAnswerCount = static_cast<size_t>(SentryAnswer::kCount);
inline constexpr size_t kSentryItemCount = static_cast<size_t>(SentryItem::kCount);
inline constexpr size_t kErrorLevelCount = static_cast<size_t>(ErrorLevel::kFatal) + 1;

struct SentryCounters {
  using Count = std::atomic<uint64_t>;

  std::array<Count, kSentryAnswerCount> requests{};
  std::array<Count, kSentryItemCount> items{};   // kRefused: payloads that could not be read
  std::array<Count, kErrorLevelCount> events{};  // by level, of requests, webhooks and sources, each once
  Count sessions{0};                             // that began
  Count below_evidence{0};                       // events below kEvidenceLevel: their group is known, and that is all
  Count unnamed{0};                              // events and session counts of which nobody knows the service
  Count other_environment{0};                    // of an environment whose deploys are not judged
  Count repeated{0};                             // events and session counts that had come before
  Count queue_refused{0};                        // events and session counts that found the queue full
  Count sdk_discarded{0};                        // events that SDKs say they dropped themselves
  Count hooks{0};                                // webhooks taken
  Count lines{0};                                // of sources: events that were read
  Count lines_refused{0};                        // of sources: no event
  Count tee_sent{0};                             // requests that the other Sentry took
  Count tee_failed{0};                           // that it did not answer, or refused
  Count tee_dropped{0};                          // never sent: too many bytes waited, or it had asked to wait
  Count tee_bytes_waiting{0};                    // now
  Count transactions_left_out{0};                // of projects beyond those that are kept by name
};

// Those that are not told apart by a word, as status and metrics name them.
struct SentryCounterRow {
  std::string_view name;
  std::string_view help;
  SentryCounters::Count SentryCounters::*count;
  bool is_gauge = false;
};
std::span<const SentryCounterRow> SentryCounterRows();

// As one value: {"requests":{ANSWER:n},"items":{ITEM:n},"events":{LEVEL:n},NAME:n}, without what is zero.
void AppendValue(JsonWriter& json, const SentryCounters& counters);

inline void CountOne(SentryCounters::Count& counter) { counter.fetch_add(1, std::memory_order_relaxed); }
inline void CountSome(SentryCounters::Count& counter, uint64_t count) {
  counter.fetch_add(count, std::memory_order_relaxed);
}

}  // namespace revertd

#include "daemon/sentry/sentry_counters.h"

namespace revertd {
namespace {

constexpr SentryCounterRow kRows[] = {
    {"sessions", "Sessions that SDKs told of.", &SentryCounters::sessions},
    {"events_below_evidence", "Events below an error: counted, and no evidence.", &SentryCounters::below_evidence},
    {"other_environment", "Events and session counts of an environment whose deploys are not judged.",
     &SentryCounters::other_environment},
    {"unnamed", "Events and session counts of which nobody knows the service.", &SentryCounters::unnamed},
    {"repeated", "Events and session counts that had come before.", &SentryCounters::repeated},
    {"queue_refused", "Events and session counts that found the queue full.", &SentryCounters::queue_refused},
    {"sdk_discarded", "Events that SDKs say they dropped themselves.", &SentryCounters::sdk_discarded},
    {"hooks", "Webhooks taken.", &SentryCounters::hooks},
    {"lines", "Events that were read from sources.", &SentryCounters::lines},
    {"lines_refused", "Lines of sources that are no event.", &SentryCounters::lines_refused},
    {"tee_sent", "Requests that the other Sentry took.", &SentryCounters::tee_sent},
    {"tee_failed", "Requests that the other Sentry refused or did not answer.", &SentryCounters::tee_failed},
    {"tee_dropped", "Requests never sent on: too many bytes waited, it had asked to wait, or revertd ended.",
     &SentryCounters::tee_dropped},
    {"tee_bytes_waiting", "Bytes that wait to be sent on.", &SentryCounters::tee_bytes_waiting, true},
    {"transactions_left_out", "Transactions of projects that found no place.", &SentryCounters::transactions_left_out},
};

template <typename Kind, size_t kSize>
void AppendByName(JsonWriter& json, std::string_view key, const std::array<SentryCounters::Count, kSize>& counts) {
  json.Key(key).BeginObject();
  for (size_t i = 0; i < kSize; ++i) {
    if (const uint64_t count = counts[i].load(); count > 0) json.Field(NameOf(static_cast<Kind>(i)), count);
  }
  json.EndObject();
}

}  // namespace

std::string_view NameOf(SentryAnswer answer) {
  switch (answer) {
    case SentryAnswer::kTaken: return "taken";
    case SentryAnswer::kUnreadable: return "unreadable";
    case SentryAnswer::kKeyMissing: return "key_missing";
    case SentryAnswer::kKeyWrong: return "key_wrong";
    case SentryAnswer::kUnknownProject: return "unknown_project";
    case SentryAnswer::kTooLarge: return "too_large";
    case SentryAnswer::kQueueFull: return "queue_full";
    case SentryAnswer::kCount: break;
  }
  return "unknown";
}

std::span<const SentryCounterRow> SentryCounterRows() { return kRows; }

void AppendValue(JsonWriter& json, const SentryCounters& counters) {
  json.BeginObject();
  AppendByName<SentryAnswer>(json, "requests", counters.requests);
  AppendByName<SentryItem>(json, "items", counters.items);
  AppendByName<ErrorLevel>(json, "events", counters.events);
  for (const SentryCounterRow& row : kRows) {
    if (const uint64_t count = (counters.*row.count).load(); count > 0) json.Field(row.name, count);
  }
  json.EndObject();
}

}  // namespace revertd

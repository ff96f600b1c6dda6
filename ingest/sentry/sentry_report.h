// SentryReport: what one request of a Sentry SDK says: errors, sessions, times of transactions, and how many items of
// each kind it held.
//
// Values, any thread. Texts come from outside: cut to kErrorTextMax, well-formed UTF-8 without control characters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error_event.h"

namespace revertd {

struct TransactionTime {
  std::string name = {};
  std::string release = {};
  std::string environment = {};
  TimeNs at_ns = 0;  // when it ended, by the sender's clock; 0: not said
  DurationNs duration_ns = 0;
};

enum class SentryItem : uint8_t {
  kEvent,
  kTransaction,
  kSession,  // an update of one, or sums of many
  kClientReport,
  kCheckIn,
  kAttachment,
  kOther,    // a type that is not read
  kRefused,  // what it holds could not be read, or the request held too many
  kCount
};
std::string_view NameOf(SentryItem item);

inline constexpr size_t kSentryRefusalsMax = 8;  // words of a request; all are counted

struct SentryReport {
  std::vector<ErrorEvent> events = {};  // service is left empty
  std::vector<SessionCounts> sessions = {};
  std::vector<TransactionTime> transactions = {};
  std::array<uint64_t, static_cast<size_t>(SentryItem::kCount)> items = {};
  uint64_t sdk_discarded = 0;              // errors that the SDK itself says it dropped
  std::string event_id = {};               // for the answer: of the envelope, else of its event; 32 digits or empty
  std::vector<std::string> refusals = {};  // why items were refused, for people; nothing of what they held

  uint64_t count(SentryItem item) const { return items[static_cast<size_t>(item)]; }
};

}  // namespace revertd

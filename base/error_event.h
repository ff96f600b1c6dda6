// ErrorEvent: one error that an application told an error tracker of (Sentry's protocol), already grouped;
// SessionCounts: what it told of its users' sessions. Made by whoever reads the tracker's bytes, judged by analysis,
// kept by the store.
//
// Values, any thread. Texts come from outside: they are cut to kErrorTextMax when they are read, and shown Printable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace revertd {

inline constexpr size_t kErrorTextMax = 200;         // bytes of each text below; Sentry's own bound of a tag's value
inline constexpr size_t kErrorSampleMax = 8 * 1024;  // bytes of a sample: an event with its stack, without locals
inline constexpr int64_t kErrorGroupsMax = 512;      // of a service; events of others are counted as overflow
inline constexpr DurationNs kErrorGroupKept = 14 * 24 * kHourNs;  // after its newest event; seen then again it is new

enum class ErrorLevel : uint8_t { kDebug, kInfo, kWarning, kError, kFatal };
std::string_view NameOf(ErrorLevel level);
std::optional<ErrorLevel> ErrorLevelNamed(std::string_view name);  // also Sentry's "log" and "critical"
// What is told below this level says nothing of a deploy.
inline constexpr ErrorLevel kEvidenceLevel = ErrorLevel::kError;

struct ErrorEvent {
  std::string service = {};   // by the configuration; empty: not known yet
  std::string project = {};   // as the tracker's URL names it
  std::string event_id = {};  // 32 hexadecimal digits
  TimeNs at_ns = 0;           // by the sender's clock; 0: not said
  ErrorLevel level = ErrorLevel::kError;
  std::string release = {};
  std::string environment = {};
  std::string server_name = {};
  std::string service_tag = {};  // value of the tag that names the service, where one is configured
  std::string type = {};         // of the exception; empty: a message
  std::string culprit = {};      // the transaction, else "function in module" of the innermost frame of its own code
  std::string title = {};        // what it says, with numbers, ids and quoted parts templated
  uint64_t fingerprint = 0;      // the group
  uint64_t origin = 0;           // of type and culprit's transaction: what a new name leaves as it was
  std::string sample = {};       // JSON, scrubbed (docs/sentry.md); empty: too large
};

// Of one sender in about a minute, of one release.
struct SessionCounts {
  std::string service = {};
  std::string project = {};
  std::string release = {};
  std::string environment = {};
  TimeNs at_ns = 0;      // when they began; 0: not said
  int64_t sessions = 0;  // begun
  int64_t crashed = 0;   // ended by an error that nobody handled, or without a word ("abnormal")
  int64_t errored = 0;   // went on after an error that was handled
};

// What is known of a group of a service's errors; kept for kErrorGroupKept.
struct ErrorGroupRecord {
  std::string service;
  uint64_t fingerprint = 0;
  uint64_t origin = 0;
  std::string type = {};
  std::string culprit = {};
  std::string title = {};
  ErrorLevel level = ErrorLevel::kError;  // of its newest event
  TimeNs first_seen_ns = 0;
  TimeNs last_seen_ns = 0;
  int64_t events = 0;
  std::vector<std::string> releases = {};      // newest last, at most kErrorNamesMax
  std::vector<std::string> environments = {};  // the same
  std::string event_id = {};                   // of the sample
  std::string sample = {};                     // one event's; JSON
};
inline constexpr size_t kErrorNamesMax = 16;

// Events of a group, or sessions, in one block of kHistoryBlockSeconds (base/sinks.h).
struct ErrorBlock {
  std::string service;
  uint64_t fingerprint = 0;
  int64_t start_second = 0;
  int64_t events = 0;
};
struct SessionBlock {
  std::string service;
  int64_t start_second = 0;
  int64_t sessions = 0;
  int64_t crashed = 0;
};

// An error that a verdict rests on.
struct NamedError {
  uint64_t fingerprint = 0;
  std::string type = {};
  std::string culprit = {};
  std::string title = {};
  std::string release = {};   // of its newest event since the deploy
  std::string event_id = {};  // of the sample that is kept
  bool is_new = false;        // never seen before the deploy
  int64_t events = 0;         // since the deploy
  TimeNs first_seen_ns = 0;
  double e_value = 0;
  double e_value_needed = 0;
};
inline constexpr size_t kNamedErrorsMax = 10;  // of a verdict: those with the most to say

// 16 lower-case hexadecimal digits, as people and programs see it; nullopt: none.
std::string FingerprintText(uint64_t fingerprint);
std::optional<uint64_t> FingerprintOf(std::string_view text);
// "TypeError: cannot read <text> (checkout.views.pay)"; of a message its title and culprit alone. Printable.
std::string SubjectOf(const NamedError& error);

}  // namespace revertd

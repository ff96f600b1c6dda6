// EventFields: what is read of one event of Sentry's protocol, as it was sent; what it means is for grouping, and what
// of it is kept for event_sample. Texts live as long as the JsonText that they were read from.
//
// Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "ingest/sentry/json_text.h"

namespace revertd {

// What is kept of one event; SDKs stay below all of them but in runaway recursion.
inline constexpr size_t kSentryFramesMax = 250;     // of one stack
inline constexpr size_t kSentryOuterFrames = 50;    // of those the outermost: from where a recursion was called
inline constexpr size_t kSentryExceptionsMax = 10;  // of one chain: the last thrown
inline constexpr size_t kSentryTagsMax = 100;
inline constexpr size_t kSentryFingerprintMax = 32;  // parts

// One call; a stack's last frame is the innermost.
struct ErrorFrame {
  std::string_view module = {};
  std::string_view function = {};
  std::string_view filename = {};
  std::string_view package = {};  // the file of native code
  int64_t line = 0;               // 0: not said
  std::optional<bool> in_app = {};
};

struct ErrorException {
  std::string_view type = {};
  std::string_view value = {};
  bool synthetic = false;  // made by the SDK to have a stack, never thrown
  std::vector<ErrorFrame> frames = {};
};

struct EventFields {
  std::string_view kind = {};  // "type" of the payload: "transaction" is no error
  std::string_view event_id = {};
  std::string_view project = {};
  TimeNs at_ns = 0;
  TimeNs started_ns = 0;  // of a transaction
  std::string_view level = {};
  std::string_view platform = {};
  std::string_view logger = {};
  std::string_view release = {};
  std::string_view environment = {};
  std::string_view server_name = {};
  std::string_view transaction = {};  // else the culprit of old SDKs
  std::string_view message = {};      // with its parameters' places still open, where the SDK says it so
  std::string_view formatted = {};    // with them filled in
  std::string_view sdk_name = {};
  std::string_view sdk_version = {};
  std::string_view runtime_name = {};
  std::string_view runtime_version = {};
  std::string_view os_name = {};
  std::string_view os_version = {};
  std::string_view method = {};  // of the request
  std::string_view url = {};
  std::vector<std::pair<std::string_view, std::string_view>> tags = {};
  std::vector<std::string_view> fingerprint = {};  // as given; empty: none
  std::vector<ErrorException> exceptions = {};     // causes first
  std::vector<ErrorFrame> stack = {};              // of the event itself, else of the thread that failed

  std::string_view Tag(std::string_view name) const;  // empty: none
};

// What `json` holds; its status says whether it was an object.
EventFields ReadEventFields(JsonText* json);
// The same of an object inside of it.
EventFields ReadEventFields(JsonText* json, JsonValue& event);
// The same of the object under `wrapper`, where there is one: {"event":{...}}.
EventFields ReadWrappedEventFields(JsonText* json, std::string_view wrapper);

}  // namespace revertd

// What Sentry itself tells: a webhook of its integration platform (the Sentry-Hook-Resource header names the resource),
// or of the legacy plugin. Signatures are the door's business.
//
// Pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error_event.h"
#include "base/status.h"
#include "ingest/sentry/sentry_body.h"

namespace revertd {

struct SentryHook {
  std::string resource = {};
  std::string action = {};
  std::optional<ErrorEvent> event = {};  // of error, event_alert and the plugin; of others where the body has one
  std::string words = {};                // what it says, for people; scrubbed, at most kErrorTextMax bytes
};

// `resource` is the header's; empty: the plugin's. InvalidArgument: no JSON object.
StatusOr<SentryHook> ReadSentryHook(std::string_view resource, std::string_view body, const SentryReadOptions& options);

}  // namespace revertd

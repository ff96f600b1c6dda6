// Replies as Sentry gives them, for its SDKs obey nothing else: ids, refusals, how long to wait. Browsers' SDKs ask
// from pages of other origins, so each says that any origin may read it.
//
// Pure, any thread.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "daemon/http/http_call.h"

namespace revertd {

// 200 {"id":ID}; an empty id is left out, as of an envelope without an event.
HttpReply SentryTaken(std::string_view id);
// {"detail":WORDS}, and the words in X-Sentry-Error.
HttpReply SentryRefusal(int status, std::string_view words);
// 429: SDKs send no errors and no sessions for so long, rounded up to seconds, and drop what happens meanwhile. Other
// categories may go on: nothing waits for them.
HttpReply SentryWait(DurationNs wait_ns);
// To a browser that asks whether it may ask.
HttpReply SentryPreflight();

}  // namespace revertd

#include "daemon/sentry/sentry_reply.h"

#include <string>
#include <utility>

#include "base/json_writer.h"

namespace revertd {
namespace {

HttpReply ForAnyOrigin(HttpReply reply) {
  reply.headers.emplace_back("Access-Control-Allow-Origin", "*");
  reply.headers.emplace_back("Access-Control-Expose-Headers", "X-Sentry-Error, X-Sentry-Rate-Limits, Retry-After");
  return reply;
}

}  // namespace

HttpReply SentryTaken(std::string_view id) {
  JsonWriter json;
  json.BeginObject();
  if (!id.empty()) json.Field("id", id);
  return ForAnyOrigin({.status = 200, .body = json.EndObject().Take()});
}

HttpReply SentryRefusal(int status, std::string_view words) {
  JsonWriter json;
  json.BeginObject().Field("detail", words).EndObject();
  HttpReply reply = ForAnyOrigin({.status = status, .body = json.Take()});
  reply.headers.emplace_back("X-Sentry-Error", words);
  return reply;
}

HttpReply SentryWait(DurationNs wait_ns) {
  const std::string seconds = std::to_string((wait_ns + kSecondNs - 1) / kSecondNs);
  HttpReply reply = SentryRefusal(429, "too many events wait to be judged; send again later");
  // Old SDKs read the first, for everything; newer ones prefer the second. "default" is what messages were called.
  reply.headers.emplace_back("Retry-After", seconds);
  reply.headers.emplace_back("X-Sentry-Rate-Limits", seconds + ":error;default;session:organization:queue_full");
  return reply;
}

HttpReply SentryPreflight() {
  HttpReply reply = ForAnyOrigin({.status = 204});
  reply.headers.emplace_back("Access-Control-Allow-Methods", "POST, OPTIONS");
  reply.headers.emplace_back("Access-Control-Allow-Headers",
                             "X-Sentry-Auth, X-Requested-With, Origin, Accept, Content-Type, Content-Encoding, "
                             "Authentication, Authorization, sentry-trace, baggage");
  reply.headers.emplace_back("Access-Control-Max-Age", "3600");
  return reply;
}

}  // namespace revertd

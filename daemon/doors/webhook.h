// ReadDelivery: whether a delivery is to be believed, and what it tells. Pure, any thread.
//
// Its signature is checked over the bytes as they came, before anything of them is parsed. A sender's word alone is
// never taken for who it is, when it was sent or whether it came before: headers are not signed (the event's name too
// is not, so that a body is read only for the fields of what it is called), which is why `key` is made of the body.
// Only GitLab signs nothing: who knows its token may send what he likes, and its own id of an event is as good as its
// body.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "daemon/doors/told.h"

namespace revertd {

// What happened longer ago is told too late: forges send again what failed, but not for hours, and who replays an old
// delivery finds its key forgotten by then.
inline constexpr DurationNs kDeliveryAgeMax = kHourNs;
// Clocks of other machines; more is no skew.
inline constexpr DurationNs kDeliveryAheadMax = 10 * kMinuteNs;

struct WebhookDelivery {
  std::string key;  // of what was told, the same when it is sent again: a digest of source and body
  Told told;
};

struct Refused {
  int status = 0;     // of HTTP
  std::string code;   // "unknown_source" 404, "wrong_signature" 401, "unreadable" 400, "stale_delivery" 403
  std::string words;  // for people, without anything secret
};

// What is told of a time that is too far from now; nullopt: near enough, or no time is said (0).
std::optional<Refused> WhyStale(TimeNs at_ns, TimeNs now_ns);

using Headers = std::vector<std::pair<std::string, std::string>>;  // names in lower case

// `source` and its proof:
//   github   X-Hub-Signature-256, or Gitea's X-Gitea-Signature and Forgejo's X-Forgejo-Signature: HMAC-SHA256 of body
//   gitlab   X-Gitlab-Token: the secret itself
//   flux     X-Signature, of the generic-hmac provider
//   argocd, sentry   none: the caller has asked for its bearer token, and `secret` is not looked at
// An empty `secret` proves nothing: everything of the first three is refused. Sentry's calls are known by method and
// path: the caller puts them in as HTTP/2 does, ":method" and ":path"; what FillFromRelease adds is the caller's to do.
std::variant<WebhookDelivery, Refused> ReadDelivery(std::string_view source, const Headers& headers,
                                                    std::string_view body, std::string_view secret, TimeNs now_ns);

}  // namespace revertd

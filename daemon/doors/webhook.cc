#include "daemon/doors/webhook.h"

#include <array>
#include <optional>
#include <utility>

#include "base/digest.h"
#include "base/status.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "daemon/doors/argocd.h"
#include "daemon/doors/flux.h"
#include "daemon/doors/github.h"
#include "daemon/doors/gitlab.h"
#include "daemon/doors/sentry_cli.h"

namespace revertd {
namespace {

struct Received {
  const Headers& headers;
  std::string_view body;
};

std::string_view HeaderOf(const Received& received, std::string_view name) {
  for (const auto& [key, value] : received.headers) {
    if (key == name) return value;
  }
  return {};
}

bool IsSigned(std::string_view signature, std::string_view prefix, const Received& received, std::string_view secret) {
  return EqualInConstantTime(signature, std::string(prefix) + HmacSha256Hex(secret, received.body));
}

bool ProvesGitHub(const Received& received, std::string_view secret) {
  const std::string_view signature = HeaderOf(received, "x-hub-signature-256");
  if (!signature.empty()) return IsSigned(signature, "sha256=", received, secret);
  for (const std::string_view name : {"x-gitea-signature", "x-forgejo-signature"}) {
    const std::string_view bare = HeaderOf(received, name);
    if (!bare.empty()) return IsSigned(bare, "", received, secret);
  }
  return false;
}

// Of digests, so that not even the secret's length can be measured.
bool ProvesGitLab(const Received& received, std::string_view secret) {
  return EqualInConstantTime(Sha256Hex(HeaderOf(received, "x-gitlab-token")), Sha256Hex(secret));
}

bool ProvesFlux(const Received& received, std::string_view secret) {
  return IsSigned(HeaderOf(received, "x-signature"), "sha256=", received, secret);
}

StatusOr<Told> ReadGitHubDelivery(const Received& received) {
  std::string_view event = HeaderOf(received, "x-github-event");
  for (const std::string_view name : {"x-gitea-event", "x-forgejo-event"}) {
    if (event.empty()) event = HeaderOf(received, name);
  }
  return ReadGitHub(event, received.body);
}

StatusOr<Told> ReadSentryDelivery(const Received& received) {
  return ReadSentryCall(HeaderOf(received, ":method"), HeaderOf(received, ":path"), received.body);
}

struct SourceRow {
  std::string_view name;
  bool (*proves)(const Received& received, std::string_view secret);  // null: the caller has asked for its token
  StatusOr<Told> (*read)(const Received& received);
};
constexpr std::array kSources = std::to_array<SourceRow>({
    {"github", ProvesGitHub, ReadGitHubDelivery},
    {"gitlab", ProvesGitLab,
     [](const Received& received) { return ReadGitLab(HeaderOf(received, "x-gitlab-event"), received.body); }},
    {"flux", ProvesFlux, [](const Received& received) { return ReadFlux(received.body); }},
    {"argocd", nullptr, [](const Received& received) { return ReadArgoCd(received.body); }},
    {"sentry", nullptr, ReadSentryDelivery},
});

// Idempotency-Key is one event's, however often it is sent (GitLab 17.4). Before it there are only ids of one sending
// (of one chain of hooks, the last): what a person sends again by hand then counts again.
std::string_view GitLabEventId(const Received& received) {
  for (const std::string_view name : {"idempotency-key", "x-gitlab-webhook-uuid", "x-gitlab-event-uuid"}) {
    if (const std::string_view id = HeaderOf(received, name); !id.empty()) return id;
  }
  return {};
}

// One body of sentry-cli's may be sent for two versions: the path is a part of what is told. GitLab's of a push says no
// time: a branch that goes from A to B, back and to B again has the same body twice.
std::string KeyOf(std::string_view source, const Received& received, const Told& told) {
  std::string text(source);
  if (source == "sentry") {
    text += "\n" + std::string(HeaderOf(received, ":method")) + " " + std::string(HeaderOf(received, ":path"));
  }
  if (source == "gitlab" && told.at_ns == 0) text += "\n" + std::string(GitLabEventId(received));
  return Sha256Hex(text + "\n" + std::string(received.body));
}

}  // namespace

std::optional<Refused> WhyStale(TimeNs at_ns, TimeNs now_ns) {
  if (at_ns == 0 || (at_ns >= now_ns - kDeliveryAgeMax && at_ns <= now_ns + kDeliveryAheadMax)) return std::nullopt;
  return Refused{.status = 403,
                 .code = "stale_delivery",
                 .words = "it tells of " + FormatRfc3339(at_ns) + ", which is too far from now"};
}

std::variant<WebhookDelivery, Refused> ReadDelivery(std::string_view source, const Headers& headers,
                                                    std::string_view body, std::string_view secret, TimeNs now_ns) {
  const Received received = {.headers = headers, .body = body};
  for (const SourceRow& row : kSources) {
    if (row.name != source) continue;
    if (row.proves != nullptr && (secret.empty() || !row.proves(received, secret))) {
      return Refused{.status = 401,
                     .code = "wrong_signature",
                     .words = secret.empty() ? "no secret is configured that could prove a delivery"
                                             : "the signature is missing or is not of this body and our secret"};
    }
    auto told = row.read(received);
    if (!told.ok()) {
      return Refused{.status = 400, .code = "unreadable", .words = std::string(MessageOf(told.status()))};
    }
    if (auto stale = WhyStale(told->at_ns, now_ns)) return *std::move(stale);
    std::string key = KeyOf(source, received, *told);
    return WebhookDelivery{.key = std::move(key), .told = *std::move(told)};
  }
  return Refused{.status = 404, .code = "unknown_source", .words = "no such source of deliveries"};
}

}  // namespace revertd

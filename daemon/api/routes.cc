#include "daemon/api/routes.h"

#include <array>

#include "daemon/api/handlers.h"

namespace revertd {
namespace {

constexpr size_t kCommandBytes = 64 * 1024;          // of what people and scripts say
constexpr size_t kReleaseBytes = 1024 * 1024;        // of sentry-cli, with the commits of a release
constexpr size_t kDeliveryBytes = 25 * 1024 * 1024;  // GitHub sends no more than that
constexpr size_t kHookBytes = 1024 * 1024;           // of Sentry: one event
constexpr size_t kAsConfigured = 1;                  // sentry.limits.body

constexpr std::array kRoutes = {
    ApiRoute{"GET", "/healthz", Caller::kAnyone, 0, &GetHealth},
    ApiRoute{"GET", "/readyz", Caller::kAnyone, 0, &GetReady},
    ApiRoute{"GET", "/metrics", Caller::kKnown, 0, &GetMetrics},
    ApiRoute{"GET", "/v1/openapi.json", Caller::kKnown, 0, &GetDescription},
    ApiRoute{"GET", "/v1/status", Caller::kKnown, 0, &GetStatus},
    ApiRoute{"GET", "/v1/kill-switch", Caller::kKnown, 0, &GetKillSwitch},
    ApiRoute{"PUT", "/v1/kill-switch", Caller::kTrusted, kCommandBytes, &PutKillSwitch},
    ApiRoute{"GET", "/v1/services", Caller::kKnown, 0, &ListServices},
    ApiRoute{"GET", "/v1/services/{service}/windows", Caller::kKnown, 0, &ListWindows},
    ApiRoute{"GET", "/v1/health", Caller::kKnown, 0, &ListHealth},
    ApiRoute{"GET", "/v1/deploys", Caller::kKnown, 0, &ListDeploys},
    ApiRoute{"POST", "/v1/deploys", Caller::kKnown, kCommandBytes, &StartDeploy},
    ApiRoute{"POST", "/v1/deploys/{id}/finish", Caller::kKnown, kCommandBytes, &FinishDeploy},
    ApiRoute{"POST", "/v1/deploys/{id}/abandon", Caller::kKnown, kCommandBytes, &AbandonDeploy},
    ApiRoute{"GET", "/v1/deploys/{id}", Caller::kKnown, 0, &ShowDeploy},
    ApiRoute{"GET", "/v1/verdicts", Caller::kKnown, 0, &ListVerdicts},
    ApiRoute{"GET", "/v1/gate", Caller::kKnown, 0, &AskGate},
    ApiRoute{"GET", "/v1/manifest", Caller::kKnown, 0, &GetManifest},
    ApiRoute{"GET", "/v1/triggers", Caller::kKnown, 0, &ListTriggers},
    ApiRoute{"POST", "/v1/triggers/{id}/approve", Caller::kTrusted, kCommandBytes, &ApproveTrigger},
    ApiRoute{"POST", "/v1/triggers/{id}/dismiss", Caller::kTrusted, kCommandBytes, &DismissTrigger},
    ApiRoute{"GET", "/v1/triggers/{id}", Caller::kKnown, 0, &ShowTrigger},
    ApiRoute{"GET", "/v1/incidents", Caller::kKnown, 0, &ListIncidents},
    ApiRoute{"POST", "/v1/incidents/{id}/answers", Caller::kTrusted, kCommandBytes, &AnswerIncident},
    ApiRoute{"POST", "/v1/incidents/{id}/close", Caller::kTrusted, kCommandBytes, &CloseIncident},
    ApiRoute{"GET", "/v1/incidents/{id}", Caller::kKnown, 0, &ShowIncident},
    ApiRoute{"GET", "/v1/errors", Caller::kKnown, 0, &ListErrors},
    ApiRoute{"GET", "/v1/errors/transactions", Caller::kKnown, 0, &ListTransactions},
    ApiRoute{"GET", "/v1/errors/{fingerprint}", Caller::kKnown, 0, &ShowError},
    ApiRoute{"GET", "/v1/events", Caller::kKnown, 0, &ListEvents},
    ApiRoute{"GET", "/v1/events/stream", Caller::kKnown, 0, &StreamEvents},
    ApiRoute{"POST", "/v1/webhooks/argocd", Caller::kKnown, kDeliveryBytes, &TakeArgoCd},  // it signs nothing
    ApiRoute{"POST", "/v1/webhooks/sentry", Caller::kSigned, kHookBytes, &TakeSentryHook},
    ApiRoute{"POST", "/v1/webhooks/{source}", Caller::kSignature, kDeliveryBytes, &TakeWebhook},
    // As Sentry has them, so that sentry-cli needs no more than its SENTRY_URL.
    ApiRoute{"POST", "/api/0/organizations/{org}/releases/{version}/deploys/", Caller::kKnown, kCommandBytes,
             &TakeSentry},
    ApiRoute{"POST", "/api/0/organizations/{org}/releases/", Caller::kKnown, kReleaseBytes, &TakeSentry},
    ApiRoute{"PUT", "/api/0/organizations/{org}/releases/{version}/", Caller::kKnown, kReleaseBytes, &TakeSentry},
    ApiRoute{"GET", "/api/0/organizations/{org}/repos/", Caller::kKnown, 0, &ListSentryRepos},
    ApiRoute{"POST", "/api/0/projects/{org}/{project}/releases/", Caller::kKnown, kReleaseBytes, &TakeSentry},
    ApiRoute{"PUT", "/api/0/projects/{org}/{project}/releases/{version}/", Caller::kKnown, kReleaseBytes, &TakeSentry},
    // As Sentry has them, so that an SDK needs no more than a DSN that points here. Some leave the last slash out.
    ApiRoute{"POST", "/api/{project}/envelope/", Caller::kDsnKey, kAsConfigured, &TakeEnvelope},
    ApiRoute{"POST", "/api/{project}/envelope", Caller::kDsnKey, kAsConfigured, &TakeEnvelope},
    ApiRoute{"POST", "/api/{project}/store/", Caller::kDsnKey, kAsConfigured, &TakeStore},
    ApiRoute{"POST", "/api/{project}/store", Caller::kDsnKey, kAsConfigured, &TakeStore},
    ApiRoute{"OPTIONS", "/api/{project}/envelope/", Caller::kDsnKey, 0, &AnswerPreflight},
    ApiRoute{"OPTIONS", "/api/{project}/envelope", Caller::kDsnKey, 0, &AnswerPreflight},
    ApiRoute{"OPTIONS", "/api/{project}/store/", Caller::kDsnKey, 0, &AnswerPreflight},
    ApiRoute{"OPTIONS", "/api/{project}/store", Caller::kDsnKey, 0, &AnswerPreflight},
};

// Matches `path` against the pattern: words between braces hold no slash, but the last one may.
bool Match(std::string_view pattern, std::string_view path, PathWords* words) {
  words->clear();
  while (true) {
    const size_t open = pattern.find('{');
    if (open == std::string_view::npos) return path == pattern;
    if (path.substr(0, open) != pattern.substr(0, open)) return false;
    path.remove_prefix(open);
    pattern.remove_prefix(pattern.find('}') + 1);
    const bool is_last = pattern.find('{') == std::string_view::npos;
    if (is_last && (path.size() <= pattern.size() || !path.ends_with(pattern))) return false;
    const size_t length = is_last ? path.size() - pattern.size() : path.find('/');
    if (length == 0 || length == std::string_view::npos) return false;
    words->emplace_back(path.substr(0, length));
    path.remove_prefix(length);
  }
}

}  // namespace

std::span<const ApiRoute> ApiRoutes() { return kRoutes; }

RouteMatch FindRoute(std::string_view method, std::string_view path) {
  RouteMatch match;
  for (const ApiRoute& route : kRoutes) {
    if (!Match(route.pattern, path, &match.words)) continue;
    if (route.method == method) {
      match.route = &route;
      match.is_other_method = false;
      return match;
    }
    match.is_other_method = true;
    match.allowed += (match.allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  match.words.clear();
  return match;
}

}  // namespace revertd

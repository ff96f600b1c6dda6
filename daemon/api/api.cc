#include "daemon/api/api.h"

#include <arpa/inet.h>

#include "base/digest.h"
#include "base/strings.h"
#include "daemon/sentry/sentry_reply.h"

namespace revertd {
namespace {

constexpr std::string_view kBearer = "bearer ";

std::string_view BearerOf(const HttpCall& head) {
  const std::string_view value = head.Header("authorization");
  if (value.size() < kBearer.size() || ToLower(value.substr(0, kBearer.size())) != kBearer) return {};
  return Trim(value.substr(kBearer.size()));
}

std::string_view HostOf(std::string_view authority) {
  const size_t end = authority.starts_with('[') ? authority.find(']') + 1 : authority.find(':');
  return authority.substr(0, end);
}

// A name may be made to point here by whoever owns it ("127.example.com" too): only addresses are this machine's.
bool IsThisMachine(std::string_view host) {
  if (ToLower(host) == "localhost" || host == "[::1]") return true;
  in_addr address{};
  return host.starts_with("127.") && ::inet_pton(AF_INET, std::string(host).c_str(), &address) == 1;
}

// A browser on this machine would let any page that it shows ask us (a request from another origin, or a name that was
// made to point here). Callers without a token are recognised by where they connect alone, so these are refused.
bool MayBeAPage(const HttpCall& head, bool is_unix) {
  const std::string_view origin = head.Header("origin");
  if (!origin.empty()) return true;
  return !is_unix && !IsThisMachine(HostOf(head.Header("host")));
}

}  // namespace

std::optional<HttpReply> Api::Refuse(const ApiRoute& route, const HttpCall& head) const {
  if (route.caller == Caller::kAnyone || route.caller == Caller::kSignature) return std::nullopt;
  if (route.caller == Caller::kSigned && !head.Header("sentry-hook-signature").empty()) return std::nullopt;
  if (route.caller == Caller::kDsnKey) {
    if (context_.tools().sentry != nullptr) return std::nullopt;
    return SentryRefusal(404, "error events are not taken: sentry is not configured");
  }
  const std::string& token = context_.tools().secrets.token;
  if (!token.empty()) {
    if (EqualInConstantTime(BearerOf(head), token)) return std::nullopt;
    HttpReply reply = HttpError(401, "token_needed", "send the token of http.token as Authorization: Bearer");
    reply.headers.emplace_back("WWW-Authenticate", "Bearer");
    return reply;
  }
  const bool is_unix = context_.config().http && context_.config().http->listen.is_unix();
  if (MayBeAPage(head, is_unix)) {
    return HttpError(403, "not_for_browsers", "without http.token only programs of this machine are answered");
  }
  if (route.caller == Caller::kTrusted && !is_unix) {
    return HttpError(403, "trust_needed", "this needs http.token, or a unix socket to listen on");
  }
  return std::nullopt;
}

std::variant<size_t, HttpReply> Api::Admit(const HttpCall& head) {
  const RouteMatch match = FindRoute(head.method, head.path);
  if (match.is_other_method) {
    HttpReply reply = HttpError(405, "method_not_allowed", "this is there for " + match.allowed);
    reply.headers.emplace_back("Allow", match.allowed);
    return reply;
  }
  if (match.route == nullptr) return HttpError(404, "no_such_path", "GET /v1/openapi.json tells what there is");
  if (auto refusal = Refuse(*match.route, head)) return *std::move(refusal);
  if (match.route->caller == Caller::kDsnKey && match.route->body_max > 0) {
    return context_.tools().sentry->body_bytes_max();
  }
  return match.route->body_max;
}

bool Api::TakesEncoded(const HttpCall& head) {
  const RouteMatch match = FindRoute(head.method, head.path);
  return match.route != nullptr && match.route->caller == Caller::kDsnKey;
}

HttpAnswer Api::Answer(const HttpCall& call) {
  const RouteMatch match = FindRoute(call.method, call.path);
  if (match.route == nullptr) return HttpError(404, "no_such_path", "GET /v1/openapi.json tells what there is");
  return match.route->handler(context_, call, match.words);
}

}  // namespace revertd

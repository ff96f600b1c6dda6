// The routes of the API: method and path to handler, with who may ask and how much they may send. docs/api.md tells of
// them for people, openapi.json for machines; a test holds the three together.
//
// Pure, any thread; the handlers are called by the HTTP server's thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/context.h"
#include "daemon/http/http_call.h"

namespace revertd {

// Who may ask.
enum class Caller {
  kAnyone,     // says no more than that the process lives
  kKnown,      // the token, where there is one
  kTrusted,    // the token, or a unix socket whose file's permissions chose them: what lets a rollback go ahead
  kSignature,  // the handler proves the body itself
  kSigned,     // the same of a body with a Sentry-Hook-Signature; without one as kKnown
  kDsnKey,     // who has the DSN's public key, which the handler proves; from whatever page a browser shows
};

// What {words} of the pattern stand for, in order.
using PathWords = std::vector<std::string>;
using RouteHandler = HttpAnswer (*)(ApiContext& context, const HttpCall& call, const PathWords& words);

struct ApiRoute {
  std::string_view method;
  std::string_view pattern;  // "/v1/deploys/{id}/finish"; the last {word} may hold slashes
  Caller caller = Caller::kKnown;
  size_t body_max = 0;  // bytes; 0: it takes none
  RouteHandler handler = nullptr;
};

std::span<const ApiRoute> ApiRoutes();

struct RouteMatch {
  const ApiRoute* route = nullptr;  // nullptr: none
  PathWords words;
  bool is_other_method = false;  // the path is there, but not for this method
  std::string allowed;           // then: the methods it is there for, comma separated
};
RouteMatch FindRoute(std::string_view method, std::string_view path);

}  // namespace revertd

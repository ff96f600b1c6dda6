#include "daemon/api/routes.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "base/strings.h"
#include "daemon/api/openapi.h"

namespace revertd {
namespace {

using Operations = std::set<std::string>;  // "GET /v1/deploys"

Operations Described() {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  EXPECT_EQ(parser.parse(simdjson::padded_string(OpenApiDescription())).get(root), simdjson::SUCCESS);
  simdjson::dom::object paths;
  EXPECT_EQ(root["paths"].get(paths), simdjson::SUCCESS);
  Operations operations;
  for (const auto path : paths) {
    for (const auto operation : simdjson::dom::object(path.value)) {
      std::string method(operation.key);
      std::transform(method.begin(), method.end(), method.begin(), [](char c) { return static_cast<char>(c - 32); });
      operations.insert(method + " " + std::string(path.key));
    }
  }
  return operations;
}

Operations Served() {
  Operations operations;
  for (const ApiRoute& route : ApiRoutes())
    operations.insert(std::string(route.method) + " " + std::string(route.pattern));
  return operations;
}

TEST(Routes, AreThoseOfTheDescription) { EXPECT_EQ(Served(), Described()); }

TEST(Routes, StandInTheDocumentation) {
  std::ifstream file(REVERTD_SOURCE_DIR "/docs/api.md");
  std::stringstream text;
  text << file.rdbuf();
  for (const ApiRoute& route : ApiRoutes()) {
    EXPECT_NE(text.str().find("`" + std::string(route.method) + " " + std::string(route.pattern) + "`"),
              std::string::npos)
        << route.method << " " << route.pattern << " is not in docs/api.md";
  }
}

std::string Found(std::string_view method, std::string_view path) {
  const RouteMatch match = FindRoute(method, path);
  if (match.route == nullptr) return match.is_other_method ? "allowed: " + match.allowed : "none";
  return std::string(match.route->pattern) + (match.words.empty() ? "" : " " + Join(match.words, ","));
}

TEST(Routes, FindsByMethodAndPath) {
  EXPECT_EQ(Found("GET", "/healthz"), "/healthz");
  EXPECT_EQ(Found("GET", "/v1/deploys"), "/v1/deploys");
  EXPECT_EQ(Found("GET", "/v1/deploys/checkout-17"), "/v1/deploys/{id} checkout-17");
  EXPECT_EQ(Found("POST", "/v1/deploys/checkout-17/finish"), "/v1/deploys/{id}/finish checkout-17");
  EXPECT_EQ(Found("GET", "/v1/events/stream"), "/v1/events/stream");
}

// A service's name may hold a slash, and so do its deploys' ids and Sentry's versions.
TEST(Routes, TheLastWordMayHoldSlashes) {
  EXPECT_EQ(Found("GET", "/v1/deploys/shop/checkout-17"), "/v1/deploys/{id} shop/checkout-17");
  EXPECT_EQ(Found("POST", "/v1/deploys/shop/checkout-17/finish"), "/v1/deploys/{id}/finish shop/checkout-17");
  EXPECT_EQ(Found("POST", "/api/0/organizations/acme/releases/a/b@1/deploys/"),
            "/api/0/organizations/{org}/releases/{version}/deploys/ acme,a/b@1");
}

TEST(Routes, SaysWhatIsNotThere) {
  EXPECT_EQ(Found("GET", "/"), "none");
  EXPECT_EQ(Found("GET", "/v1/deploys/"), "none");
  EXPECT_EQ(Found("GET", "/v1/nothing"), "none");
  EXPECT_EQ(Found("DELETE", "/v1/deploys"), "allowed: GET, POST");
  EXPECT_EQ(Found("GET", "/v1/triggers/t/approve"), "/v1/triggers/{id} t/approve");
}

// What lets a rollback go ahead is never open to whoever can connect.
TEST(Routes, ActsNeedTrust) {
  for (const ApiRoute& route : ApiRoutes()) {
    const bool acts = route.pattern.find("/triggers/") != std::string_view::npos ||
                      route.pattern.find("/incidents/") != std::string_view::npos ||
                      route.pattern.find("kill-switch") != std::string_view::npos;
    if (acts && route.method != "GET") {
      EXPECT_EQ(route.caller, Caller::kTrusted) << route.pattern;
    }
  }
}

}  // namespace
}  // namespace revertd

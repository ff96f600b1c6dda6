#include "ingest/router.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/strings.h"

namespace revertd {
namespace {

Config ShopConfig() {
  Config config;
  config.services = {
      {.name = "shop", .matches = {{.host = "shop.example.com", .path = ""}}, .repo = "", .depends_on = {}},
      {.name = "checkout",
       .matches = {{.host = "shop.example.com", .path = "/checkout/"}, {.host = "Pay.Example.COM:443", .path = ""}},
       .repo = "",
       .depends_on = {}},
      {.name = "health", .matches = {{.host = "", .path = "/healthz"}}, .repo = "", .depends_on = {}},
      {.name = "any_checkout", .matches = {{.host = "", .path = "/checkout/"}}, .repo = "", .depends_on = {}},
  };
  return config;
}

class RouterTest : public testing::Test {
 protected:
  std::string_view Route(std::string_view host, std::string_view path) {
    return services_.NameOf(router_.Resolve(host, "", path));
  }
  ServiceTable services_{8};  // _other, four configured, three learned
  Router router_{ShopConfig(), &services_};
};

TEST_F(RouterTest, LongestPathThenNamedHost) {
  EXPECT_EQ(Route("shop.example.com", "/"), "shop");
  EXPECT_EQ(Route("shop.example.com", "/checkout/pay"), "checkout");
  EXPECT_EQ(Route("shop.example.com", "/checkout"), "shop");
  EXPECT_EQ(Route("elsewhere.example.com", "/checkout/pay"), "any_checkout");
  EXPECT_EQ(Route("shop.example.com", "/healthz"), "health");
  EXPECT_EQ(Route("pay.example.com", "/anything"), "checkout");
}

TEST_F(RouterTest, HostsLoseCaseAndPort) {
  EXPECT_EQ(Route("SHOP.Example.com:8443", "/"), "shop");
  EXPECT_EQ(Route("New.Example.com:80", "/"), "new.example.com");
  EXPECT_EQ(Route("[2001:DB8::1]:80", "/"), "[2001:db8::1]");
}

TEST_F(RouterTest, NoHostIsDefault) {
  EXPECT_EQ(Route("", "/x"), "default");
  EXPECT_EQ(Route(":80", "/x"), "default");
  EXPECT_EQ(Route("", "/healthz"), "health");
}

TEST_F(RouterTest, StrangersCannotPushConfiguredServicesOut) {
  for (int i = 0; i < 100; ++i) Route("stranger" + std::to_string(i), "/");
  EXPECT_EQ(services_.size(), services_.capacity());
  EXPECT_EQ(Route("stranger2", "/"), "stranger2");
  EXPECT_EQ(Route("stranger3", "/"), "_other");
  EXPECT_EQ(Route("shop.example.com", "/"), "shop");
}

TEST_F(RouterTest, EndlessHostsAreOther) {
  EXPECT_EQ(Route(std::string(255, 'A'), "/"), std::string(255, 'a'));
  EXPECT_EQ(Route(std::string(256, 'A'), "/"), "_other");
}

// Against the rule as MatchConfig words it: of all that fit, the longest path, then a named host, then the first.
TEST(Router, AgreesWithTheWordingOfTheRule) {
  constexpr unsigned kSeed = 99;
  std::mt19937 random(kSeed);
  const std::vector<std::string> hosts = {"", "a", "b"};
  const std::vector<std::string> paths = {"", "/", "/x", "/x/", "/x/y", "/y"};
  for (int round = 0; round < 500; ++round) {
    Config config;
    for (int i = 0; i < 5; ++i) {
      ServiceConfig service;
      service.name = "service" + std::to_string(i);
      service.matches = {{.host = hosts[random() % hosts.size()], .path = paths[random() % paths.size()]}};
      config.services.push_back(service);
    }
    ServiceTable services(16);
    Router router(config, &services);
    for (const std::string& host : hosts) {
      for (const std::string& path : paths) {
        const ServiceConfig* best = nullptr;
        for (const ServiceConfig& service : config.services) {
          const MatchConfig& match = service.matches[0];
          if ((!match.host.empty() && match.host != host) || !path.starts_with(match.path)) continue;
          if (best != nullptr) {
            const MatchConfig& other = best->matches[0];
            if (match.path.size() < other.path.size()) continue;
            if (match.path.size() == other.path.size() && (match.host.empty() || !other.host.empty())) continue;
          }
          best = &service;
        }
        const std::string wanted = best != nullptr ? best->name : host.empty() ? "default" : host;
        ASSERT_EQ(services.NameOf(router.Resolve(host, "", path)), wanted)
            << "seed " << kSeed << " round " << round << " host " << host << " path " << path;
      }
    }
  }
}

}  // namespace
}  // namespace revertd

#include "daemon/sentry/error_services.h"

#include <gtest/gtest.h>

#include "base/error_event.h"

namespace revertd {
namespace {

Config Shop(ErrorServiceBy by) {
  Config config;
  config.services.resize(2);
  config.services[0].name = "checkout";
  config.services[1].name = "cart";
  config.services[1].known_as = {"shop-cart", "7"};
  config.sentry.emplace();
  config.sentry->service_by = by;
  config.sentry->projects = {{.id = "1", .service = "checkout", .key = "abc", .tee = {}},
                             {.id = "2", .service = "", .key = "", .tee = {}}};
  return config;
}

TEST(ErrorServices, ByProject) {
  const Config config = Shop(ErrorServiceBy::kProject);
  const ErrorServices services(config);
  EXPECT_EQ(services.ServiceOf({.project = "1"}), "checkout");
  EXPECT_EQ(services.ServiceOf({.project = "cart"}), "cart");
  EXPECT_EQ(services.ServiceOf({.project = "7"}), "cart");
  EXPECT_EQ(services.ServiceOf({.project = "2"}), "") << "configured, and of nobody";
  EXPECT_EQ(services.ServiceOf({.project = "9", .server_name = "cart"}), "") << "not the word that was chosen";
  EXPECT_TRUE(services.TakesProject("1"));
  EXPECT_TRUE(services.TakesProject("shop-cart"));
  EXPECT_FALSE(services.TakesProject("9"));
  EXPECT_FALSE(services.TakesProject(""));
  EXPECT_FALSE(services.TakesProject("0/cart"));
  EXPECT_EQ(services.KeyOf("1"), "abc");
  EXPECT_EQ(services.KeyOf("cart"), "");
}

TEST(ErrorServices, ByTagWithTheProjectInItsPlace) {
  const Config config = Shop(ErrorServiceBy::kTag);
  const ErrorServices services(config);
  EXPECT_EQ(services.ServiceOf({.project = "1", .tag = "cart"}), "cart");
  EXPECT_EQ(services.ServiceOf({.project = "1", .tag = "shop-cart"}), "cart");
  EXPECT_EQ(services.ServiceOf({.project = "1", .tag = "search"}), "search") << "a service of its own name";
  EXPECT_EQ(services.ServiceOf({.project = "1"}), "checkout");
  EXPECT_EQ(services.ServiceOf({.project = "9"}), "");
  EXPECT_TRUE(services.TakesProject("9"));
}

TEST(ErrorServices, ByServerName) {
  const Config config = Shop(ErrorServiceBy::kServerName);
  const ErrorServices services(config);
  EXPECT_EQ(services.ServiceOf({.project = "1", .server_name = "web-3", .tag = "cart"}), "web-3");
}

// What stands in an event was chosen by nobody with care.
TEST(ErrorServices, WordsThatAreNoNameAreNone) {
  const Config config = Shop(ErrorServiceBy::kTag);
  const ErrorServices services(config);
  for (const std::string& word : {std::string("a\nb"), std::string("_other"), std::string(kErrorTextMax + 1, 'x')}) {
    EXPECT_EQ(services.ServiceOf({.project = "1", .tag = word}), "checkout");
  }
}

TEST(ErrorServices, AFileWithoutProjectsIsTheOnlyServices) {
  Config config = Shop(ErrorServiceBy::kProject);
  EXPECT_EQ(ErrorServices(config).ServiceOf({.project = ""}), "");
  config.services.pop_back();
  EXPECT_EQ(ErrorServices(config).ServiceOf({.project = ""}), "checkout");
  EXPECT_EQ(ErrorServices(config).ServiceOf({.project = "9"}), "");
  config.sentry.reset();
  EXPECT_EQ(ErrorServices(config).ServiceOf({.project = ""}), "checkout");
}

}  // namespace
}  // namespace revertd

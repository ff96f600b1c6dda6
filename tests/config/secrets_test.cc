// Every secret that can be configured is known in one place.
#include "config/secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> NamesOf(const Config& config) {
  std::vector<std::string> names;
  for (const NamedSecret& secret : SecretsOf(config)) names.push_back(secret.name + "=" + secret.where->env);
  return names;
}

TEST(SecretsOf, AreAllOfThem) {
  Config config;
  EXPECT_THAT(NamesOf(config), IsEmpty());
  ServiceConfig service;
  service.name = "shop";
  service.health.checks.resize(2);
  service.health.checks[0].name = "open";
  service.health.checks[1].name = "ready";
  service.health.checks[1].token.env = "HEALTH";
  config.services = {service};
  RepoConfig repo;
  repo.name = "main";
  repo.forge.emplace();
  repo.forge->token.env = "FORGE";
  config.repos = {RepoConfig{}, repo};
  ChannelConfig hook;
  hook.name = "hook";
  hook.secret_url.env = "URL";
  hook.secret.env = "KEY";
  ChannelConfig pager;
  pager.kind = ChannelConfig::Kind::kPagerDuty;
  pager.name = "pager";
  pager.secret.env = "PAGER";
  config.notify = {hook, pager};
  config.http.emplace();
  config.http->token.env = "HTTP";
  config.http->webhook_secret.env = "WEBHOOK";
  config.watchdog.secret_heartbeat.env = "HEART";
  config.sentry.emplace();
  config.sentry->projects.resize(2);
  config.sentry->projects[1].id = "7";
  config.sentry->projects[1].tee.env = "DSN";
  config.sentry->webhook_secret.env = "HOOK";
  EXPECT_THAT(NamesOf(config),
              ElementsAre("services.shop.health.ready.token=HEALTH", "repos.main.forge.token=FORGE",
                          "notify.hook.secret_url=URL", "notify.hook.secret=KEY", "notify.pager.routing_key=PAGER",
                          "http.token=HTTP", "http.webhook_secret=WEBHOOK", "sentry.projects.7.tee=DSN",
                          "sentry.webhook_secret=HOOK", "watchdog.secret_heartbeat=HEART"));
}

}  // namespace
}  // namespace revertd

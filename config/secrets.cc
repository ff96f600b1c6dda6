#include "config/secrets.h"

#include <utility>

namespace revertd {

std::vector<NamedSecret> SecretsOf(const Config& config) {
  std::vector<NamedSecret> secrets;
  const auto add = [&secrets](std::string name, const SecretConfig& where) {
    if (where.given()) secrets.push_back({std::move(name), &where});
  };
  for (const ServiceConfig& service : config.services) {
    for (const HealthCheckConfig& check : service.health.checks) {
      add("services." + service.name + ".health." + check.name + ".token", check.token);
    }
  }
  for (const RepoConfig& repo : config.repos) {
    if (repo.forge) add("repos." + repo.name + ".forge.token", repo.forge->token);
  }
  for (const ChannelConfig& channel : config.notify) {
    add("notify." + channel.name + ".secret_url", channel.secret_url);
    // As each kind calls it.
    const bool is_pager = channel.kind == ChannelConfig::Kind::kPagerDuty;
    add("notify." + channel.name + (is_pager ? ".routing_key" : ".secret"), channel.secret);
  }
  if (config.http) {
    add("http.token", config.http->token);
    add("http.webhook_secret", config.http->webhook_secret);
  }
  if (config.sentry) {
    for (const SentryProjectConfig& project : config.sentry->projects) {
      add("sentry.projects." + project.id + ".tee", project.tee);
    }
    add("sentry.webhook_secret", config.sentry->webhook_secret);
  }
  add("watchdog.secret_heartbeat", config.watchdog.secret_heartbeat);
  return secrets;
}

}  // namespace revertd

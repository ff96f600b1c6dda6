// ErrorServices: which service an error event is of, and whose events are taken at all.
//
// Pure after construction, any thread; the configuration outlives it.
#pragma once

#include <string>
#include <string_view>

#include "config/config.h"

namespace revertd {

// What of an event may name its service; empty: not said.
struct ErrorNames {
  std::string_view project;
  std::string_view server_name = {};
  std::string_view tag = {};  // of SentryConfig::service_tag
};

class ErrorServices {
 public:
  // Without config.sentry as with an empty one.
  explicit ErrorServices(const Config& config) : config_(config), sentry_(config.sentry.value_or(SentryConfig{})) {}

  // Whether anything of the project is taken: it is configured, or a service is called so, or its events name theirs.
  bool TakesProject(std::string_view project) const;
  // The DSN's public key that the project's requests must have; empty: any.
  std::string_view KeyOf(std::string_view project) const;
  // By the word that the configuration chose (sentry.service_from), else by the project; a word that no service is
  // called or known as is a service of its own name, as hosts are, unless it is the project's. Empty: none.
  std::string ServiceOf(const ErrorNames& names) const;
  // Whether events of that environment are of the deploys that are judged: staging's say nothing of production's. By
  // the repo's `environments`; a service without a repo takes all, and so is what names none.
  bool TakesEnvironment(std::string_view service, std::string_view environment) const;

 private:
  const SentryProjectConfig* FindProject(std::string_view id) const;
  const ServiceConfig* FindCalled(std::string_view name) const;
  std::string OfProject(std::string_view project) const;

  const Config& config_;
  const SentryConfig sentry_;
};

}  // namespace revertd

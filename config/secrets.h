// Every secret that a configuration names, in one place: for whoever must keep them from a program, or see whether they
// can be read.
//
// Pure, any thread.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace revertd {

struct NamedSecret {
  std::string name;           // "http.token", "notify.slack.secret_url"
  const SecretConfig* where;  // of the configuration
};
// Those that are given.
std::vector<NamedSecret> SecretsOf(const Config& config);

}  // namespace revertd

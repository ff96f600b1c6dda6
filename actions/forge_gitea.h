// Gitea's REST API (v1), which Forgejo shares. Parsers are pure and stand alone for tests.
//
// Thread contract: the forge as Forge; the functions any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actions/forge.h"
#include "actions/http_client.h"
#include "base/status.h"
#include "config/config.h"

namespace revertd {

std::unique_ptr<Forge> MakeGiteaForge(const ForgeConfig& config, const std::string& token, HttpClient* http);

StatusOr<PullRequest> ParseGiteaPull(std::string_view json);

// One page of pull requests.
struct GiteaPulls {
  std::vector<PullRequest> own;  // whose branch is the repository's own
  bool is_empty = true;          // as it came
};
StatusOr<GiteaPulls> ParseGiteaPulls(std::string_view json);

StatusOr<std::string> ParseGiteaMergeWay(std::string_view json);                                 // of a pull request
StatusOr<std::vector<std::pair<std::string, int64_t>>> ParseGiteaLabels(std::string_view json);  // name, id
StatusOr<std::vector<std::string>> ParseGiteaReviewers(std::string_view json);                   // of its reviews

}  // namespace revertd

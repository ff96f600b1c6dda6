// GitHub's REST API, and its GraphQL API for the one thing that REST lacks. Parsers are pure and stand alone for tests.
//
// Thread contract: the forge as Forge; the functions any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actions/forge.h"
#include "actions/http_client.h"
#include "base/status.h"
#include "config/config.h"

namespace revertd {

std::unique_ptr<Forge> MakeGitHubForge(const ForgeConfig& config, const std::string& token, HttpClient* http);

StatusOr<PullRequest> ParseGitHubPull(std::string_view json);
StatusOr<std::vector<PullRequest>> ParseGitHubPulls(std::string_view json);
// Only those whose branch is the repository's own; a fork of the same owner's may have one of the same name.
StatusOr<std::vector<PullRequest>> ParseGitHubOwnPulls(std::string_view json);

// What enabling auto-merge needs of a pull request.
struct GitHubMergeInfo {
  std::string node_id;
  bool auto_merge = false;
  std::string way;  // "merge", "rebase" or "squash": the first that the repository allows
};
StatusOr<GitHubMergeInfo> ParseGitHubMergeInfo(std::string_view json);

// Ok: auto-merge is on. GraphQL refuses with 200 and a list of errors. `words`: of a refusal, the forge's own.
Status ParseGitHubAutoMerge(std::string_view json, std::string* words);

// Those who are asked to review: logins, and "team:SLUG".
StatusOr<std::vector<std::string>> ParseGitHubReviewers(std::string_view json);

// Where GraphQL stands beside a REST API: of github.com below it, of an Enterprise server beside its /v3.
std::string GitHubGraphQlUrl(std::string_view api);

}  // namespace revertd

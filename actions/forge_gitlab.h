// GitLab's REST API (v4). A merge request is a pull request here; its number is the project's own (iid). Parsers are
// pure and stand alone for tests.
//
// Thread contract: the forge as Forge; the functions any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actions/forge.h"
#include "actions/http_client.h"
#include "base/status.h"
#include "config/config.h"

namespace revertd {

std::unique_ptr<Forge> MakeGitLabForge(const ForgeConfig& config, const std::string& token, HttpClient* http);

StatusOr<PullRequest> ParseGitLabMergeRequest(std::string_view json);
StatusOr<std::vector<PullRequest>> ParseGitLabMergeRequests(std::string_view json);
// Only those whose branch is the project's own; a fork may have one of the same name.
StatusOr<std::vector<PullRequest>> ParseGitLabOwnMergeRequests(std::string_view json);

// What merging and reviewing need of a merge request.
struct GitLabMergeInfo {
  bool auto_merge = false;
  bool still_checked = false;   // whether it can be merged is not known yet
  std::string pipeline_status;  // "success", "running", ...; empty: none yet
  std::vector<int64_t> reviewer_ids;
  std::vector<std::string> reviewers;
};
StatusOr<GitLabMergeInfo> ParseGitLabMergeInfo(std::string_view json);

// The id of that user in the answer of a search for them; 0: not in it.
StatusOr<int64_t> ParseGitLabUserId(std::string_view json, std::string_view username);

}  // namespace revertd

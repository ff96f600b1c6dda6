// RestForge: what is the same for every forge: look before acting, act, read back. GitHub, GitLab and Gitea bring the
// requests and the reading of the answers.
//
// Thread contract: as Forge.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actions/forge.h"
#include "base/status.h"

namespace revertd {

// One page of a pull request's comments, oldest first.
struct CommentPage {
  std::vector<std::string> bodies;
  bool is_last = false;
};

class RestForge : public Forge {
 public:
  StatusOr<std::vector<PullRequest>> FindByCommit(std::string_view sha) final;
  StatusOr<PullRequest> Read(int64_t number) final;
  StatusOr<PullRequest> Open(const NewPullRequest& request) final;
  Status AddLabels(int64_t number, const std::vector<std::string>& labels) final;
  Status RequestReviewers(int64_t number, const std::vector<std::string>& reviewers) final;
  Status Comment(int64_t number, std::string_view marker, std::string_view markdown) final;
  StatusOr<PullRequest> Merge(int64_t number, std::string_view head_sha) final;
  StatusOr<PullRequest> Close(int64_t number) final;

 private:
  virtual StatusOr<PullRequest> ReadPull(int64_t number) = 0;
  virtual StatusOr<std::vector<PullRequest>> ListByCommit(std::string_view sha) = 0;  // in any order
  virtual StatusOr<std::optional<PullRequest>> FindOpen(const NewPullRequest& request) = 0;
  virtual StatusOr<PullRequest> Create(const NewPullRequest& request) = 0;
  // The labels that the pull request has afterwards; `labels` is not empty.
  virtual StatusOr<std::vector<std::string>> SendLabels(int64_t number, const std::vector<std::string>& labels) = 0;
  // Those who are asked afterwards, written as `reviewers` are; not empty.
  virtual StatusOr<std::vector<std::string>> SendReviewers(int64_t number,
                                                           const std::vector<std::string>& reviewers) = 0;
  virtual StatusOr<CommentPage> ReadComments(int64_t number, int page) = 0;  // from 1
  // The comment's text as the forge keeps it.
  virtual StatusOr<std::string> SendComment(int64_t number, const std::string& markdown) = 0;
  virtual Status SendMerge(int64_t number, std::string_view head_sha) = 0;
  virtual StatusOr<PullRequest> SendClose(int64_t number) = 0;
};

// FailedPrecondition unless the pull request is open; merged and closed are said.
Status CheckOpen(const PullRequest& pull);

// The first way to merge that the repository allows. A merge commit leaves the commits as they were judged, a rebase
// their messages with our trailers in them; a squash keeps neither. All forbidden: the forge may say so itself.
struct MergeWays {
  bool merge = true;
  bool rebase = true;
  bool squash = true;
};
std::string_view ChooseMergeWay(const MergeWays& allowed);  // "merge", "rebase" or "squash"

}  // namespace revertd

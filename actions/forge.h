// Forge: what the executor asks of GitHub, GitLab or Gitea, in one vocabulary. A merge request of GitLab's is a pull
// request here too.
//
// Thread contract: one object, one thread. Every call is one or a few HTTP requests and waits for their answers, at
// most HttpLimits each; it does not retry by itself: the executor's own step does, with its waits.
// Status codes: Unavailable, no answer, 408, 5xx, or asked to wait (429, or 403 with a rate limit): trying again may
// help, and RetryAfter of the status says when where the forge said so. PermissionDenied, 401, 403. NotFound, 404.
// FailedPrecondition, 405, 409, 422 and the other 4xx: the forge will not, in its own words; 3xx: it is elsewhere.
// Internal, an answer that is none.
// Invariants: 1. Open is idempotent: a pull request of that branch into that base that is open already is the answer;
// 2. nothing is believed that was not read back: the answer of every call is the forge's own word, not our request;
// 3. branches are the repository's own: a pull request from a fork is never taken for ours.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actions/http_client.h"
#include "base/clock.h"
#include "base/status.h"
#include "config/config.h"

namespace revertd {

struct PullRequest {
  enum class State { kOpen, kClosed, kMerged };
  int64_t number = 0;
  State state = State::kOpen;
  bool draft = false;
  std::string url;  // for people
  std::string title;
  std::string author;
  std::string head_branch;
  std::string head_sha;
  std::string base_branch;
  std::string merge_sha;  // kMerged: the commit on the base branch; empty: the forge does not say
  std::vector<std::string> labels;
};

struct NewPullRequest {
  std::string head_branch;  // pushed already
  std::string base_branch;
  std::string title;
  std::string body;  // Markdown
  bool draft = false;
};

class Forge {
 public:
  virtual ~Forge() = default;

  // The newest pull request from that branch, in any state.
  virtual StatusOr<std::optional<PullRequest>> FindByBranch(std::string_view head_branch) = 0;
  // Pull requests that brought `sha`, newest first: the guilty one, for its labels and its author.
  virtual StatusOr<std::vector<PullRequest>> FindByCommit(std::string_view sha) = 0;
  virtual StatusOr<PullRequest> Read(int64_t number) = 0;
  virtual StatusOr<PullRequest> Open(const NewPullRequest& request) = 0;
  virtual Status AddLabels(int64_t number, const std::vector<std::string>& labels) = 0;
  // Names as in ForgeConfig::reviewers. Reviewers that the forge does not know are FailedPrecondition.
  virtual Status RequestReviewers(int64_t number, const std::vector<std::string>& reviewers) = 0;
  // Once: a comment that holds `marker` already is left as it is.
  virtual Status Comment(int64_t number, std::string_view marker, std::string_view markdown) = 0;
  // Merges by itself once the forge's checks pass. FailedPrecondition where the repository does not allow it.
  virtual Status EnableAutoMerge(int64_t number) = 0;
  // Merges now, only if its head is still `head_sha`; the answer is read back.
  virtual StatusOr<PullRequest> Merge(int64_t number, std::string_view head_sha) = 0;
  virtual StatusOr<PullRequest> Close(int64_t number) = 0;
};

// The token is read from where the configuration says, at every call of this, so that a rotated one is taken up.
// FailedPrecondition: it cannot be read. `http` must outlive the forge.
StatusOr<std::unique_ptr<Forge>> MakeForge(const ForgeConfig& config, HttpClient* http);

// The secret itself, without the line end that files have. FailedPrecondition names the file or the variable.
StatusOr<std::string> ReadSecret(const SecretConfig& secret);

// How long a forge or channel asked us to wait: Retry-After in seconds, or GitHub's x-ratelimit-reset. nullopt: no
// word.
std::optional<DurationNs> AskedToWait(const HttpResponse& response, TimeNs now_ns);

// The wait, at most a day, that the forge asked for in the answer that became `status`. nullopt: none.
std::optional<DurationNs> RetryAfter(const Status& status);

}  // namespace revertd

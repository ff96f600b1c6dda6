#include "actions/forge_rest.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"

namespace revertd {
namespace {

// 1500 comments with GitHub's 30 a page. Beyond them we cannot say whether ours is there.
constexpr int kCommentPagesMax = 50;

std::string Named(int64_t number) { return "pull request " + std::to_string(number); }

// Forges compare these names without regard to case, and answer with the spelling that they knew first.
Status CheckTaken(std::string_view what, const std::vector<std::string>& wanted, const std::vector<std::string>& got) {
  for (const std::string& name : wanted) {
    const bool taken =
        std::any_of(got.begin(), got.end(), [&](const std::string& one) { return ToLower(one) == ToLower(name); });
    if (!taken) return FailedPrecondition("the forge did not take the " + std::string(what) + " " + name);
  }
  return OkStatus();
}

}  // namespace

Status CheckOpen(const PullRequest& pull) {
  switch (pull.state) {
    case PullRequest::State::kOpen: return OkStatus();
    case PullRequest::State::kClosed: return FailedPrecondition(Named(pull.number) + " is closed");
    case PullRequest::State::kMerged: return FailedPrecondition(Named(pull.number) + " is merged");
  }
  return OkStatus();
}

std::string_view ChooseMergeWay(const MergeWays& allowed) {
  if (allowed.merge) return "merge";
  if (allowed.rebase) return "rebase";
  return allowed.squash ? "squash" : "merge";
}

StatusOr<PullRequest> RestForge::Read(int64_t number) {
  StatusOr<PullRequest> pull = ReadPull(number);
  if (pull.ok() && pull->number != number) {
    return Internal("the forge answered with " + Named(pull->number) + " where " + Named(number) + " was asked for");
  }
  return pull;
}

StatusOr<std::vector<PullRequest>> RestForge::FindByCommit(std::string_view sha) {
  StatusOr<std::vector<PullRequest>> pulls = ListByCommit(sha);
  if (!pulls.ok()) return pulls;
  std::sort(pulls->begin(), pulls->end(),
            [](const PullRequest& a, const PullRequest& b) { return a.number > b.number; });
  return pulls;
}

StatusOr<PullRequest> RestForge::Open(const NewPullRequest& request) {
  const StatusOr<std::optional<PullRequest>> before = FindOpen(request);
  if (!before.ok()) return before.status();
  if (before->has_value()) return **before;
  StatusOr<PullRequest> created = Create(request);
  if (absl::IsFailedPrecondition(created.status())) {
    // "Already exists": a request of ours whose answer was lost, or somebody between our look and our request.
    const StatusOr<std::optional<PullRequest>> after = FindOpen(request);
    if (after.ok() && after->has_value()) return **after;
  }
  if (!created.ok()) return created;
  if (created->head_branch != request.head_branch || created->base_branch != request.base_branch) {
    return Internal("the forge opened " + Named(created->number) + " of " + created->head_branch + " into " +
                    created->base_branch + " where " + request.head_branch + " into " + request.base_branch +
                    " was asked for");
  }
  return created;
}

Status RestForge::AddLabels(int64_t number, const std::vector<std::string>& labels) {
  if (labels.empty()) return OkStatus();
  const StatusOr<std::vector<std::string>> after = SendLabels(number, labels);
  if (!after.ok()) return after.status();
  return CheckTaken("label", labels, *after);
}

Status RestForge::RequestReviewers(int64_t number, const std::vector<std::string>& reviewers) {
  if (reviewers.empty()) return OkStatus();
  const StatusOr<std::vector<std::string>> after = SendReviewers(number, reviewers);
  if (!after.ok()) return after.status();
  return CheckTaken("reviewer", reviewers, *after);
}

Status RestForge::Comment(int64_t number, std::string_view marker, std::string_view markdown) {
  REVERTD_CHECK(!marker.empty());
  for (int page = 1;; ++page) {
    if (page > kCommentPagesMax) {
      return FailedPrecondition(Named(number) + " has more comments than are read (" +
                                std::to_string(kCommentPagesMax) + " pages): ours may be among them");
    }
    const StatusOr<CommentPage> comments = ReadComments(number, page);
    if (!comments.ok()) return comments.status();
    const auto has_marker = [&](const std::string& body) { return body.find(marker) != std::string::npos; };
    if (std::any_of(comments->bodies.begin(), comments->bodies.end(), has_marker)) return OkStatus();
    if (comments->is_last) break;
  }
  std::string text(markdown);
  // Without it the next run would not know its own comment.
  if (text.find(marker) == std::string::npos) text += "\n\n" + std::string(marker);
  const StatusOr<std::string> kept = SendComment(number, text);
  if (!kept.ok()) return kept.status();
  if (kept->find(marker) == std::string::npos) {
    return Internal("the forge keeps our comment on " + Named(number) + " without its marker");
  }
  return OkStatus();
}

StatusOr<PullRequest> RestForge::Merge(int64_t number, std::string_view head_sha) {
  StatusOr<PullRequest> before = Read(number);
  if (!before.ok()) return before;
  if (before->head_sha != head_sha) {
    return FailedPrecondition("the head of " + Named(number) + " is " + before->head_sha + ", not " +
                              std::string(head_sha));
  }
  if (before->state == PullRequest::State::kMerged) return before;  // by us, and the answer was lost; or by a person
  REVERTD_RETURN_IF_ERROR(CheckOpen(*before));
  REVERTD_RETURN_IF_ERROR(SendMerge(number, head_sha));
  StatusOr<PullRequest> after = Read(number);
  if (after.ok() && after->state != PullRequest::State::kMerged) {
    return Unavailable("the forge took the merge of " + Named(number) + " and has not done it yet");
  }
  return after;
}

StatusOr<PullRequest> RestForge::Close(int64_t number) {
  StatusOr<PullRequest> before = Read(number);
  if (!before.ok() || before->state != PullRequest::State::kOpen) return before;
  StatusOr<PullRequest> after = SendClose(number);
  if (after.ok() && after->state == PullRequest::State::kOpen) {
    return FailedPrecondition("the forge left " + Named(number) + " open");
  }
  return after;
}

}  // namespace revertd

#include "tests/actions/fake_forge.h"

#include <algorithm>

namespace revertd {
namespace {

class FakeForge final : public Forge {
 public:
  explicit FakeForge(ForgeWorld* world) : world_(world) {}

  StatusOr<std::optional<PullRequest>> FindByBranch(std::string_view head_branch) override {
    if (const Status status = Called("FindByBranch"); !status.ok()) return status;
    for (const PullRequest& request : world_->requests) {
      if (request.head_branch == head_branch) return std::optional<PullRequest>(request);
    }
    return std::optional<PullRequest>();
  }
  StatusOr<std::vector<PullRequest>> FindByCommit(std::string_view sha) override {
    if (const Status status = Called("FindByCommit"); !status.ok()) return status;
    if (sha != world_->guilty_sha) return std::vector<PullRequest>{};
    return std::vector<PullRequest>{world_->guilty};
  }
  StatusOr<PullRequest> Read(int64_t number) override {
    if (const Status status = Called("Read"); !status.ok()) return status;
    const PullRequest* request = world_->Find(number);
    if (request == nullptr) return NotFound("no such pull request");
    return *request;
  }
  StatusOr<PullRequest> Open(const NewPullRequest& wanted) override {
    if (const Status status = Called("Open"); !status.ok()) return status;
    for (const PullRequest& request : world_->requests) {
      if (request.head_branch == wanted.head_branch && request.state == PullRequest::State::kOpen) return request;
    }
    PullRequest request;
    request.number = static_cast<int64_t>(world_->requests.size()) + 100;
    request.url = "https://forge.example/" + std::to_string(request.number);
    request.title = wanted.title;
    request.draft = wanted.draft;
    request.head_branch = wanted.head_branch;
    request.base_branch = wanted.base_branch;
    request.head_sha = world_->sandbox->GitIn(world_->sandbox->remote, {"rev-parse", wanted.head_branch});
    world_->requests.push_back(request);
    return request;
  }
  Status AddLabels(int64_t number, const std::vector<std::string>& labels) override {
    REVERTD_RETURN_IF_ERROR(Called("AddLabels"));
    world_->Find(number)->labels = labels;
    return OkStatus();
  }
  Status RequestReviewers(int64_t /*number*/, const std::vector<std::string>& /*reviewers*/) override {
    return Called("RequestReviewers");
  }
  Status Comment(int64_t number, std::string_view /*marker*/, std::string_view markdown) override {
    REVERTD_RETURN_IF_ERROR(Called("Comment"));
    world_->comments.emplace_back(number, markdown);
    return OkStatus();
  }
  Status EnableAutoMerge(int64_t /*number*/) override { return Called("EnableAutoMerge"); }
  StatusOr<PullRequest> Merge(int64_t number, std::string_view /*head_sha*/) override {
    if (const Status status = Called("Merge"); !status.ok()) return status;
    world_->MergeByPerson(number);
    return *world_->Find(number);
  }
  StatusOr<PullRequest> Close(int64_t number) override {
    if (const Status status = Called("Close"); !status.ok()) return status;
    world_->Find(number)->state = PullRequest::State::kClosed;
    return *world_->Find(number);
  }

 private:
  Status Called(const std::string& name) {
    world_->calls.push_back(name);
    if (world_->on_call) world_->on_call(name);
    const auto failure = world_->fails.find(name);
    return failure == world_->fails.end() ? OkStatus() : failure->second;
  }
  ForgeWorld* const world_;
};

}  // namespace

PullRequest* ForgeWorld::Find(int64_t number) {
  const auto found = std::find_if(requests.begin(), requests.end(),
                                  [number](const PullRequest& request) { return request.number == number; });
  return found == requests.end() ? nullptr : &*found;
}

void ForgeWorld::MergeByPerson(int64_t number) {
  PullRequest* request = Find(number);
  request->state = PullRequest::State::kMerged;
  const std::string head = sandbox->RemoteHead();
  const std::string tree = sandbox->GitIn(sandbox->remote, {"rev-parse", request->head_sha + "^{tree}"});
  request->merge_sha = request->head_sha;
  if (!fast_forwards) {
    request->merge_sha = sandbox->GitIn(sandbox->remote, {"commit-tree", "-p", head, "-p", request->head_sha, "-m",
                                                          "Merge pull request #" + std::to_string(number), tree});
  }
  if (merges_only_in_words) return;
  sandbox->GitIn(sandbox->remote, {"update-ref", "refs/heads/production", request->merge_sha});
}

OpenForge OpenFakeForge(ForgeWorld* world) {
  return [world](const ForgeConfig&) -> StatusOr<std::unique_ptr<Forge>> { return std::make_unique<FakeForge>(world); };
}

}  // namespace revertd

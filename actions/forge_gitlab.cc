#include "actions/forge_gitlab.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "actions/forge_http.h"
#include "actions/forge_json.h"
#include "actions/forge_rest.h"
#include "base/json_writer.h"
#include "base/strings.h"

namespace revertd {
namespace {

// A text may be 1 MiB in GitLab, and is a few KiB in practice: pages are small, and one beyond HttpLimits is refused.
constexpr size_t kMergeRequestsPerPage = 10;
constexpr size_t kCommentsPerPage = 30;
constexpr std::string_view kDraftPrefix = "Draft: ";

PullRequest::State TakeState(const JsonView& state) {
  const std::string name = state.Text();
  if (name == "merged") return PullRequest::State::kMerged;
  if (name == "closed") return PullRequest::State::kClosed;
  // Locked: being merged at this moment.
  if (name != "opened" && name != "locked") state.Complain("opened, locked, closed or merged");
  return PullRequest::State::kOpen;
}

PullRequest TakeMergeRequest(const JsonView& json) {
  PullRequest pull;
  pull.number = json["iid"].Number();
  pull.state = TakeState(json["state"]);
  pull.draft = json["draft"].Truth();
  pull.url = json["web_url"].Text();
  pull.title = json["title"].Text();
  pull.author = json["author"]["username"].Text();
  pull.head_branch = json["source_branch"].Text();
  pull.head_sha = json["sha"].TextOrNull();  // null: the branch is gone
  pull.base_branch = json["target_branch"].Text();
  for (const JsonView& label : json["labels"].Items()) pull.labels.push_back(label.Text());
  const std::string merge_sha = json["merge_commit_sha"].TextOrNull();
  const std::string squash_sha = json["squash_commit_sha"].TextOrNull();
  if (pull.state == PullRequest::State::kMerged) {
    // With neither, the base branch was moved forward to the head itself.
    pull.merge_sha = !merge_sha.empty() ? merge_sha : !squash_sha.empty() ? squash_sha : pull.head_sha;
  }
  return pull;
}

std::string OpenJson(const NewPullRequest& request) {
  JsonWriter json;
  json.BeginObject().Field("source_branch", request.head_branch).Field("target_branch", request.base_branch);
  json.Field("title", (request.draft ? std::string(kDraftPrefix) : "") + request.title);
  json.Field("description", request.body).EndObject();
  return json.Take();
}

std::string MergeJson(std::string_view head_sha, bool once_checked) {
  JsonWriter json;
  json.BeginObject().Field("sha", head_sha);
  // GitLab 17.11 renamed it; each version passes over the name that it does not know.
  if (once_checked) json.Field("merge_when_pipeline_succeeds", true).Field("auto_merge", true);
  json.EndObject();
  return json.Take();
}

class GitLabForge final : public RestForge {
 public:
  GitLabForge(const ForgeConfig& config, const std::string& token, HttpClient* http)
      : rest_(config.api, {{}, "PRIVATE-TOKEN", ""}, token, http),
        project_("/projects/" + UrlEncode(config.repository)) {}

  StatusOr<std::optional<PullRequest>> FindByBranch(std::string_view head_branch) override {
    return FindNewest(head_branch, "&state=all");
  }
  Status EnableAutoMerge(int64_t number) override;

 private:
  StatusOr<std::optional<PullRequest>> FindNewest(std::string_view head_branch, const std::string& filter);
  StatusOr<int64_t> FindUser(const std::string& name);
  std::string PathOf(int64_t number) const { return project_ + "/merge_requests/" + std::to_string(number); }

  StatusOr<PullRequest> ReadPull(int64_t number) override;
  StatusOr<std::vector<PullRequest>> ListByCommit(std::string_view sha) override;
  StatusOr<std::optional<PullRequest>> FindOpen(const NewPullRequest& request) override;
  StatusOr<PullRequest> Create(const NewPullRequest& request) override;
  StatusOr<std::vector<std::string>> SendLabels(int64_t number, const std::vector<std::string>& labels) override;
  StatusOr<std::vector<std::string>> SendReviewers(int64_t number, const std::vector<std::string>& reviewers) override;
  StatusOr<CommentPage> ReadComments(int64_t number, int page) override;
  StatusOr<std::string> SendComment(int64_t number, const std::string& markdown) override;
  Status SendMerge(int64_t number, std::string_view head_sha) override;
  StatusOr<PullRequest> SendClose(int64_t number) override;

  ForgeHttp rest_;
  const std::string project_;
};

StatusOr<std::optional<PullRequest>> GitLabForge::FindNewest(std::string_view head_branch, const std::string& filter) {
  const StatusOr<std::string> body =
      rest_.Get(project_ + "/merge_requests?source_branch=" + UrlEncode(head_branch) + filter +
                "&order_by=created_at&sort=desc&per_page=" + std::to_string(kMergeRequestsPerPage));
  if (!body.ok()) return body.status();
  StatusOr<std::vector<PullRequest>> pulls = ParseGitLabOwnMergeRequests(*body);
  if (!pulls.ok()) return pulls.status();
  const auto found = std::find_if(pulls->begin(), pulls->end(),
                                  [&](const PullRequest& pull) { return pull.head_branch == head_branch; });
  if (found == pulls->end()) return std::optional<PullRequest>();
  return std::optional<PullRequest>(std::move(*found));
}

StatusOr<std::optional<PullRequest>> GitLabForge::FindOpen(const NewPullRequest& request) {
  auto found = FindNewest(request.head_branch, "&target_branch=" + UrlEncode(request.base_branch) + "&state=opened");
  const bool fits = !found.ok() || !found->has_value() ||
                    ((*found)->state == PullRequest::State::kOpen && (*found)->base_branch == request.base_branch);
  return fits ? found : StatusOr<std::optional<PullRequest>>(std::optional<PullRequest>());
}

StatusOr<PullRequest> GitLabForge::ReadPull(int64_t number) {
  return Parsed(rest_.Get(PathOf(number)), &ParseGitLabMergeRequest);
}

StatusOr<std::vector<PullRequest>> GitLabForge::ListByCommit(std::string_view sha) {
  return Parsed(rest_.Get(project_ + "/repository/commits/" + UrlEncode(sha) +
                          "/merge_requests?per_page=" + std::to_string(kMergeRequestsPerPage)),
                &ParseGitLabMergeRequests);
}

StatusOr<PullRequest> GitLabForge::Create(const NewPullRequest& request) {
  return Parsed(rest_.Post(project_ + "/merge_requests", OpenJson(request)), &ParseGitLabMergeRequest);
}

StatusOr<std::vector<std::string>> GitLabForge::SendLabels(int64_t number, const std::vector<std::string>& labels) {
  for (const std::string& label : labels) {
    if (label.find(',') != std::string::npos) return FailedPrecondition("GitLab has no labels with a comma: " + label);
  }
  JsonWriter json;
  json.BeginObject().Field("add_labels", Join(labels, ",")).EndObject();
  const StatusOr<std::string> body = rest_.Put(PathOf(number), json.Take());
  if (!body.ok()) return body.status();
  StatusOr<PullRequest> pull = ParseGitLabMergeRequest(*body);
  if (!pull.ok()) return pull.status();
  return std::move(pull->labels);
}

StatusOr<int64_t> GitLabForge::FindUser(const std::string& name) {
  const StatusOr<std::string> body = rest_.Get("/users?username=" + UrlEncode(name));
  if (!body.ok()) return body.status();
  StatusOr<int64_t> id = ParseGitLabUserId(*body, name);
  if (id.ok() && *id == 0) return FailedPrecondition("GitLab knows no user " + name);
  return id;
}

StatusOr<std::vector<std::string>> GitLabForge::SendReviewers(int64_t number,
                                                              const std::vector<std::string>& reviewers) {
  const StatusOr<std::string> before = rest_.Get(PathOf(number));
  if (!before.ok()) return before.status();
  StatusOr<GitLabMergeInfo> info = ParseGitLabMergeInfo(*before);
  if (!info.ok()) return info.status();
  // GitLab puts the list in the place of the one that is there.
  std::vector<int64_t> ids = std::move(info->reviewer_ids);
  for (const std::string& reviewer : reviewers) {
    const StatusOr<int64_t> id = FindUser(reviewer);
    if (!id.ok()) return id.status();
    if (std::find(ids.begin(), ids.end(), *id) == ids.end()) ids.push_back(*id);
  }
  JsonWriter json;
  json.BeginObject().Key("reviewer_ids").BeginArray();
  for (const int64_t id : ids) json.Integer(id);
  json.EndArray().EndObject();
  const StatusOr<std::string> body = rest_.Put(PathOf(number), json.Take());
  if (!body.ok()) return body.status();
  StatusOr<GitLabMergeInfo> after = ParseGitLabMergeInfo(*body);
  if (!after.ok()) return after.status();
  return std::move(after->reviewers);
}

StatusOr<CommentPage> GitLabForge::ReadComments(int64_t number, int page) {
  const StatusOr<std::string> body =
      rest_.Get(PathOf(number) + "/notes?order_by=created_at&sort=asc&per_page=" + std::to_string(kCommentsPerPage) +
                "&page=" + std::to_string(page));
  if (!body.ok()) return body.status();
  StatusOr<std::vector<std::string>> bodies =
      ReadItems(*body, [](const JsonView& note) { return note["body"].TextOrNull(); });
  if (!bodies.ok()) return bodies.status();
  const bool is_last = bodies->size() < kCommentsPerPage;
  return CommentPage{*std::move(bodies), is_last};
}

StatusOr<std::string> GitLabForge::SendComment(int64_t number, const std::string& markdown) {
  JsonWriter json;
  json.BeginObject().Field("body", markdown).EndObject();
  const StatusOr<std::string> body = rest_.Post(PathOf(number) + "/notes", json.Take());
  if (!body.ok()) return body.status();
  return ReadAnswer(*body, [](const JsonView& note) { return note["body"].Text(); });
}

Status GitLabForge::SendMerge(int64_t number, std::string_view head_sha) {
  return rest_.Put(PathOf(number) + "/merge", MergeJson(head_sha, false)).status();
}

StatusOr<PullRequest> GitLabForge::SendClose(int64_t number) {
  return Parsed(rest_.Put(PathOf(number), R"({"state_event":"close"})"), &ParseGitLabMergeRequest);
}

// GitLab merges at once where there is nothing to wait for, and in old versions where the pipeline has failed: a
// request that comes before the pipeline does would merge without any check. We wait for it to be seen.
Status CheckPipeline(const GitLabMergeInfo& info) {
  if (info.still_checked) return Unavailable("GitLab still finds out whether it can be merged");
  if (info.pipeline_status.empty()) return Unavailable("it has no pipeline yet, and would be merged without checks");
  for (const std::string_view bad : {"failed", "canceled", "skipped"}) {
    if (info.pipeline_status == bad) return FailedPrecondition("its pipeline is " + std::string(bad));
  }
  return OkStatus();
}

Status GitLabForge::EnableAutoMerge(int64_t number) {
  const StatusOr<std::string> before = rest_.Get(PathOf(number));
  if (!before.ok()) return before.status();
  const StatusOr<PullRequest> pull = ParseGitLabMergeRequest(*before);
  if (!pull.ok()) return pull.status();
  const StatusOr<GitLabMergeInfo> info = ParseGitLabMergeInfo(*before);
  if (!info.ok()) return info.status();
  if (info->auto_merge || pull->state == PullRequest::State::kMerged) return OkStatus();
  REVERTD_RETURN_IF_ERROR(CheckOpen(*pull));
  REVERTD_RETURN_IF_ERROR(Annotate(CheckPipeline(*info), "auto-merge of merge request " + std::to_string(number)));
  const StatusOr<std::string> body = rest_.Put(PathOf(number) + "/merge", MergeJson(pull->head_sha, true));
  if (!body.ok()) return body.status();
  const StatusOr<PullRequest> merged = ParseGitLabMergeRequest(*body);
  if (!merged.ok()) return merged.status();
  const StatusOr<GitLabMergeInfo> after = ParseGitLabMergeInfo(*body);
  if (!after.ok()) return after.status();
  if (after->auto_merge || merged->state == PullRequest::State::kMerged) return OkStatus();
  return Internal("the forge took the request for auto-merge, and it is not on");
}

}  // namespace

std::unique_ptr<Forge> MakeGitLabForge(const ForgeConfig& config, const std::string& token, HttpClient* http) {
  return std::make_unique<GitLabForge>(config, token, http);
}

StatusOr<PullRequest> ParseGitLabMergeRequest(std::string_view json) { return ReadAnswer(json, &TakeMergeRequest); }

StatusOr<std::vector<PullRequest>> ParseGitLabMergeRequests(std::string_view json) {
  return ReadItems(json, &TakeMergeRequest);
}

StatusOr<std::vector<PullRequest>> ParseGitLabOwnMergeRequests(std::string_view json) {
  return ReadAnswer(json, [](const JsonView& root) {
    std::vector<PullRequest> own;
    for (const JsonView& item : root.Items()) {
      PullRequest pull = TakeMergeRequest(item);
      const JsonView source = item["source_project_id"];  // null: the fork is gone
      const int64_t target = item["target_project_id"].Number();
      if (!source.IsNull() && source.Number() == target) own.push_back(std::move(pull));
    }
    return own;
  });
}

StatusOr<GitLabMergeInfo> ParseGitLabMergeInfo(std::string_view json) {
  return ReadAnswer(json, [](const JsonView& root) {
    GitLabMergeInfo info;
    info.auto_merge = root["merge_when_pipeline_succeeds"].Truth();
    if (root.Has("detailed_merge_status")) {  // since GitLab 15.6
      const std::string status = root["detailed_merge_status"].Text();
      info.still_checked = status == "checking" || status == "preparing";
    }
    if (root.Has("head_pipeline")) info.pipeline_status = root["head_pipeline"]["status"].Text();
    for (const JsonView& user : root["reviewers"].ItemsOrNull()) {
      info.reviewer_ids.push_back(user["id"].Number());
      info.reviewers.push_back(user["username"].Text());
    }
    return info;
  });
}

StatusOr<int64_t> ParseGitLabUserId(std::string_view json, std::string_view username) {
  return ReadAnswer(json, [&](const JsonView& root) {
    int64_t found = 0;
    for (const JsonView& user : root.Items()) {
      const int64_t id = user["id"].Number();
      if (ToLower(user["username"].Text()) == ToLower(username)) found = id;
    }
    return found;
  });
}

}  // namespace revertd

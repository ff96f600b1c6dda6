#include "actions/forge_gitea.h"

#include <algorithm>
#include <optional>

#include "actions/forge_http.h"
#include "actions/forge_json.h"
#include "actions/forge_rest.h"
#include "base/json_writer.h"
#include "base/strings.h"

namespace revertd {
namespace {

constexpr std::string_view kDraftPrefix = "WIP: ";  // "WIP:" makes a draft by Gitea's default configuration
constexpr std::string_view kLabelColor = "#e11d21";
constexpr int kPerPage = 50;  // Gitea's own default maximum; a smaller one of the server's is followed
// Newest first, and what we look for was opened by us not long ago: 500 pull requests.
constexpr int kPullPagesMax = 10;
constexpr int kLabelPagesMax = 20;   // 1000 labels
constexpr int kReviewPagesMax = 10;  // 500 reviews

bool IsDraftTitle(std::string_view title) {
  const std::string lower = ToLower(title);
  return lower.starts_with("wip:") || lower.starts_with("[wip]");
}

PullRequest TakePull(const JsonView& json) {
  PullRequest pull;
  pull.number = json["number"].Number();
  const std::string state = json["state"].Text();
  if (state != "open" && state != "closed") json["state"].Complain("open or closed");
  const bool merged = json["merged"].Truth();
  pull.state = merged            ? PullRequest::State::kMerged
               : state == "open" ? PullRequest::State::kOpen
                                 : PullRequest::State::kClosed;
  pull.url = json["html_url"].Text();
  pull.title = json["title"].Text();
  pull.draft = json.TruthOr("draft", IsDraftTitle(pull.title));  // older servers do not say
  pull.author = json["user"]["login"].Text();
  pull.head_branch = json["head"]["label"].Text();  // `ref` is another name once the branch is deleted
  pull.head_sha = json["head"]["sha"].Text();
  pull.base_branch = json["base"]["ref"].Text();
  const std::string merge_sha = json["merge_commit_sha"].TextOrNull();
  if (merged) pull.merge_sha = merge_sha;
  for (const JsonView& label : json["labels"].ItemsOrNull()) pull.labels.push_back(label["name"].Text());
  return pull;
}

std::string OpenJson(const NewPullRequest& request) {
  JsonWriter json;
  json.BeginObject().Field("head", request.head_branch).Field("base", request.base_branch);
  json.Field("title", (request.draft ? std::string(kDraftPrefix) : "") + request.title);
  json.Field("body", request.body).EndObject();
  return json.Take();
}

std::string MergeJson(const std::string& way, std::string_view head_sha, bool once_checked) {
  JsonWriter json;
  json.BeginObject().Field("Do", way).Field("head_commit_id", head_sha);
  if (once_checked) json.Field("merge_when_checks_succeed", true);
  json.EndObject();
  return json.Take();
}

std::string Paged(const std::string& path, int page) {
  return path + (path.find('?') == std::string::npos ? "?" : "&") + "page=" + std::to_string(page) +
         "&limit=" + std::to_string(kPerPage);
}

class GiteaForge final : public RestForge {
 public:
  GiteaForge(const ForgeConfig& config, const std::string& token, HttpClient* http)
      : rest_(config.api, {{{"Accept", "application/json"}}, "Authorization", "token "}, token, http),
        repository_("/repos/" + EncodePath(config.repository)) {}

  StatusOr<std::optional<PullRequest>> FindByBranch(std::string_view head_branch) override {
    return FindNewest("all", [&](const PullRequest& pull) { return pull.head_branch == head_branch; });
  }
  Status EnableAutoMerge(int64_t number) override;

 private:
  template <typename Fits>
  StatusOr<std::optional<PullRequest>> FindNewest(std::string_view state, const Fits& fits);
  StatusOr<int64_t> FindOrCreateLabel(const std::string& name);
  std::string PullPath(int64_t number) const { return repository_ + "/pulls/" + std::to_string(number); }
  std::string IssuePath(int64_t number) const { return repository_ + "/issues/" + std::to_string(number); }

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
  const std::string repository_;
};

// The list has no filter by branch (before Gitea 1.24), and the server may hold pages shorter than asked for: the end
// is the page with nothing on it.
template <typename Fits>
StatusOr<std::optional<PullRequest>> GiteaForge::FindNewest(std::string_view state, const Fits& fits) {
  for (int page = 1; page <= kPullPagesMax; ++page) {
    const StatusOr<std::string> body = rest_.Get(Paged(repository_ + "/pulls?state=" + std::string(state), page));
    if (!body.ok()) return body.status();
    StatusOr<GiteaPulls> pulls = ParseGiteaPulls(*body);
    if (!pulls.ok()) return pulls.status();
    const auto found = std::find_if(pulls->own.begin(), pulls->own.end(), fits);
    if (found != pulls->own.end()) return std::optional<PullRequest>(std::move(*found));
    if (pulls->is_empty) break;
  }
  return std::optional<PullRequest>();
}

StatusOr<std::optional<PullRequest>> GiteaForge::FindOpen(const NewPullRequest& request) {
  return FindNewest("open", [&](const PullRequest& pull) {
    return pull.head_branch == request.head_branch && pull.base_branch == request.base_branch &&
           pull.state == PullRequest::State::kOpen;
  });
}

StatusOr<PullRequest> GiteaForge::ReadPull(int64_t number) {
  return Parsed(rest_.Get(PullPath(number)), &ParseGiteaPull);
}

// Gitea answers with the one pull request whose merge made `sha`; it does not know commits inside of one.
StatusOr<std::vector<PullRequest>> GiteaForge::ListByCommit(std::string_view sha) {
  const StatusOr<std::string> body = rest_.Get(repository_ + "/commits/" + UrlEncode(sha) + "/pull");
  if (absl::IsNotFound(body.status())) {
    // "No such pull request" and "no such repository, or not for you" are one answer. The second must not read as
    // "no opt-out label".
    REVERTD_RETURN_IF_ERROR(rest_.Get(repository_).status());
    return std::vector<PullRequest>();
  }
  if (!body.ok()) return body.status();
  StatusOr<PullRequest> pull = ParseGiteaPull(*body);
  if (!pull.ok()) return pull.status();
  return std::vector<PullRequest>{*std::move(pull)};
}

StatusOr<PullRequest> GiteaForge::Create(const NewPullRequest& request) {
  return Parsed(rest_.Post(repository_ + "/pulls", OpenJson(request)), &ParseGiteaPull);
}

StatusOr<int64_t> GiteaForge::FindOrCreateLabel(const std::string& name) {
  for (int page = 1;; ++page) {
    // Gitea creates a second label of the same name without a word.
    if (page > kLabelPagesMax) return FailedPrecondition("more labels than are read; " + name + " may be among them");
    const StatusOr<std::string> body = rest_.Get(Paged(repository_ + "/labels", page));
    if (!body.ok()) return body.status();
    const auto labels = ParseGiteaLabels(*body);
    if (!labels.ok()) return labels.status();
    for (const auto& [known, id] : *labels) {
      if (ToLower(known) == ToLower(name)) return id;
    }
    if (labels->empty()) break;
  }
  JsonWriter json;
  json.BeginObject().Field("name", name).Field("color", kLabelColor).EndObject();
  const StatusOr<std::string> body = rest_.Post(repository_ + "/labels", json.Take());
  if (!body.ok()) return body.status();
  return ReadAnswer(*body, [](const JsonView& label) { return label["id"].Number(); });
}

StatusOr<std::vector<std::string>> GiteaForge::SendLabels(int64_t number, const std::vector<std::string>& labels) {
  JsonWriter json;
  json.BeginObject().Key("labels").BeginArray();
  for (const std::string& label : labels) {
    const StatusOr<int64_t> id = FindOrCreateLabel(label);
    if (!id.ok()) return id.status();
    json.Integer(*id);
  }
  json.EndArray().EndObject();
  const StatusOr<std::string> body = rest_.Post(IssuePath(number) + "/labels", json.Take());
  if (!body.ok()) return body.status();
  const auto after = ParseGiteaLabels(*body);
  if (!after.ok()) return after.status();
  std::vector<std::string> names;
  for (const auto& [name, id] : *after) names.push_back(name);
  return names;
}

StatusOr<std::vector<std::string>> GiteaForge::SendReviewers(int64_t number,
                                                             const std::vector<std::string>& reviewers) {
  // Both an unknown pull request and an unknown reviewer are 404.
  REVERTD_RETURN_IF_ERROR(Read(number).status());
  JsonWriter json;
  json.BeginObject().Key("reviewers").BeginArray();
  for (const std::string& reviewer : reviewers) json.String(reviewer);
  json.EndArray().EndObject();
  const Status sent = rest_.Post(PullPath(number) + "/requested_reviewers", json.Take()).status();
  if (absl::IsNotFound(sent)) return FailedPrecondition(MessageOf(sent));
  if (!sent.ok()) return sent;
  // Its answer leaves out who had been asked before.
  std::vector<std::string> names;
  for (int page = 1; page <= kReviewPagesMax; ++page) {
    const StatusOr<std::string> body = rest_.Get(Paged(PullPath(number) + "/reviews", page));
    if (!body.ok()) return body.status();
    const auto more = ParseGiteaReviewers(*body);
    if (!more.ok()) return more.status();
    if (more->empty()) break;
    names.insert(names.end(), more->begin(), more->end());
  }
  return names;
}

StatusOr<CommentPage> GiteaForge::ReadComments(int64_t number, int /*page*/) {
  const StatusOr<std::string> body = rest_.Get(IssuePath(number) + "/comments");  // all of them: it knows no pages
  if (!body.ok()) return body.status();
  StatusOr<std::vector<std::string>> bodies =
      ReadItems(*body, [](const JsonView& comment) { return comment["body"].Text(); });
  if (!bodies.ok()) return bodies.status();
  return CommentPage{*std::move(bodies), true};
}

StatusOr<std::string> GiteaForge::SendComment(int64_t number, const std::string& markdown) {
  JsonWriter json;
  json.BeginObject().Field("body", markdown).EndObject();
  const StatusOr<std::string> body = rest_.Post(IssuePath(number) + "/comments", json.Take());
  if (!body.ok()) return body.status();
  return ReadAnswer(*body, [](const JsonView& comment) { return comment["body"].Text(); });
}

Status GiteaForge::SendMerge(int64_t number, std::string_view head_sha) {
  const StatusOr<std::string> body = rest_.Get(PullPath(number));
  if (!body.ok()) return body.status();
  const StatusOr<std::string> way = ParseGiteaMergeWay(*body);
  if (!way.ok()) return way.status();
  return rest_.Post(PullPath(number) + "/merge", MergeJson(*way, head_sha, false)).status();
}

StatusOr<PullRequest> GiteaForge::SendClose(int64_t number) {
  return Parsed(rest_.Patch(PullPath(number), R"({"state":"closed"})"), &ParseGiteaPull);
}

// Gitea has no field that says whether it is scheduled: its status code is all there is to read back.
Status GiteaForge::EnableAutoMerge(int64_t number) {
  const StatusOr<std::string> body = rest_.Get(PullPath(number));
  if (!body.ok()) return body.status();
  const StatusOr<PullRequest> pull = ParseGiteaPull(*body);
  if (!pull.ok()) return pull.status();
  if (pull->state == PullRequest::State::kMerged) return OkStatus();
  REVERTD_RETURN_IF_ERROR(CheckOpen(*pull));
  const StatusOr<std::string> way = ParseGiteaMergeWay(*body);
  if (!way.ok()) return way.status();
  const std::string path = PullPath(number) + "/merge";
  const StatusOr<HttpResponse> response = rest_.Exchange("POST", path, MergeJson(*way, pull->head_sha, true));
  if (!response.ok()) return response.status();
  const bool is_scheduled =
      response->status == 409 && WordsOfRefusal(response->body).find("already scheduled") != std::string::npos;
  return is_scheduled ? OkStatus() : rest_.Judge("POST", path, *response);
}

}  // namespace

std::unique_ptr<Forge> MakeGiteaForge(const ForgeConfig& config, const std::string& token, HttpClient* http) {
  return std::make_unique<GiteaForge>(config, token, http);
}

StatusOr<PullRequest> ParseGiteaPull(std::string_view json) { return ReadAnswer(json, &TakePull); }

StatusOr<GiteaPulls> ParseGiteaPulls(std::string_view json) {
  return ReadAnswer(json, [](const JsonView& root) {
    GiteaPulls pulls;
    for (const JsonView& item : root.ItemsOrNull()) {
      pulls.is_empty = false;
      PullRequest pull = TakePull(item);
      // A fork's has another number, or none once the fork is gone (-1).
      if (item["head"]["repo_id"].Integer() == item["base"]["repo_id"].Integer()) pulls.own.push_back(std::move(pull));
    }
    return pulls;
  });
}

StatusOr<std::string> ParseGiteaMergeWay(std::string_view json) {
  return ReadAnswer(json, [](const JsonView& root) {
    const JsonView repo = root["base"]["repo"];
    return std::string(ChooseMergeWay({repo.TruthOr("allow_merge_commits", true), repo.TruthOr("allow_rebase", true),
                                       repo.TruthOr("allow_squash_merge", true)}));
  });
}

StatusOr<std::vector<std::pair<std::string, int64_t>>> ParseGiteaLabels(std::string_view json) {
  return ReadAnswer(json, [](const JsonView& root) {
    std::vector<std::pair<std::string, int64_t>> labels;
    for (const JsonView& label : root.ItemsOrNull()) labels.emplace_back(label["name"].Text(), label["id"].Number());
    return labels;
  });
}

StatusOr<std::vector<std::string>> ParseGiteaReviewers(std::string_view json) {
  return ReadAnswer(json, [](const JsonView& root) {
    std::vector<std::string> names;
    for (const JsonView& review : root.ItemsOrNull()) {
      const JsonView user = review["user"];
      names.push_back(user.IsNull() ? "" : user["login"].Text());  // null: a team was asked
    }
    return names;
  });
}

}  // namespace revertd

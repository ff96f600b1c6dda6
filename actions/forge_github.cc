#include "actions/forge_github.h"

#include <algorithm>
#include <utility>

#include "actions/forge_http.h"
#include "actions/forge_json.h"
#include "actions/forge_rest.h"
#include "base/json_writer.h"
#include "base/strings.h"

namespace revertd {
namespace {

constexpr std::string_view kTeamPrefix = "team:";
// A pull request is up to 90 KiB of JSON (its text 64 of them), a comment up to 70: a page stays far below the 4 MiB of
// HttpLimits.
constexpr size_t kPullsPerPage = 10;
constexpr size_t kCommentsPerPage = 30;

PullRequest::State TakeState(const JsonView& json) {
  const std::string state = json["state"].Text();
  const bool merged = !json["merged_at"].IsNull();  // `merged` itself is not there in lists
  if (state == "open") return PullRequest::State::kOpen;
  if (state != "closed") json["state"].Complain("open or closed");
  return merged ? PullRequest::State::kMerged : PullRequest::State::kClosed;
}

PullRequest TakePull(const JsonView& json) {
  PullRequest pull;
  pull.number = json["number"].Number();
  pull.state = TakeState(json);
  pull.draft = json.TruthOr("draft", false);  // the one field that GitHub's description leaves optional
  pull.url = json["html_url"].Text();
  pull.title = json["title"].Text();
  const JsonView user = json["user"];
  if (!user.IsNull()) pull.author = user["login"].Text();  // null: the account is gone
  pull.head_branch = json["head"]["ref"].Text();
  pull.head_sha = json["head"]["sha"].Text();
  pull.base_branch = json["base"]["ref"].Text();
  // Before the merge it names a commit that only tries it out.
  const std::string merge_sha = json["merge_commit_sha"].TextOrNull();
  if (pull.state == PullRequest::State::kMerged) pull.merge_sha = merge_sha;
  for (const JsonView& label : json["labels"].Items()) pull.labels.push_back(label["name"].Text());
  return pull;
}

std::string OpenJson(const NewPullRequest& request) {
  JsonWriter json;
  json.BeginObject().Field("title", request.title).Field("head", request.head_branch);
  json.Field("base", request.base_branch).Field("body", request.body).Field("draft", request.draft).EndObject();
  return json.Take();
}

std::string ReviewersJson(const std::vector<std::string>& reviewers) {
  JsonWriter json;
  json.BeginObject();
  for (const bool teams : {false, true}) {
    json.Key(teams ? "team_reviewers" : "reviewers").BeginArray();
    for (const std::string_view reviewer : reviewers) {
      if (reviewer.starts_with(kTeamPrefix) == teams) json.String(reviewer.substr(teams ? kTeamPrefix.size() : 0));
    }
    json.EndArray();
  }
  json.EndObject();
  return json.Take();
}

std::string AutoMergeJson(const GitHubMergeInfo& info) {
  std::string method = info.way;
  for (char& c : method) c = static_cast<char>(c - 'a' + 'A');
  JsonWriter json;
  json.BeginObject();
  json.Field("query",
             "mutation($id: ID!, $method: PullRequestMergeMethod!) { enablePullRequestAutoMerge(input: "
             "{pullRequestId: $id, mergeMethod: $method}) { pullRequest { autoMergeRequest { enabledAt } } } }");
  json.Key("variables").BeginObject().Field("id", info.node_id).Field("method", method).EndObject().EndObject();
  return json.Take();
}

ForgeHeaders Headers() {
  return {
      {{"Accept", "application/vnd.github+json"}, {"X-GitHub-Api-Version", "2022-11-28"}}, "Authorization", "Bearer "};
}

class GitHubForge final : public RestForge {
 public:
  GitHubForge(const ForgeConfig& config, const std::string& token, HttpClient* http)
      : rest_(config.api, Headers(), token, http),
        graphql_(GitHubGraphQlUrl(config.api), Headers(), token, http),
        repository_("/repos/" + EncodePath(config.repository)),
        owner_(config.repository.substr(0, config.repository.find('/'))) {}

  StatusOr<std::optional<PullRequest>> FindByBranch(std::string_view head_branch) override {
    return FindNewest(head_branch, "&state=all");
  }
  Status EnableAutoMerge(int64_t number) override;

 private:
  StatusOr<std::optional<PullRequest>> FindNewest(std::string_view head_branch, const std::string& filter);
  StatusOr<GitHubMergeInfo> ReadMergeInfo(int64_t number);
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
  ForgeHttp graphql_;
  const std::string repository_;
  const std::string owner_;
};

StatusOr<std::optional<PullRequest>> GitHubForge::FindNewest(std::string_view head_branch, const std::string& filter) {
  const StatusOr<std::string> body =
      rest_.Get(repository_ + "/pulls?head=" + UrlEncode(owner_ + ":" + std::string(head_branch)) + filter +
                "&sort=created&direction=desc&per_page=" + std::to_string(kPullsPerPage));
  if (!body.ok()) return body.status();
  StatusOr<std::vector<PullRequest>> pulls = ParseGitHubOwnPulls(*body);
  if (!pulls.ok()) return pulls.status();
  // GitHub leaves out a filter that it does not like, and answers with every pull request there is.
  const auto found = std::find_if(pulls->begin(), pulls->end(),
                                  [&](const PullRequest& pull) { return pull.head_branch == head_branch; });
  if (found == pulls->end()) return std::optional<PullRequest>();
  return std::optional<PullRequest>(std::move(*found));
}

StatusOr<std::optional<PullRequest>> GitHubForge::FindOpen(const NewPullRequest& request) {
  auto found = FindNewest(request.head_branch, "&base=" + UrlEncode(request.base_branch) + "&state=open");
  const bool fits = !found.ok() || !found->has_value() ||
                    ((*found)->state == PullRequest::State::kOpen && (*found)->base_branch == request.base_branch);
  return fits ? found : StatusOr<std::optional<PullRequest>>(std::optional<PullRequest>());
}

StatusOr<PullRequest> GitHubForge::ReadPull(int64_t number) {
  return Parsed(rest_.Get(PullPath(number)), &ParseGitHubPull);
}

StatusOr<std::vector<PullRequest>> GitHubForge::ListByCommit(std::string_view sha) {
  return Parsed(
      rest_.Get(repository_ + "/commits/" + UrlEncode(sha) + "/pulls?per_page=" + std::to_string(kPullsPerPage)),
      &ParseGitHubPulls);
}

StatusOr<PullRequest> GitHubForge::Create(const NewPullRequest& request) {
  return Parsed(rest_.Post(repository_ + "/pulls", OpenJson(request)), &ParseGitHubPull);
}

StatusOr<std::vector<std::string>> GitHubForge::SendLabels(int64_t number, const std::vector<std::string>& labels) {
  JsonWriter json;
  json.BeginObject().Key("labels").BeginArray();
  for (const std::string& label : labels) json.String(label);
  json.EndArray().EndObject();
  const StatusOr<std::string> body = rest_.Post(IssuePath(number) + "/labels", json.Take());
  if (!body.ok()) return body.status();
  return ReadItems(*body, [](const JsonView& label) { return label["name"].Text(); });
}

StatusOr<std::vector<std::string>> GitHubForge::SendReviewers(int64_t number,
                                                              const std::vector<std::string>& reviewers) {
  return Parsed(rest_.Post(PullPath(number) + "/requested_reviewers", ReviewersJson(reviewers)), &ParseGitHubReviewers);
}

StatusOr<CommentPage> GitHubForge::ReadComments(int64_t number, int page) {
  const StatusOr<std::string> body = rest_.Get(
      IssuePath(number) + "/comments?per_page=" + std::to_string(kCommentsPerPage) + "&page=" + std::to_string(page));
  if (!body.ok()) return body.status();
  StatusOr<std::vector<std::string>> bodies =
      ReadItems(*body, [](const JsonView& comment) { return comment["body"].TextOrNull(); });
  if (!bodies.ok()) return bodies.status();
  const bool is_last = bodies->size() < kCommentsPerPage;
  return CommentPage{*std::move(bodies), is_last};
}

StatusOr<std::string> GitHubForge::SendComment(int64_t number, const std::string& markdown) {
  JsonWriter json;
  json.BeginObject().Field("body", markdown).EndObject();
  const StatusOr<std::string> body = rest_.Post(IssuePath(number) + "/comments", json.Take());
  if (!body.ok()) return body.status();
  return ReadAnswer(*body, [](const JsonView& comment) { return comment["body"].Text(); });
}

StatusOr<GitHubMergeInfo> GitHubForge::ReadMergeInfo(int64_t number) {
  return Parsed(rest_.Get(PullPath(number)), &ParseGitHubMergeInfo);
}

Status GitHubForge::SendMerge(int64_t number, std::string_view head_sha) {
  const StatusOr<GitHubMergeInfo> info = ReadMergeInfo(number);
  if (!info.ok()) return info.status();
  JsonWriter json;
  json.BeginObject().Field("sha", head_sha).Field("merge_method", info->way).EndObject();
  return rest_.Put(PullPath(number) + "/merge", json.Take()).status();
}

StatusOr<PullRequest> GitHubForge::SendClose(int64_t number) {
  return Parsed(rest_.Patch(PullPath(number), R"({"state":"closed"})"), &ParseGitHubPull);
}

Status GitHubForge::EnableAutoMerge(int64_t number) {
  const StatusOr<std::string> body = rest_.Get(PullPath(number));
  if (!body.ok()) return body.status();
  const StatusOr<PullRequest> pull = ParseGitHubPull(*body);
  if (!pull.ok()) return pull.status();
  const StatusOr<GitHubMergeInfo> info = ParseGitHubMergeInfo(*body);
  if (!info.ok()) return info.status();
  if (info->auto_merge || pull->state == PullRequest::State::kMerged) return OkStatus();
  REVERTD_RETURN_IF_ERROR(CheckOpen(*pull));
  StatusOr<HttpResponse> response = graphql_.Exchange("POST", "", AutoMergeJson(*info));
  if (!response.ok()) return response.status();
  REVERTD_RETURN_IF_ERROR(graphql_.Judge("POST", "/graphql", *response));
  std::string words;
  Status status = ParseGitHubAutoMerge(response->body, &words);
  if (status.ok() || words.empty()) return status;
  Status told = Annotate(Status(status.code(), graphql_.Shown(words)), "enabling auto-merge");
  const auto wait = AskedToWait(*response, SystemClock().Now());
  return absl::IsUnavailable(told) && wait ? Unavailable(std::string(MessageOf(told)) + AskedToWaitWords(*wait)) : told;
}

}  // namespace

std::unique_ptr<Forge> MakeGitHubForge(const ForgeConfig& config, const std::string& token, HttpClient* http) {
  return std::make_unique<GitHubForge>(config, token, http);
}

StatusOr<PullRequest> ParseGitHubPull(std::string_view json) { return ReadAnswer(json, &TakePull); }
StatusOr<std::vector<PullRequest>> ParseGitHubPulls(std::string_view json) { return ReadItems(json, &TakePull); }

StatusOr<std::vector<PullRequest>> ParseGitHubOwnPulls(std::string_view json) {
  return ReadAnswer(json, [](const JsonView& root) {
    std::vector<PullRequest> own;
    for (const JsonView& item : root.Items()) {
      PullRequest pull = TakePull(item);
      const JsonView head = item["head"]["repo"];  // null: the fork is gone
      const std::string base = item["base"]["repo"]["full_name"].Text();
      if (!head.IsNull() && head["full_name"].Text() == base) own.push_back(std::move(pull));
    }
    return own;
  });
}

StatusOr<GitHubMergeInfo> ParseGitHubMergeInfo(std::string_view json) {
  return ReadAnswer(json, [](const JsonView& root) {
    GitHubMergeInfo info;
    info.node_id = root["node_id"].Text();
    info.auto_merge = !root["auto_merge"].IsNull();
    const JsonView repo = root["base"]["repo"];
    // Told only to who may push, so that a missing one forbids nothing.
    info.way = ChooseMergeWay({repo.TruthOr("allow_merge_commit", true), repo.TruthOr("allow_rebase_merge", true),
                               repo.TruthOr("allow_squash_merge", true)});
    return info;
  });
}

Status ParseGitHubAutoMerge(std::string_view json, std::string* words) {
  std::string type;
  bool refused = false;
  const StatusOr<bool> enabled = ReadAnswer(json, [&](const JsonView& root) {
    refused = root.Has("errors");
    if (!refused) return !root["data"]["enablePullRequestAutoMerge"]["pullRequest"]["autoMergeRequest"].IsNull();
    const std::vector<JsonView> errors = root["errors"].Items();
    if (!errors.empty() && errors[0].Has("type")) type = errors[0]["type"].Text();
    for (const JsonView& error : errors) *words += (words->empty() ? "" : "; ") + error["message"].Text();
    if (words->empty()) root["errors"].Complain("a list of messages");
    return false;
  });
  if (!enabled.ok()) {
    words->clear();
    return enabled.status();
  }
  if (*enabled) return OkStatus();
  if (!refused) return Internal("the forge took the request for auto-merge, and it is not on");
  if (type == "RATE_LIMITED") return Unavailable(*words);
  if (type == "NOT_FOUND") return NotFound(*words);
  if (type == "FORBIDDEN" || type == "INSUFFICIENT_SCOPES") return absl::PermissionDeniedError(*words);
  return FailedPrecondition(*words);
}

StatusOr<std::vector<std::string>> ParseGitHubReviewers(std::string_view json) {
  return ReadAnswer(json, [](const JsonView& root) {
    std::vector<std::string> names;
    for (const JsonView& user : root["requested_reviewers"].Items()) names.push_back(user["login"].Text());
    for (const JsonView& team : root["requested_teams"].Items()) {
      names.push_back(std::string(kTeamPrefix) + team["slug"].Text());
    }
    return names;
  });
}

std::string GitHubGraphQlUrl(std::string_view api) {
  constexpr std::string_view kEnterprise = "/api/v3";
  if (api.ends_with(kEnterprise)) api.remove_suffix(std::string_view("/v3").size());
  return std::string(api) + "/graphql";
}

}  // namespace revertd

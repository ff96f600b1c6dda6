#include "daemon/doors/github.h"

#include <array>
#include <utility>

#include "base/strings.h"
#include "daemon/doors/json_body.h"
#include "daemon/doors/pushed_commits.h"
#include "daemon/doors/told_words.h"

namespace revertd {
namespace {

void ReadPush(const JsonField& body, Told* told) {
  told->kind = ToldKind::kPush;
  told->at_ns = body["repository"]["pushed_at"].Time();
  TakeRef(body["ref"].Text(), told);
  told->commit = body["after"].Revision();
  told->base = body["before"].Revision();
  told->is_forced = body["forced"].Truth();
  if (told->commit.empty()) {
    told->state = "deleted";
  } else if (told->base.empty()) {
    told->state = "created";
  }
  // Gitea says how many commits there are and lists the newest few.
  const JsonField total = body["total_commits"];
  TakePushedCommits(body["commits"], total.IsThere() ? std::optional(total.Integer()) : std::nullopt, told);
  // An annotated tag's own object is "after"; what it tags is the head commit.
  const std::string tagged = body["head_commit"]["id"].Revision();
  if (!told->tag.empty() && !tagged.empty()) told->commit = tagged;
  told->title = FirstOf(told->title, FirstLine(body["head_commit"]["message"].Text()));
  told->url = FirstOf(FirstOf(body["compare"].Text(), body["compare_url"].Text()), told->url);
}

// A push tells the same with its commit; this one comes beside it, of Gitea's deletions alone.
void ReadCreateOrDelete(const JsonField& body, std::string_view state, Told* told) {
  told->kind = ToldKind::kPush;
  told->state = state;
  const std::string ref = body["ref"].Text();
  if (body["ref_type"].Text() == "tag") {
    told->tag = WithoutPrefix(ref, "refs/tags/");
  } else {
    TakeRef(ref, told);
  }
}

void TakePullRequest(const JsonField& request, Told* told) {
  told->kind = ToldKind::kReview;
  told->number = request["number"].Integer();
  told->title = request["title"].Text();
  told->url = request["html_url"].Text();
  told->branch = request["base"]["ref"].Text();
  told->commit = request["head"]["sha"].Revision();
}

void ReadPullRequest(const JsonField& body, Told* told) {
  const JsonField request = body["pull_request"];
  TakePullRequest(request, told);
  if (told->number == 0) told->number = body["number"].Integer();
  told->state = body["action"].Text();
  told->at_ns = request["updated_at"].Time();
  if (told->state != "closed" || !request["merged"].Truth()) return;
  told->kind = ToldKind::kMerge;
  told->state = "merged";
  told->at_ns = request["merged_at"].Time();
  // Without a base. The request's own is that of some earlier day, and the first parent of what was merged is what
  // served before only of a merge commit or a squash: of a rebase it is another commit of the same request, and the
  // body does not say which of the three it was.
  told->commit = request["merge_commit_sha"].Revision();
}

void ReadReview(const JsonField& body, Told* told) {
  TakePullRequest(body["pull_request"], told);
  const JsonField review = body["review"];
  told->state = FirstOf(ToLower(review["state"].Text()), body["action"].Text());
  told->url = FirstOf(review["html_url"].Text(), told->url);
  if (body["action"].Text() == "submitted") told->at_ns = review["submitted_at"].Time();
}

void TakeDeployment(const JsonField& deployment, Told* told) {
  told->kind = ToldKind::kDeployment;
  told->environment = deployment["environment"].Text();
  told->commit = deployment["sha"].Revision();
  told->title = FirstLine(deployment["description"].Text());
  // It may be a branch, a tag or the revision itself; what is no revision is shown as a branch and
  // decides only between two repos of the configuration that are one repository.
  const std::string ref = deployment["ref"].Text();
  if (!IsFullRevision(ref)) TakeRef(ref, told);
}

void ReadDeployment(const JsonField& body, Told* told) {
  TakeDeployment(body["deployment"], told);
  told->state = "created";
  told->at_ns = body["deployment"]["created_at"].Time();
}

void ReadDeploymentStatus(const JsonField& body, Told* told) {
  TakeDeployment(body["deployment"], told);
  const JsonField status = body["deployment_status"];
  told->environment = FirstOf(status["environment"].Text(), told->environment);
  told->state = StateInOurWords(status["state"].Text());
  told->at_ns = status["created_at"].Time();
  if (told->at_ns == 0) told->at_ns = status["updated_at"].Time();
  // The deployment's own creation is no start: it may wait for hours, for a machine or for an approval. A success does
  // not say when its work began, the status before it did.
  if (told->state == "running") told->started_ns = told->at_ns;
  if (told->state == "success") told->finished_ns = told->at_ns;
  for (const std::string_view key : {"log_url", "target_url", "environment_url"}) {
    told->url = FirstOf(told->url, status[key].Text());
  }
}

void ReadRelease(const JsonField& body, Told* told) {
  const JsonField release = body["release"];
  told->kind = ToldKind::kRelease;
  told->tag = release["tag_name"].Text();
  told->version = told->tag;
  told->title = release["name"].Text();
  told->url = release["html_url"].Text();
  // A branch at the time of writing, or the very commit.
  told->commit = release["target_commitish"].Revision();
  if (told->commit.empty()) told->branch = release["target_commitish"].Text();
  told->state = body["action"].Text();
  // "created_at" is the commit's own date. A release that its makers call not ready is not out.
  if (told->state == "published") told->at_ns = release["published_at"].Time();
  if (told->state == "published" && release["prerelease"].Truth()) told->state = "prereleased";
}

void ReadCheckRun(const JsonField& body, Told* told) {
  const JsonField run = body["check_run"];
  const std::string action = body["action"].Text();
  told->kind = ToldKind::kCheck;
  told->commit = run["head_sha"].Revision();
  told->branch = run["check_suite"]["head_branch"].Text();
  told->name = run["name"].Text();
  told->title = run["output"]["title"].Text();
  told->state = StateInOurWords(FirstOf(run["conclusion"].Text(), run["status"].Text()));
  told->url = run["html_url"].Text();
  if (action == "created") told->at_ns = run["started_at"].Time();
  if (action == "completed") told->at_ns = run["completed_at"].Time();
}

void ReadCheckSuite(const JsonField& body, Told* told) {
  const JsonField suite = body["check_suite"];
  told->kind = ToldKind::kCheck;
  told->commit = suite["head_sha"].Revision();
  told->branch = suite["head_branch"].Text();
  told->name = suite["app"]["slug"].Text();
  told->title = FirstLine(suite["head_commit"]["message"].Text());
  told->state = StateInOurWords(FirstOf(suite["conclusion"].Text(), suite["status"].Text()));
  if (body["action"].Text() != "rerequested") told->at_ns = suite["updated_at"].Time();
}

void ReadStatus(const JsonField& body, Told* told) {
  told->kind = ToldKind::kCheck;
  told->commit = body["sha"].Revision();
  told->name = body["context"].Text();
  told->title = FirstLine(body["description"].Text());
  told->state = StateInOurWords(body["state"].Text());
  told->url = body["target_url"].Text();
  told->at_ns = body["updated_at"].Time();
  if (told->at_ns == 0) told->at_ns = body["created_at"].Time();
}

void ReadWorkflowRun(const JsonField& body, Told* told) {
  const JsonField run = body["workflow_run"];
  const std::string cause = run["event"].Text();
  const std::string home = run["repository"]["full_name"].Text();
  const std::string head = run["head_repository"]["full_name"].Text();
  const bool is_for_review = cause.substr(0, 12) == "pull_request" || cause == "merge_group";
  told->kind = is_for_review || ToLower(home) != ToLower(head) ? ToldKind::kCheck : ToldKind::kPipeline;
  told->commit = run["head_sha"].Revision();
  told->branch = run["head_branch"].Text();
  told->name = FirstOf(FirstOf(run["name"].Text(), body["workflow"]["name"].Text()), run["path"].Text());
  told->title = run["display_title"].Text();
  told->state = StateInOurWords(FirstOf(run["conclusion"].Text(), run["status"].Text()));
  told->url = run["html_url"].Text();
  told->at_ns = run["updated_at"].Time();
}

void ReadMergeGroup(const JsonField& body, Told* told) {
  const JsonField group = body["merge_group"];
  told->kind = ToldKind::kCheck;
  told->commit = group["head_sha"].Revision();
  told->base = group["base_sha"].Revision();
  told->branch = WithoutPrefix(group["base_ref"].Text(), "refs/heads/");
  told->title = FirstLine(group["head_commit"]["message"].Text());
  told->state = body["action"].Text() == "checks_requested" ? "pending" : body["reason"].Text();
}

struct EventRow {
  std::string_view event;
  void (*read)(const JsonField& body, Told* told);
};
constexpr std::array kEvents = std::to_array<EventRow>({
    {"push", ReadPush},
    {"create", [](const JsonField& body, Told* told) { ReadCreateOrDelete(body, "created", told); }},
    {"delete", [](const JsonField& body, Told* told) { ReadCreateOrDelete(body, "deleted", told); }},
    {"pull_request", ReadPullRequest},
    {"pull_request_review", ReadReview},
    {"deployment", ReadDeployment},
    {"deployment_status", ReadDeploymentStatus},
    {"release", ReadRelease},
    {"check_run", ReadCheckRun},
    {"check_suite", ReadCheckSuite},
    {"status", ReadStatus},
    {"workflow_run", ReadWorkflowRun},
    {"merge_group", ReadMergeGroup},
    {"ping", [](const JsonField&, Told* told) { told->kind = ToldKind::kPing; }},
});

void TakeRepository(const JsonField& body, Told* told) {
  const JsonField repository = body["repository"];
  told->repository = repository["full_name"].Text();
  // "url" is the web address in a push and that of the API everywhere else: never taken.
  for (const std::string_view key : {"clone_url", "ssh_url", "html_url"}) {
    if (std::string url = repository[key].Text(); !url.empty()) told->urls.push_back(std::move(url));
  }
  told->author = FirstOf(body["sender"]["login"].Text(), body["pusher"]["name"].Text());
}

}  // namespace

StatusOr<Told> ReadGitHub(std::string_view event, std::string_view body) {
  const JsonBody json(body);
  if (!json.status().ok()) return json.status();
  const JsonField root = json.root();
  Told told;
  told.source = "github";
  told.action = event;
  if (const std::string action = root["action"].Text(); !action.empty()) told.action += " " + action;
  TakeRepository(root, &told);
  for (const EventRow& row : kEvents) {
    if (row.event == event) row.read(root, &told);
  }
  return told;
}

}  // namespace revertd

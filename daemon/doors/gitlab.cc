#include "daemon/doors/gitlab.h"

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/doors/json_body.h"
#include "daemon/doors/pushed_commits.h"
#include "daemon/doors/repository_url.h"
#include "daemon/doors/told_words.h"

namespace revertd {
namespace {

void ReadPush(const JsonField& body, Told* told) {
  told->kind = ToldKind::kPush;
  TakeRef(body["ref"].Text(), told);
  // An annotated tag's own object is "after"; what it tags is checked out.
  told->commit = FirstOf(body["checkout_sha"].Revision(), body["after"].Revision());
  told->base = body["before"].Revision();
  if (body["after"].Revision().empty()) {
    told->commit.clear();
    told->state = "deleted";
  } else if (told->base.empty()) {
    told->state = "created";
  }
  const JsonField total = body["total_commits_count"];
  TakePushedCommits(body["commits"], total.IsThere() ? std::optional(total.Integer()) : std::nullopt, told);
}

void ReadMergeRequest(const JsonField& body, Told* told) {
  const JsonField request = body["object_attributes"];
  const std::string action = request["action"].Text();
  const std::string state = request["state"].Text();
  told->kind = ToldKind::kReview;
  told->action += action.empty() ? "" : " " + action;
  told->number = request["iid"].Integer();
  told->title = request["title"].Text();
  told->url = request["url"].Text();
  told->branch = request["target_branch"].Text();
  told->commit = request["last_commit"]["id"].Revision();
  told->state = state;
  told->at_ns = request["updated_at"].Time();
  // A merged one that is only edited is still "merged"; old servers name no action.
  if (state != "merged" || !(action == "merge" || action.empty())) return;
  told->kind = ToldKind::kMerge;
  // Without a merge commit the branch was moved forward: to the squashed commit, or to the request's own last one.
  told->commit = FirstOf(request["merge_commit_sha"].Revision(),
                         FirstOf(request["squash_commit_sha"].Revision(), std::move(told->commit)));
}

void ReadPipeline(const JsonField& body, Told* told) {
  const JsonField pipeline = body["object_attributes"];
  const bool is_for_review = pipeline["source"].Text() == "merge_request_event";
  told->kind = is_for_review ? ToldKind::kCheck : ToldKind::kPipeline;
  (pipeline["tag"].Truth() ? told->tag : told->branch) = pipeline["ref"].Text();
  told->commit = pipeline["sha"].Revision();
  told->name = pipeline["name"].Text();
  told->title = FirstLine(body["commit"]["message"].Text());
  told->number = pipeline["iid"].Integer();
  told->url = pipeline["url"].Text();
  const std::string status = pipeline["status"].Text();
  told->state = StateInOurWords(status);
  told->at_ns = pipeline["finished_at"].Time();
  // Of one that runs, the making may lie far back: a step of it can wait for a person.
  if (told->at_ns == 0 && (status == "created" || status == "pending")) told->at_ns = pipeline["created_at"].Time();
}

void ReadJob(const JsonField& body, Told* told) {
  told->kind = ToldKind::kCheck;
  (body["tag"].Truth() ? told->tag : told->branch) = body["ref"].Text();
  told->commit = body["sha"].Revision();
  told->name = body["build_name"].Text();
  told->title = FirstLine(body["commit"]["message"].Text());
  told->state = StateInOurWords(body["build_status"].Text());
  told->at_ns = body["build_finished_at"].Time();
  if (told->at_ns == 0 && told->state == "running") told->at_ns = body["build_started_at"].Time();
}

void ReadDeployment(const JsonField& body, Told* told) {
  told->kind = ToldKind::kDeployment;
  told->environment = body["environment"].Text();
  told->title = FirstLine(body["commit_title"].Text());
  told->url = body["deployable_url"].Text();
  const std::string status = body["status"].Text();
  told->state = status == "skipped" ? "cancelled" : StateInOurWords(status);
  told->at_ns = body["status_changed_at"].Time();
  if (told->state == "running") told->started_ns = told->at_ns;
  if (told->state == "success") told->finished_ns = told->at_ns;
  // Its revision stands whole in the commit's URL alone, and the short one must agree.
  const std::string commit_url = body["commit_url"].Text();
  const std::string revision = commit_url.substr(commit_url.rfind('/') + 1);
  const std::string short_revision = body["short_sha"].Text();
  const bool agree = revision.compare(0, short_revision.size(), short_revision) == 0;
  if (IsFullRevision(revision) && agree) told->commit = revision;
}

void ReadRelease(const JsonField& body, Told* told) {
  told->kind = ToldKind::kRelease;
  const std::string action = body["action"].Text();
  told->action += action.empty() ? "" : " " + action;
  told->tag = body["tag"].Text();
  told->version = told->tag;
  told->title = body["name"].Text();
  told->url = body["url"].Text();
  told->commit = body["commit"]["id"].Revision();
  told->state = action;
  if (action != "create") return;
  told->at_ns = body["created_at"].Time();
  // One that its makers date ahead is only announced.
  told->state = body["released_at"].Time() > told->at_ns ? "created" : "published";
}

struct KindRow {
  std::string_view kind;
  void (*read)(const JsonField& body, Told* told);
};
constexpr std::array kKinds = std::to_array<KindRow>({
    {"push", ReadPush},
    {"tag_push", ReadPush},
    {"merge_request", ReadMergeRequest},
    {"pipeline", ReadPipeline},
    {"build", ReadJob},
    {"deployment", ReadDeployment},
    {"release", ReadRelease},
});

void TakeRepository(const JsonField& body, Told* told) {
  const JsonField project = body["project"];
  const JsonField repository = body["repository"];
  for (const JsonField& url : {project["git_http_url"], project["git_ssh_url"], project["web_url"],
                               repository["git_http_url"], repository["git_ssh_url"], repository["homepage"]}) {
    std::string text = url.Text();
    const bool known = std::find(told->urls.begin(), told->urls.end(), text) != told->urls.end();
    if (!text.empty() && !known) told->urls.push_back(std::move(text));
  }
  told->repository = project["path_with_namespace"].Text();
  // A job's body has no project: only URLs.
  if (told->repository.empty() && !told->urls.empty()) told->repository = ReadRepositoryUrl(told->urls.front()).path;
  told->author = FirstOf(FirstOf(body["user"]["username"].Text(), body["user_username"].Text()),
                         FirstOf(body["user"]["name"].Text(), body["user_name"].Text()));
}

}  // namespace

StatusOr<Told> ReadGitLab(std::string_view event, std::string_view body) {
  const JsonBody json(body);
  if (!json.status().ok()) return json.status();
  const JsonField root = json.root();
  const std::string kind = FirstOf(root["object_kind"].Text(), root["event_name"].Text());
  Told told;
  told.source = "gitlab";
  told.action = event.empty() ? kind : event;
  TakeRepository(root, &told);
  for (const KindRow& row : kKinds) {
    if (row.kind == kind) row.read(root, &told);
  }
  return told;
}

}  // namespace revertd

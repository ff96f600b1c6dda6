// No body, whatever it is called, crashes a reader of deliveries; what is told gives deploys or a named reason, times
// that can be, revisions that may stand on git's command line, and an event that is JSON on one line of bounded length.
#include <simdjson.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/check.h"
#include "base/time_format.h"
#include "daemon/doors/argocd.h"
#include "daemon/doors/deploys_of.h"
#include "daemon/doors/flux.h"
#include "daemon/doors/github.h"
#include "daemon/doors/gitlab.h"
#include "daemon/doors/path_glob.h"
#include "daemon/doors/sentry_cli.h"
#include "daemon/doors/told_words.h"
#include "daemon/doors/webhook.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

using revertd::Config;
using revertd::Deploy;
using revertd::DeploySource;
using revertd::StatusOr;
using revertd::Told;
using revertd::ToldDeploys;

constexpr revertd::TimeNs kNow = 1'795'230'000 * revertd::kSecondNs;
constexpr size_t kEventBytesMax = 32 * 1024;  // 13 texts of 200 bytes and a URL of 2000, each byte escaped to six

// One that names whatever is told, so that most bodies reach a deploy.
Config ConfigOf(const Told& told) {
  Config config;
  revertd::RepoConfig repo;
  repo.name = "ours";
  repo.branch = told.branch;
  repo.url = told.urls.empty() ? told.repository : told.urls.front();
  repo.environments = {told.environment};
  repo.deploys_from = {DeploySource::kDeployment, DeploySource::kPush, DeploySource::kMerge, DeploySource::kRelease,
                       DeploySource::kPipeline};
  config.repos.push_back(repo);
  revertd::ServiceConfig service;
  service.name = "shop";
  service.repo = "ours";
  service.paths = {"src/**", "*.md"};
  service.known_as = {told.name};
  config.services.push_back(service);
  return config;
}

void CheckDeploys(const Told& told) {
  const ToldDeploys answer = revertd::DeploysOf(told, ConfigOf(told), kNow);
  REVERTD_CHECK(answer.deploys.empty() != answer.not_a_deploy.empty());
  REVERTD_CHECK(!answer.abandoned || !answer.deploys.empty());
  for (const Deploy& deploy : answer.deploys) {
    REVERTD_CHECK(deploy.start_ns > 0);
    REVERTD_CHECK(!deploy.finished() || deploy.finish_ns >= deploy.start_ns);
    REVERTD_CHECK(deploy.head.empty() || revertd::MayBeRevision(deploy.head));
    REVERTD_CHECK(deploy.base.empty() || revertd::MayBeRevision(deploy.base));
  }
}

void CheckEvent(const Told& told) {
  const std::string text = revertd::EventText(told);
  static simdjson::dom::parser parser;
  simdjson::dom::element event;
  REVERTD_CHECK(parser.parse(text).get(event) == simdjson::SUCCESS && event.is_object());
  REVERTD_CHECK(text.find('\n') == std::string::npos && text.size() <= kEventBytesMax);
}

void CheckTold(const StatusOr<Told>& told) {
  if (!told.ok()) {
    REVERTD_CHECK(!revertd::MessageOf(told.status()).empty());
    return;
  }
  REVERTD_CHECK(told->at_ns >= 0 && told->started_ns >= 0 && told->finished_ns >= 0);
  REVERTD_CHECK(told->all_paths || told->paths.empty());
  CheckDeploys(*told);
  CheckEvent(*told);
}

void CheckReaders(std::string_view body) {
  for (const std::string_view event :
       {"push", "create", "delete", "pull_request", "pull_request_review", "deployment", "deployment_status", "release",
        "check_run", "check_suite", "status", "workflow_run", "merge_group", "ping", "other"}) {
    CheckTold(revertd::ReadGitHub(event, body));
  }
  CheckTold(revertd::ReadGitLab("", body));
  CheckTold(revertd::ReadFlux(body));
  CheckTold(revertd::ReadArgoCd(body));
  for (const std::string_view path : {"/api/0/organizations/acme/releases/", "/api/0/projects/acme/shop/releases/v1/",
                                      "/api/0/organizations/acme/releases/shop%40deadbee/deploys/"}) {
    const std::string_view method = path.find("projects") == std::string_view::npos ? "POST" : "PUT";
    CheckTold(revertd::ReadSentryCall(method, path, body));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(bytes), size);
  CheckReaders(body);
  // The same bytes as a signature, a path, a time and a glob.
  const revertd::Headers headers = {{"x-hub-signature-256", std::string(body)}, {"x-gitlab-token", std::string(body)}};
  for (const std::string_view source : {"github", "gitlab"}) {
    REVERTD_CHECK(std::holds_alternative<revertd::Refused>(
        revertd::ReadDelivery(source, headers, body, "a secret that no input holds: 7c1d", kNow)));
  }
  CheckTold(revertd::ReadSentryCall("POST", body, "{}"));
  REVERTD_CHECK(revertd::TimeIn(body) >= 0);
  const auto time = revertd::ParseTime(body);
  REVERTD_CHECK(!time || *time > -24 * revertd::kHourNs);
  const std::string_view path = body.substr(0, 200);
  REVERTD_CHECK(path.find_first_of("*?[\\") != std::string_view::npos || path.substr(0, 2) == "./" || path == "." ||
                revertd::GlobMatch(path, path));
  revertd::GlobMatch(path, body.substr(0, 2'000));
  return 0;
}

namespace revertd {

std::vector<std::string> FuzzCorpus() {
  const std::string sha(40, 'a');
  return {
      "",
      "{}",
      "2021-04-28 21:50:00 +0200",
      "src/**/[!a-z]*/x?",
      "/api/0/organizations/acme/releases/shop-api%402.4.1/deploys/",
      R"({"ref":"refs/heads/main","before":")" + sha + R"(","after":")" + sha +
          R"(","forced":false,)"
          R"("commits":[{"id":")" +
          sha +
          R"(","message":"m","added":["src/a"],"modified":[],"removed":[]}],)"
          R"("repository":{"full_name":"acme/shop","clone_url":"https://git.example/acme/shop.git",)"
          R"("pushed_at":1795230000}})",
      R"({"action":"closed","pull_request":{"number":7,"merged":true,"merged_at":"2026-11-21T03:10:09Z",)"
      R"("merge_commit_sha":")" +
          sha + R"(","base":{"ref":"main"}},"repository":{"full_name":"acme/shop"}})",
      R"({"deployment":{"sha":")" + sha +
          R"(","ref":"main","environment":"production",)"
          R"("created_at":"2026-11-21T03:10:09Z"},"deployment_status":{"state":"success","created_at":)"
          R"("2026-11-21T03:11:09Z"},"repository":{"full_name":"acme/shop"}})",
      R"({"object_kind":"deployment","status":"success","status_changed_at":"2021-04-28 21:50:00 +0200",)"
      R"("environment":"staging","short_sha":"aaaaaaaa","commit_url":"http://h/g/p/-/commit/)" +
          sha +
          R"(",)"
          R"("project":{"path_with_namespace":"g/p","git_ssh_url":"git@h:g/p.git"}})",
      R"({"object_kind":"pipeline","object_attributes":{"ref":"main","sha":")" + sha +
          R"(","status":"success",)"
          R"("finished_at":"2016-08-12 15:26:29 UTC"},"project":{"path_with_namespace":"g/p"}})",
      R"({"involvedObject":{"apiVersion":"kustomize.toolkit.fluxcd.io/v1","kind":"Kustomization","name":"shop"},)"
      R"("metadata":{"kustomize.toolkit.fluxcd.io/revision":"main@sha1:)" +
          sha +
          R"("},"severity":"info",)"
          R"("reason":"ReconciliationSucceeded","timestamp":"2026-11-21T03:10:09Z"})",
      R"({"app":"shop","revision":")" + sha + R"(","phase":"Succeeded","finished_at":"2026-11-21T03:10:09Z"})",
      R"({"version":"shop@)" + sha + R"(","projects":["shop"],"refs":[{"repository":"acme/shop","commit":")" + sha +
          R"("}],"environment":"production","dateFinished":"2026-11-21T03:07:12.435804810Z"})",
  };
}

int SmokeRounds() { return 10'000; }

}  // namespace revertd

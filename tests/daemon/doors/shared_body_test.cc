// Every body of the shared data, as real forges sent it: with a configuration that names its repository each gives one
// deploy or a named reason. The bodies themselves are no part of this repository.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "daemon/doors/deploys_of.h"
#include "daemon/doors/github.h"
#include "daemon/doors/gitlab.h"
#include "daemon/doors/json_body.h"
#include "tests/ingest/shared_data.h"

namespace revertd {
namespace {

constexpr TimeNs kNow = 1'795'230'000 * kSecondNs;

struct BodyRow {
  std::string_view file;
  std::string_view event;
  std::string_view expected;  // "deploy", "begun", or why there is none
};

constexpr BodyRow kGitHubBodies[] = {
    {"check_run__completed__0", "check_run", "a_check"},
    {"check_run__completed__2", "check_run", "a_check"},
    {"check_run__created__0", "check_run", "a_check"},
    {"check_run__created__2", "check_run", "a_check"},
    {"check_run__requested_action__0", "check_run", "a_check"},
    {"check_run__rerequested__0", "check_run", "a_check"},
    {"check_suite__completed__0", "check_suite", "a_check"},
    {"check_suite__completed__2", "check_suite", "a_check"},
    {"check_suite__requested__0", "check_suite", "a_check"},
    {"check_suite__requested__2", "check_suite", "a_check"},
    {"check_suite__rerequested__0", "check_suite", "a_check"},
    {"create__none__0", "create", "a_tag"},
    {"create__none__2", "create", "a_tag"},
    {"create__none__4", "create", "a_tag"},
    {"delete__none__0", "delete", "a_tag"},
    {"delete__none__2", "delete", "a_tag"},
    {"deployment__created__0", "deployment", "not_begun"},
    {"deployment__created__2", "deployment", "not_begun"},
    {"deployment_status__created__0", "deployment_status", "deploy"},
    {"deployment_status__created__2", "deployment_status", "deploy"},
    {"merge_group__checks_requested__0", "merge_group", "a_check"},
    {"ping__none__0", "ping", "a_ping"},
    {"ping__none__2", "ping", "a_ping"},
    {"pull_request__assigned__0", "pull_request", "a_review"},
    {"pull_request__closed__0", "pull_request", "not_merged"},
    {"pull_request__converted_to_draft__0", "pull_request", "a_review"},
    {"pull_request__converted_to_draft__2", "pull_request", "a_review"},
    {"pull_request__labeled__0", "pull_request", "a_review"},
    {"pull_request__locked__0", "pull_request", "a_review"},
    {"pull_request__opened__0", "pull_request", "a_review"},
    {"pull_request__opened__2", "pull_request", "a_review"},
    {"pull_request__ready_for_review__0", "pull_request", "a_review"},
    {"pull_request__ready_for_review__2", "pull_request", "a_review"},
    {"pull_request__reopened__0", "pull_request", "a_review"},
    {"pull_request__review_request_removed__0", "pull_request", "a_review"},
    {"pull_request__review_requested__0", "pull_request", "a_review"},
    {"pull_request__synchronize__0", "pull_request", "a_review"},
    {"pull_request__unassigned__0", "pull_request", "a_review"},
    {"pull_request__unlabeled__0", "pull_request", "a_review"},
    {"pull_request__unlocked__0", "pull_request", "a_review"},
    {"push__none__0", "push", "a_tag"},
    {"push__none__2", "push", "a_tag"},
    {"push__none__4", "push", "deploy"},
    {"push__none__5", "push", "deploy"},
    {"release__created__0", "release", "not_published"},
    {"release__created__2", "release", "not_published"},
    {"release__deleted__0", "release", "not_published"},
    {"release__edited__0", "release", "not_published"},
    {"release__prereleased__0", "release", "not_published"},
    {"release__published__0", "release", "deploy"},
    {"release__published__2", "release", "deploy"},
    {"release__released__0", "release", "not_published"},
    {"status__none__0", "status", "a_check"},
    {"status__none__2", "status", "a_check"},
    {"workflow_run__completed__0", "workflow_run", "not_ended"},
    {"workflow_run__completed__2", "workflow_run", "deploy"},
    {"workflow_run__requested__0", "workflow_run", "not_ended"},
    {"zulip__deployment_status", "deployment_status", "deploy"},
    {"zulip__push__1_commit", "push", "another_branch"},
    {"zulip__push__delete_branch", "push", "branch_deleted"},
    {"zulip__push__force_remove_commits", "push", "another_branch"},
    {"zulip__push__local_branch_without_commits", "push", "another_branch"},
    {"zulip__push__merge_queue", "push", "branch_deleted"},
    {"zulip__push__multiple_committers", "push", "another_branch"},
    {"zulip__push__tag", "push", "a_tag"},
    {"zulip__release__with_name", "release", "deploy"},
};

constexpr BodyRow kGitHubPeerBodies[] = {
    {"branch_create", "create", "no_commit"},
    {"deployment", "deployment", "not_begun"},
    {"pipeline_hook", "workflow_run", "a_check"},
    {"pr_closed", "pull_request", "not_merged"},
    {"pr_sync", "pull_request", "a_review"},
    {"push_branch_create", "push", "another_branch"},
    {"push_branch_delete", "push", "branch_deleted"},
    {"push_tag_delete", "push", "a_tag"},
    {"release_deleted", "release", "not_published"},
    {"release_edited", "release", "not_published"},
    {"release_published", "release", "deploy"},
    {"release_unpublished", "release", "not_published"},
    {"tag_create", "create", "a_tag"},
};

constexpr BodyRow kGitLabBodies[] = {
    {"deployment-event", "Deployment Hook", "deploy"},
    {"job-event", "Job Hook", "a_check"},
    {"merge-request-event", "Merge Request Hook", "a_review"},
    {"pipeline-event", "Pipeline Hook", "a_check"},
    {"push-event", "Push Hook", "deploy"},
    {"zulip__build_created", "Build Hook", "a_check"},
    {"zulip__build_started", "Build Hook", "a_check"},
    {"zulip__build_succeeded", "Build Hook", "a_check"},
    {"zulip__job_hook__build_created", "Job Hook", "a_check"},
    {"zulip__merge_request_hook__merge_request_merged", "Merge Request Hook", "deploy"},
    {"zulip__pipeline_hook__pipeline_pending", "Pipeline Hook", "not_ended"},
    {"zulip__pipeline_hook__pipeline_succeeded", "Pipeline Hook", "deploy"},
    {"zulip__push_hook", "Push Hook", "another_branch"},
    {"zulip__push_hook__remove_branch", "Push Hook", "branch_deleted"},
    {"zulip__system_hook__merge_request_merged", "System Hook", "deploy"},
    {"zulip__tag_push_hook__add_tag", "Tag Push Hook", "a_tag"},
};

constexpr BodyRow kGitLabPeerBodies[] = {
    {"branch_create", "Push Hook", "another_branch"},
    {"branch_delete_subgroup", "Push Hook", "branch_deleted"},
    {"pipeline_subgroup", "Pipeline Hook", "a_check"},
    {"pull_request_close", "Merge Request Hook", "not_merged"},
    {"pull_request_merge", "Merge Request Hook", "deploy"},
    {"push_merge", "Push Hook", "deploy"},
    {"push_subgroup", "Push Hook", "deploy"},
    {"tag_delete", "Tag Push Hook", "a_tag"},
};

Config ConfigOf(const Told& told) {
  Config config;
  RepoConfig repo;
  repo.name = "ours";
  repo.branch = "master";
  repo.url = told.urls.empty() ? "" : told.urls.front();
  repo.environments = {"production", "staging"};
  repo.deploys_from = {DeploySource::kDeployment, DeploySource::kPush, DeploySource::kMerge, DeploySource::kRelease,
                       DeploySource::kPipeline};
  config.repos.push_back(repo);
  ServiceConfig service;
  service.name = "shop";
  service.repo = "ours";
  config.services.push_back(service);
  return config;
}

void ExpectDeploy(const ToldDeploys& told, std::string_view body, bool begun) {
  EXPECT_EQ(told.not_a_deploy, "");
  EXPECT_FALSE(told.abandoned);
  ASSERT_EQ(told.deploys.size(), 1U);
  const Deploy& deploy = told.deploys[0];
  EXPECT_EQ(deploy.service, "shop");
  EXPECT_EQ(deploy.repo, "ours");
  EXPECT_EQ(deploy.finished(), !begun);
  EXPECT_TRUE(begun || deploy.start_ns <= deploy.finish_ns);
  EXPECT_GT(deploy.start_ns, 0);
  EXPECT_NE(body.find(deploy.head), std::string_view::npos) << deploy.head;
}

void ExpectAsTold(const StatusOr<Told>& told, const BodyRow& row, std::string_view body) {
  ASSERT_TRUE(told.ok()) << told.status();
  const ToldDeploys answer = DeploysOf(*told, ConfigOf(*told), kNow);
  const bool is_deploy = row.expected == "deploy" || row.expected == "begun";
  if (is_deploy) {
    ExpectDeploy(answer, body, row.expected == "begun");
  } else {
    EXPECT_EQ(answer.not_a_deploy, row.expected);
    EXPECT_TRUE(answer.deploys.empty());
  }
  EXPECT_EQ(answer.repo, told->urls.empty() ? "" : "ours");
  EXPECT_NE(told->author, "");
  // A configuration that does not name it makes nothing of it.
  const ToldDeploys stranger = DeploysOf(*told, Config{}, kNow);
  EXPECT_EQ(stranger.not_a_deploy, told->kind == ToldKind::kPing ? "a_ping" : "unknown_repo");
  EXPECT_TRUE(JsonBody(EventText(*told)).status().ok()) << EventText(*told);
}

// Each body of the folder has a row and each row a body.
template <size_t kRows, typename Read>
void ExpectFolder(const std::string& folder, const BodyRow (&rows)[kRows], Read read) {
  if (!std::filesystem::exists(SharedDataPath(folder))) {
    GTEST_SKIP() << "THE SHARED BODIES ARE MISSING: " << SharedDataPath(folder) << " (set REVERTD_SHARED_DATA)";
  }
  std::set<std::string> untold;
  for (const auto& entry : std::filesystem::directory_iterator(SharedDataPath(folder))) {
    if (entry.path().extension() == ".json") untold.insert(entry.path().stem().string());
  }
  for (const BodyRow& row : rows) {
    SCOPED_TRACE(row.file);
    EXPECT_EQ(untold.erase(std::string(row.file)), 1U);
    const auto body = ReadSharedFile(folder + "/" + std::string(row.file) + ".json");
    ASSERT_TRUE(body.has_value());
    ExpectAsTold(read(row.event, *body), row, *body);
  }
  EXPECT_THAT(untold, testing::IsEmpty());
}

TEST(SharedBody, OfGitHub) { ExpectFolder("deploys/github", kGitHubBodies, ReadGitHub); }
TEST(SharedBody, OfGitHubFromAPeer) { ExpectFolder("deploys/github_goscm", kGitHubPeerBodies, ReadGitHub); }
TEST(SharedBody, OfGitLab) { ExpectFolder("deploys/gitlab", kGitLabBodies, ReadGitLab); }
TEST(SharedBody, OfGitLabFromAPeer) { ExpectFolder("deploys/gitlab_goscm", kGitLabPeerBodies, ReadGitLab); }

}  // namespace
}  // namespace revertd

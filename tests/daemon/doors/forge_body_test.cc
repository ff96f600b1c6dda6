// Bodies of forges that the shared data lacks, in the fewest words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/time_format.h"
#include "daemon/doors/github.h"
#include "daemon/doors/gitlab.h"

namespace revertd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kOld(40, 'a');
const std::string kNew(40, 'b');
const std::string kNone(40, '0');

TimeNs At(std::string_view text) { return ParseTime(text).value_or(-1); }

// 'x' for "x", so that a body reads as one; $old, $new and $none are revisions.
std::string Json(std::string text) {
  for (char& c : text) c = c == '\'' ? '"' : c;
  const auto replace = [&](std::string_view name, const std::string& value) {
    for (size_t at = text.find(name); at != std::string::npos; at = text.find(name))
      text.replace(at, name.size(), value);
  };
  replace("$old", kOld);
  replace("$new", kNew);
  replace("$none", kNone);
  return text;
}

Told GitHub(std::string_view event, const std::string& body) {
  const auto told = ReadGitHub(event, Json(body));
  EXPECT_TRUE(told.ok()) << told.status();
  return told.ok() ? *told : Told{};
}

Told GitLab(const std::string& body) {
  const auto told = ReadGitLab("Some Hook", Json(body));
  EXPECT_TRUE(told.ok()) << told.status();
  return told.ok() ? *told : Told{};
}

TEST(GitHubBody, APushListsWhatItTouched) {
  const Told told = GitHub("push", R"({'ref':'refs/heads/main','before':'$old','after':'$new','forced':false,
      'repository':{'full_name':'acme/shop','pushed_at':1795230609},
      'commits':[{'id':'$old','added':['a'],'modified':['b'],'removed':[]},
                 {'id':'$new','message':'fix\n\nmore','added':[],'modified':['b'],'removed':['c']}]})");
  EXPECT_EQ(told.kind, ToldKind::kPush);
  EXPECT_EQ(told.branch, "main");
  EXPECT_EQ(told.base, kOld);
  EXPECT_EQ(told.commit, kNew);
  EXPECT_EQ(told.at_ns, 1'795'230'609 * kSecondNs);
  EXPECT_TRUE(told.all_paths);
  EXPECT_THAT(told.paths, ElementsAre("a", "b", "c"));
  EXPECT_EQ(told.title, "fix");
}

TEST(GitHubBody, APushOldCommitsIsOfItsOwnTime) {
  const Told told = GitHub("push", R"({'ref':'refs/heads/main','before':'$old','after':'$new',
      'head_commit':{'id':'$new','timestamp':'2020-01-01T00:00:00Z'}})");
  EXPECT_EQ(told.at_ns, 0);
}

TEST(GitHubBody, AForcedPushListsNotAll) {
  const Told told = GitHub("push", R"({'ref':'refs/heads/main','before':'$old','after':'$new','forced':true,
      'commits':[{'id':'$new','added':[],'modified':['b'],'removed':[]}]})");
  EXPECT_TRUE(told.is_forced);
  EXPECT_FALSE(told.all_paths);
  EXPECT_THAT(told.paths, IsEmpty());
}

TEST(GitHubBody, AListAtItsLimitIsNotTrusted) {
  for (const int count : {19, 20}) {
    std::string commits;
    for (int i = 0; i < count; ++i) commits += R"({'id':'$new','added':['a'],'modified':[],'removed':[]},)";
    commits.pop_back();
    const Told told =
        GitHub("push", R"({'ref':'refs/heads/main','before':'$old','after':'$new','commits':[)" + commits + "]}");
    EXPECT_EQ(told.all_paths, count == 19) << count;
  }
}

TEST(GitHubBody, AnAnnotatedTagIsOfWhatItTags) {
  const Told told =
      GitHub("push", R"({'ref':'refs/tags/v1','before':'$none','after':'$old','head_commit':{'id':'$new'}})");
  EXPECT_EQ(told.tag, "v1");
  EXPECT_EQ(told.branch, "");
  EXPECT_EQ(told.commit, kNew);
}

TEST(GitHubBody, AMergeIsOfItsMergeCommitAndTime) {
  const Told told = GitHub("pull_request", R"({'action':'closed','pull_request':{'number':7,'merged':true,
      'merged_at':'2026-11-21T03:10:09Z','updated_at':'2026-11-21T04:00:00Z','merge_commit_sha':'$new',
      'base':{'ref':'main','sha':'$old'},'head':{'sha':'$old'}}})");
  EXPECT_EQ(told.kind, ToldKind::kMerge);
  EXPECT_EQ(told.state, "merged");
  EXPECT_EQ(told.commit, kNew);
  EXPECT_EQ(told.base, "") << "the request's own base is of some earlier day";
  EXPECT_EQ(told.branch, "main");
  EXPECT_EQ(told.at_ns, At("2026-11-21T03:10:09Z"));
}

TEST(GitHubBody, AMergedRequestThatIsLabelledLaterIsNoMerge) {
  const Told told =
      GitHub("pull_request", R"({'action':'labeled','pull_request':{'merged':true,'merge_commit_sha':'$new'}})");
  EXPECT_EQ(told.kind, ToldKind::kReview);
}

TEST(GitHubBody, AReviewSaysWhatItSays) {
  const Told told = GitHub("pull_request_review", R"({'action':'submitted','review':{'state':'APPROVED',
      'submitted_at':'2026-11-21T03:10:09Z','html_url':'https://a/r'},
      'pull_request':{'number':7,'head':{'sha':'$new'}}})");
  EXPECT_EQ(told.kind, ToldKind::kReview);
  EXPECT_EQ(told.state, "approved");
  EXPECT_EQ(told.number, 7);
  EXPECT_EQ(told.commit, kNew);
  EXPECT_EQ(told.at_ns, At("2026-11-21T03:10:09Z"));
}

TEST(GitHubBody, ADeploymentsStates) {
  const std::pair<const char*, const char*> states[] = {
      {"success", "success"}, {"failure", "failure"},     {"error", "failure"},   {"pending", "pending"},
      {"queued", "pending"},  {"in_progress", "running"}, {"waiting", "pending"}, {"inactive", "inactive"}};
  for (const auto& [state, ours] : states) {
    const Told told = GitHub("deployment_status", R"({'deployment':{'sha':'$new','ref':'main','environment':'old',
        'created_at':'2026-11-21T03:00:00Z'},'deployment_status':{'environment':'production','created_at':
        '2026-11-21T03:10:00Z','state':')" + std::string(state) +
                                                      "'}}");
    EXPECT_EQ(told.state, ours);
    EXPECT_EQ(told.environment, "production");
    EXPECT_EQ(told.at_ns, At("2026-11-21T03:10:00Z"));
    EXPECT_EQ(told.started_ns, told.state == "running" ? At("2026-11-21T03:10:00Z") : 0) << state;
    EXPECT_EQ(told.finished_ns, told.state == "success" ? At("2026-11-21T03:10:00Z") : 0) << state;
  }
}

TEST(GitHubBody, ADeploymentThatIsOnlyMadeHasNotStarted) {
  const Told told = GitHub("deployment", R"({'action':'created','deployment':{'sha':'$new','ref':'main',
      'environment':'production','created_at':'2026-11-21T03:00:00Z'}})");
  EXPECT_EQ(told.state, "created");
  EXPECT_EQ(told.at_ns, At("2026-11-21T03:00:00Z"));
  EXPECT_EQ(told.started_ns, 0);
}

TEST(GitHubBody, ARunThatIsOfNoBranchOfOursIsACheck) {
  const auto run = [](const std::string& cause, const std::string& head) {
    return GitHub("workflow_run",
                  R"({'workflow_run':{'head_branch':'main','head_sha':'$new','conclusion':'success','event':')" +
                      cause + R"(','repository':{'full_name':'acme/shop'},'head_repository':{'full_name':')" + head +
                      "'}}}");
  };
  EXPECT_EQ(run("push", "Acme/Shop").kind, ToldKind::kPipeline);
  EXPECT_EQ(run("push", "mallory/shop").kind, ToldKind::kCheck);
  EXPECT_EQ(run("workflow_dispatch", "").kind, ToldKind::kCheck);
  EXPECT_EQ(run("pull_request", "acme/shop").kind, ToldKind::kCheck);
  EXPECT_EQ(run("pull_request_target", "acme/shop").kind, ToldKind::kCheck);
  EXPECT_EQ(run("merge_group", "acme/shop").kind, ToldKind::kCheck);
}

TEST(GitHubBody, OfAnythingElseOnlyTheRepositoryIsKept) {
  const Told told = GitHub("issue_comment", R"({'action':'created','repository':{'full_name':'acme/shop'}})");
  EXPECT_EQ(told.kind, ToldKind::kOther);
  EXPECT_EQ(told.action, "issue_comment created");
  EXPECT_EQ(told.repository, "acme/shop");
}

TEST(GiteaBody, APushNamesItsCommitsNewestFirst) {
  const std::string body = R"({'ref':'refs/heads/main','before':'$old','after':'$new','compare_url':'https://git.a/c',
      'commits':[{'id':'$new','message':'two','added':null,'removed':[],'modified':['a']},
                 {'id':'$old','message':'one','added':['b'],'removed':[],'modified':[]}],
      'repository':{'full_name':'acme/shop','clone_url':'https://git.a/acme/shop.git',
                    'ssh_url':'git@git.a:acme/shop.git'},
      'pusher':{'login':'ann'},'sender':{'login':'ann'},'total_commits':)";
  const Told cut = GitHub("push", body + "7}");
  EXPECT_FALSE(cut.all_paths) << "it lists two of seven";
  EXPECT_EQ(cut.title, "two");
  EXPECT_EQ(cut.url, "https://git.a/c");
  EXPECT_EQ(cut.author, "ann");
  EXPECT_THAT(cut.urls, ElementsAre("https://git.a/acme/shop.git", "git@git.a:acme/shop.git"));
  EXPECT_FALSE(GitHub("push", body + "2}").all_paths) << "null is no list of files";
}

TEST(GiteaBody, ADeletedBranchComesAsDelete) {
  const Told told = GitHub("delete", R"({'ref':'old','ref_type':'branch','repository':{'full_name':'acme/shop'}})");
  EXPECT_EQ(told.kind, ToldKind::kPush);
  EXPECT_EQ(told.state, "deleted");
  EXPECT_EQ(told.branch, "old");
}

TEST(GitLabBody, ADeploymentsCommitStandsInItsUrl) {
  const std::string body =
      R"({'object_kind':'deployment','status':'success','status_changed_at':'2021-04-28 21:50:00 +0200',
      'environment':'production','commit_url':'https://git.a/g/p/-/commit/$new','short_sha':')";
  const Told told = GitLab(body + "bbbbbbbb'}");
  EXPECT_EQ(told.commit, kNew);
  EXPECT_EQ(told.finished_ns, At("2021-04-28T19:50:00Z"));
  EXPECT_EQ(GitLab(body + "cccccccc'}").commit, "") << "two revisions that contradict one another";
}

TEST(GitLabBody, ADeploymentsStates) {
  const std::pair<const char*, const char*> states[] = {
      {"running", "running"},   {"success", "success"}, {"failed", "failure"}, {"canceled", "cancelled"},
      {"skipped", "cancelled"}, {"blocked", "pending"}, {"created", "created"}};
  for (const auto& [status, ours] : states) {
    const Told told = GitLab("{'object_kind':'deployment','status_changed_at':'2021-04-28 21:50:00 +0200','status':'" +
                             std::string(status) + "'}");
    EXPECT_EQ(told.state, ours);
    EXPECT_EQ(told.started_ns, told.state == "running" ? At("2021-04-28T19:50:00Z") : 0) << status;
  }
}

TEST(GitLabBody, AFastForwardedMergeIsOfTheLastCommit) {
  const std::string head = R"({'object_kind':'merge_request','object_attributes':{'action':'merge','state':'merged',
      'target_branch':'main','updated_at':'2017-12-10 17:08:07 UTC','last_commit':{'id':'$old'})";
  EXPECT_EQ(GitLab(head + "}}").commit, kOld);
  EXPECT_EQ(GitLab(head + ",'squash_commit_sha':'$new'}}").commit, kNew);
  EXPECT_EQ(GitLab(head + "}}").kind, ToldKind::kMerge);
  EXPECT_EQ(GitLab(head + "}}").at_ns, At("2017-12-10T17:08:07Z"));
}

TEST(GitLabBody, AMergedRequestThatIsEditedLaterIsNoMerge) {
  EXPECT_EQ(GitLab(R"({'object_kind':'merge_request','object_attributes':{'action':'update','state':'merged'}})").kind,
            ToldKind::kReview);
}

TEST(GitLabBody, ASystemHookNamesItselfByEventName) {
  const Told told = GitLab(R"({'event_name':'push','before':'$old','after':'$new','ref':'refs/heads/main',
      'project':{'path_with_namespace':'g/p'},'total_commits_count':1,
      'commits':[{'id':'$new','added':['x'],'modified':[],'removed':[]}]})");
  EXPECT_EQ(told.kind, ToldKind::kPush);
  EXPECT_THAT(told.paths, ElementsAre("x"));
  EXPECT_EQ(GitLab(R"({'event_name':'project_create'})").kind, ToldKind::kOther);
}

TEST(GitLabBody, APipelineForAMergeRequestIsACheck) {
  const std::string head =
      R"({'object_kind':'pipeline','object_attributes':{'ref':'main','sha':'$new','status':'success',)";
  EXPECT_EQ(GitLab(head + "'source':'push'}}").kind, ToldKind::kPipeline);
  EXPECT_EQ(GitLab(head + "'source':'merge_request_event'}}").kind, ToldKind::kCheck);
  EXPECT_EQ(GitLab(head + "'tag':true}}").tag, "main");
}

TEST(GitLabBody, AReleaseDatedAheadIsNotOut) {
  const std::string head = R"({'object_kind':'release','action':'create','tag':'v1','commit':{'id':'$new'},
      'created_at':'2020-11-02 12:55:12 UTC','released_at':'2020-11-)";
  EXPECT_EQ(GitLab(head + "02 12:55:12 UTC'}").state, "published");
  EXPECT_EQ(GitLab(head + "03 12:55:12 UTC'}").state, "created");
  EXPECT_EQ(GitLab(head + "02 12:55:12 UTC'}").commit, kNew);
}

TEST(ForgeBody, OtherTypesReadAsEmpty) {
  const Told told = GitHub("push", R"({'ref':7,'after':[1],'before':{},'commits':'x','repository':[],'sender':null})");
  EXPECT_EQ(told.commit, "");
  EXPECT_EQ(told.branch, "");
  EXPECT_EQ(GitHub("push", R"({'ref':'refs/heads/main','after':'$(reboot)','before':'--output=x'})").commit, "");
}

TEST(ForgeBody, WhatIsNoJsonObjectIsNamed) {
  std::string deep(1'000, '[');
  for (const std::string& body : {std::string(), std::string("{"), std::string("[]"), std::string("1"), deep,
                                  "{\"a\":" + deep + std::string(1'000, ']') + "}"}) {
    const auto told = ReadGitHub("push", body);
    ASSERT_FALSE(told.ok()) << body.substr(0, 20);
    EXPECT_THAT(std::string(MessageOf(told.status())), HasSubstr("the body is no"));
    EXPECT_FALSE(ReadGitLab("", body).ok());
  }
}

}  // namespace
}  // namespace revertd

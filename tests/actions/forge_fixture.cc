#include "tests/actions/forge_fixture.h"

#include "base/check.h"

namespace revertd {
namespace {

// One member a line, so that a test changes one by its name.
constexpr char kGitHubPull[] = R"({
"number":7,
"node_id":"PR_node7",
"state":"open",
"draft":false,
"html_url":"https://forge.example/7",
"title":"Revert \"x\"",
"user":{"login":"mona"},
"head":{"ref":"revertd/a","sha":"1111111111111111111111111111111111111111","repo":{"full_name":"o/r"}},
"base":{"ref":"production","sha":"0000","repo":{"full_name":"o/r","allow_merge_commit":true}},
"merged_at":null,
"merge_commit_sha":"3333333333333333333333333333333333333333",
"auto_merge":null,
"requested_reviewers":[],
"requested_teams":[],
"labels":[{"name":"revert"},{"name":"urgent"}]
})";

constexpr char kGitLabPull[] = R"({
"iid":7,
"state":"opened",
"draft":false,
"web_url":"https://forge.example/7",
"title":"Revert \"x\"",
"author":{"username":"mona"},
"source_branch":"revertd/a",
"target_branch":"production",
"source_project_id":5,
"target_project_id":5,
"sha":"1111111111111111111111111111111111111111",
"merge_commit_sha":null,
"squash_commit_sha":null,
"merge_when_pipeline_succeeds":false,
"detailed_merge_status":"mergeable",
"head_pipeline":{"status":"running"},
"reviewers":[],
"labels":["revert","urgent"]
})";

constexpr char kGiteaPull[] = R"({
"number":7,
"state":"open",
"draft":false,
"html_url":"https://forge.example/7",
"title":"Revert \"x\"",
"user":{"login":"mona"},
"head":{"label":"revertd/a","ref":"revertd/a","sha":"1111111111111111111111111111111111111111","repo_id":5},
"base":{"label":"production","ref":"production","sha":"0000","repo_id":5,"repo":{"allow_merge_commits":true}},
"merged":false,
"merge_commit_sha":null,
"labels":[{"id":1,"name":"revert"},{"id":2,"name":"urgent"}]
})";

std::string Quoted(const char* text) { return "\"" + std::string(text) + "\""; }

}  // namespace

std::string Changed(std::string json, const std::vector<Member>& changes) {
  for (const Member& change : changes) {
    const std::string key = "\n\"" + change.name + "\":";
    const size_t at = json.find(key);
    REVERTD_CHECK(at != std::string::npos);
    const size_t start = at + key.size();
    const size_t end = json.find('\n', start);
    const bool has_comma = json[end - 1] == ',';
    json.replace(start, end - start, change.json + (has_comma ? "," : ""));
  }
  return json;
}

std::string PullJson(ForgeKind kind, const std::vector<Member>& changes) {
  const char* json = kind == ForgeKind::kGitHub ? kGitHubPull : kind == ForgeKind::kGitLab ? kGitLabPull : kGiteaPull;
  return Changed(json, changes);
}

std::string MergedJson(ForgeKind kind) {
  switch (kind) {
    case ForgeKind::kGitHub:
      return PullJson(
          kind,
          {{"state", "\"closed\""}, {"merged_at", "\"2025-01-01T00:00:00Z\""}, {"merge_commit_sha", Quoted(kMerge)}});
    case ForgeKind::kGitLab: return PullJson(kind, {{"state", "\"merged\""}, {"merge_commit_sha", Quoted(kMerge)}});
    case ForgeKind::kGitea:
      return PullJson(kind, {{"state", "\"closed\""}, {"merged", "true"}, {"merge_commit_sha", Quoted(kMerge)}});
  }
  return "";
}

std::string ClosedJson(ForgeKind kind) { return PullJson(kind, {{"state", "\"closed\""}}); }

void ExpectUsualPull(const PullRequest& pull) {
  EXPECT_EQ(pull.number, 7);
  EXPECT_EQ(pull.state, PullRequest::State::kOpen);
  EXPECT_FALSE(pull.draft);
  EXPECT_EQ(pull.url, "https://forge.example/7");
  EXPECT_EQ(pull.title, "Revert \"x\"");
  EXPECT_EQ(pull.author, "mona");
  EXPECT_EQ(pull.head_branch, "revertd/a");
  EXPECT_EQ(pull.head_sha, kHead);
  EXPECT_EQ(pull.base_branch, "production");
  EXPECT_EQ(pull.merge_sha, "");
  EXPECT_THAT(pull.labels, ::testing::ElementsAre("revert", "urgent"));
}

ForgeTest::ForgeTest(ForgeKind kind) : kind_(kind) {
  setenv("no_proxy", "127.0.0.1", 1);
  setenv("REVERTD_TEST_TOKEN", kToken, 1);
}

void ForgeTest::UseForge(ForgeKind kind, const std::string& api_path) {
  ForgeConfig config;
  config.kind = kind;
  config.api = server_.url() + api_path;
  config.repository = kind == ForgeKind::kGitLab ? "group/sub/r" : "o/r";
  config.token.env = "REVERTD_TEST_TOKEN";
  auto forge = MakeForge(config, &http_);
  ASSERT_TRUE(forge.ok()) << forge.status();
  forge_ = *std::move(forge);
}

}  // namespace revertd

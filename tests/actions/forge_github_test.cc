#include "actions/forge_github.h"

#include "tests/actions/forge_fixture.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kPull[] = "GET /repos/o/r/pulls/7";
constexpr char kGraphQl[] =
    "{\"query\":\"mutation($id: ID!, $method: PullRequestMergeMethod!) { enablePullRequestAutoMerge(input: "
    "{pullRequestId: $id, mergeMethod: $method}) { pullRequest { autoMergeRequest { enabledAt } } } }\","
    "\"variables\":{\"id\":\"PR_node7\",\"method\":\"MERGE\"}}";

std::string Pull(const std::vector<Member>& changes = {}) { return PullJson(ForgeKind::kGitHub, changes); }

class GitHubTest : public ForgeTest {};

TEST_F(GitHubTest, SaysWhoAsksAndInWhichVersion) {
  server_.Answer(200, Pull());
  ASSERT_TRUE(forge_->Read(7).ok());
  const FakeRequest request = server_.TakeRequests().at(0);
  EXPECT_EQ(request.Header("accept"), "application/vnd.github+json");
  EXPECT_EQ(request.Header("x-github-api-version"), "2022-11-28");
  EXPECT_EQ(request.Header("authorization"), "Bearer " + std::string(kToken));
  EXPECT_EQ(request.Header("content-type"), "");
}

TEST_F(GitHubTest, Reads) {
  server_.Answer(200, Pull());
  const auto pull = forge_->Read(7);
  ASSERT_TRUE(pull.ok()) << pull.status();
  ExpectUsualPull(*pull);
  EXPECT_THAT(Asked(), ElementsAre(kPull));

  server_.Answer(200, MergedJson(kind_));
  const auto merged = forge_->Read(7);
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(merged->state, PullRequest::State::kMerged);
  EXPECT_EQ(merged->merge_sha, kMerge);

  server_.Answer(200, Changed(ClosedJson(kind_), {{"draft", "true"}, {"user", "null"}}));
  const auto closed = forge_->Read(7);
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(closed->state, PullRequest::State::kClosed);
  EXPECT_EQ(closed->merge_sha, "") << "the commit of an unmerged one only tries the merge out";
  EXPECT_TRUE(closed->draft);
  EXPECT_EQ(closed->author, "");
}

TEST_F(GitHubTest, FindsByBranchOnlyWhatHasThatBranch) {
  const std::string query =
      "GET /repos/o/r/pulls?head=o%3Arevertd%2Fa&state=all&sort=created&direction=desc&per_page=10";
  server_.Answer(200, "[" + Pull() + "]");
  auto found = forge_->FindByBranch("revertd/a");
  ASSERT_TRUE(found.ok() && found->has_value());
  ExpectUsualPull(**found);
  EXPECT_THAT(Asked(), ElementsAre(query));

  server_.Answer(200, "[]");
  found = forge_->FindByBranch("revertd/a");
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->has_value());

  // A filter that GitHub passed over: everything there is, forks with our branch's name among it.
  const std::vector<std::string> others = {R"({"ref":"other","sha":"1","repo":{"full_name":"o/r"}})",
                                           R"({"ref":"revertd/a","sha":"1","repo":{"full_name":"o/fork"}})",
                                           R"({"ref":"revertd/a","sha":"1","repo":null})"};
  std::string all = "[";
  for (const std::string& head : others) all += Pull({{"number", "9"}, {"head", head}}) + ",";
  server_.Answer(200, all + Pull() + "]");
  found = forge_->FindByBranch("revertd/a");
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->number, 7);
}

TEST_F(GitHubTest, FindsByCommitNewestFirst) {
  server_.Answer(200, "[" + Pull({{"number", "3"}}) + "," + Pull({{"number", "9"}}) + "]");
  const auto pulls = forge_->FindByCommit("abc123");
  ASSERT_TRUE(pulls.ok()) << pulls.status();
  ASSERT_EQ(pulls->size(), 2U);
  EXPECT_EQ((*pulls)[0].number, 9);
  EXPECT_EQ((*pulls)[1].number, 3);
  EXPECT_THAT(Asked(), ElementsAre("GET /repos/o/r/commits/abc123/pulls?per_page=10"));
}

TEST_F(GitHubTest, OpensOnce) {
  const NewPullRequest request = {"revertd/a", "production", "Revert \"x\"", "Why\n", true};
  const std::string look =
      "GET /repos/o/r/pulls?head=o%3Arevertd%2Fa&base=production&state=open&sort=created&direction=desc&per_page=10";
  const std::string post = R"(POST /repos/o/r/pulls {"title":"Revert \"x\"","head":"revertd/a","base":"production",)"
                           R"("body":"Why\n","draft":true})";
  server_.Answer(200, "[]");
  server_.Answer(201, Pull({{"draft", "true"}}));
  auto opened = forge_->Open(request);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_TRUE(opened->draft);
  EXPECT_THAT(Asked(), ElementsAre(look, post));

  server_.Answer(200, "[" + Pull() + "]");
  opened = forge_->Open(request);
  ASSERT_TRUE(opened.ok());
  ExpectUsualPull(*opened);
  EXPECT_THAT(Asked(), ElementsAre(look)) << "it is open already";

  server_.Answer(200, "[]");
  server_.Answer(422, R"({"message":"Validation Failed","errors":[{"resource":"PullRequest","code":"custom",)"
                      R"("message":"A pull request already exists for o:revertd/a."}]})");
  server_.Answer(200, "[" + Pull() + "]");
  opened = forge_->Open(request);
  ASSERT_TRUE(opened.ok()) << "somebody was faster";
  EXPECT_THAT(Asked(), ElementsAre(look, post, look));
}

TEST_F(GitHubTest, OpenAnswersWithTheForgesOwnWords) {
  server_.Answer(200,
                 "[" + Pull({{"base", R"({"ref":"main","repo":{"full_name":"o/r"}})"}}) + "]");  // not into our base
  server_.Answer(422, R"({"message":"Validation Failed","errors":[{"code":"invalid","field":"base"}]})");
  server_.Answer(200, "[]");
  const auto opened = forge_->Open({"revertd/a", "production", "t", "b", false});
  EXPECT_TRUE(absl::IsFailedPrecondition(opened.status()));
  EXPECT_EQ(MessageOf(opened.status()),
            "POST /repos/o/r/pulls was answered with 422: \"Validation Failed; invalid; base\"");

  server_.Answer(200, "[]");
  server_.Answer(201, Pull({{"head", R"({"ref":"other","sha":"1"})"}}));
  EXPECT_TRUE(absl::IsInternal(forge_->Open({"revertd/a", "production", "t", "b", false}).status()));
}

TEST_F(GitHubTest, AddsLabelsAndReadsThemBack) {
  server_.Answer(200, R"([{"name":"Revert"},{"name":"more"}])");
  EXPECT_TRUE(forge_->AddLabels(7, {"revert"}).ok()) << "names have no case";
  EXPECT_THAT(Asked(), ElementsAre(R"(POST /repos/o/r/issues/7/labels {"labels":["revert"]})"));
  server_.Answer(200, R"([{"name":"more"}])");
  EXPECT_TRUE(absl::IsFailedPrecondition(forge_->AddLabels(7, {"revert"})));
  EXPECT_TRUE(forge_->AddLabels(7, {}).ok());
  EXPECT_EQ(Asked().size(), 1U) << "no labels, no request";
}

TEST_F(GitHubTest, AsksUsersAndTeamsToReview) {
  server_.Answer(201,
                 Pull({{"requested_reviewers", R"([{"login":"Ann"}])"}, {"requested_teams", R"([{"slug":"sre"}])"}}));
  EXPECT_TRUE(forge_->RequestReviewers(7, {"ann", "team:sre"}).ok());
  EXPECT_THAT(Asked(), ElementsAre("POST /repos/o/r/pulls/7/requested_reviewers "
                                   R"({"reviewers":["ann"],"team_reviewers":["sre"]})"));
  server_.Answer(422, R"({"message":"Reviews may only be requested from collaborators."})");
  EXPECT_TRUE(absl::IsFailedPrecondition(forge_->RequestReviewers(7, {"nobody"})));
  server_.Answer(201, Pull());
  const Status status = forge_->RequestReviewers(7, {"ann"});
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_EQ(MessageOf(status), "the forge did not take the reviewer ann");
}

TEST_F(GitHubTest, CommentsOnceOverAllPages) {
  std::string full_page = "[";
  for (int i = 0; i < 30; ++i) full_page += std::string(i == 0 ? "" : ",") + R"({"body":"talk"})";
  full_page += "]";
  const std::string page = "GET /repos/o/r/issues/7/comments?per_page=30&page=";
  server_.Answer(200, full_page);
  server_.Answer(200, R"([{"body":"talk"},{"body":null}])");
  server_.Answer(201, R"({"body":"Hello\n\n<!-- m1 -->"})");
  EXPECT_TRUE(forge_->Comment(7, "<!-- m1 -->", "Hello").ok());
  EXPECT_THAT(Asked(), ElementsAre(page + "1", page + "2",
                                   R"(POST /repos/o/r/issues/7/comments {"body":"Hello\n\n<!-- m1 -->"})"));

  server_.Answer(200, R"([{"body":"talk"},{"body":"Hello <!-- m1 -->"}])");
  EXPECT_TRUE(forge_->Comment(7, "<!-- m1 -->", "Hello <!-- m1 -->").ok());
  EXPECT_THAT(Asked(), ElementsAre(page + "1"));

  server_.Answer(200, "[]");
  server_.Answer(201, R"({"body":"Hello"})");
  EXPECT_TRUE(absl::IsInternal(forge_->Comment(7, "<!-- m1 -->", "Hello <!-- m1 -->"))) << "the marker was lost";

  for (int i = 0; i < 50; ++i) server_.Answer(200, full_page);
  EXPECT_TRUE(absl::IsFailedPrecondition(forge_->Comment(7, "<!-- m1 -->", "Hello")));
}

TEST_F(GitHubTest, MergesTheHeadItWasToldAndReadsBack) {
  server_.Answer(200, Pull());
  server_.Answer(200, Pull());
  server_.Answer(200, R"({"sha":"x","merged":true})");
  server_.Answer(200, MergedJson(kind_));
  const auto merged = forge_->Merge(7, kHead);
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(merged->merge_sha, kMerge);
  EXPECT_THAT(Asked(), ElementsAre(kPull, kPull,
                                   "PUT /repos/o/r/pulls/7/merge {\"sha\":\"" + std::string(kHead) +
                                       "\",\"merge_method\":\"merge\"}",
                                   kPull));
}

TEST_F(GitHubTest, MergesInAWayThatIsAllowed) {
  for (const auto& [allowed, way] : std::vector<std::pair<std::string, std::string>>{
           {R"("allow_merge_commit":false)", "rebase"},
           {R"("allow_merge_commit":false,"allow_rebase_merge":false)", "squash"}}) {
    const std::string pull = Pull({{"base", R"({"ref":"production","repo":{)" + allowed + "}}"}});
    server_.Answer(200, pull);
    server_.Answer(200, pull);
    server_.Answer(405, R"({"message":"Base branch was modified"})");
    EXPECT_TRUE(absl::IsFailedPrecondition(forge_->Merge(7, kHead).status()));
    EXPECT_THAT(Asked().back(), HasSubstr("\"merge_method\":\"" + way + "\""));
  }
}

TEST_F(GitHubTest, EnablesAutoMergeByGraphQl) {
  server_.Answer(200, Pull());
  server_.Answer(200,
                 R"({"data":{"enablePullRequestAutoMerge":{"pullRequest":{"autoMergeRequest":{"enabledAt":"x"}}}}})");
  EXPECT_TRUE(forge_->EnableAutoMerge(7).ok());
  EXPECT_THAT(Asked(), ElementsAre(kPull, "POST /graphql " + std::string(kGraphQl)));

  UseForge(kind_, "/api/v3");
  server_.Answer(200, Pull());
  server_.Answer(200,
                 R"({"data":{"enablePullRequestAutoMerge":{"pullRequest":{"autoMergeRequest":{"enabledAt":"x"}}}}})");
  EXPECT_TRUE(forge_->EnableAutoMerge(7).ok());
  EXPECT_THAT(Asked(), ElementsAre("GET /api/v3/repos/o/r/pulls/7", "POST /api/graphql " + std::string(kGraphQl)));

  server_.Answer(200, Pull({{"auto_merge", R"({"merge_method":"merge"})"}}));
  EXPECT_TRUE(forge_->EnableAutoMerge(7).ok()) << "it is on already";
  server_.Answer(200, MergedJson(kind_));
  EXPECT_TRUE(forge_->EnableAutoMerge(7).ok()) << "there is nothing left to wait for";
  server_.Answer(200, ClosedJson(kind_));
  EXPECT_TRUE(absl::IsFailedPrecondition(forge_->EnableAutoMerge(7)));
}

TEST_F(GitHubTest, GraphQlRefusesWithTwoHundred) {
  struct Row {
    std::string json;
    absl::StatusCode code;
  };
  const std::vector<Row> rows = {
      {R"({"data":{"enablePullRequestAutoMerge":null},"errors":[{"type":"UNPROCESSABLE",)"
       R"("message":"Auto merge is not allowed for this repository"}]})",
       absl::StatusCode::kFailedPrecondition},
      {R"({"errors":[{"message":"Pull request is in clean status"}]})", absl::StatusCode::kFailedPrecondition},
      {R"({"errors":[{"type":"FORBIDDEN","message":"no"}]})", absl::StatusCode::kPermissionDenied},
      {R"({"errors":[{"type":"INSUFFICIENT_SCOPES","message":"no"}]})", absl::StatusCode::kPermissionDenied},
      {R"({"errors":[{"type":"NOT_FOUND","message":"no"}]})", absl::StatusCode::kNotFound},
      {R"({"errors":[{"type":"RATE_LIMITED","message":"slow"}]})", absl::StatusCode::kUnavailable},
      {R"({"errors":[]})", absl::StatusCode::kInternal},
      {R"({"errors":"no"})", absl::StatusCode::kInternal},
      {R"({"data":null})", absl::StatusCode::kInternal},
      {R"({"data":{"enablePullRequestAutoMerge":{"pullRequest":{"autoMergeRequest":null}}}})",
       absl::StatusCode::kInternal},
      {"", absl::StatusCode::kInternal},
  };
  for (const Row& row : rows) {
    server_.Answer(200, Pull());
    FakeAnswer answer = {200, row.json, {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "1"}}, {}};
    server_.Answer(answer);
    const Status status = forge_->EnableAutoMerge(7);
    EXPECT_EQ(status.code(), row.code) << row.json << status;
    const auto wait = row.code == absl::StatusCode::kUnavailable ? std::optional<DurationNs>(0) : std::nullopt;
    EXPECT_EQ(RetryAfter(status), wait) << status;
  }
  EXPECT_EQ(GitHubGraphQlUrl("https://api.github.com"), "https://api.github.com/graphql");
  EXPECT_EQ(GitHubGraphQlUrl("https://host/api/v3"), "https://host/api/graphql");
}

TEST_F(GitHubTest, Closes) {
  server_.Answer(200, Pull());
  server_.Answer(200, ClosedJson(kind_));
  const auto closed = forge_->Close(7);
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(closed->state, PullRequest::State::kClosed);
  EXPECT_THAT(Asked(), ElementsAre(kPull, R"(PATCH /repos/o/r/pulls/7 {"state":"closed"})"));
}

}  // namespace
}  // namespace revertd

#include "actions/forge_gitlab.h"

#include "tests/actions/forge_fixture.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kPull[] = "GET /api/v4/projects/group%2Fsub%2Fr/merge_requests/7";
constexpr char kProject[] = " /api/v4/projects/group%2Fsub%2Fr";

std::string Pull(const std::vector<Member>& changes = {}) { return PullJson(ForgeKind::kGitLab, changes); }

class GitLabTest : public ForgeTest {
 protected:
  GitLabTest() : ForgeTest(ForgeKind::kGitLab) {}
  void SetUp() override { UseForge(kind_, "/api/v4"); }

  std::string At(const std::string& method, const std::string& rest) const { return method + kProject + rest; }
};

TEST_F(GitLabTest, SaysWhoAsks) {
  server_.Answer(200, Pull());
  ASSERT_TRUE(forge_->Read(7).ok());
  const FakeRequest request = server_.TakeRequests().at(0);
  EXPECT_EQ(request.Header("private-token"), kToken);
  EXPECT_EQ(request.Header("authorization"), "");
}

TEST_F(GitLabTest, Reads) {
  server_.Answer(200, Pull());
  const auto pull = forge_->Read(7);
  ASSERT_TRUE(pull.ok()) << pull.status();
  ExpectUsualPull(*pull);
  EXPECT_THAT(Asked(), ElementsAre(kPull));
}

TEST_F(GitLabTest, NamesTheCommitThatReachedTheBase) {
  const std::vector<std::pair<std::vector<Member>, std::string>> rows = {
      {{{"merge_commit_sha", "\"m\""}, {"squash_commit_sha", "\"s\""}}, "m"},
      {{{"squash_commit_sha", "\"s\""}}, "s"},
      {{}, kHead},
      {{{"sha", "null"}}, ""}};
  for (const auto& [changes, sha] : rows) {
    const auto merged = ParseGitLabMergeRequest(Changed(Pull({{"state", "\"merged\""}}), changes));
    ASSERT_TRUE(merged.ok()) << merged.status();
    EXPECT_EQ(merged->state, PullRequest::State::kMerged);
    EXPECT_EQ(merged->merge_sha, sha);
  }
  EXPECT_EQ(ParseGitLabMergeRequest(Pull({{"state", "\"locked\""}}))->state, PullRequest::State::kOpen);
  EXPECT_EQ(ParseGitLabMergeRequest(Pull({{"state", "\"closed\""}}))->state, PullRequest::State::kClosed);
  EXPECT_TRUE(absl::IsInternal(ParseGitLabMergeRequest(Pull({{"state", "\"new\""}})).status()));
}

TEST_F(GitLabTest, FindsByBranchOnlyTheProjectsOwn) {
  const std::string fork = Pull({{"iid", "9"}, {"source_project_id", "6"}});
  const std::string gone = Pull({{"iid", "8"}, {"source_project_id", "null"}});
  server_.Answer(200, "[" + fork + "," + gone + "," + Pull() + "]");
  auto found = forge_->FindByBranch("revertd/a");
  ASSERT_TRUE(found.ok() && found->has_value()) << found.status();
  ExpectUsualPull(**found);
  EXPECT_THAT(Asked(), ElementsAre(At("GET",
                                      "/merge_requests?source_branch=revertd%2Fa&state=all&order_by=created_at"
                                      "&sort=desc&per_page=10")));
  server_.Answer(200, "[" + fork + "]");
  found = forge_->FindByBranch("revertd/a");
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->has_value());
}

TEST_F(GitLabTest, FindsByCommitNewestFirst) {
  server_.Answer(200, "[" + Pull({{"iid", "3"}}) + "," + Pull({{"iid", "9"}, {"source_project_id", "6"}}) + "]");
  const auto pulls = forge_->FindByCommit("abc123");
  ASSERT_TRUE(pulls.ok()) << pulls.status();
  ASSERT_EQ(pulls->size(), 2U) << "a guilty change may come from a fork";
  EXPECT_EQ((*pulls)[0].number, 9);
  EXPECT_THAT(Asked(), ElementsAre(At("GET", "/repository/commits/abc123/merge_requests?per_page=10")));
}

TEST_F(GitLabTest, OpensOnceAndDraftsByTitle) {
  const std::string look = At("GET",
                              "/merge_requests?source_branch=revertd%2Fa&target_branch=production&state=opened"
                              "&order_by=created_at&sort=desc&per_page=10");
  const std::string post = At("POST", R"(/merge_requests {"source_branch":"revertd/a","target_branch":"production",)"
                                      R"("title":"Draft: Revert \"x\"","description":"Why\n"})");
  const NewPullRequest request = {"revertd/a", "production", "Revert \"x\"", "Why\n", true};
  server_.Answer(200, "[]");
  server_.Answer(201, Pull({{"draft", "true"}}));
  auto opened = forge_->Open(request);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_TRUE(opened->draft);
  EXPECT_THAT(Asked(), ElementsAre(look, post));

  server_.Answer(200, "[]");
  server_.Answer(409, R"({"message":["Another open merge request already exists for this source branch: !7"]})");
  server_.Answer(200, "[" + Pull() + "]");
  opened = forge_->Open(request);
  ASSERT_TRUE(opened.ok()) << "somebody was faster";
  EXPECT_THAT(Asked(), ElementsAre(look, post, look));

  server_.Answer(200, "[]");
  server_.Answer(400, R"({"message":{"base":["branch does not exist"],"title":["is too long"]}})");
  server_.Answer(200, "[]");
  opened = forge_->Open({"revertd/a", "production", "t", "b", false});
  EXPECT_TRUE(absl::IsFailedPrecondition(opened.status()));
  EXPECT_THAT(std::string(MessageOf(opened.status())), HasSubstr("400: \"branch does not exist; is too long\""));
  EXPECT_THAT(Asked().at(1), HasSubstr(R"("title":"t")"));
}

TEST_F(GitLabTest, AddsLabelsAndReadsThemBack) {
  server_.Answer(200, Pull());
  EXPECT_TRUE(forge_->AddLabels(7, {"revert", "urgent"}).ok());
  EXPECT_THAT(Asked(), ElementsAre(At("PUT", R"(/merge_requests/7 {"add_labels":"revert,urgent"})")));
  server_.Answer(200, Pull());
  EXPECT_TRUE(absl::IsFailedPrecondition(forge_->AddLabels(7, {"more"})));
  EXPECT_TRUE(absl::IsFailedPrecondition(forge_->AddLabels(7, {"a,b"}))) << "it would be two";
}

TEST_F(GitLabTest, LooksReviewersUpAndKeepsThoseThere) {
  const std::string ann = R"({"id":31,"username":"ann"})";
  const std::string bob = R"({"id":32,"username":"Bob"})";
  server_.Answer(200, Pull({{"reviewers", "[" + ann + "]"}}));
  server_.Answer(200, "[" + ann + "]");
  server_.Answer(200, R"([{"id":99,"username":"bobby"},)" + bob + "]");
  server_.Answer(200, Pull({{"reviewers", "[" + ann + "," + bob + "]"}}));
  EXPECT_TRUE(forge_->RequestReviewers(7, {"ann", "bob"}).ok());
  EXPECT_THAT(Asked(), ElementsAre(kPull, "GET /api/v4/users?username=ann", "GET /api/v4/users?username=bob",
                                   At("PUT", R"(/merge_requests/7 {"reviewer_ids":[31,32]})")));

  server_.Answer(200, Pull());
  server_.Answer(200, "[]");
  const Status unknown = forge_->RequestReviewers(7, {"no one&x"});
  EXPECT_TRUE(absl::IsFailedPrecondition(unknown));
  EXPECT_EQ(MessageOf(unknown), "GitLab knows no user no one&x");
  EXPECT_THAT(Asked(), ElementsAre(kPull, "GET /api/v4/users?username=no%20one%26x"));

  server_.Answer(200, Pull());
  server_.Answer(200, "[" + ann + "]");
  server_.Answer(200, Pull());  // not a member: passed over without a word
  EXPECT_TRUE(absl::IsFailedPrecondition(forge_->RequestReviewers(7, {"ann"})));
}

TEST_F(GitLabTest, CommentsOnce) {
  const std::string notes = At("GET", "/merge_requests/7/notes?order_by=created_at&sort=asc&per_page=30&page=1");
  server_.Answer(200, R"([{"body":"talk"}])");
  server_.Answer(201, R"({"body":"Hi <!-- m -->"})");
  EXPECT_TRUE(forge_->Comment(7, "<!-- m -->", "Hi <!-- m -->").ok());
  EXPECT_THAT(Asked(), ElementsAre(notes, At("POST", R"(/merge_requests/7/notes {"body":"Hi <!-- m -->"})")));
  server_.Answer(200, R"([{"body":"talk"},{"body":"Hi <!-- m -->"}])");
  EXPECT_TRUE(forge_->Comment(7, "<!-- m -->", "Hi <!-- m -->").ok());
  EXPECT_THAT(Asked(), ElementsAre(notes));
}

TEST_F(GitLabTest, MergesTheHeadItWasToldAndReadsBack) {
  server_.Answer(200, Pull());
  server_.Answer(200, MergedJson(kind_));
  server_.Answer(200, MergedJson(kind_));
  const auto merged = forge_->Merge(7, kHead);
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(merged->merge_sha, kMerge);
  EXPECT_THAT(Asked(),
              ElementsAre(kPull, At("PUT", "/merge_requests/7/merge {\"sha\":\"" + std::string(kHead) + "\"}"), kPull));
  server_.Answer(200, Pull());
  server_.Answer(409, R"({"message":"SHA does not match HEAD of source branch"})");
  EXPECT_TRUE(absl::IsFailedPrecondition(forge_->Merge(7, kHead).status()));
}

TEST_F(GitLabTest, EnablesAutoMergeOnlyBehindAPipeline) {
  server_.Answer(200, Pull());
  server_.Answer(200, Pull({{"merge_when_pipeline_succeeds", "true"}}));
  EXPECT_TRUE(forge_->EnableAutoMerge(7).ok());
  EXPECT_THAT(Asked(),
              ElementsAre(kPull, At("PUT", "/merge_requests/7/merge {\"sha\":\"" + std::string(kHead) +
                                               "\",\"merge_when_pipeline_succeeds\":true,\"auto_merge\":true}")));
  using Code = absl::StatusCode;
  const std::vector<std::pair<Member, Code>> rows = {
      {{"head_pipeline", "null"}, Code::kUnavailable},
      {{"detailed_merge_status", "\"checking\""}, Code::kUnavailable},
      {{"detailed_merge_status", "\"preparing\""}, Code::kUnavailable},
      {{"head_pipeline", R"({"status":"failed"})"}, Code::kFailedPrecondition},
      {{"head_pipeline", R"({"status":"canceled"})"}, Code::kFailedPrecondition},
      {{"state", "\"closed\""}, Code::kFailedPrecondition},
      {{"state", "\"merged\""}, Code::kOk},
      {{"merge_when_pipeline_succeeds", "true"}, Code::kOk}};
  for (const auto& [change, code] : rows) {
    server_.Answer(200, Pull({change}));
    const Status status = forge_->EnableAutoMerge(7);
    EXPECT_EQ(status.code(), code) << change.name << change.json << status;
    EXPECT_EQ(Asked().size(), 1U) << change.json;
  }
  server_.Answer(200, Pull());
  server_.Answer(405, R"({"message":"405 Method Not Allowed"})");
  EXPECT_TRUE(absl::IsFailedPrecondition(forge_->EnableAutoMerge(7)));
  server_.Answer(200, Pull());
  server_.Answer(200, Pull());
  EXPECT_TRUE(absl::IsInternal(forge_->EnableAutoMerge(7))) << "taken, and not on";
}

TEST_F(GitLabTest, Closes) {
  server_.Answer(200, Pull());
  server_.Answer(200, ClosedJson(kind_));
  EXPECT_TRUE(forge_->Close(7).ok());
  EXPECT_THAT(Asked(), ElementsAre(kPull, At("PUT", R"(/merge_requests/7 {"state_event":"close"})")));
}

}  // namespace
}  // namespace revertd

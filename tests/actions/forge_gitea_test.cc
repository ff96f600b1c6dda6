#include "actions/forge_gitea.h"

#include "tests/actions/forge_fixture.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kPull[] = "GET /api/v1/repos/o/r/pulls/7";

std::string Pull(const std::vector<Member>& changes = {}) { return PullJson(ForgeKind::kGitea, changes); }

class GiteaTest : public ForgeTest {
 protected:
  GiteaTest() : ForgeTest(ForgeKind::kGitea) {}
  void SetUp() override { UseForge(kind_, "/api/v1"); }

  std::string List(const std::string& state, int page) const {
    return "GET /api/v1/repos/o/r/pulls?state=" + state + "&page=" + std::to_string(page) + "&limit=50";
  }
};

TEST_F(GiteaTest, SaysWhoAsks) {
  server_.Answer(200, Pull());
  ASSERT_TRUE(forge_->Read(7).ok());
  const FakeRequest request = server_.TakeRequests().at(0);
  EXPECT_EQ(request.Header("authorization"), "token " + std::string(kToken));
  EXPECT_EQ(request.Header("accept"), "application/json");
}

TEST_F(GiteaTest, Reads) {
  server_.Answer(200, Pull());
  const auto pull = forge_->Read(7);
  ASSERT_TRUE(pull.ok()) << pull.status();
  ExpectUsualPull(*pull);
  EXPECT_THAT(Asked(), ElementsAre(kPull));
  const auto merged = ParseGiteaPull(MergedJson(kind_));
  ASSERT_TRUE(merged.ok());
  EXPECT_EQ(merged->state, PullRequest::State::kMerged);
  EXPECT_EQ(merged->merge_sha, kMerge);
  // Go writes an empty list as null; older servers do not say whether it is a draft.
  for (const auto& [title, draft] :
       std::vector<std::pair<std::string, bool>>{{"\"WIP: x\"", true}, {"\"[wip] x\"", true}, {"\"Wipe x\"", false}}) {
    const auto old = ParseGiteaPull(Pull({{"title", title}, {"draft", "null"}, {"labels", "null"}}));
    ASSERT_TRUE(old.ok()) << old.status();
    EXPECT_EQ(old->draft, draft) << title;
  }
}

TEST_F(GiteaTest, FindsByBranchOverThePagesOnlyTheRepositorysOwn) {
  const std::string fork = Pull({{"number", "9"}, {"head", R"({"label":"revertd/a","sha":"1","repo_id":-1})"}});
  server_.Answer(200, "[" + fork + "]");
  server_.Answer(200, "[" + fork + "," + Pull() + "]");
  auto found = forge_->FindByBranch("revertd/a");
  ASSERT_TRUE(found.ok() && found->has_value()) << found.status();
  ExpectUsualPull(**found);
  EXPECT_THAT(Asked(), ElementsAre(List("all", 1), List("all", 2)));

  server_.Answer(200, "[" + fork + "]");
  server_.Answer(200, "[]");
  found = forge_->FindByBranch("revertd/a");
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->has_value());

  for (int i = 0; i < 10; ++i) server_.Answer(200, "[" + Pull() + "]");
  found = forge_->FindByBranch("other");
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->has_value()) << "it looks at so many and no more";
}

TEST_F(GiteaTest, FindsByCommitAndTellsNoneFromNoRepository) {
  server_.Answer(200, Pull());
  auto pulls = forge_->FindByCommit("abc123");
  ASSERT_TRUE(pulls.ok()) << pulls.status();
  ASSERT_EQ(pulls->size(), 1U);
  ExpectUsualPull((*pulls)[0]);
  EXPECT_THAT(Asked(), ElementsAre("GET /api/v1/repos/o/r/commits/abc123/pull"));

  server_.Answer(404, R"({"message":"The target couldn't be found."})");
  server_.Answer(200, "{}");
  pulls = forge_->FindByCommit("abc123");
  ASSERT_TRUE(pulls.ok()) << pulls.status();
  EXPECT_TRUE(pulls->empty());
  EXPECT_THAT(Asked(), ElementsAre("GET /api/v1/repos/o/r/commits/abc123/pull", "GET /api/v1/repos/o/r"));

  server_.Answer(404, "{}");
  server_.Answer(404, "{}");
  EXPECT_TRUE(absl::IsNotFound(forge_->FindByCommit("abc123").status()));
}

TEST_F(GiteaTest, OpensOnceAndDraftsByTitle) {
  const NewPullRequest request = {"revertd/a", "production", "Revert \"x\"", "Why\n", true};
  const std::string post = R"(POST /api/v1/repos/o/r/pulls {"head":"revertd/a","base":"production",)"
                           R"("title":"WIP: Revert \"x\"","body":"Why\n"})";
  server_.Answer(200, "[]");
  server_.Answer(201, Pull({{"draft", "true"}}));
  auto opened = forge_->Open(request);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_TRUE(opened->draft);
  EXPECT_THAT(Asked(), ElementsAre(List("open", 1), post));

  server_.Answer(200, "[]");
  server_.Answer(409, R"({"message":"pull request already exists for these targets","url":"x"})");
  server_.Answer(200, "[" + Pull() + "]");
  opened = forge_->Open(request);
  ASSERT_TRUE(opened.ok()) << "somebody was faster";
  EXPECT_THAT(Asked(), ElementsAre(List("open", 1), post, List("open", 1)));
}

TEST_F(GiteaTest, LooksLabelsUpAndCreatesWhatIsMissing) {
  const std::string labels = "GET /api/v1/repos/o/r/labels?page=";
  server_.Answer(200, R"([{"id":1,"name":"Revert"}])");  // "revert" is on the first page
  server_.Answer(200, R"([{"id":1,"name":"Revert"}])");  // "new" on none
  server_.Answer(200, "[]");
  server_.Answer(201, R"({"id":12,"name":"new"})");
  server_.Answer(200, R"([{"id":1,"name":"Revert"},{"id":12,"name":"new"}])");
  EXPECT_TRUE(forge_->AddLabels(7, {"revert", "new"}).ok());
  EXPECT_THAT(Asked(), ElementsAre(labels + "1&limit=50", labels + "1&limit=50", labels + "2&limit=50",
                                   R"(POST /api/v1/repos/o/r/labels {"name":"new","color":"#e11d21"})",
                                   R"(POST /api/v1/repos/o/r/issues/7/labels {"labels":[1,12]})"));
  server_.Answer(200, R"([{"id":1,"name":"revert"}])");
  server_.Answer(200, "[]");
  EXPECT_TRUE(absl::IsFailedPrecondition(forge_->AddLabels(7, {"revert"}))) << "not read back";
  for (int i = 0; i < 20; ++i) server_.Answer(200, R"([{"id":1,"name":"x"}])");
  EXPECT_TRUE(absl::IsFailedPrecondition(forge_->AddLabels(7, {"revert"}))) << "too many to know";
}

TEST_F(GiteaTest, AsksForReviewsAndReadsThemBack) {
  const std::string post = R"(POST /api/v1/repos/o/r/pulls/7/requested_reviewers {"reviewers":["ann"]})";
  const std::string reviews = "GET /api/v1/repos/o/r/pulls/7/reviews?page=";
  server_.Answer(200, Pull());
  server_.Answer(201, "[]");
  server_.Answer(200, R"([{"user":null},{"user":{"login":"Ann"},"state":"REQUEST_REVIEW"}])");
  server_.Answer(200, "[]");
  EXPECT_TRUE(forge_->RequestReviewers(7, {"ann"}).ok());
  EXPECT_THAT(Asked(), ElementsAre(kPull, post, reviews + "1&limit=50", reviews + "2&limit=50"));

  server_.Answer(200, Pull());
  server_.Answer(404, R"({"message":"user does not exist [name: ann]"})");
  const Status unknown = forge_->RequestReviewers(7, {"ann"});
  EXPECT_TRUE(absl::IsFailedPrecondition(unknown));
  EXPECT_THAT(std::string(MessageOf(unknown)), HasSubstr("user does not exist"));
  server_.Answer(404, "{}");
  EXPECT_TRUE(absl::IsNotFound(forge_->RequestReviewers(7, {"ann"}))) << "no such pull request";
  server_.Answer(200, Pull());
  server_.Answer(201, "[]");
  server_.Answer(200, "[]");
  EXPECT_TRUE(absl::IsFailedPrecondition(forge_->RequestReviewers(7, {"ann"}))) << "not read back";
}

TEST_F(GiteaTest, CommentsOnce) {
  const std::string comments = "GET /api/v1/repos/o/r/issues/7/comments";
  server_.Answer(200, R"([{"body":"talk"}])");
  server_.Answer(201, R"({"body":"Hi <!-- m -->"})");
  EXPECT_TRUE(forge_->Comment(7, "<!-- m -->", "Hi <!-- m -->").ok());
  EXPECT_THAT(Asked(), ElementsAre(comments, R"(POST /api/v1/repos/o/r/issues/7/comments {"body":"Hi <!-- m -->"})"));
  server_.Answer(200, R"([{"body":"talk"},{"body":"Hi <!-- m -->"}])");
  EXPECT_TRUE(forge_->Comment(7, "<!-- m -->", "Hi <!-- m -->").ok());
  EXPECT_THAT(Asked(), ElementsAre(comments));
}

TEST_F(GiteaTest, MergesTheHeadItWasToldAndReadsBack) {
  const std::string squash_only =
      Pull({{"base", R"({"ref":"production","repo_id":5,"repo":{"allow_merge_commits":false,"allow_rebase":false}})"}});
  for (const auto& [pull, way] :
       std::vector<std::pair<std::string, std::string>>{{Pull(), "merge"}, {squash_only, "squash"}}) {
    server_.Answer(200, pull);
    server_.Answer(200, pull);
    server_.Answer(200, "");
    server_.Answer(200, MergedJson(kind_));
    const auto merged = forge_->Merge(7, kHead);
    ASSERT_TRUE(merged.ok()) << merged.status();
    EXPECT_EQ(merged->merge_sha, kMerge);
    EXPECT_THAT(Asked(), ElementsAre(kPull, kPull,
                                     "POST /api/v1/repos/o/r/pulls/7/merge {\"Do\":\"" + way +
                                         "\",\"head_commit_id\":\"" + std::string(kHead) + "\"}",
                                     kPull));
  }
  server_.Answer(200, Pull());
  server_.Answer(200, Pull());
  server_.Answer(409, R"({"message":"head out of date"})");
  EXPECT_TRUE(absl::IsFailedPrecondition(forge_->Merge(7, kHead).status()));
}

TEST_F(GiteaTest, SchedulesAutoMerge) {
  const std::string post = "POST /api/v1/repos/o/r/pulls/7/merge {\"Do\":\"merge\",\"head_commit_id\":\"" +
                           std::string(kHead) + "\",\"merge_when_checks_succeed\":true}";
  server_.Answer(200, Pull());
  server_.Answer(201, "");
  EXPECT_TRUE(forge_->EnableAutoMerge(7).ok());
  EXPECT_THAT(Asked(), ElementsAre(kPull, post));
  using Code = absl::StatusCode;
  const std::vector<std::tuple<int, std::string, Code>> rows = {
      {200, "", Code::kOk},
      {409, "pull request is already scheduled to auto merge when checks succeed [pull_id: 3]", Code::kOk},
      {409, "conflict", Code::kFailedPrecondition},
      {405, "Please try again later", Code::kFailedPrecondition},
      {403, "no", Code::kPermissionDenied}};
  for (const auto& [status, words, code] : rows) {
    server_.Answer(200, Pull());
    server_.Answer(status, R"({"message":")" + words + "\"}");
    EXPECT_EQ(forge_->EnableAutoMerge(7).code(), code) << status << words;
  }
  server_.Answer(200, MergedJson(kind_));
  EXPECT_TRUE(forge_->EnableAutoMerge(7).ok());
  server_.Answer(200, ClosedJson(kind_));
  EXPECT_TRUE(absl::IsFailedPrecondition(forge_->EnableAutoMerge(7)));
}

TEST_F(GiteaTest, Closes) {
  server_.Answer(200, Pull());
  server_.Answer(201, ClosedJson(kind_));
  EXPECT_TRUE(forge_->Close(7).ok());
  EXPECT_THAT(Asked(), ElementsAre(kPull, R"(PATCH /api/v1/repos/o/r/pulls/7 {"state":"closed"})"));
}

}  // namespace
}  // namespace revertd

// Every request that we can send to GitHub's REST API, judged by GitHub's own description of it: Prism mocks the API
// from that description and reports what breaks it. Run by tests/e2e/prism.sh, which starts Prism; skipped without it.
// GraphQL is not in the description: its one request is answered here and never reaches Prism.

#include <simdjson.h>

#include <cstdio>
#include <cstdlib>
#include <set>

#include "base/strings.h"
#include "tests/actions/forge_fixture.h"

namespace revertd {
namespace {

constexpr char kGraphQlAnswer[] =
    R"({"data":{"enablePullRequestAutoMerge":{"pullRequest":{"autoMergeRequest":{"enabledAt":"x"}}}}})";

// The complaints about the request itself; those about Prism's own example answers are not ours.
std::string RequestViolations(std::string_view header) {
  simdjson::dom::parser parser;
  simdjson::dom::array violations;
  std::string found;
  if (parser.parse(header.data(), header.size()).get_array().get(violations) != simdjson::SUCCESS) return found;
  for (const simdjson::dom::element violation : violations) {
    std::string_view place;
    if (violation["location"].at(0).get_string().get(place) == simdjson::SUCCESS && place == "request") {
      found += simdjson::minify(violation) + "\n";
    }
  }
  return found;
}

// Passes requests on to Prism and keeps what it says of them.
class JudgedClient final : public HttpClient {
 public:
  StatusOr<HttpResponse> Send(const HttpRequest& request) override {
    const std::string line = request.method + " " + request.url.substr(request.url.find('/', sizeof("http://")));
    if (line == "POST /graphql") return HttpResponse{200, {}, kGraphQlAnswer};
    StatusOr<HttpResponse> response = http_.Send(request);
    if (!response.ok()) {
      complaints.push_back(line + ": " + response.status().ToString());
      return response;
    }
    sent.insert(line.substr(0, line.find('?')));
    const std::string violations = RequestViolations(response->Header("sl-violations"));
    if (!violations.empty()) complaints.push_back(line + " " + request.body + ": " + violations);
    if (response->status / 100 != 2) {
      complaints.push_back(line + " was answered with " + std::to_string(response->status) + ": " + response->body);
    }
    return response;
  }

  std::set<std::string> sent;
  std::vector<std::string> complaints;

 private:
  CurlHttpClient http_;
};

class GitHubPrism : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* url = std::getenv("REVERTD_PRISM_URL");
    if (url == nullptr) GTEST_SKIP() << "REVERTD_PRISM_URL is not set: tests/e2e/prism.sh does";
    setenv("no_proxy", "127.0.0.1", 1);
    setenv("REVERTD_TEST_TOKEN", kToken, 1);
    ForgeConfig config;
    config.api = url;
    config.repository = "octocat/Hello-World";
    config.token.env = "REVERTD_TEST_TOKEN";
    auto forge = MakeForge(config, &client_);
    ASSERT_TRUE(forge.ok()) << forge.status();
    forge_ = *std::move(forge);
    url_ = url;
  }

  JudgedClient client_;
  std::unique_ptr<Forge> forge_;
  std::string url_;
};

TEST_F(GitHubPrism, EveryRequestFitsTheDescription) {
  const auto pull = forge_->Read(1347);  // the number of GitHub's own example
  ASSERT_TRUE(pull.ok()) << pull.status();
  const auto by_commit = forge_->FindByCommit(pull->head_sha);
  EXPECT_TRUE(by_commit.ok()) << by_commit.status();
  EXPECT_TRUE(forge_->FindByBranch("revertd/a").ok());
  const auto by_own_branch = forge_->FindByBranch(pull->head_branch);
  EXPECT_TRUE(by_own_branch.ok() && by_own_branch->has_value());
  // What follows is answered with examples that are not about our request, and so refused by us: only what Prism says
  // of the requests counts.
  for (const bool draft : {false, true}) {
    (void)forge_->Open({"revertd/a", "production", "Revert \"x\"", "Why\n", draft});
  }
  (void)forge_->AddLabels(1347, {"revert", "urgent"});
  (void)forge_->RequestReviewers(1347, {"octocat", "team:justice-league"});
  (void)forge_->RequestReviewers(1347, {"octocat"});
  (void)forge_->RequestReviewers(1347, {"team:justice-league"});
  (void)forge_->Comment(1347, "<!-- m -->", "Hello <!-- m -->");
  EXPECT_TRUE(forge_->EnableAutoMerge(1347).ok());
  (void)forge_->Merge(1347, pull->head_sha);
  (void)forge_->Close(1347);

  EXPECT_THAT(client_.complaints, ::testing::IsEmpty());
  const std::string repository = "/repos/octocat/Hello-World";
  EXPECT_THAT(
      client_.sent,
      ::testing::UnorderedElementsAre(
          "GET " + repository + "/pulls", "POST " + repository + "/pulls", "GET " + repository + "/pulls/1347",
          "PATCH " + repository + "/pulls/1347", "PUT " + repository + "/pulls/1347/merge",
          "POST " + repository + "/pulls/1347/requested_reviewers", "GET " + repository + "/issues/1347/comments",
          "POST " + repository + "/issues/1347/comments", "POST " + repository + "/issues/1347/labels",
          "GET " + repository + "/commits/" + pull->head_sha + "/pulls"));
  for (const std::string& line : client_.sent) std::printf("JUDGED %s\n", line.c_str());
  std::printf("NOT JUDGED POST /graphql (enablePullRequestAutoMerge): the REST description does not have it\n");
}

// The judge is awake: what is wrong is called wrong.
TEST_F(GitHubPrism, PrismComplainsOfAWrongRequest) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"/repos/o/r/pulls", R"({"title":"no base","head":"x"})"},
      {"/repos/o/r/pulls", R"({"title":7,"head":"x","base":"y"})"},
      {"/repos/o/r/issues/7/comments", "{}"}};
  for (const auto& [path, body] : wrong) {
    client_.complaints.clear();
    ASSERT_TRUE(client_
                    .Send({"POST",
                           url_ + path,
                           {{"Accept", "application/vnd.github+json"}, {"Content-Type", "application/json"}},
                           body})
                    .ok());
    EXPECT_THAT(client_.complaints, ::testing::Contains(::testing::HasSubstr("422"))) << body;
  }
}

}  // namespace
}  // namespace revertd

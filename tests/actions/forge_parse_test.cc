// Valid answers with bytes changed, taken out, put in and cut off: a parser answers or complains, and what it answers
// keeps its promises.

#include <functional>
#include <random>

#include "actions/forge_gitea.h"
#include "actions/forge_github.h"
#include "actions/forge_gitlab.h"
#include "actions/forge_json.h"
#include "tests/actions/forge_fixture.h"

namespace revertd {
namespace {

constexpr uint64_t kSeed = 20250107;
constexpr int kMutationsEach = 1500;

struct ParserRow {
  std::string name;
  std::string valid;
  std::function<Status(const std::string&)> parse;
};

Status CheckPull(const StatusOr<PullRequest>& pull) {
  if (pull.ok()) {
    EXPECT_GT(pull->number, 0);
    EXPECT_TRUE(pull->state == PullRequest::State::kMerged || pull->merge_sha.empty());
  }
  return pull.status();
}

std::vector<ParserRow> Parsers() {
  const auto pull = [](ForgeKind kind) { return PullJson(kind); };
  const auto list = [](ForgeKind kind) { return "[" + PullJson(kind) + "," + MergedJson(kind) + "]"; };
  const ForgeKind hub = ForgeKind::kGitHub;
  const ForgeKind lab = ForgeKind::kGitLab;
  const ForgeKind tea = ForgeKind::kGitea;
  return {
      {"github pull", pull(hub), [](const auto& json) { return CheckPull(ParseGitHubPull(json)); }},
      {"github pulls", list(hub), [](const auto& json) { return ParseGitHubPulls(json).status(); }},
      {"github own", list(hub), [](const auto& json) { return ParseGitHubOwnPulls(json).status(); }},
      {"github merge info", pull(hub), [](const auto& json) { return ParseGitHubMergeInfo(json).status(); }},
      {"github reviewers", Changed(pull(hub), {{"requested_reviewers", R"([{"login":"a"}])"}}),
       [](const auto& json) { return ParseGitHubReviewers(json).status(); }},
      {"github auto-merge",
       R"({"data":{"enablePullRequestAutoMerge":{"pullRequest":{"autoMergeRequest":{"enabledAt":"x"}}}}})",
       [](const auto& json) {
         std::string words;
         return ParseGitHubAutoMerge(json, &words);
       }},
      {"gitlab merge request", pull(lab), [](const auto& json) { return CheckPull(ParseGitLabMergeRequest(json)); }},
      {"gitlab merge requests", list(lab), [](const auto& json) { return ParseGitLabMergeRequests(json).status(); }},
      {"gitlab own", list(lab), [](const auto& json) { return ParseGitLabOwnMergeRequests(json).status(); }},
      {"gitlab merge info", pull(lab), [](const auto& json) { return ParseGitLabMergeInfo(json).status(); }},
      {"gitlab user", R"([{"id":3,"username":"ann"}])",
       [](const auto& json) { return ParseGitLabUserId(json, "ann").status(); }},
      {"gitea pull", pull(tea), [](const auto& json) { return CheckPull(ParseGiteaPull(json)); }},
      {"gitea pulls", list(tea), [](const auto& json) { return ParseGiteaPulls(json).status(); }},
      {"gitea merge way", pull(tea), [](const auto& json) { return ParseGiteaMergeWay(json).status(); }},
      {"gitea labels", R"([{"id":3,"name":"x"}])", [](const auto& json) { return ParseGiteaLabels(json).status(); }},
      {"gitea reviews", R"([{"user":{"login":"a"}},{"user":null}])",
       [](const auto& json) { return ParseGiteaReviewers(json).status(); }},
  };
}

std::string Mutated(std::string json, std::mt19937_64& random) {
  constexpr std::string_view kTelling = "{}[]\",:\\0-9.eEtfn\x00\xff\x80";
  const uint64_t changes = 1 + random() % 4;
  for (uint64_t i = 0; i < changes && !json.empty(); ++i) {
    const size_t at = random() % json.size();
    switch (random() % 5) {
      case 0: json[at] = static_cast<char>(random()); break;
      case 1: json[at] = kTelling[random() % kTelling.size()]; break;
      case 2: json.erase(at, 1 + random() % 8); break;
      case 3: json.insert(at, json.substr(random() % json.size(), random() % 16)); break;
      default: json.resize(at);
    }
  }
  return json;
}

TEST(ForgeParsers, SurviveMutatedAnswers) {
  std::mt19937_64 random(kSeed);
  size_t accepted = 0;
  size_t refused = 0;
  for (const ParserRow& parser : Parsers()) {
    EXPECT_TRUE(parser.parse(parser.valid).ok()) << parser.name << " " << parser.parse(parser.valid);
    for (int i = 0; i < kMutationsEach; ++i) {
      const std::string json = Mutated(parser.valid, random);
      const Status status = parser.parse(json);
      const bool fits = status.ok() || absl::IsInternal(status) ||
                        (parser.name == "github auto-merge" && absl::IsFailedPrecondition(status));
      EXPECT_TRUE(fits) << "seed " << kSeed << " " << parser.name << " " << status << "\n" << json;
      ++(status.ok() ? accepted : refused);
      WordsOfRefusal(json);
    }
  }
  RecordProperty("accepted", std::to_string(accepted));
  RecordProperty("refused", std::to_string(refused));
  EXPECT_GT(accepted, 100U);
  EXPECT_GT(refused, 10'000U);
}

TEST(ForgeParsers, EveryTruncationIsRefused) {
  for (const ParserRow& parser : Parsers()) {
    for (size_t length = 0; length < parser.valid.size(); ++length) {
      EXPECT_TRUE(absl::IsInternal(parser.parse(parser.valid.substr(0, length)))) << parser.name << " " << length;
    }
  }
}

TEST(WordsOfRefusal, GathersWhatEachForgeSays) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {R"({"message":"Not Found","documentation_url":"https://x"})", "Not Found"},
      {R"({"message":"Validation Failed","errors":[{"resource":"PullRequest","message":"exists"}]})",
       "Validation Failed; PullRequest; exists"},
      {R"({"message":["a","b"]})", "a; b"},
      {R"({"message":{"base":["a"],"title":["b","c"]}})", "a; b; c"},
      {R"({"error":"invalid_token","error_description":"expired"})", "invalid_token; expired"},
      {R"({"message":"x","url":"y","errors":null})", "x"},
      {R"({"message":[[[[[["deep"]]]]]]})", ""},
      {R"({"message":7})", ""},
      {"[]", ""},
      {"", ""},
      {"<html>", ""}};
  for (const auto& [body, words] : rows) EXPECT_EQ(WordsOfRefusal(body), words) << body;
}

}  // namespace
}  // namespace revertd

// What is the same for every forge: secrets, waits, and every way in which an answer can fail.

#include "actions/forge.h"

#include <sys/stat.h>

#include <array>

#include "actions/forge_http.h"
#include "actions/forge_rest.h"
#include "base/strings.h"
#include "tests/actions/forge_fixture.h"
#include "tests/test_folder.h"

namespace revertd {
namespace {

using Code = absl::StatusCode;
using Lie = FakeAnswer::Lie;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::array kKinds = {ForgeKind::kGitHub, ForgeKind::kGitLab, ForgeKind::kGitea};

class EveryForgeTest : public ForgeTest, public ::testing::WithParamInterface<ForgeKind> {
 protected:
  EveryForgeTest() : ForgeTest(GetParam()) {}
};

INSTANTIATE_TEST_SUITE_P(Kinds, EveryForgeTest, ::testing::ValuesIn(kKinds),
                         [](const auto& kind) { return std::string(NameOf(kind.param)); });

struct RefusalRow {
  int status;
  HttpHeaders headers;
  std::string body;
  Code code;
  std::optional<DurationNs> retry_after = std::nullopt;
};

std::vector<RefusalRow> RefusalRows() {
  const std::string no = R"({"message":"no"})";
  return {
      {400, {}, no, Code::kFailedPrecondition},
      {401, {}, no, Code::kPermissionDenied},
      {403, {}, no, Code::kPermissionDenied},
      {403, {{"x-ratelimit-remaining", "12"}, {"x-ratelimit-reset", "9999999999"}}, no, Code::kPermissionDenied},
      {403, {{"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "1"}}, no, Code::kUnavailable, 0},
      {403, {{"Retry-After", "30"}}, no, Code::kUnavailable, 30 * kSecondNs},
      {403, {}, R"({"message":"You have exceeded a secondary rate limit."})", Code::kUnavailable},
      {404, {}, no, Code::kNotFound},
      {405, {}, no, Code::kFailedPrecondition},
      {406, {}, no, Code::kFailedPrecondition},
      {408, {}, no, Code::kUnavailable},
      {409, {}, no, Code::kFailedPrecondition},
      {422, {}, no, Code::kFailedPrecondition},
      {423, {}, no, Code::kFailedPrecondition},
      {429, {{"Retry-After", "60"}}, no, Code::kUnavailable, kMinuteNs},
      {429, {{"Retry-After", "99999999999"}}, no, Code::kUnavailable, 24 * kHourNs},
      {429, {{"Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"}}, no, Code::kUnavailable},
      {429, {}, "{\"message\":\"no (asked to wait 5 s)\"}", Code::kUnavailable},
      {429, {}, "(asked to wait 5 s)", Code::kUnavailable},
      {500, {}, no, Code::kUnavailable},
      {502, {}, "<html>Bad Gateway</html>", Code::kUnavailable},
      {503, {{"Retry-After", "5"}}, "", Code::kUnavailable, 5 * kSecondNs},
      {301, {{"Location", "http://127.0.0.1:1/"}}, no, Code::kFailedPrecondition},
      {307, {{"Location", "http://127.0.0.1:1/"}}, no, Code::kFailedPrecondition},
      {304, {}, "", Code::kFailedPrecondition},
      {204, {}, "", Code::kInternal},
      {200, {}, "", Code::kInternal},
      {200, {}, "<html>sign in</html>", Code::kInternal},
      {200, {}, "null", Code::kInternal},
      {200, {}, "[]", Code::kInternal},
      {200, {}, "{}", Code::kInternal},
      {200, {}, "{\"number\":7", Code::kInternal},
      {200, {}, std::string(2000, '['), Code::kInternal},
      {200, {}, "{\"number\":\"\xff\"}", Code::kInternal},
  };
}

TEST_P(EveryForgeTest, RefusalsAndGarbageAreTheRightStatus) {
  for (const RefusalRow& row : RefusalRows()) {
    server_.Answer(FakeAnswer{row.status, row.body, row.headers, {}});
    const Status status = forge_->Read(7).status();
    EXPECT_EQ(status.code(), row.code) << row.status << " " << row.body << ": " << status;
    EXPECT_EQ(RetryAfter(status), row.retry_after) << status;
    EXPECT_EQ(RetryAfter(Annotate(status, "opening")), row.retry_after);
    EXPECT_EQ(Asked().size(), 1U) << "it does not try again by itself";
  }
}

TEST_P(EveryForgeTest, LiesOfTheTransport) {
  const HttpLimits short_limits = {
      .connect_timeout = kSecondNs, .total_timeout = 200 * kMillisecondNs, .response_bytes_max = 10'000};
  CurlHttpClient hasty(short_limits);
  ForgeConfig config;
  config.kind = kind_;
  config.api = server_.url();
  config.repository = "o/r";
  config.token.env = "REVERTD_TEST_TOKEN";
  auto forge = MakeForge(config, &hasty);
  ASSERT_TRUE(forge.ok());
  const std::vector<std::pair<Lie, Code>> rows = {
      {Lie::kCut, Code::kUnavailable},      {Lie::kHangUp, Code::kUnavailable},
      {Lie::kSilent, Code::kUnavailable},   {Lie::kDrip, Code::kUnavailable},
      {Lie::kNoHttp, Code::kUnavailable},   {Lie::kHuge, Code::kFailedPrecondition},
      {Lie::kShortLength, Code::kInternal}, {Lie::kEndlessHeaders, Code::kFailedPrecondition},
  };
  for (const auto& [lie, code] : rows) {
    server_.Answer(FakeAnswer{200, PullJson(kind_), {}, lie});
    const Status status = (*forge)->Read(7).status();
    EXPECT_EQ(status.code(), code) << static_cast<int>(lie) << " " << status;
  }
}

TEST_P(EveryForgeTest, RedirectsTakeNoTokenAway) {
  FakeHttpServer elsewhere;
  for (const int status : {301, 302, 307, 308}) {
    server_.Answer(FakeAnswer{status, "", {{"Location", elsewhere.url() + "/x"}}, {}});
    const Status refused = forge_->Read(7).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(refused));
    EXPECT_THAT(std::string(MessageOf(refused)), HasSubstr("redirects are not followed"));
  }
  EXPECT_TRUE(elsewhere.TakeRequests().empty());
}

TEST_P(EveryForgeTest, TheTokenIsInNoMessage) {
  const std::string token = kToken;
  const std::vector<std::string> bodies = {R"({"message":"bad credentials )" + token + R"("})", token,
                                           R"({"error":{"t0":["x)" + token + token + R"("]}})",
                                           R"({"message":")" + std::string(395, 'x') + token + R"("})"};
  for (const std::string& body : bodies) {
    server_.Answer(401, body);
    const Status status = forge_->Read(7).status();
    EXPECT_TRUE(absl::IsPermissionDenied(status));
    EXPECT_THAT(std::string(MessageOf(status)), Not(HasSubstr(token.substr(0, 4)))) << status;
    EXPECT_LT(MessageOf(status).size(), 600U);
  }
}

TEST_P(EveryForgeTest, WordsOfTheForgeArePrintableAndBounded) {
  server_.Answer(409, R"({"message":"a\u001b[31mb\nc","errors":[)" + std::string(3000, ' ') + R"("last"]})");
  const Status status = forge_->Read(7).status();
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("\"a?[31mb?c; last\""));
  server_.Answer(409, std::string(100'000, 'x'));
  EXPECT_LT(MessageOf(forge_->Read(7).status()).size(), 600U);
}

// Every field is needed and of its type; the message names it. Those that a forge may leave out or send as null are
// known.
TEST_P(EveryForgeTest, MissingAndMistypedFieldsAreNamed) {
  const std::string usual = PullJson(kind_);
  size_t named = 0;
  for (const std::string_view line : Split(usual, '\n')) {
    if (!line.starts_with('"')) continue;
    const std::string name(line.substr(1, line.find('"', 1) - 1));
    for (const std::string wrong : {"17.5", "[[]]", "{\"x\":1}"}) {
      server_.Answer(200, Changed(usual, {{name, wrong}}));
      const Status status = forge_->Read(7).status();
      if (status.ok()) continue;
      EXPECT_TRUE(absl::IsInternal(status)) << name << " " << status;
      EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("the answer's " + name)) << wrong;
      ++named;
    }
    std::string renamed = usual;
    renamed.replace(renamed.find("\n\"" + name + "\":") + 2, 1, "_");
    server_.Answer(200, renamed);
    const Status status = forge_->Read(7).status();
    if (status.ok()) continue;
    EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("the answer's " + name + ": a field expected"));
    ++named;
  }
  EXPECT_GE(named, 30U) << "of about ten fields, three or four ways each";
  for (const std::string number : {"0", "-7", "9223372036854775808", "8"}) {
    server_.Answer(200, Changed(usual, {{kind_ == ForgeKind::kGitLab ? "iid" : "number", number}}));
    EXPECT_TRUE(absl::IsInternal(forge_->Read(7).status())) << number;
  }
}

TEST_P(EveryForgeTest, MergeLooksFirst) {
  server_.Answer(200, MergedJson(kind_));
  const auto merged = forge_->Merge(7, kHead);
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(merged->merge_sha, kMerge);
  EXPECT_EQ(Asked().size(), 1U) << "it is merged already";
  server_.Answer(200, ClosedJson(kind_));
  EXPECT_TRUE(absl::IsFailedPrecondition(forge_->Merge(7, kHead).status()));
  server_.Answer(200, PullJson(kind_));
  const Status moved = forge_->Merge(7, kMerge).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(moved));
  EXPECT_THAT(std::string(MessageOf(moved)), HasSubstr("the head of pull request 7 is " + std::string(kHead)));
  server_.Answer(200, MergedJson(kind_));
  EXPECT_TRUE(absl::IsFailedPrecondition(forge_->Merge(7, kMerge).status())) << "merged, but not what was asked for";
}

TEST_P(EveryForgeTest, MergeThatIsNotThereYetMayBeTriedAgain) {
  const bool reads_again = kind_ != ForgeKind::kGitLab;  // for the ways that are allowed
  server_.Answer(200, PullJson(kind_));
  if (reads_again) server_.Answer(200, PullJson(kind_));
  server_.Answer(200, PullJson(kind_));
  server_.Answer(200, PullJson(kind_));
  EXPECT_TRUE(absl::IsUnavailable(forge_->Merge(7, kHead).status()));
}

TEST_P(EveryForgeTest, CloseLeavesWhatIsNotOpen) {
  for (const std::string& json : {ClosedJson(kind_), MergedJson(kind_)}) {
    server_.Answer(200, json);
    const auto pull = forge_->Close(7);
    ASSERT_TRUE(pull.ok()) << pull.status();
    EXPECT_NE(pull->state, PullRequest::State::kOpen);
    EXPECT_EQ(Asked().size(), 1U);
  }
  server_.Answer(200, PullJson(kind_));
  server_.Answer(200, PullJson(kind_));
  EXPECT_TRUE(absl::IsFailedPrecondition(forge_->Close(7).status())) << "the forge did not do it";
}

TEST_P(EveryForgeTest, OpenIsSentOnceAndALostAnswerIsFoundAgain) {
  const NewPullRequest request = {"revertd/a", "production", "t", "b", false};
  server_.Answer(200, "[]");
  server_.Answer(FakeAnswer{201, PullJson(kind_), {}, Lie::kCut});
  EXPECT_TRUE(absl::IsUnavailable(forge_->Open(request).status()));
  EXPECT_EQ(Asked().size(), 2U);
  server_.Answer(200, "[" + PullJson(kind_) + "]");
  const auto found = forge_->Open(request);
  ASSERT_TRUE(found.ok()) << found.status();
  ExpectUsualPull(*found);
}

TEST_P(EveryForgeTest, TheTokenIsReadAnewByEveryMakeForge) {
  const TestFolder folder;
  ForgeConfig config;
  config.kind = kind_;
  config.api = server_.url();
  config.repository = "o/r";
  config.token.file = folder.Write("token", "first\n");
  for (const std::string token : {"first", "second"}) {
    folder.Write("token", token + "\n");
    auto forge = MakeForge(config, &http_);
    ASSERT_TRUE(forge.ok());
    server_.Answer(200, PullJson(kind_));
    EXPECT_TRUE((*forge)->Read(7).ok());
    const FakeRequest request = server_.TakeRequests().at(0);
    EXPECT_THAT(request.Header("authorization") + request.Header("private-token"), ::testing::EndsWith(token));
  }
  for (const std::string bad : {"", "two words", "line\nbreak\n", "t\xC3\xBC", "x\r\n\r\n"}) {
    folder.Write("token", bad);
    EXPECT_TRUE(absl::IsFailedPrecondition(MakeForge(config, &http_).status())) << bad;
  }
  config.token.file = folder.Path("none");
  EXPECT_TRUE(absl::IsFailedPrecondition(MakeForge(config, &http_).status()));
}

TEST(ReadSecret, TakesTheLineEndOff) {
  const TestFolder folder;
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"abc", "abc"}, {"abc\n", "abc"}, {"abc\r\n", "abc"}, {" a b \n", " a b "}, {"a\nb\n", "a\nb"}};
  for (const auto& [text, secret] : rows) {
    const auto read = ReadSecret({.file = folder.Write("s", text), .env = ""});
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, secret);
  }
  setenv("REVERTD_TEST_SECRET", "from the environment", 1);
  EXPECT_EQ(ReadSecret({.file = "", .env = "REVERTD_TEST_SECRET"}).value(), "from the environment");
}

TEST(ReadSecret, NamesWhatCannotBeRead) {
  const TestFolder folder;
  unsetenv("REVERTD_TEST_NO_SECRET");
  setenv("REVERTD_TEST_EMPTY", "", 1);
  const std::vector<std::pair<SecretConfig, std::string>> rows = {
      {{.file = folder.Path("none"), .env = ""}, folder.Path("none")},
      {{.file = folder.Path(""), .env = ""}, folder.Path("")},
      {{.file = folder.Write("empty", "\n"), .env = ""}, folder.Path("empty")},
      {{.file = folder.Write("long", std::string(20'000, 'x')), .env = ""}, "longer than 16384 bytes"},
      {{.file = "", .env = "REVERTD_TEST_NO_SECRET"}, "REVERTD_TEST_NO_SECRET"},
      {{.file = "", .env = "REVERTD_TEST_EMPTY"}, "REVERTD_TEST_EMPTY"},
      {{}, "not set"}};
  for (const auto& [config, word] : rows) {
    const Status status = ReadSecret(config).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << word;
    EXPECT_THAT(std::string(MessageOf(status)), HasSubstr(word));
  }
}

TEST(AskedToWait, ReadsBothWaysOfSaying) {
  constexpr TimeNs kNow = 1'000 * kSecondNs + 5;
  const std::vector<std::pair<HttpHeaders, std::optional<DurationNs>>> rows = {
      {{}, std::nullopt},
      {{{"retry-after", "0"}}, 0},
      {{{"retry-after", "12"}}, 12 * kSecondNs},
      {{{"retry-after", "-1"}}, std::nullopt},
      {{{"retry-after", "18446744073709551615"}}, 24 * kHourNs},
      {{{"retry-after", "18446744073709551616"}}, std::nullopt},
      {{{"x-ratelimit-reset", "1060"}}, kMinuteNs},
      {{{"x-ratelimit-reset", "1060"}, {"x-ratelimit-remaining", "0"}}, kMinuteNs},
      {{{"x-ratelimit-reset", "1060"}, {"x-ratelimit-remaining", "1"}}, std::nullopt},
      {{{"x-ratelimit-reset", "900"}, {"x-ratelimit-remaining", "0"}}, 0},
      {{{"retry-after", "7"}, {"x-ratelimit-reset", "1060"}}, 7 * kSecondNs}};
  for (const auto& [headers, wait] : rows) {
    EXPECT_EQ(AskedToWait({.status = 429, .headers = headers, .body = ""}, kNow), wait);
  }
}

TEST(RetryAfter, ReadsOnlyItsOwnEnding) {
  EXPECT_EQ(RetryAfter(Unavailable("x" + AskedToWaitWords(90 * kSecondNs))), 90 * kSecondNs);
  EXPECT_EQ(RetryAfter(FailedPrecondition("x" + AskedToWaitWords(kSecondNs))), std::nullopt);
  EXPECT_EQ(RetryAfter(OkStatus()), std::nullopt);
  for (const std::string words : {"x", "x (asked to wait 5 s) and more", "x (asked to wait s)", "(asked to wait 5 s)",
                                  "x (asked to wait 99999999 s)", "x (asked to wait -5 s)", " s)"}) {
    EXPECT_EQ(RetryAfter(Unavailable(words)), std::nullopt) << words;
  }
}

TEST(ChooseMergeWay, TakesTheFirstThatIsAllowed) {
  EXPECT_EQ(ChooseMergeWay({}), "merge");
  EXPECT_EQ(ChooseMergeWay({.merge = false}), "rebase");
  EXPECT_EQ(ChooseMergeWay({.merge = false, .rebase = false}), "squash");
  EXPECT_EQ(ChooseMergeWay({.merge = false, .rebase = false, .squash = false}), "merge") << "the forge will say no";
}

}  // namespace
}  // namespace revertd

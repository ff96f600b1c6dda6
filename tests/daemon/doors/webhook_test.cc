#include "daemon/doors/webhook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>

#include "base/digest.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "daemon/doors/json_body.h"
#include "tests/ingest/shared_data.h"

namespace revertd {
namespace {

constexpr TimeNs kNow = 1'795'230'609 * kSecondNs;
constexpr std::string_view kSecret = "hunter2hunter2";

using Answer = std::variant<WebhookDelivery, Refused>;

std::string CodeOf(const Answer& answer) {
  const Refused* refused = std::get_if<Refused>(&answer);
  return refused == nullptr ? "accepted" : refused->code + " " + std::to_string(refused->status);
}
std::string KeyOf(const Answer& answer) {
  const WebhookDelivery* delivery = std::get_if<WebhookDelivery>(&answer);
  return delivery == nullptr ? "" : delivery->key;
}

std::string PushAt(TimeNs at_ns) {
  return R"({"ref":"refs/heads/main","repository":{"pushed_at":)" + std::to_string(at_ns / kSecondNs) + "}}";
}

Headers GitHubHeaders(const std::string& signature) {
  return {{"x-github-event", "push"}, {"x-github-delivery", "1"}, {"x-hub-signature-256", signature}};
}
std::string Signed(std::string_view body) { return "sha256=" + HmacSha256Hex(kSecret, body); }

Answer FromGitHub(const std::string& body) {
  return ReadDelivery("github", GitHubHeaders(Signed(body)), body, kSecret, kNow);
}

// Every signature of the shared data holds; one bit anywhere, another secret or none, and it does not.
TEST(Webhook, SignaturesAsOthersMakeThem) {
  const auto lines = ReadSharedFile("deploys/github_signatures.jsonl");
  if (!lines) GTEST_SKIP() << "THE SHARED SIGNATURES ARE MISSING (set REVERTD_SHARED_DATA)";
  int rows = 0;
  for (const std::string_view line : Split(*lines, '\n')) {
    if (line.empty()) continue;
    const JsonBody row(line);
    const std::string secret = row.root()["secret"].Text();
    const std::string signature = row.root()["value"].Text();
    const std::string file = row.root()["file"].Text();
    const bool is_file = !file.empty();
    std::string body = is_file ? ReadSharedFile(file).value_or("") : row.root()["payload"].Text();
    ASSERT_FALSE(body.empty()) << file;
    const Headers headers = GitHubHeaders(signature);
    // Read as a push, which has a time or none: only the signature is asked here.
    const std::string code = CodeOf(ReadDelivery("github", headers, body, secret, kNow));
    EXPECT_NE(code, "wrong_signature 401") << file;
    EXPECT_EQ(code == "unreadable 400", !is_file) << file;
    EXPECT_EQ(CodeOf(ReadDelivery("github", headers, body, secret + "x", kNow)), "wrong_signature 401");
    EXPECT_EQ(CodeOf(ReadDelivery("github", headers, body, "", kNow)), "wrong_signature 401");
    for (const size_t at : {size_t{0}, body.size() / 2, body.size() - 1}) {
      body[at] = static_cast<char>(body[at] ^ 1);
      EXPECT_EQ(CodeOf(ReadDelivery("github", headers, body, secret, kNow)), "wrong_signature 401");
      body[at] = static_cast<char>(body[at] ^ 1);
    }
    ++rows;
  }
  EXPECT_GT(rows, 60);
}

TEST(Webhook, ASignatureIsOfEveryBitOfItself) {
  const std::string body = PushAt(kNow);
  const std::string right = Signed(body);
  EXPECT_EQ(CodeOf(FromGitHub(body)), "accepted");
  for (size_t at = 0; at < right.size(); ++at) {
    std::string wrong = right;
    wrong[at] = static_cast<char>(wrong[at] ^ 1);
    EXPECT_EQ(CodeOf(ReadDelivery("github", GitHubHeaders(wrong), body, kSecret, kNow)), "wrong_signature 401");
  }
  for (const std::string& wrong : {std::string(), right.substr(7), right + "0", right.substr(0, right.size() - 1)}) {
    EXPECT_EQ(CodeOf(ReadDelivery("github", GitHubHeaders(wrong), body, kSecret, kNow)), "wrong_signature 401");
  }
}

TEST(Webhook, AnEmptySecretProvesNothing) {
  const std::string body = PushAt(kNow);
  const std::string signature = "sha256=" + HmacSha256Hex("", body);
  EXPECT_EQ(CodeOf(ReadDelivery("github", GitHubHeaders(signature), body, "", kNow)), "wrong_signature 401");
  EXPECT_EQ(CodeOf(ReadDelivery("gitlab", {{"x-gitlab-token", ""}}, "{}", "", kNow)), "wrong_signature 401");
  EXPECT_EQ(CodeOf(ReadDelivery("flux", {{"x-signature", "sha256=" + HmacSha256Hex("", "{}")}}, "{}", "", kNow)),
            "wrong_signature 401");
}

TEST(Webhook, TheSignatureIsAskedBeforeTheBodyIsRead) {
  const std::string body = "{ this is no JSON";
  EXPECT_EQ(CodeOf(ReadDelivery("github", GitHubHeaders("sha256=x"), body, kSecret, kNow)), "wrong_signature 401");
  EXPECT_EQ(CodeOf(FromGitHub(body)), "unreadable 400");
}

TEST(Webhook, EachSourceHasItsOwnProof) {
  const std::string body = PushAt(kNow);
  const std::string bare = HmacSha256Hex(kSecret, body);
  const auto code = [&](std::string_view source, const Headers& headers) {
    return CodeOf(ReadDelivery(source, headers, body, kSecret, kNow));
  };
  EXPECT_EQ(code("github", {{"x-gitea-event", "push"}, {"x-gitea-signature", bare}}), "accepted");
  EXPECT_EQ(code("github", {{"x-forgejo-event", "push"}, {"x-forgejo-signature", bare}}), "accepted");
  EXPECT_EQ(code("gitlab", {{"x-gitlab-token", std::string(kSecret)}}), "accepted");
  EXPECT_EQ(code("gitlab", {{"x-gitlab-token", "hunter2"}}), "wrong_signature 401");
  EXPECT_EQ(code("gitlab", {}), "wrong_signature 401");
  EXPECT_EQ(code("flux", {{"x-signature", "sha256=" + bare}}), "accepted");
  EXPECT_EQ(code("flux", {{"x-signature", bare}}), "wrong_signature 401");
  EXPECT_EQ(code("flux", {}), "wrong_signature 401");
  EXPECT_EQ(code("argocd", {}), "accepted");
  EXPECT_EQ(code("sentry", {{":method", "POST"}, {":path", "/api/0/organizations/acme/releases/"}}), "accepted");
  EXPECT_EQ(code("bitbucket", {}), "unknown_source 404");
}

TEST(Webhook, AnOldDeliveryIsRefusedHoweverWellSigned) {
  EXPECT_EQ(CodeOf(FromGitHub(PushAt(kNow - kDeliveryAgeMax))), "accepted");
  EXPECT_EQ(CodeOf(FromGitHub(PushAt(kNow - kDeliveryAgeMax - kSecondNs))), "stale_delivery 403");
  EXPECT_EQ(CodeOf(FromGitHub(PushAt(kNow + kDeliveryAheadMax))), "accepted");
  EXPECT_EQ(CodeOf(FromGitHub(PushAt(kNow + kDeliveryAheadMax + kSecondNs))), "stale_delivery 403");
  EXPECT_EQ(CodeOf(FromGitHub("{}")), "accepted") << "it says no time: its key alone tells a repetition";
}

TEST(Webhook, TheKeyIsOfWhatIsSigned) {
  const std::string body = PushAt(kNow);
  const std::string key = KeyOf(FromGitHub(body));
  EXPECT_EQ(key.size(), 64U);
  Headers replayed = GitHubHeaders(Signed(body));
  replayed[1].second = "another delivery id";
  EXPECT_EQ(KeyOf(ReadDelivery("github", replayed, body, kSecret, kNow + kMinuteNs)), key);
  EXPECT_NE(KeyOf(FromGitHub(PushAt(kNow - kMinuteNs))), key);
  EXPECT_NE(KeyOf(ReadDelivery("gitlab", {{"x-gitlab-token", std::string(kSecret)}}, body, kSecret, kNow)), key);
}

std::string GitLabKey(const std::string& body, Headers headers) {
  headers.emplace_back("x-gitlab-token", kSecret);
  return KeyOf(ReadDelivery("gitlab", headers, body, kSecret, kNow));
}

// A to B, back, and to B again: the first body and the third one are equal.
TEST(Webhook, OneGitLabBodyOfTwoPushesIsTwoDeliveries) {
  const std::string push = R"({"object_kind":"push","ref":"refs/heads/main"})";
  for (const std::string name : {"idempotency-key", "x-gitlab-webhook-uuid", "x-gitlab-event-uuid"}) {
    const std::string first = GitLabKey(push, {{name, "1"}});
    EXPECT_EQ(first.size(), 64U);
    EXPECT_EQ(GitLabKey(push, {{name, "1"}}), first) << name;
    EXPECT_NE(GitLabKey(push, {{name, "2"}}), first) << name;
  }
  EXPECT_EQ(GitLabKey(push, {}), GitLabKey(push, {}));
}

TEST(Webhook, AGitLabPushThatIsSentAgainIsOneDelivery) {
  const std::string push = R"({"object_kind":"push","ref":"refs/heads/main"})";
  const auto sent = [&](const std::string& sending) {
    return GitLabKey(
        push,
        {{"x-gitlab-event-uuid", sending}, {"x-gitlab-webhook-uuid", sending}, {"idempotency-key", "of the event"}});
  };
  EXPECT_EQ(sent("first"), sent("second"));
}

TEST(Webhook, AGitLabBodyWithATimeIsToldByItself) {
  const std::string body =
      R"({"object_kind":"deployment","status":"success","status_changed_at":")" + FormatRfc3339(kNow) + R"("})";
  EXPECT_NE(GitLabKey(body, {}), "");
  EXPECT_EQ(GitLabKey(body, {{"idempotency-key", "1"}}), GitLabKey(body, {{"idempotency-key", "2"}}));
}

TEST(Webhook, NobodyElsesHeadersAreOfTheKey) {
  Headers headers = GitHubHeaders(Signed("{}"));
  headers.emplace_back("idempotency-key", "2");
  EXPECT_EQ(KeyOf(ReadDelivery("github", headers, "{}", kSecret, kNow)), KeyOf(FromGitHub("{}")));
}

TEST(Webhook, OneSentryBodyForTwoVersionsIsTwoDeliveries) {
  const auto key = [](const std::string& version) {
    const std::string path = "/api/0/organizations/acme/releases/" + version + "/deploys/";
    return KeyOf(ReadDelivery("sentry", {{":method", "POST"}, {":path", path}}, "{}", "", kNow));
  };
  EXPECT_NE(key("v1"), "");
  EXPECT_NE(key("v1"), key("v2"));
  EXPECT_EQ(key("v1"), key("v1"));
}

}  // namespace
}  // namespace revertd

#include "base/digest.h"
#include "tests/daemon/api/api_fixture.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

using Kind = InboxMessage::Kind;

constexpr std::string_view kSecret = "knock";
constexpr std::string_view kSha = "3f2a91c0d4e5f60718293a4b5c6d7e8f90a1b2c3";

class DeliveriesTest : public ApiTest {
 protected:
  DeliveriesTest() { Listen({.webhook_secret = std::string(kSecret)}); }

  HttpReply Deliver(const std::string& event, const std::string& body, std::string_view secret = kSecret) {
    return Ask("POST", "/v1/webhooks/github", body,
               {{"x-github-event", event}, {"x-hub-signature-256", "sha256=" + HmacSha256Hex(secret, body)}});
  }
  // A deployment's status, of now.
  std::string Deployment(const std::string& state, const std::string& environment = "production") const {
    const std::string now = "2025-11-21T03:10:00Z";
    return R"({"action":"created","deployment_status":{"state":")" + state + R"(","environment":")" + environment +
           R"(","created_at":")" + now + R"(","updated_at":")" + now + R"("},"deployment":{"sha":")" +
           std::string(kSha) + R"(","ref":"production","environment":")" + environment + R"(","created_at":")" + now +
           R"(","updated_at":")" + now +
           R"("},"repository":{"full_name":"acme/shop",)"
           R"("clone_url":"https://git.example.com/acme/shop.git"}})";
  }
};

TEST_F(DeliveriesTest, ADeploymentBecomesADeployOfEachServiceAndAnEvent) {
  const HttpReply reply = Deliver("deployment_status", Deployment("success"));
  EXPECT_EQ(reply.status, 202) << reply.body;
  const auto inbox = Inbox();
  ASSERT_THAT(inbox, SizeIs(3));
  EXPECT_EQ(inbox[0].kind, Kind::kDeployStart);
  EXPECT_EQ(inbox[0].deploy.service, "checkout");
  EXPECT_EQ(inbox[0].deploy.head, kSha);
  EXPECT_TRUE(inbox[0].deploy.finished());
  EXPECT_EQ(inbox[1].deploy.service, "catalog");
  EXPECT_EQ(inbox[2].kind, Kind::kEvent);
  EXPECT_EQ(inbox[2].event.kind, "deployment");
  EXPECT_EQ(inbox[2].event.commit, kSha);
  EXPECT_EQ(inbox[2].event.repo, "shop");
}

TEST_F(DeliveriesTest, ADeploymentThatFailedAbandons) {
  ASSERT_EQ(Deliver("deployment_status", Deployment("failure")).status, 202);
  const auto inbox = Inbox();
  ASSERT_FALSE(inbox.empty());
  EXPECT_EQ(inbox[0].kind, Kind::kDeployAbandon);
  EXPECT_EQ(inbox[0].deploy.head, kSha);
  EXPECT_NE(inbox[0].deploy.finish_ns, 0);
}

TEST_F(DeliveriesTest, WhatIsNoDeployIsKeptAndNamed) {
  const HttpReply reply = Deliver("deployment_status", Deployment("success", "staging"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, HasSubstr(R"("not_a_deploy":"another_environment")"));
  const auto inbox = Inbox();
  ASSERT_THAT(inbox, SizeIs(1));
  EXPECT_EQ(inbox[0].kind, Kind::kEvent);
}

TEST_F(DeliveriesTest, AWrongSignatureIsRefused) {
  const HttpReply reply = Deliver("deployment_status", Deployment("success"), "guess");
  EXPECT_EQ(reply.status, 401);
  EXPECT_THAT(reply.body, HasSubstr("wrong_signature"));
  EXPECT_THAT(Inbox(), SizeIs(0));
}

TEST_F(DeliveriesTest, WithoutASecretNothingIsBelieved) {
  Listen({});
  EXPECT_EQ(Deliver("deployment_status", Deployment("success"), "").status, 403);
  EXPECT_THAT(Inbox(), SizeIs(0));
}

// Whoever caught a delivery may change its headers, but not its body.
TEST_F(DeliveriesTest, AReplayIsRefused) {
  ASSERT_EQ(Deliver("deployment_status", Deployment("success")).status, 202);
  const HttpReply again = Deliver("deployment_status", Deployment("success"));
  EXPECT_EQ(again.status, 409);
  EXPECT_THAT(again.body, HasSubstr("replayed_delivery"));
  EXPECT_THAT(Inbox(), SizeIs(3));
}

TEST_F(DeliveriesTest, AReplayIsRefusedAfterARestart) {
  ASSERT_EQ(Deliver("deployment_status", Deployment("success")).status, 202);
  for (const InboxMessage& message : Inbox()) {  // as the sidecar takes them up
    if (message.kind == Kind::kEvent) {
      ASSERT_TRUE(owner_->WriteEvents({message.event}).ok());
    }
    ASSERT_TRUE(owner_->Done(message.id).ok());
  }
  Listen({.webhook_secret = std::string(kSecret)});
  EXPECT_EQ(Deliver("deployment_status", Deployment("success")).status, 409);
  EXPECT_THAT(Inbox(), SizeIs(0));
}

TEST_F(DeliveriesTest, AStaleOneIsRefused) {
  clock_.now_ns += 2 * kHourNs;
  const HttpReply reply = Deliver("deployment_status", Deployment("success"));
  EXPECT_EQ(reply.status, 403);
  EXPECT_THAT(reply.body, HasSubstr("stale_delivery"));
}

TEST_F(DeliveriesTest, OthersHaveNoDoor) {
  EXPECT_EQ(Post("/v1/webhooks/sentry", "{}").status, 404);
  EXPECT_EQ(Post("/v1/webhooks/bitbucket", "{}").status, 404);
}

TEST_F(DeliveriesTest, GiteaSpeaksAsGitHub) {
  const std::string body = Deployment("success");
  const HttpReply reply =
      Ask("POST", "/v1/webhooks/gitea", body,
          {{"x-github-event", "deployment_status"}, {"x-gitea-signature", HmacSha256Hex(kSecret, body)}});
  EXPECT_EQ(reply.status, 202) << reply.body;
}

TEST_F(DeliveriesTest, ArgoCdSendsTheToken) {
  Listen({.token = "sesame", .webhook_secret = std::string(kSecret)});
  const std::string body = R"({"app":"checkout","revision":")" + std::string(kSha) +
                           R"(","phase":"Succeeded","started_at":"2025-11-21T03:09:00Z",)"
                           R"("finished_at":"2025-11-21T03:10:00Z"})";
  EXPECT_EQ(Post("/v1/webhooks/argocd", body).status, 401);
  const HttpReply reply = Ask("POST", "/v1/webhooks/argocd", body, {{"authorization", "Bearer sesame"}});
  EXPECT_EQ(reply.status, 202) << reply.body;
  const auto inbox = Inbox();
  ASSERT_THAT(inbox, SizeIs(2));
  EXPECT_EQ(inbox[0].deploy.service, "checkout");
  EXPECT_EQ(inbox[0].deploy.finish_ns - inbox[0].deploy.start_ns, kMinuteNs);
}

// `sentry-cli releases new`, then `releases deploys new`: only the first names the project, only the second the deploy.
TEST_F(DeliveriesTest, SentryCliTellsOfARelease) {
  const HttpReply made = Post("/api/0/organizations/acme/releases/",
                              R"({"version":"3f2a91c0d4e5","projects":["checkout"],"dateReleased":null})");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_THAT(made.body, HasSubstr("\"version\":\"3f2a91c0d4e5\""));
  const HttpReply deployed = Post("/api/0/organizations/acme/releases/3f2a91c0d4e5/deploys/",
                                  R"({"environment":"production","name":"blue-42","url":"http://ci/42",)"
                                  R"("dateStarted":null,"dateFinished":"2025-11-21T03:10:00Z"})");
  EXPECT_EQ(deployed.status, 201) << deployed.body;
  EXPECT_THAT(deployed.body, HasSubstr("\"environment\":\"production\""));
  std::vector<Deploy> deploys;
  for (const InboxMessage& message : Inbox()) {
    if (message.kind == Kind::kDeployStart) deploys.push_back(message.deploy);
  }
  ASSERT_THAT(deploys, SizeIs(1));
  EXPECT_EQ(deploys[0].service, "checkout");
  EXPECT_EQ(deploys[0].head, "3f2a91c0d4e5");
  EXPECT_TRUE(deploys[0].finished());
}

// `set-commits` says the commit, `finalize` after it does not.
TEST_F(DeliveriesTest, SentryCliNamesTheCommitOnce) {
  const std::string releases = "/api/0/projects/acme/checkout/releases/";
  ASSERT_EQ(Post(releases, R"({"version":"v42","projects":["checkout"]})").status, 201);
  ASSERT_EQ(Post(releases, R"({"version":"v42","projects":["checkout"],"refs":[{"repository":"acme/shop","commit":")" +
                               std::string(kSha) + "\"}]}")
                .status,
            201);
  ASSERT_EQ(Ask("PUT", releases + "v42/", R"({"projects":["checkout"],"dateReleased":"2025-11-21T03:10:00Z"})").status,
            200);
  ASSERT_EQ(Post("/api/0/organizations/acme/releases/v42/deploys/",
                 R"({"environment":"production","dateFinished":"2025-11-21T03:10:00Z"})")
                .status,
            201);
  std::vector<std::string> heads;
  for (const InboxMessage& message : Inbox()) {
    if (message.kind == Kind::kDeployStart) heads.push_back(message.deploy.head);
  }
  EXPECT_THAT(heads, ::testing::ElementsAre(kSha));
  EXPECT_THAT(Get("/api/0/organizations/acme/repos/?cursor=").body, HasSubstr("\"name\":\"shop\""));
}

}  // namespace
}  // namespace revertd

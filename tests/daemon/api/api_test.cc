#include "daemon/api/api.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/daemon/api/api_fixture.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

using Kind = InboxMessage::Kind;

std::string CodeOf(const HttpReply& reply) {
  const size_t at = reply.body.find("\"code\":\"");
  return at == std::string::npos ? "" : reply.body.substr(at + 8, reply.body.find('"', at + 8) - at - 8);
}

// --- who may ask

class ApiCallers : public ApiTest {};

TEST_F(ApiCallers, WithATokenEverybodySendsIt) {
  Listen({.token = "sesame"});
  EXPECT_EQ(Ask("GET", "/v1/deploys").status, 401);
  EXPECT_EQ(CodeOf(Ask("GET", "/v1/deploys")), "token_needed");
  for (const std::string wrong : {"Bearer ", "Bearer sesam", "Bearer sesame2", "Basic sesame", "sesame", ""}) {
    EXPECT_EQ(Ask("GET", "/v1/deploys", "", {{"authorization", wrong}}).status, 401) << wrong;
  }
  EXPECT_EQ(Ask("GET", "/v1/deploys", "", {{"authorization", "Bearer sesame"}}).status, 200);
  EXPECT_EQ(Ask("GET", "/v1/deploys", "", {{"authorization", "bearer sesame"}}).status, 200);
}

TEST_F(ApiCallers, LifeAndReadinessAreOpen) {
  Listen({.token = "sesame"});
  EXPECT_EQ(Get("/healthz").status, 200);
  EXPECT_EQ(Get("/readyz").status, 503);  // nothing was published yet
  EXPECT_EQ(Get("/metrics").status, 401);
}

TEST_F(ApiCallers, WhatLetsARollbackGoAheadNeedsTrust) {
  for (const char* target : {"/v1/triggers/t/approve", "/v1/triggers/t/dismiss", "/v1/incidents/t/close"}) {
    EXPECT_EQ(CodeOf(Post(target, "{}")), "trust_needed") << target;
  }
  EXPECT_EQ(CodeOf(Ask("PUT", "/v1/kill-switch", R"({"on":false})")), "trust_needed");
  Listen({}, /*is_unix=*/true);
  EXPECT_EQ(Post("/v1/triggers/t/approve", "{}").status, 404);
  Listen({.token = "sesame"});
  EXPECT_EQ(Ask("POST", "/v1/triggers/t/approve", "{}", {{"authorization", "Bearer sesame"}}).status, 404);
}

// A page that a browser on this machine shows must not be able to ask.
TEST_F(ApiCallers, PagesAreRefusedWhereNobodyNeedsAToken) {
  EXPECT_EQ(CodeOf(Ask("GET", "/v1/deploys", "", {{"origin", "https://evil.example"}})), "not_for_browsers");
  for (const std::string host : {"evil.example:8099", "127.evil.example", "127.0.0.1.evil.example"}) {
    EXPECT_EQ(CodeOf(Ask("GET", "/v1/deploys", "", {{"host", host}})), "not_for_browsers") << host;
  }
  for (const std::string host : {"localhost:8099", "127.0.0.1:8099", "[::1]:8099", "LOCALHOST"}) {
    EXPECT_EQ(Ask("GET", "/v1/deploys", "", {{"host", host}}).status, 200) << host;
  }
}

TEST_F(ApiCallers, AWrongPathOrMethodIsNamedBeforeABodyIsTaken) {
  EXPECT_EQ(CodeOf(Get("/v2/deploys")), "no_such_path");
  const HttpReply reply = Ask("DELETE", "/v1/deploys");
  EXPECT_EQ(reply.status, 405);
  ASSERT_THAT(reply.headers, SizeIs(1));
  EXPECT_EQ(reply.headers[0].second, "GET, POST");
}

// --- deploys

class ApiDeploys : public ApiTest {};

TEST_F(ApiDeploys, AStartGoesTheWayOfTheCommand) {
  const HttpReply reply = Post(
      "/v1/deploys", R"({"service":"checkout","commit":"3f2a91c0","base":"91ab34de","at":"2025-11-21T03:10:00Z"})");
  EXPECT_EQ(reply.status, 202);
  const auto inbox = Inbox();
  ASSERT_THAT(inbox, SizeIs(1));
  EXPECT_EQ(inbox[0].kind, Kind::kDeployStart);
  EXPECT_EQ(inbox[0].deploy.service, "checkout");
  EXPECT_EQ(inbox[0].deploy.repo, "shop");
  EXPECT_EQ(inbox[0].deploy.head, "3f2a91c0");
  EXPECT_EQ(inbox[0].deploy.base, "91ab34de");
  EXPECT_EQ(inbox[0].deploy.start_ns, 1'763'694'600 * kSecondNs);
  EXPECT_FALSE(inbox[0].deploy.finished());
  EXPECT_EQ(reply.body, "{\"id\":\"" + inbox[0].deploy.id + "\"}");
}

TEST_F(ApiDeploys, AWholeDeployIsToldAtOnce) {
  ASSERT_EQ(Post("/v1/deploys", R"({"service":"checkout","at":1763694000,"until":1763694060})").status, 202);
  const auto inbox = Inbox();
  ASSERT_THAT(inbox, SizeIs(1));
  EXPECT_EQ(inbox[0].deploy.finish_ns - inbox[0].deploy.start_ns, kMinuteNs);
}

// A pipeline's step that is tried again.
TEST_F(ApiDeploys, ToldTwiceItHasOneId) {
  const std::string body = R"({"service":"checkout","commit":"3f2a91c0"})";
  const std::string first = Post("/v1/deploys", body).body;
  clock_.now_ns += 5 * kSecondNs;
  EXPECT_EQ(Post("/v1/deploys", body).body, first);
}

// What GitLab says where there is no commit before.
TEST_F(ApiDeploys, AnAllZeroBaseIsNone) {
  const std::string zeros(40, '0');
  ASSERT_EQ(Post("/v1/deploys", R"({"service":"checkout","commit":"3f2a91c0","base":")" + zeros + "\"}").status, 202);
  EXPECT_EQ(Inbox().at(0).deploy.base, "");
}

TEST_F(ApiDeploys, RefusesByName) {
  EXPECT_THAT(Post("/v1/deploys", R"({"servce":"checkout"})").body, HasSubstr("did you mean"));
  EXPECT_EQ(Post("/v1/deploys", R"({"commit":"3f2a91c0"})").status, 400);
  EXPECT_EQ(Post("/v1/deploys", R"({"service":"checkout","commit":"--force"})").status, 400);
  EXPECT_EQ(Post("/v1/deploys", R"({"service":"checkout","repo":"nowhere"})").status, 400);
  EXPECT_EQ(Post("/v1/deploys", R"({"service":"checkout","at":"tomorrow"})").status, 400);
  EXPECT_EQ(Post("/v1/deploys", "{").status, 400);
  EXPECT_THAT(Inbox(), SizeIs(0));
}

TEST_F(ApiDeploys, FinishesAndAbandonsWhatIsKnown) {
  Known("checkout-1", "3f2a91c0", /*is_finished=*/false);
  EXPECT_EQ(Post("/v1/deploys/checkout-1/finish", "").status, 202);
  EXPECT_EQ(Post("/v1/deploys/checkout-1/abandon", R"({"why":"the job was cancelled"})").status, 202);
  const auto inbox = Inbox();
  ASSERT_THAT(inbox, SizeIs(2));
  EXPECT_EQ(inbox[0].kind, Kind::kDeployFinish);
  EXPECT_EQ(inbox[0].deploy.finish_ns, clock_.now_ns);
  EXPECT_EQ(inbox[1].kind, Kind::kDeployAbandon);
  EXPECT_EQ(inbox[1].text, "the job was cancelled");
  EXPECT_EQ(CodeOf(Post("/v1/deploys/nobody/finish", "")), "not_found");
  EXPECT_EQ(CodeOf(Post("/v1/deploys/nobody/abandon", "")), "not_found");
}

TEST_F(ApiDeploys, ShowsOneWithItsVerdictsAndEvents) {
  const Deploy deploy = Known("checkout-1", "3f2a91c0d4e5f60718293a4b5c6d7e8f90a1b2c3");
  Judge(deploy, VerdictState::kHealthy, "as_before");
  Event check;
  check.at_ns = deploy.start_ns;
  check.kind = "check";
  check.commit = deploy.head;
  check.text = R"({"event":"check","name":"build","state":"success"})";
  ASSERT_TRUE(owner_->WriteEvents({check}).ok());
  const HttpReply reply = Get("/v1/deploys/checkout-1");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, HasSubstr("\"reason\":\"as_before\""));
  EXPECT_THAT(reply.body, HasSubstr("\"name\":\"build\""));
  EXPECT_EQ(Get("/v1/deploys/nobody").status, 404);
}

TEST_F(ApiDeploys, ListsByServiceAndTime) {
  Known("checkout-1");
  EXPECT_THAT(Get("/v1/deploys").body, HasSubstr("checkout-1"));
  EXPECT_EQ(Get("/v1/deploys?service=catalog").body, R"({"deploys":[]})");
  EXPECT_EQ(Get("/v1/deploys?since=" + std::to_string(clock_.now_ns / kSecondNs)).body, R"({"deploys":[]})");
  EXPECT_EQ(Get("/v1/deploys?since=x").status, 400);
}

// --- the gate

class ApiGate : public ApiTest {};

TEST_F(ApiGate, AnswersAtOnceWhatIsFinal) {
  Judge(Known("checkout-1"), VerdictState::kHealthy, "as_before");
  const HttpReply reply = Get("/v1/gate?deploy=checkout-1&wait=900");
  EXPECT_THAT(reply.body, HasSubstr(R"({"gate":"pass","reason":"as_before","deploy":"checkout-1","final":true)"));
  EXPECT_THAT(reply.body, HasSubstr("\"verdict\":{"));
}

TEST_F(ApiGate, WaitsForTheVerdict) {
  const Deploy deploy = Known("checkout-1", "3f2a91c0");
  HttpAnswer answer = AskOpen("GET", "/v1/gate?service=checkout&commit=3f2a91c0&wait=900");
  ASSERT_TRUE(std::holds_alternative<HttpWait>(answer));
  const HttpWait wait = std::get<HttpWait>(answer);
  EXPECT_EQ(wait.until_ns, clock_.now_ns + 900 * kSecondNs);
  EXPECT_FALSE(wait.poll(false));
  Judge(deploy, VerdictState::kWatching, "watching");
  EXPECT_FALSE(wait.poll(false));
  Judge(deploy, VerdictState::kRegressed, "errors_above_null");
  const auto reply = wait.poll(false);
  ASSERT_TRUE(reply);
  EXPECT_THAT(reply->body, HasSubstr(R"("gate":"fail","reason":"errors_above_null")"));
}

TEST_F(ApiGate, SaysUndecidedWhenTheTimeIsOver) {
  Known("checkout-1", "", /*is_finished=*/false);
  HttpAnswer answer = AskOpen("GET", "/v1/gate?deploy=checkout-1&wait=60");
  const auto reply = std::get<HttpWait>(answer).poll(/*is_last=*/true);
  ASSERT_TRUE(reply);
  EXPECT_THAT(reply->body, HasSubstr(R"("gate":"undecided","reason":"deploy_not_finished")"));
  EXPECT_THAT(reply->body, HasSubstr(R"("final":false)"));
}

// A pipeline asks right after it has told of the deploy.
TEST_F(ApiGate, KnowsADeployThatIsStillInTheInbox) {
  ASSERT_EQ(Post("/v1/deploys", R"({"service":"checkout","id":"d-1","commit":"3f2a91c0"})").status, 202);
  EXPECT_THAT(Get("/v1/gate?deploy=d-1").body, HasSubstr("deploy_not_taken_up_yet"));
  EXPECT_THAT(Get("/v1/gate?service=checkout&commit=3f2a91c0").body, HasSubstr("deploy_not_taken_up_yet"));
}

TEST_F(ApiGate, RefusesWhatIsNoQuestion) {
  EXPECT_EQ(Get("/v1/gate?deploy=nobody").status, 404);
  EXPECT_EQ(Get("/v1/gate?deploy=nobody&wait=900").status, 404);
  EXPECT_EQ(Get("/v1/gate").status, 400);
  EXPECT_EQ(Get("/v1/gate?service=checkout").status, 400);
  EXPECT_EQ(Get("/v1/gate?deploy=d&wait=3601").status, 400);
  EXPECT_EQ(Get("/v1/gate?deploy=d&wait=soon").status, 400);
}

TEST_F(ApiGate, RefusesARevertedCommitThatComesBack) {
  Judge(Known("checkout-1"), VerdictState::kHealthy, "as_before");
  auto executor = ExecutorStore::Open(folder_.Path("executor.db"), ExecutorStore::Access::kOwner);
  ASSERT_TRUE(executor.ok());
  EXPECT_THAT(Get("/v1/gate?deploy=checkout-1").body, HasSubstr("\"pass\""));
  ASSERT_TRUE((*executor)->Audit("reverted_commit_deployed_again", "checkout-1", "{}", 1).ok());
  EXPECT_THAT(Get("/v1/gate?deploy=checkout-1").body,
              HasSubstr(R"("gate":"fail","reason":"reverted_commit_deployed_again")"));
}

// --- rollbacks

class ApiTriggers : public ApiTest {
 protected:
  ApiTriggers() { Listen({}, /*is_unix=*/true); }
  void Propose(const std::string& id) {
    RollbackTrigger trigger;
    trigger.id = id;
    trigger.service = "checkout";
    trigger.repo = "shop";
    trigger.head = "3f2a91c0";
    trigger.state = TriggerState::kProposed;
    trigger.created_ns = clock_.now_ns;
    ASSERT_TRUE(owner_->WriteTrigger(trigger).ok());
  }
};

TEST_F(ApiTriggers, AWordOfAPersonIsLeftForTheSidecar) {
  Propose("t-1");
  EXPECT_EQ(Post("/v1/triggers/t-1/approve", R"({"by":"ana"})").status, 202);
  EXPECT_EQ(Post("/v1/triggers/t-1/dismiss", R"({"by":"ana","why":"fixed forward"})").status, 202);
  const auto inbox = Inbox();
  ASSERT_THAT(inbox, SizeIs(2));
  EXPECT_EQ(inbox[0].kind, Kind::kTriggerApprove);
  EXPECT_THAT(inbox[0].text, HasSubstr("ana"));
  EXPECT_EQ(inbox[1].kind, Kind::kTriggerDismiss);
  EXPECT_THAT(inbox[1].text, HasSubstr("fixed forward"));
}

TEST_F(ApiTriggers, ADismissalNeedsAReason) {
  Propose("t-1");
  EXPECT_EQ(Post("/v1/triggers/t-1/dismiss", "{}").status, 400);
  EXPECT_EQ(Post("/v1/triggers/t-1/dismiss", R"({"why":"  "})").status, 400);
}

TEST_F(ApiTriggers, NothingIsSaidToWhatWaitsForNoWord) {
  Propose("t-1");
  ASSERT_TRUE(owner_->WriteTriggerState("t-1", TriggerState::kDismissed, "no").ok());
  EXPECT_EQ(CodeOf(Post("/v1/triggers/t-1/approve", "")), "conflict");
  EXPECT_EQ(CodeOf(Post("/v1/triggers/nobody/approve", "")), "not_found");
}

TEST_F(ApiTriggers, ListsAndShows) {
  Propose("t-1");
  EXPECT_THAT(Get("/v1/triggers").body, HasSubstr(R"("id":"t-1","state":"proposed")"));
  EXPECT_THAT(Get("/v1/triggers/t-1").body, HasSubstr("\"journal\":[]"));
  EXPECT_EQ(Get("/v1/triggers/t-2").status, 404);
}

TEST_F(ApiTriggers, PostMortemsAreReadAnsweredAndClosed) {
  auto executor = ExecutorStore::Open(folder_.Path("executor.db"), ExecutorStore::Access::kOwner);
  ASSERT_TRUE(executor.ok());
  Incident incident;
  incident.trigger_id = "t-1";
  incident.service = "checkout";
  incident.opened_ns = 1;
  incident.due_ns = 2;
  ASSERT_TRUE((*executor)->OpenIncident(incident).ok());
  ASSERT_TRUE((*executor)->WriteIncidentRecord("t-1", "# What happened\n\"quoted\"").ok());
  EXPECT_THAT(Get("/v1/incidents").body, HasSubstr("\"id\":\"t-1\""));
  EXPECT_THAT(Get("/v1/incidents").body, Not(HasSubstr("What happened")));
  EXPECT_THAT(Get("/v1/incidents/t-1").body, HasSubstr(R"("record":"# What happened\n\"quoted\"")"));
  EXPECT_EQ(CodeOf(Post("/v1/incidents/t-1/close", "")), "conflict");
  EXPECT_EQ(Post("/v1/incidents/t-1/answers", R"({"question":"why_review","text":"a flag hid it","by":"ana"})").status,
            202);
  EXPECT_EQ(Post("/v1/incidents/t-1/answers", R"({"question":"what","text":"x"})").status, 400);
  const auto commands = (*executor)->Peek(10);
  ASSERT_TRUE(commands.ok());
  ASSERT_THAT(*commands, SizeIs(1));
  EXPECT_EQ(commands->front().author, "ana");
  EXPECT_EQ(commands->front().text, "a flag hid it");
}

// --- the kill switch

TEST_F(ApiTriggers, TheKillSwitchIsTheFile) {
  const std::string path = config_.guard.kill_switch;
  EXPECT_THAT(Get("/v1/kill-switch").body, HasSubstr("\"on\":false"));
  EXPECT_THAT(Ask("PUT", "/v1/kill-switch", R"({"on":true,"why":"a freeze","by":"ana"})").body,
              HasSubstr("\"on\":true"));
  std::ifstream file(path);
  std::stringstream words;
  words << file.rdbuf();
  EXPECT_EQ(words.str(), "a freeze (ana)\n");
  EXPECT_THAT(Ask("PUT", "/v1/kill-switch", R"({"on":false})").body, HasSubstr("\"on\":false"));
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(Ask("PUT", "/v1/kill-switch", R"({"on":false})").status, 200);  // it is off already
  EXPECT_EQ(Ask("PUT", "/v1/kill-switch", R"({"on":"maybe"})").status, 400);
  EXPECT_EQ(Ask("PUT", "/v1/kill-switch", "").status, 400);
  const auto inbox = Inbox();
  ASSERT_THAT(inbox, SizeIs(3));
  EXPECT_EQ(inbox[0].kind, Kind::kEvent);
  EXPECT_EQ(inbox[0].event.kind, "kill_switch");
}

// --- revertd itself

class ApiSystem : public ApiTest {};

TEST_F(ApiSystem, IsReadyWhileTheAnalysisPublishes) {
  EXPECT_THAT(Get("/readyz").body, HasSubstr("starting"));
  EXPECT_EQ(Get("/v1/status").status, 503);
  board_.Publish({.at_ns = clock_.now_ns, .status = R"({"running":true})", .metrics = "m 1\n"});
  EXPECT_EQ(Get("/readyz").body, R"({"ready":true})");
  EXPECT_EQ(Get("/v1/status").body, R"({"running":true})");
  EXPECT_EQ(Get("/metrics").body, "m 1\n");
  clock_.now_ns += 11 * kSecondNs;
  EXPECT_EQ(Get("/readyz").status, 503);
  EXPECT_THAT(Get("/readyz").body, HasSubstr("analysis_is_stuck"));
  board_.Publish({.at_ns = clock_.now_ns, .running = false});
  EXPECT_THAT(Get("/readyz").body, HasSubstr("ending"));
  EXPECT_EQ(Get("/healthz").status, 200);
}

TEST_F(ApiSystem, ListsServicesOfConfigurationAndDeploys) {
  Deploy deploy = Known("checkout-1", "3f2a91c0");
  EXPECT_EQ(Get("/v1/services").body,
            R"({"services":[{"service":"catalog","configured":true,"mode":"alert","repo":"shop"},)"
            R"({"service":"checkout","configured":true,"mode":"propose","repo":"shop","deploy":"checkout-1",)"
            R"("commit":"3f2a91c0"}]})");
}

TEST_F(ApiSystem, ListsTheSecondsOfAService) {
  SecondCounts counts;
  counts.second = clock_.now_ns / kSecondNs - 10;
  counts.by_age.requests[0] = 7;
  counts.by_age.errors[0] = 2;
  ASSERT_TRUE(owner_->WriteHistory({{"checkout", counts}}, {}).ok());
  EXPECT_EQ(Get("/v1/services/checkout/windows").body,
            "{\"windows\":[{\"second\":" + std::to_string(counts.second) + ",\"requests\":7,\"errors\":2}]}");
  EXPECT_EQ(Get("/v1/services/checkout/windows?from=1&to=2").body, R"({"windows":[]})");
  EXPECT_EQ(Get("/v1/services/checkout/windows?from=1").status, 400);
  EXPECT_EQ(Get("/v1/services/checkout/windows?to=x").status, 400);
}

TEST_F(ApiSystem, TheManifestTellsOfDeploys) {
  Known("checkout-1", "3f2a91c0");
  const HttpReply reply = Get("/v1/manifest");
  EXPECT_THAT(reply.body, HasSubstr("revertd.manifest/1"));
  EXPECT_THAT(reply.body, HasSubstr("checkout-1"));
}

}  // namespace
}  // namespace revertd

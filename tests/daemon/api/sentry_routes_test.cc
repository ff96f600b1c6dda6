// Where error events come in: as Sentry takes them from its SDKs, and tells of them itself.
#include <utility>

#include "base/digest.h"
#include "daemon/api/sentry_metrics.h"
#include "tests/daemon/api/api_fixture.h"

namespace revertd {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";
constexpr std::string_view kSecret = "client-secret";
constexpr std::string_view kIdOne = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1";
constexpr std::string_view kIdTwo = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2";

std::string EventText(std::string_view id, std::string_view level = "error") {
  return R"({"event_id":")" + std::string(id) + R"(","level":")" + std::string(level) +
         R"(","exception":{"values":[{"type":"KeyError","value":"no price"}]}})";
}

std::string Envelope(std::string_view id, const std::string& payload) {
  return R"({"event_id":")" + std::string(id) + "\"}\n{\"type\":\"event\"}\n" + payload + "\n";
}

class SentryRoutesTest : public ApiTest {
 protected:
  SentryRoutesTest() {
    TakeErrors({.projects = {{.id = "1", .service = "checkout", .key = std::string(kKey), .tee = {}}}},
               {.token = "token", .sentry_secret = std::string(kSecret)});
  }

  static Headers Auth(std::string_view key = kKey) {
    return {{"x-sentry-auth", "Sentry sentry_version=7, sentry_client=test/1, sentry_key=" + std::string(key)}};
  }
  HttpReply Send(const std::string& body, Headers headers = Auth()) {
    return Ask("POST", "/api/1/envelope/", body, std::move(headers));
  }
  HttpReply SendEvent(std::string_view id) { return Send(Envelope(id, EventText(id))); }
  uint64_t Answers(SentryAnswer answer) const { return intake_->counters().requests[static_cast<size_t>(answer)]; }
  HttpReply Hook(const std::string& resource, const std::string& body, std::string_view secret = kSecret) {
    return Ask("POST", "/v1/webhooks/sentry", body,
               {{"sentry-hook-resource", resource}, {"sentry-hook-signature", HmacSha256Hex(secret, body)}});
  }
  // Of an alert about an event of now.
  std::string Alert(std::string_view id) const {
    return R"({"action":"triggered","data":{"triggered_rule":"new","event":{"event_id":")" + std::string(id) +
           R"(","project":1,"level":"error","timestamp":)" + std::to_string(clock_.now_ns / kSecondNs) +
           R"(,"exception":{"values":[{"type":"KeyError","value":"no price"}]}}}})";
  }
};

TEST_F(SentryRoutesTest, AnEnvelopeIsTakenAndAnsweredWithItsId) {
  const HttpReply reply = SendEvent(kIdOne);
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.body, "{\"id\":\"" + std::string(kIdOne) + "\"}");
  EXPECT_THAT(reply.headers, Contains(Pair("Access-Control-Allow-Origin", "*")));
  const ErrorInbox::Taken taken = intake_->inbox().Take();
  ASSERT_THAT(taken.events, SizeIs(1));
  EXPECT_EQ(taken.events[0].service, "checkout");
  EXPECT_EQ(taken.events[0].type, "KeyError");
  EXPECT_EQ(taken.events[0].at_ns, clock_.now_ns) << "it says no time of its own";
  EXPECT_EQ(Answers(SentryAnswer::kTaken), 1U);
}

TEST_F(SentryRoutesTest, AStoreBodyIsTakenToo) {
  EXPECT_EQ(Ask("POST", "/api/1/store/", EventText(kIdOne), Auth()).body, "{\"id\":\"" + std::string(kIdOne) + "\"}");
  EXPECT_EQ(intake_->inbox().waiting(), 1U);
  // Sentry gives an id to what has none.
  EXPECT_THAT(Ask("POST", "/api/1/store/", R"({"message":"m"})", Auth()).body.size(), 32U + 9U);
}

TEST_F(SentryRoutesTest, TheLastSlashMayBeLeftOut) {
  EXPECT_EQ(Ask("POST", "/api/1/envelope", Envelope(kIdOne, EventText(kIdOne)), Auth()).status, 200);
  EXPECT_EQ(Ask("POST", "/api/1/store", EventText(kIdTwo), Auth()).status, 200);
  EXPECT_EQ(intake_->inbox().waiting(), 2U);
}

// Each way in which an SDK says who it is.
TEST_F(SentryRoutesTest, TheKeyMayStandInFourPlaces) {
  const std::string body = Envelope(kIdOne, EventText(kIdOne));
  const std::string key(kKey);
  EXPECT_EQ(Send(body, {{"x-sentry-auth", "Sentry sentry_key=" + key}}).status, 200);
  EXPECT_EQ(Send(body, {{"authorization", "Sentry sentry_key=" + key}}).status, 200);
  EXPECT_EQ(Ask("POST", "/api/1/envelope/?sentry_version=7&sentry_key=" + key, body).status, 200);
  const std::string dsn = R"({"dsn":"http://)" + key + R"(@127.0.0.1:8099/1"})";
  EXPECT_EQ(Send(dsn + "\n{\"type\":\"event\"}\n" + EventText(kIdOne) + "\n", {}).status, 200);
}

TEST_F(SentryRoutesTest, WhoHasNotTheKeyIsRefusedAsSentryDoes) {
  const std::string body = Envelope(kIdOne, EventText(kIdOne));
  const HttpReply wrong = Send(body, Auth("ffffffffffffffffffffffffffffffff"));
  EXPECT_EQ(wrong.status, 403);
  EXPECT_THAT(wrong.body, StartsWith("{\"detail\":\""));
  EXPECT_THAT(wrong.headers, Contains(Pair("X-Sentry-Error", HasSubstr("not this project's"))));
  EXPECT_THAT(wrong.headers, Contains(Pair("Access-Control-Expose-Headers", HasSubstr("Retry-After"))));
  EXPECT_EQ(Send(body, {}).status, 401);
  EXPECT_EQ(Send(R"({"dsn":"http://ffff@127.0.0.1:8099/1"})"
                 "\n",
                 {})
                .status,
            403);
  EXPECT_EQ(Ask("POST", "/api/1/store/", EventText(kIdOne)).status, 401);
  EXPECT_EQ(intake_->inbox().waiting(), 0U);
  EXPECT_EQ(Answers(SentryAnswer::kKeyWrong), 2U);
  EXPECT_EQ(Answers(SentryAnswer::kKeyMissing), 2U);
}

TEST_F(SentryRoutesTest, AProjectIsConfiguredOrCalledAsAService) {
  const std::string body = Envelope(kIdOne, EventText(kIdOne));
  EXPECT_EQ(Ask("POST", "/api/2/envelope/", body, Auth()).status, 404);
  EXPECT_EQ(Ask("POST", "/api/catalog/envelope/", body, Auth("any")).status, 200);
  EXPECT_EQ(intake_->inbox().Take().events.at(0).service, "catalog");
  EXPECT_EQ(Answers(SentryAnswer::kUnknownProject), 1U);
}

TEST_F(SentryRoutesTest, WhatCannotBeReadIsRefusedWholeOnlyWhereItIsNoEnvelope) {
  EXPECT_EQ(Send("no envelope\n").status, 400);
  EXPECT_EQ(Ask("POST", "/api/1/store/", "no event", Auth()).status, 400);
  Headers zipped = Auth();
  zipped.emplace_back("content-encoding", "gzip");
  EXPECT_EQ(Send("not zipped", zipped).status, 400);
  EXPECT_EQ(Answers(SentryAnswer::kUnreadable), 3U);
  const HttpReply half = Send("{}\n{\"type\":\"event\"}\nnot json\n{\"type\":\"event\"}\n" + EventText(kIdOne) + "\n");
  EXPECT_EQ(half.status, 200) << half.body;
  EXPECT_EQ(intake_->inbox().waiting(), 1U);
  EXPECT_EQ(intake_->counters().items[static_cast<size_t>(SentryItem::kRefused)], 1U);
}

// An SDK that got no answer sends again; a webhook tells of what the SDK told.
TEST_F(SentryRoutesTest, AnEventCountsOnce) {
  EXPECT_EQ(SendEvent(kIdOne).status, 200);
  EXPECT_EQ(SendEvent(kIdOne).status, 200);
  EXPECT_EQ(Hook("event_alert", Alert(kIdOne)).status, 200);
  EXPECT_EQ(intake_->inbox().waiting(), 1U);
  EXPECT_EQ(intake_->counters().repeated, 2U);
}

// Known by its envelope's id, or by its bytes.
TEST_F(SentryRoutesTest, AnEventWithoutAnIdCountsOnceToo) {
  const std::string nameless = R"({"message":"m"})";
  Send(Envelope(kIdOne, nameless));
  Send(Envelope(kIdOne, EventText(kIdOne)));
  EXPECT_EQ(intake_->inbox().Take().events.at(0).event_id, kIdOne);
  EXPECT_EQ(intake_->counters().repeated, 1U);
  const std::string envelope = "{}\n{\"type\":\"event\"}\n" + nameless + "\n";
  const HttpReply reply = Send(envelope);
  EXPECT_EQ(Send(envelope).body, reply.body);
  const ErrorInbox::Taken taken = intake_->inbox().Take();
  ASSERT_THAT(taken.events, SizeIs(1));
  EXPECT_EQ(reply.body, "{\"id\":\"" + taken.events[0].event_id + "\"}");
  for (int i = 0; i < 2; ++i) Ask("POST", "/api/1/store/", nameless, Auth());
  EXPECT_EQ(intake_->inbox().Take().events.size(), 1U);
  const std::string two = "{}\n{\"type\":\"event\"}\n" + nameless + "\n{\"type\":\"event\"}\n{\"message\":\"n\"}\n";
  for (int i = 0; i < 2; ++i) Send(two);
  const ErrorInbox::Taken both = intake_->inbox().Take();
  ASSERT_THAT(both.events, SizeIs(2));
  EXPECT_NE(both.events[0].event_id, both.events[1].event_id);
}

TEST_F(SentryRoutesTest, SessionsThatAreSentAgainCountOnce) {
  const std::string head = "{\"sent_at\":\"2026-11-21T03:04:00Z\"}\n";
  const std::string sessions = "{\"type\":\"session\"}\n{\"sid\":\"a\",\"init\":true}\n";
  EXPECT_EQ(Send(head + sessions).status, 200);
  EXPECT_EQ(Send(head + sessions).status, 200);
  EXPECT_EQ(intake_->inbox().Take().sessions.size(), 1U);
  EXPECT_EQ(intake_->counters().sessions, 1U);
  EXPECT_EQ(intake_->counters().repeated, 1U);
  EXPECT_EQ(Send("{}\n" + sessions).status, 200);
  EXPECT_EQ(Ask("POST", "/api/catalog/envelope/", "{}\n" + sessions, Auth("any")).status, 200);
  EXPECT_EQ(intake_->inbox().Take().sessions.size(), 2U) << "of other bytes, of another project";
}

TEST_F(SentryRoutesTest, SessionsThatFoundTheQueueFullMayComeAgain) {
  config_.sentry->queue_events_max = 1;
  TakeErrors(*config_.sentry);
  const std::string sessions = "{}\n{\"type\":\"session\"}\n{\"sid\":\"a\",\"init\":true}\n";
  SendEvent(kIdOne);
  EXPECT_EQ(Send(sessions).status, 429);
  intake_->inbox().Take();
  EXPECT_EQ(Send(sessions).status, 200);
  EXPECT_EQ(intake_->inbox().Take().sessions.size(), 1U);
}

// A clock that is ahead: what it tells of happened by now.
TEST_F(SentryRoutesTest, NothingHappensLaterThanItCame) {
  Send(Envelope(kIdOne, R"({"message":"m","timestamp":9e9})"));
  Send("{}\n{\"type\":\"session\"}\n{\"sid\":\"a\",\"init\":true,\"started\":9e9}\n");
  const ErrorInbox::Taken taken = intake_->inbox().Take();
  EXPECT_EQ(taken.events.at(0).at_ns, clock_.now_ns);
  EXPECT_EQ(taken.sessions.at(0).at_ns, clock_.now_ns);
}

TEST_F(SentryRoutesTest, WhatGrowsTooLargeIsSaidSoInEveryCoding) {
  config_.sentry->decoded_bytes_max = 500;
  TakeErrors(*config_.sentry);
  // zlib of {"message":"aaa..."} of 514 bytes
  const std::string packed = "eNqrVspNLS5OTE9VslJKHAUjDijVAgDfqsIU";
  const HttpReply reply = Ask("POST", "/api/1/store/", packed, Auth());
  EXPECT_EQ(reply.status, 413) << reply.body;
  EXPECT_EQ(Answers(SentryAnswer::kTooLarge), 1U);
  config_.sentry->decoded_bytes_max = 514;
  TakeErrors(*config_.sentry);
  EXPECT_EQ(Ask("POST", "/api/1/store/", packed, Auth()).status, 200);
}

TEST_F(SentryRoutesTest, AFullQueueAsksToWaitAndForgetsTheEvent) {
  config_.sentry->queue_events_max = 1;
  TakeErrors(*config_.sentry);
  EXPECT_EQ(SendEvent(kIdOne).status, 200);
  const HttpReply reply = SendEvent(kIdTwo);
  EXPECT_EQ(reply.status, 429);
  EXPECT_THAT(reply.headers, Contains(Pair("Retry-After", "10")));
  EXPECT_THAT(reply.headers,
              Contains(Pair("X-Sentry-Rate-Limits", "10:error;default;session:organization:queue_full")));
  EXPECT_THAT(reply.headers, Contains(Pair("Access-Control-Allow-Origin", "*")));
  EXPECT_EQ(Answers(SentryAnswer::kQueueFull), 1U);
  EXPECT_EQ(intake_->counters().queue_refused, 1U);
  intake_->inbox().Take();
  EXPECT_EQ(SendEvent(kIdTwo).status, 200);
  EXPECT_EQ(intake_->inbox().waiting(), 1U) << "what was refused is not known as repeated";
}

TEST_F(SentryRoutesTest, ABrowserMayAskFromAnyPage) {
  for (const std::string path : {"/api/1/envelope/", "/api/1/envelope", "/api/1/store/", "/api/1/store"}) {
    const HttpReply reply = Ask("OPTIONS", path, "", {{"origin", "https://shop.example"}});
    EXPECT_EQ(reply.status, 204) << path;
    EXPECT_THAT(reply.headers, Contains(Pair("Access-Control-Allow-Origin", "*")));
    EXPECT_THAT(reply.headers, Contains(Pair("Access-Control-Allow-Methods", HasSubstr("POST"))));
    EXPECT_THAT(reply.headers, Contains(Pair("Access-Control-Allow-Headers", HasSubstr("X-Sentry-Auth"))));
    EXPECT_THAT(reply.headers, Contains(Pair("Access-Control-Max-Age", "3600")));
  }
  Headers headers = Auth();
  headers.emplace_back("origin", "https://shop.example");
  EXPECT_EQ(Send(Envelope(kIdOne, EventText(kIdOne)), headers).status, 200);
}

TEST_F(SentryRoutesTest, BodiesAreBoundedBeforeTheyAreRead) {
  HttpCall head;
  head.method = "POST";
  head.path = "/api/1/envelope/";
  const auto admitted = api_->Admit(head);
  ASSERT_TRUE(std::holds_alternative<size_t>(admitted));
  EXPECT_EQ(std::get<size_t>(admitted), size_t{1024} * 1024);
  EXPECT_TRUE(api_->TakesEncoded(head));
  head.path = "/v1/deploys";
  EXPECT_FALSE(api_->TakesEncoded(head));
}

TEST_F(SentryRoutesTest, NothingIsTakenWhereItIsNotConfigured) {
  sentry_.reset();
  Listen({});
  EXPECT_EQ(SendEvent(kIdOne).status, 404);
  EXPECT_EQ(Hook("event_alert", Alert(kIdOne)).status, 404);
}

TEST_F(SentryRoutesTest, ASignedWebhookBringsItsEventAndIsTold) {
  const HttpReply reply = Hook("event_alert", Alert(kIdOne));
  EXPECT_EQ(reply.status, 200) << reply.body;
  const ErrorInbox::Taken taken = intake_->inbox().Take();
  ASSERT_THAT(taken.events, SizeIs(1));
  EXPECT_EQ(taken.events[0].service, "checkout");
  const auto inbox = Inbox();
  ASSERT_THAT(inbox, SizeIs(1));
  EXPECT_EQ(inbox[0].event.kind, "sentry_hook");
  EXPECT_EQ(inbox[0].event.service, "checkout");
  EXPECT_THAT(inbox[0].event.text, HasSubstr(R"("resource":"event_alert","action":"triggered")"));
  EXPECT_EQ(intake_->counters().hooks, 1U);
}

TEST_F(SentryRoutesTest, AWebhookIsBelievedByItsSignatureAndOnce) {
  const std::string body = Alert(kIdOne);
  EXPECT_EQ(Hook("event_alert", body, "another secret").status, 401);
  EXPECT_EQ(Hook("event_alert", body).status, 200);
  EXPECT_EQ(Hook("event_alert", body).status, 409) << "a replay";
  EXPECT_EQ(Hook("event_alert", "no json").status, 400);
  clock_.now_ns += 2 * kHourNs;
  const std::string old = Alert(kIdTwo);
  clock_.now_ns += 2 * kHourNs;
  EXPECT_EQ(Hook("event_alert", old).status, 403) << "of two hours ago";
  EXPECT_EQ(intake_->inbox().waiting(), 1U);
}

TEST_F(SentryRoutesTest, AnUnsignedWebhookNeedsTheToken) {
  const std::string body = Alert(kIdOne);
  EXPECT_EQ(Ask("POST", "/v1/webhooks/sentry", body).status, 401);
  EXPECT_EQ(Ask("POST", "/v1/webhooks/sentry", body, {{"authorization", "Bearer token"}}).status, 200);
  TakeErrors(*config_.sentry);
  EXPECT_EQ(Hook("event_alert", body).status, 403) << "no secret could prove it";
}

TEST_F(SentryRoutesTest, AWebhookWithoutAnEventIsToldAlone) {
  EXPECT_EQ(Hook("issue", R"({"action":"created","data":{"issue":{"title":"KeyError: no price"}}})").status, 200);
  EXPECT_EQ(intake_->inbox().waiting(), 0U);
  ASSERT_THAT(Inbox(), SizeIs(1));
  EXPECT_THAT(Inbox()[0].event.text, HasSubstr(R"("resource":"issue","action":"created")"));
}

TEST_F(SentryRoutesTest, AWebhookThatFindsTheQueueFullMayComeAgain) {
  config_.sentry->queue_events_max = 1;
  TakeErrors(*config_.sentry, {.sentry_secret = std::string(kSecret)});
  SendEvent(kIdOne);
  EXPECT_EQ(Hook("event_alert", Alert(kIdTwo)).status, 429);
  EXPECT_THAT(Inbox(), IsEmpty());
  intake_->inbox().Take();
  EXPECT_EQ(Hook("event_alert", Alert(kIdTwo)).status, 200);
}

TEST_F(SentryRoutesTest, MetricsTellWhatBecameOfEach) {
  SendEvent(kIdOne);
  Send(Envelope(kIdTwo, EventText(kIdTwo, "warning")));
  const std::string text = Ask("GET", "/metrics", "", {{"authorization", "Bearer token"}}).body;
  EXPECT_THAT(text, HasSubstr("revertd_sentry_requests_total{answer=\"taken\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("revertd_sentry_items_total{item=\"event\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("revertd_sentry_events_total{level=\"warning\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nrevertd_sentry_events_below_evidence_total 1\n"));
  EXPECT_THAT(text, HasSubstr("\nrevertd_sentry_queue_refused_total 0\n"));
}

}  // namespace
}  // namespace revertd

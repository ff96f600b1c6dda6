#include "daemon/sentry/sentry_tee.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <mutex>

namespace revertd {
namespace {

using ::testing::Contains;
using ::testing::Not;
using ::testing::Pair;

class SteppedClock final : public Clock {
 public:
  TimeNs Now() const override { return now_ns; }
  TimeNs Monotonic() const override { return now_ns; }
  void SleepFor(DurationNs duration) override { now_ns += duration; }
  TimeNs now_ns = kHourNs;
};

// Answers as the test says, and keeps what it was sent.
class ScriptedClient final : public HttpClient {
 public:
  StatusOr<HttpResponse> Send(const HttpRequest& request) override {
    const std::lock_guard lock(mutex);
    sent.push_back(request);
    changed.notify_all();
    return answer();
  }
  void AwaitSent(size_t count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return sent.size() >= count; });
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<HttpRequest> sent;
  std::function<StatusOr<HttpResponse>()> answer = [] {
    return HttpResponse{.status = 200, .headers = {}, .body = ""};
  };
};

HttpResponse AnswerOf(int status, std::vector<std::pair<std::string, std::string>> headers = {}) {
  HttpResponse response;
  response.status = status;
  response.headers = std::move(headers);
  return response;
}

SentryDsn Dsn() { return *ParseSentryDsn("https://feedface@sentry.example:9443/base/42"); }

HttpCall CallOf(const std::string& body, std::vector<std::pair<std::string, std::string>> headers = {}) {
  HttpCall call;
  call.method = "POST";
  call.headers = std::move(headers);
  call.body = body;
  return call;
}

class SentryTeeTest : public ::testing::Test {
 protected:
  explicit SentryTeeTest(size_t bytes_max = size_t{1024} * 1024)
      : client_(new ScriptedClient),
        tee_({{.project = "1", .dsn = Dsn()}}, std::unique_ptr<HttpClient>(client_), &clock_, &counters_, bytes_max) {}

  void Offer(const std::string& body) { tee_.Offer("1", SentryEndpoint::kEnvelope, CallOf(body), "sdk/1", body); }
  size_t SendAll() {
    size_t count = 0;
    while (tee_.SendOne()) ++count;
    return count;
  }

  SteppedClock clock_;
  SentryCounters counters_;
  ScriptedClient* client_;
  SentryTee tee_;
};

TEST(TeeRequest, GoesToTheTargetWithItsKey) {
  const HttpCall call = CallOf("\x1f\x8bzip", {{"content-encoding", "gzip"},
                                               {"content-type", "application/x-sentry-envelope"},
                                               {"x-sentry-auth", "Sentry sentry_key=ours"},
                                               {"authorization", "Bearer secret"},
                                               {"cookie", "id=7"},
                                               {"user-agent", "sentry.python/2.0"}});
  const HttpRequest request = TeeRequestOf(Dsn(), SentryEndpoint::kEnvelope, call, "sentry.python/2.0", "{}\n");
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://sentry.example:9443/base/api/42/envelope/");
  EXPECT_EQ(request.body, "\x1f\x8bzip") << "as it came";
  EXPECT_THAT(
      request.headers,
      ::testing::ElementsAre(
          Pair("X-Sentry-Auth", "Sentry sentry_version=7, sentry_key=feedface, sentry_client=sentry.python/2.0"),
          Pair("Content-Type", "application/x-sentry-envelope"), Pair("User-Agent", "sentry.python/2.0"),
          Pair("Content-Encoding", "gzip")));
}

TEST(TeeRequest, AnEnvelopeThatNamesItsDsnNamesTheTargets) {
  const HttpCall call = CallOf("zipped", {{"content-encoding", "gzip"}});
  const HttpRequest request = TeeRequestOf(Dsn(), SentryEndpoint::kEnvelope, call, "",
                                           R"({"dsn":"http://ours@127.0.0.1:8099/1","a":1})"
                                           "\n{}\n");
  EXPECT_THAT(request.headers, Contains(Pair("Content-Type", "application/x-sentry-envelope")));
  EXPECT_EQ(request.body, "{\"dsn\":\"https://feedface@sentry.example:9443/base/42\",\"a\":1}\n{}\n");
  EXPECT_THAT(request.headers, Not(Contains(Pair("Content-Encoding", "gzip"))));
}

TEST(TeeRequest, AClientCannotAddToTheHeader) {
  for (const std::string client : {"", "a, sentry_key=other", "a\r\nX: y", "a b"}) {
    const HttpRequest request = TeeRequestOf(Dsn(), SentryEndpoint::kStore, CallOf("{}"), client, "{}");
    EXPECT_EQ(request.url, "https://sentry.example:9443/base/api/42/store/");
    EXPECT_EQ(request.headers.at(0).second, "Sentry sentry_version=7, sentry_key=feedface, sentry_client=revertd");
  }
}

TEST(TeeRest, IsAsLongAsTheAnswerSays) {
  const auto rest = [](int status, std::vector<std::pair<std::string, std::string>> headers) {
    return RestOf(AnswerOf(status, std::move(headers))) / kSecondNs;
  };
  EXPECT_EQ(rest(200, {}), 0);
  EXPECT_EQ(rest(500, {{"retry-after", "7"}}), 0);
  EXPECT_EQ(rest(429, {{"retry-after", "7"}}), 7);
  EXPECT_EQ(rest(429, {}), 60);
  EXPECT_EQ(rest(429, {{"retry-after", "Fri, 20 Nov 2026 00:00:00 GMT"}}), 60);
  EXPECT_EQ(rest(429, {{"retry-after", "99999999"}}), 3600);
  EXPECT_EQ(rest(200, {{"x-sentry-rate-limits", "60:transaction:key, 9::organization"}}), 9);
  EXPECT_EQ(rest(200, {{"x-sentry-rate-limits", "60:transaction:key"}}), 0);
  EXPECT_EQ(rest(200, {{"x-sentry-rate-limits", "7:transaction;error:key, 8:default:organization"}}), 8);
  EXPECT_EQ(rest(200, {{"x-sentry-rate-limits", "7:monitor;error_like:key"}}), 0);
  // SDKs obey Retry-After only where it stands alone.
  EXPECT_EQ(rest(429, {{"x-sentry-rate-limits", "60:transaction:organization"}, {"retry-after", "60"}}), 0);
}

TEST_F(SentryTeeTest, SendsWhatItWasGivenInOrder) {
  Offer("first");
  Offer("second");
  tee_.Offer("2", SentryEndpoint::kStore, CallOf("of a project without a tee"), "", "");
  EXPECT_GT(counters_.tee_bytes_waiting, 0U);
  EXPECT_EQ(SendAll(), 2U);
  ASSERT_EQ(client_->sent.size(), 2U);
  EXPECT_EQ(client_->sent[0].body, "first");
  EXPECT_EQ(client_->sent[1].body, "second");
  EXPECT_EQ(counters_.tee_sent, 2U);
  EXPECT_EQ(counters_.tee_bytes_waiting, 0U);
}

TEST_F(SentryTeeTest, WhatFindsNoRoomIsDropped) {
  Offer(std::string(600 * 1024, 'x'));
  Offer(std::string(600 * 1024, 'y'));
  EXPECT_EQ(counters_.tee_dropped, 1U);
  EXPECT_EQ(SendAll(), 1U);
  Offer(std::string(600 * 1024, 'z'));
  EXPECT_EQ(SendAll(), 1U) << "there is room again";
}

TEST_F(SentryTeeTest, LeavesATargetAloneForAsLongAsItAsks) {
  client_->answer = [] { return AnswerOf(429, {{"retry-after", "5"}}); };
  Offer("refused");
  Offer("waiting");
  EXPECT_EQ(SendAll(), 2U);
  Offer("meanwhile");
  EXPECT_EQ(client_->sent.size(), 1U);
  EXPECT_EQ(counters_.tee_failed, 1U);
  EXPECT_EQ(counters_.tee_dropped, 2U);
  clock_.now_ns += 5 * kSecondNs;
  client_->answer = [] { return AnswerOf(200); };
  Offer("later");
  EXPECT_EQ(SendAll(), 1U);
  EXPECT_EQ(counters_.tee_sent, 1U);
}

TEST_F(SentryTeeTest, WithoutAnAnswerItIsSentOnceMore) {
  int asked = 0;
  client_->answer = [&]() -> StatusOr<HttpResponse> {
    if (++asked == 1) return Unavailable("cut");
    return AnswerOf(200);
  };
  Offer("again");
  SendAll();
  EXPECT_EQ(client_->sent.size(), 2U);
  EXPECT_EQ(counters_.tee_sent, 1U);
  client_->answer = []() -> StatusOr<HttpResponse> { return Unavailable("down"); };
  Offer("never");
  SendAll();
  EXPECT_EQ(client_->sent.size(), 4U);
  EXPECT_EQ(counters_.tee_failed, 1U);
}

// Of two places the dead one would hold up the other by two seconds for each of its requests.
TEST_F(SentryTeeTest, WhoDoesNotAnswerIsLeftAloneForAWhile) {
  auto* client = new ScriptedClient;
  SentryDsn dead = Dsn();
  dead.host = "dead.example";
  SentryTee tee({{.project = "1", .dsn = dead}, {.project = "2", .dsn = Dsn()}}, std::unique_ptr<HttpClient>(client),
                &clock_, &counters_, size_t{1024} * 1024);
  client->answer = [client]() -> StatusOr<HttpResponse> {
    if (client->sent.back().url.find("dead.example") != std::string::npos) return Unavailable("down");
    return AnswerOf(200);
  };
  const auto offer = [&](const std::string& project) {
    tee.Offer(project, SentryEndpoint::kEnvelope, CallOf("{}"), "sdk/1", "{}");
  };
  for (const std::string project : {"1", "1", "2", "1"}) offer(project);
  while (tee.SendOne()) continue;
  EXPECT_EQ(client->sent.size(), static_cast<size_t>(kTeeTriesMax) + 1) << "the dead one is asked for the first alone";
  EXPECT_EQ(counters_.tee_sent, 1U);
  EXPECT_EQ(counters_.tee_failed, 1U);
  EXPECT_EQ(counters_.tee_dropped, 2U);
  offer("1");
  EXPECT_EQ(counters_.tee_dropped, 3U);
  clock_.now_ns += 10 * kSecondNs;
  offer("1");
  while (tee.SendOne()) continue;
  EXPECT_EQ(counters_.tee_failed, 2U) << "it is asked again";
}

TEST_F(SentryTeeTest, ItsThreadSendsAndEnds) {
  tee_.Start();
  Offer("one");
  client_->AwaitSent(1);
  Offer("two");
  client_->AwaitSent(2);
}

TEST_F(SentryTeeTest, AStopDropsWhatWaits) {
  Offer("one");
  tee_.Stop();
  Offer("two");
  EXPECT_EQ(SendAll(), 0U);
  EXPECT_EQ(counters_.tee_dropped, 2U);
}

}  // namespace
}  // namespace revertd

// A request of an SDK: its frame, its items of every kind, its sender's clock and its key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "ingest/sentry/sentry_auth.h"
#include "ingest/sentry/sentry_body.h"
#include "ingest/sentry/sentry_webhook.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr TimeNs kNow = 1'795'230'241 * kSecondNs;

SentryReport Read(std::string_view body, TimeNs received_ns = 0) {
  const StatusOr<SentryReport> report = ReadEnvelope(body, "7", {.service_tag = "", .received_ns = received_ns});
  EXPECT_TRUE(report.ok()) << MessageOf(report.status());
  return report.ok() ? *report : SentryReport();
}

TEST(SentryEnvelope, ItemsEndByLengthOrByTheLine) {
  const SentryReport report = Read(
      "{\"event_id\":\"6A016CC0-E66A-6A2B-B141-996F500D3B85\"}\r\n"
      "{\"type\":\"attachment\",\"length\":9}\r\n{\n\"\xFF\n\r\n}\n\r\n"
      "{\"type\":\"event\"}\r\n{\"message\":\"one\"}\r\n"
      "{\"type\":\"event\",\"length\":17}\n{\"message\":\"two\"}\n"
      "{\"type\":\"attachment\"}\n\n"
      "{\"type\":\"check_in\"}\n{}\n\n"
      "{\"type\":\"replay_event\"}\n{}\n"
      "{\"type\":\"event\"}\n{\"message\":\"three\"}");
  EXPECT_EQ(report.event_id, "6a016cc0e66a6a2bb141996f500d3b85");
  ASSERT_EQ(report.events.size(), 3U);
  EXPECT_EQ(report.events[2].title, "three");
  EXPECT_EQ(report.count(SentryItem::kAttachment), 2U);
  EXPECT_EQ(report.count(SentryItem::kCheckIn), 1U);
  EXPECT_EQ(report.count(SentryItem::kOther), 1U);
  EXPECT_EQ(report.count(SentryItem::kRefused), 0U) << Join(report.refusals, ";");
}

TEST(SentryEnvelope, ABrokenItemEndsItAndIsSaid) {
  const std::string good = "{}\n{\"type\":\"event\"}\n{\"message\":\"m\"}\n";
  for (const std::string bad : {"{\"type\":\"event\",\"length\":99}\n{}", "{\"type\":\"event\",\"length\":1}\n{}\n",
                                "no json\n{}\n", "{\"type\":\"event\",\"length\":-1}\n{}\n"}) {
    const SentryReport report = Read(good + bad);
    EXPECT_EQ(report.events.size(), 1U) << bad;
    EXPECT_EQ(report.count(SentryItem::kRefused), 1U) << bad;
    EXPECT_EQ(report.refusals.size(), 1U) << bad;
  }
}

TEST(SentryEnvelope, APayloadThatIsNoJsonIsRefusedAloneAndNothingOfItIsSaid) {
  const SentryReport report = Read(
      "{}\n{\"type\":\"event\"}\nsecret\n{\"type\":\"session\"}\n[]\n"
      "{\"type\":\"event\"}\n{\"message\":\"m\"}");
  EXPECT_EQ(report.events.size(), 1U);
  EXPECT_EQ(report.count(SentryItem::kRefused), 2U);
  ASSERT_EQ(report.refusals.size(), 2U);
  EXPECT_THAT(report.refusals[0], HasSubstr("event: a JSON object expected"));
  EXPECT_EQ(report.refusals[0].find("secret"), std::string::npos);
}

TEST(SentryEnvelope, OfManyItemsAHundredAreReadAndTheRestAreCounted) {
  std::string body = "{}\n";
  for (int i = 0; i < 150; ++i) body += "{\"type\":\"event\"}\n{\"message\":\"m\"}\n";
  const SentryReport report = Read(body);
  EXPECT_EQ(report.events.size(), 100U);
  EXPECT_EQ(report.count(SentryItem::kRefused), 50U);
  EXPECT_EQ(report.refusals.size(), kSentryRefusalsMax);
}

TEST(SentryEnvelope, WhatIsNoEnvelopeIsRefused) {
  for (const std::string_view body : {"", "\n", "[]\n", "hello", "{\"a\":\n"}) {
    EXPECT_FALSE(ReadEnvelope(body, "7", {}).ok()) << body;
  }
}

// The sender's clock is an hour behind: all of its times move; a second behind, none.
TEST(SentryEnvelope, AClockThatIsWrongByMoreThanAMinuteIsSetRight) {
  const std::string items =
      "{\"type\":\"event\"}\n{\"message\":\"m\",\"timestamp\":1795230231}\n"
      "{\"type\":\"session\"}\n{\"init\":true,\"started\":\"2026-11-21T03:03:51Z\"}\n";
  const SentryReport exact = Read("{\"sent_at\":\"2026-11-21T03:04:00Z\"}\n" + items, kNow);
  EXPECT_EQ(exact.events[0].at_ns, kNow - 10 * kSecondNs);
  const SentryReport behind = Read("{\"sent_at\":\"2026-11-21T02:04:01Z\"}\n" + items, kNow);
  EXPECT_EQ(behind.events[0].at_ns, kNow - 10 * kSecondNs + kHourNs);
  EXPECT_EQ(behind.sessions[0].at_ns, kNow - 10 * kSecondNs + kHourNs);
  EXPECT_EQ(Read("{}\n" + items, kNow).events[0].at_ns, kNow - 10 * kSecondNs);
}

// A clock of 1970 and a time of 2255: their sum is more than a time can be.
TEST(SentryEnvelope, ATimeNeverMovesBeyondTheLastOne) {
  const SentryReport report = Read(
      "{\"sent_at\":1}\n{\"type\":\"event\"}\n{\"message\":\"m\",\"timestamp\":9e9}\n"
      "{\"type\":\"session\"}\n{\"init\":true,\"started\":9e9}\n",
      kNow);
  EXPECT_EQ(report.events.at(0).at_ns, std::numeric_limits<TimeNs>::max());
  EXPECT_EQ(report.sessions.at(0).at_ns, std::numeric_limits<TimeNs>::max());
}

SessionCounts SumOf(std::string_view items) {
  SessionCounts sum;
  const SentryReport report = Read("{}\n" + std::string(items));
  for (const SessionCounts& counts : report.sessions) {
    sum.sessions += counts.sessions;
    sum.crashed += counts.crashed;
    sum.errored += counts.errored;
  }
  return sum;
}

std::string Update(std::string_view fields) {
  return "{\"type\":\"session\"}\n{\"sid\":\"a\"," + std::string(fields) + ",\"attrs\":{\"release\":\"r\"}}\n";
}

TEST(SentrySessions, ASessionIsCountedOnceHoweverManyUpdatesItHas) {
  const SessionCounts handled =
      SumOf(Update(R"("init":true,"status":"ok","errors":0)") + Update(R"("init":false,"status":"ok","errors":1)") +
            Update(R"("init":false,"status":"exited","errors":1)"));
  EXPECT_EQ(handled.sessions, 1);
  EXPECT_EQ(handled.crashed, 0);
  EXPECT_EQ(handled.errored, 1);
  const SessionCounts crashed =
      SumOf(Update(R"("init":true,"status":"ok","errors":0)") + Update(R"("status":"crashed","errors":1)"));
  EXPECT_EQ(crashed.sessions, 1);
  EXPECT_EQ(crashed.crashed, 1);
  EXPECT_EQ(crashed.errored, 0);
  EXPECT_EQ(SumOf(Update(R"("init":true,"status":"abnormal")")).crashed, 1);
}

// Nobody waits for the end of a session that began an hour ago: its crash is of now.
TEST(SentrySessions, AnUpdateIsOfItsOwnTimeAndABeginningOfWhenItBegan) {
  const std::string times = R"(,"started":"2026-11-21T02:04:00Z","timestamp":"2026-11-21T03:04:00Z")";
  const SentryReport report =
      Read("{}\n" + Update(R"("init":true,"status":"ok")" + times) + Update(R"("status":"crashed")" + times) +
           Update(R"("status":"crashed","started":"2026-11-21T02:04:00Z")"));
  ASSERT_EQ(report.sessions.size(), 3U);
  EXPECT_EQ(report.sessions[1].at_ns, report.sessions[0].at_ns + kHourNs);
  EXPECT_EQ(report.sessions[2].at_ns, report.sessions[0].at_ns) << "it says no other";
}

TEST(SentrySessions, SumsAreAddedUp) {
  const SentryReport report = Read(
      "{}\n{\"type\":\"sessions\"}\n{\"aggregates\":[{\"started\":\"2026-11-21T03:04:00Z\",\"exited\":90,"
      "\"errored\":5,\"crashed\":3,\"abnormal\":2},{\"started\":\"2026-11-21T03:05:00Z\",\"exited\":1},{},"
      "{\"exited\":-5}],\"attrs\":{\"release\":\"r\",\"environment\":\"e\"}}\n");
  ASSERT_EQ(report.sessions.size(), 2U);
  EXPECT_EQ(report.sessions[0].sessions, 100);
  EXPECT_EQ(report.sessions[0].crashed, 5);
  EXPECT_EQ(report.sessions[0].errored, 5);
  EXPECT_EQ(report.sessions[0].release, "r");
  EXPECT_EQ(report.sessions[1].environment, "e");
  EXPECT_EQ(report.sessions[0].project, "7");
}

TEST(SentryItems, TransactionsGiveTheirTimeAndClientReportsTheirSum) {
  const SentryReport report = Read(
      "{}\n{\"type\":\"transaction\"}\n{\"type\":\"transaction\",\"transaction\":\"GET /a\",\"release\":\"r\","
      "\"start_timestamp\":1795230240.25,\"timestamp\":1795230241,\"spans\":[{}]}\n"
      "{\"type\":\"client_report\"}\n{\"discarded_events\":[{\"reason\":\"queue_overflow\",\"category\":\"error\","
      "\"quantity\":3},{\"quantity\":4},{\"quantity\":-1},7]}\n");
  ASSERT_EQ(report.transactions.size(), 1U);
  EXPECT_EQ(report.transactions[0].name, "GET /a");
  EXPECT_EQ(report.transactions[0].duration_ns, 750 * kMillisecondNs);
  EXPECT_EQ(report.sdk_discarded, 7U);
  EXPECT_TRUE(report.events.empty());
}

TEST(SentryStore, AnEventComesAsJsonOrInBase64) {
  const auto plain = ReadStoreBody(R"( {"message":"m"} )", "7", {});
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->events.at(0).title, "m");
  // zlib of {"message":"m"}
  const auto packed = ReadStoreBody("eJyrVspNLS5OTE9VslLKVaoFACq2BQ0=", "7", {});
  ASSERT_TRUE(packed.ok()) << MessageOf(packed.status());
  EXPECT_EQ(packed->events.at(0).title, "m");
  for (const std::string_view bad : {"", "!!", "eJyr", "[]"}) EXPECT_FALSE(ReadStoreBody(bad, "7", {}).ok()) << bad;
}

TEST(SentryAuthOf, TheKeyIsTakenFromWhereverItIsTold) {
  constexpr std::string_view kHeader = "Sentry sentry_version=7, sentry_client=sentry.python/1.9.10, sentry_key=abc";
  const std::string_view dsn = EnvelopeDsn("{\"event_id\":\"a\",\"dsn\":\"https://ddd:sss@h.example/42\"}\n{}");
  EXPECT_EQ(dsn, "https://ddd:sss@h.example/42");
  EXPECT_EQ(EnvelopeDsn("{}\n"), "");
  EXPECT_EQ(EnvelopeDsn("no json"), "");
  EXPECT_EQ(SentryAuthOf(kHeader, "", "q", "", dsn).key, "abc");
  EXPECT_EQ(SentryAuthOf(kHeader, "", "", "", "").client, "sentry.python/1.9.10");
  EXPECT_EQ(SentryAuthOf("", kHeader, "q", "", dsn).key, "abc");
  EXPECT_EQ(SentryAuthOf("", "Bearer x", "q", "js/10", dsn).key, "q");
  EXPECT_EQ(SentryAuthOf("", "", "", "js/10", dsn).key, "ddd");
  EXPECT_EQ(SentryAuthOf("", "", "", "js/10", dsn).client, "js/10");
  EXPECT_EQ(SentryAuthOf("sentry_key=a", "", "", "", "not a dsn").key, "");
}

TEST(SentryDsn, ItsPartsAreReadAndWhatIsWrongIsNamed) {
  const auto dsn = ParseSentryDsn("https://key:old@o1.ingest.example.io/base/path/42");
  ASSERT_TRUE(dsn.ok());
  EXPECT_EQ(dsn->scheme, "https");
  EXPECT_EQ(dsn->key, "key");
  EXPECT_EQ(dsn->host, "o1.ingest.example.io");
  EXPECT_EQ(dsn->port, 443);
  EXPECT_EQ(dsn->path_prefix, "/base/path");
  EXPECT_EQ(dsn->project, "42");
  const auto local = ParseSentryDsn("http://k@[::1]:9000/7/");
  ASSERT_TRUE(local.ok());
  EXPECT_EQ(local->host, "::1");
  EXPECT_EQ(local->port, 9000);
  EXPECT_EQ(local->path_prefix, "");
  for (const std::string_view bad :
       {"", "ftp://k@h/1", "https://h/1", "https://@h/1", "https://k@/1", "https://k@h", "https://k@h/",
        "https://k@h:0/1", "https://k@h:99999/1", "https://k@h/1 2", "https://k@[::1/1", "https://k@h/1?a"}) {
    EXPECT_FALSE(ParseSentryDsn(bad).ok()) << bad;
  }
}

TEST(SentryWebhook, AnIssueBringsWordsAndAnAlertItsEvent) {
  const auto issue = ReadSentryHook(
      "issue", R"({"action":"created","data":{"issue":{"title":"E: no bread","culprit":"shop.pay"}}})", {});
  ASSERT_TRUE(issue.ok());
  EXPECT_EQ(issue->action, "created");
  EXPECT_EQ(issue->words, "E: no bread (shop.pay)");
  EXPECT_FALSE(issue->event);
  const auto alert =
      ReadSentryHook("event_alert",
                     R"({"action":"triggered","data":{"event":{"project":7,"message":"m","culprit":"c"},)"
                     R"("triggered_rule":"r"}})",
                     {});
  ASSERT_TRUE(alert.ok());
  ASSERT_TRUE(alert->event);
  EXPECT_EQ(alert->event->project, "7");
  EXPECT_EQ(alert->event->culprit, "c");
  EXPECT_EQ(alert->words, "m");
  const auto metric = ReadSentryHook(
      "metric_alert",
      R"({"action":"critical","data":{"description_title":"Critical: apdex","description_text":"30 below 50"}})", {});
  EXPECT_EQ(metric->words, "Critical: apdex: 30 below 50");
  EXPECT_FALSE(ReadSentryHook("issue", "[]", {}).ok());
}

}  // namespace
}  // namespace revertd

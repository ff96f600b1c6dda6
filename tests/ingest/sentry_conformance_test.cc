// What real SDKs sent, by the shared data: each captured request, decoded and read, says what its sender meant.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/strings.h"
#include "ingest/sentry/content_coding.h"
#include "ingest/sentry/message_template.h"
#include "ingest/sentry/scrub.h"
#include "ingest/sentry/sentry_body.h"
#include "ingest/sentry/sentry_webhook.h"
#include "tests/ingest/shared_data.h"

namespace revertd {
namespace {

using simdjson::dom::element;
using ::testing::HasSubstr;

constexpr size_t kDecodedMax = size_t{20} * 1024 * 1024;
const SentryReadOptions kOptions = {.service_tag = "", .received_ns = 0};

std::string TextOf(const element& object, const char* key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

// One item as the capture describes it.
struct ExpectedItem {
  std::string type;
  std::string event_id;
  std::string level;
  std::string release;
  std::string environment;
  std::string words;           // of a message
  std::string exception_type;  // of the last
  bool has_exception = false;
  std::vector<std::string> fingerprint;
};

ExpectedItem ExpectedOf(const element& item) {
  ExpectedItem expected;
  expected.type = TextOf(item, "type");
  if (expected.type.find("store") != std::string::npos) expected.type = "event";
  expected.event_id = TextOf(item, "event_id");
  expected.level = TextOf(item, "level");
  expected.release = TextOf(item, "release");
  expected.environment = TextOf(item, "environment");
  expected.words = TextOf(item, "message");
  element entry;
  if (item["logentry"].get(entry) == simdjson::SUCCESS) expected.words = TextOf(entry, "message");
  simdjson::dom::array list;
  if (item["exceptions"].get(list) == simdjson::SUCCESS) {
    for (const element exception : list) {
      std::string_view type;
      expected.exception_type = exception.at(0).get(type) == simdjson::SUCCESS ? std::string(type) : std::string();
      expected.has_exception = expected.has_exception || !expected.exception_type.empty();
    }
  }
  if (item["fingerprint"].get(list) == simdjson::SUCCESS) {
    for (const element part : list) expected.fingerprint.emplace_back(part.get_string().value());
  }
  return expected;
}

struct CapturedRequest {
  std::string file;
  std::string target;
  std::string coding;
  std::vector<ExpectedItem> items;
};

std::vector<CapturedRequest> Captured() {
  std::vector<CapturedRequest> requests;
  const auto text = ReadSharedFile("sentry/sdk_requests/expected.jsonl");
  if (!text) return requests;
  simdjson::dom::parser parser;
  for (const std::string_view line : Split(*text, '\n')) {
    if (line.empty()) continue;
    const element root = parser.parse(line).value();
    simdjson::dom::array items;
    if (root["items"].get(items) != simdjson::SUCCESS) continue;
    CapturedRequest& request = requests.emplace_back();
    request.file = TextOf(root, "file");
    request.target = TextOf(root, "target");
    request.coding = TextOf(root, "content_encoding");
    for (const element item : items) request.items.push_back(ExpectedOf(item));
  }
  return requests;
}

StatusOr<SentryReport> ReadCaptured(const CapturedRequest& request) {
  StatusOr<std::string> body = DecodeBody(request.coding, ReadSharedFile(request.file).value_or(""), kDecodedMax);
  if (!body.ok()) return body.status();
  const bool store = request.target.find("/store/") != std::string::npos;
  return store ? ReadStoreBody(*body, "1", kOptions) : ReadEnvelope(*body, "1", kOptions);
}

void ExpectEvent(const ErrorEvent& event, const ExpectedItem& expected) {
  EXPECT_EQ(event.event_id, expected.event_id);
  EXPECT_EQ(NameOf(event.level), expected.level.empty() ? "error" : expected.level);
  EXPECT_EQ(event.release, expected.release);
  EXPECT_EQ(event.environment, expected.environment);
  EXPECT_EQ(event.project, "1");
  EXPECT_GT(event.at_ns, 0);
  EXPECT_EQ(event.type, expected.exception_type);
  if (!expected.has_exception) {
    EXPECT_EQ(event.title, TemplateOf(Scrubbed(expected.words)));
  }
  EXPECT_FALSE(event.sample.empty());
}

TEST(SentryConformance, EveryRequestOfRealSdksSaysWhatItsSenderMeant) {
  const std::vector<CapturedRequest> requests = Captured();
  if (requests.empty()) GTEST_SKIP() << "no shared data: set REVERTD_SHARED_DATA";
  std::map<std::string, size_t> counts;
  for (const CapturedRequest& request : requests) {
    SCOPED_TRACE(request.file);
    const StatusOr<SentryReport> report = ReadCaptured(request);
    ASSERT_TRUE(report.ok()) << MessageOf(report.status());
    EXPECT_EQ(report->count(SentryItem::kRefused), 0U) << Join(report->refusals, "; ");
    std::map<std::string, uint64_t> by_type;
    size_t event = 0;
    for (const ExpectedItem& item : request.items) {
      ++by_type[item.type];
      ++counts[item.type];
      if (item.type != "event") continue;
      ASSERT_LT(event, report->events.size());
      ExpectEvent(report->events[event++], item);
      EXPECT_EQ(report->event_id, item.event_id);
    }
    EXPECT_EQ(event, report->events.size());
    EXPECT_EQ(report->transactions.size(), by_type["transaction"]);
    for (const auto& [type, count] : by_type) {
      bool found = false;
      for (size_t i = 0; i < static_cast<size_t>(SentryItem::kCount); ++i) {
        if (NameOf(static_cast<SentryItem>(i)) != type) continue;
        found = true;
        EXPECT_EQ(report->items[i], count) << type;
      }
      EXPECT_TRUE(found) << type;
    }
  }
  for (const auto& [type, count] : counts) std::printf("sentry requests: %s %zu\n", type.c_str(), count);
}

// Whoever groups by a list of one's own is believed.
TEST(SentryConformance, EqualFingerprintsOfSdksAreOneGroupAndDefaultDiffersFromNone) {
  const std::vector<CapturedRequest> requests = Captured();
  if (requests.empty()) GTEST_SKIP() << "no shared data: set REVERTD_SHARED_DATA";
  std::map<std::string, std::set<uint64_t>> by_list;
  std::map<std::string, std::set<uint64_t>> by_type;
  for (const CapturedRequest& request : requests) {
    const StatusOr<SentryReport> report = ReadCaptured(request);
    ASSERT_TRUE(report.ok());
    for (size_t i = 0; i < report->events.size(); ++i) {
      const ExpectedItem& item = request.items[i];
      const std::string list = Join(item.fingerprint, "|");
      if (list.find("default") == std::string::npos && !list.empty()) {
        by_list[list].insert(report->events[i].fingerprint);
      } else {
        by_type[(list.empty() ? "" : "own ") + item.exception_type].insert(report->events[i].fingerprint);
      }
    }
  }
  EXPECT_EQ(by_list.size(), 2U);
  for (const auto& [list, fingerprints] : by_list) EXPECT_EQ(fingerprints.size(), 1U) << list;
  for (const uint64_t fingerprint : by_type["own Error"]) EXPECT_EQ(by_type["Error"].count(fingerprint), 0U);
}

// The same program under two versions of a scenario: the same errors are the same groups.
TEST(SentryConformance, TheSameErrorsOfTwoRunsAreTheSameGroups) {
  const std::vector<CapturedRequest> requests = Captured();
  if (requests.empty()) GTEST_SKIP() << "no shared data: set REVERTD_SHARED_DATA";
  for (const std::string sdk : {"node7", "node10"}) {
    std::map<std::string, std::set<uint64_t>> runs;
    for (const CapturedRequest& request : requests) {
      for (const std::string run : {"basic", "tx"}) {
        if (request.file.find(sdk + "-" + run) == std::string::npos) continue;
        const StatusOr<SentryReport> report = ReadCaptured(request);
        ASSERT_TRUE(report.ok());
        for (const ErrorEvent& event : report->events) runs[run].insert(event.fingerprint);
      }
    }
    EXPECT_EQ(runs["basic"].size(), 6U) << sdk;
    EXPECT_EQ(runs["basic"], runs["tx"]) << sdk;
  }
}

TEST(SentryConformance, SessionsOfRealSdksAddUp) {
  const std::vector<CapturedRequest> requests = Captured();
  if (requests.empty()) GTEST_SKIP() << "no shared data: set REVERTD_SHARED_DATA";
  SessionCounts sum;
  for (const CapturedRequest& request : requests) {
    const StatusOr<SentryReport> report = ReadCaptured(request);
    ASSERT_TRUE(report.ok());
    for (const SessionCounts& counts : report->sessions) {
      EXPECT_EQ(counts.release, "shop-api@2.4.1+3f2c9a1");
      EXPECT_EQ(counts.environment, "production");
      EXPECT_GT(counts.at_ns, 0);
      sum.sessions += counts.sessions;
      sum.crashed += counts.crashed;
      sum.errored += counts.errored;
    }
  }
  // Four programs ran; one of them crashed, the three others handled their errors.
  EXPECT_EQ(sum.sessions, 4);
  EXPECT_EQ(sum.crashed, 1);
  EXPECT_EQ(sum.errored, 3);
}

bool IsText(const std::string& text, size_t bytes_max) {
  for (std::string_view rest = text; !rest.empty();) {
    const size_t length = Utf8Length(rest);
    if (length == 0) return false;
    rest.remove_prefix(length);
  }
  return text.size() <= bytes_max;
}

TEST(SentryConformance, EventsOfManySdksAndVersionsAreReadOrRefusedByName) {
  const std::filesystem::path folder = SharedDataPath("sentry/events");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no shared data: set REVERTD_SHARED_DATA";
  size_t read = 0;
  size_t titled = 0;
  std::set<uint64_t> groups;
  simdjson::dom::parser parser;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    SCOPED_TRACE(entry.path().filename().string());
    const auto text = ReadSharedFile("sentry/events/" + entry.path().filename().string());
    ASSERT_TRUE(text);
    const StatusOr<ErrorEvent> event = ReadSentryEvent(*text, "1", kOptions);
    // All of them are JSON objects: those that Sentry's schema refuses too.
    ASSERT_TRUE(event.ok()) << MessageOf(event.status());
    ++read;
    groups.insert(event->fingerprint);
    if (!event->title.empty() && event->title != "<unlabeled event>") ++titled;
    for (const std::string* field : {&event->type, &event->culprit, &event->title, &event->release}) {
      EXPECT_TRUE(IsText(*field, kErrorTextMax)) << *field;
    }
    EXPECT_LE(event->sample.size(), kErrorSampleMax);
    EXPECT_EQ(parser.parse(event->sample).error(), simdjson::SUCCESS) << event->sample;
    // Users' own data are never kept.
    for (const std::string word : {"\"user\"", "\"cookies\"", "\"headers\"", "\"query_string\"", "\"vars\"",
                                   "\"breadcrumbs\"", "\"extra\"", "\"env\""}) {
      EXPECT_EQ(event->sample.find(word), std::string::npos) << word;
    }
  }
  EXPECT_GT(read, 100U);
  std::printf("sentry events: %zu read, %zu with words, %zu groups\n", read, titled, groups.size());
}

TEST(SentryConformance, TheEdgesOfEnvelopesAreReadAsTheirDescriptionSays) {
  const auto read = [](const std::string& name) {
    return ReadEnvelope(ReadSharedFile("sentry/envelopes_doc/" + name).value_or(""), "1", kOptions);
  };
  if (!ReadSharedFile("sentry/envelopes_doc/two_items.envelope")) GTEST_SKIP() << "no shared data";
  const auto two = read("two_items.envelope");
  ASSERT_TRUE(two.ok());
  EXPECT_EQ(two->count(SentryItem::kAttachment), 1U);
  ASSERT_EQ(two->events.size(), 1U);
  EXPECT_EQ(two->events[0].title, "hello world");
  EXPECT_EQ(two->event_id, "9ec79c33ec9942ab8353589fcb2e04dc");
  EXPECT_EQ(read("two_empty_attachments.envelope")->count(SentryItem::kAttachment), 2U);
  EXPECT_EQ(read("implicit_length.envelope")->count(SentryItem::kAttachment), 1U);
  const auto session = read("no_headers_session.envelope");
  ASSERT_TRUE(session.ok());
  EXPECT_EQ(session->count(SentryItem::kSession), 1U);
  EXPECT_EQ(session->event_id, "");
}

TEST(SentryConformance, WebhooksOfSentryItselfAreRead) {
  const std::filesystem::path folder = SharedDataPath("sentry/webhooks");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no shared data: set REVERTD_SHARED_DATA";
  size_t events = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    SCOPED_TRACE(name);
    std::string resource = name.substr(0, name.find("__"));
    const bool legacy = resource == "legacy_webhooks_plugin";
    if (legacy) resource.clear();
    const auto hook = ReadSentryHook(resource, ReadSharedFile("sentry/webhooks/" + name).value_or(""), kOptions);
    ASSERT_TRUE(hook.ok()) << MessageOf(hook.status());
    EXPECT_EQ(hook->resource, resource);
    EXPECT_FALSE(hook->words.empty());
    EXPECT_NE(hook->action.empty(), !legacy);
    const bool has_event = legacy || resource == "error" || resource == "event_alert";
    ASSERT_EQ(hook->event.has_value(), has_event);
    if (!has_event) continue;
    ++events;
    EXPECT_EQ(hook->event->event_id.size(), 32U);
    EXPECT_GT(hook->event->at_ns, 0);
    EXPECT_FALSE(hook->event->title.empty());
    EXPECT_FALSE(hook->event->project.empty());
  }
  EXPECT_EQ(events, 7U);
}

}  // namespace
}  // namespace revertd

// Requests that real SDKs made, to the API and through a real socket.
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/strings.h"
#include "tests/daemon/api/api_fixture.h"
#include "tests/daemon/api/over_socket.h"
#include "tests/ingest/shared_data.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;

constexpr char kRequests[] = "sentry/sdk_requests";

struct SdkRequest {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
};

std::string_view TextOf(const simdjson::simdjson_result<simdjson::dom::element>& element) {
  std::string_view text;
  EXPECT_EQ(element.get(text), simdjson::SUCCESS);
  return text;
}

// `name`: of the request's file without its ending.
SdkRequest ReadRequest(const std::string& name) {
  SdkRequest request;
  const auto told = ReadSharedFile(name + ".request.json");
  const auto body = ReadSharedFile(name + ".body");
  if (!told || !body) {
    ADD_FAILURE() << name;
    return request;
  }
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  EXPECT_EQ(parser.parse(*told).get(root), simdjson::SUCCESS) << name;
  request.method = TextOf(root["method"]);
  request.target = TextOf(root["target"]);
  for (const simdjson::dom::element header : root["headers"].get_array()) {
    request.headers.emplace_back(ToLower(TextOf(header.at(0))), std::string(TextOf(header.at(1))));
  }
  request.body = *body;
  return request;
}

std::vector<std::string> RequestNames() {
  std::vector<std::string> names;
  std::error_code error;
  for (auto entry = std::filesystem::recursive_directory_iterator(SharedDataPath(kRequests), error);
       !error && entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() != ".body") continue;
    names.push_back(std::string(kRequests) + "/" + entry->path().parent_path().filename().string() + "/" +
                    entry->path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// What the shared data says of each body: its event's id, where it has one at least.
std::map<std::string, std::string> ExpectedIds() {
  std::map<std::string, std::string> ids;
  const std::string lines = ReadSharedFile(std::string(kRequests) + "/expected.jsonl").value_or("");
  simdjson::dom::parser parser;
  for (const std::string_view line : Split(lines, '\n')) {
    simdjson::dom::element root;
    if (line.empty() || parser.parse(std::string(line)).get(root) != simdjson::SUCCESS) continue;
    simdjson::dom::array items;
    if (root["items"].get(items) != simdjson::SUCCESS) continue;
    for (const simdjson::dom::element item : items) {
      std::string_view type = "event";  // of a store's body it is not said
      std::string_view id;
      [[maybe_unused]] const auto told = item["type"].get(type);
      if (type == "event" && item["event_id"].get(id) == simdjson::SUCCESS) {
        std::string undashed(id);
        std::erase(undashed, '-');
        ids.emplace(TextOf(root["file"]), undashed);
      }
    }
  }
  return ids;
}

class SentrySdkTest : public ApiTest {
 protected:
  SentrySdkTest() {
    SentryConfig sentry;
    for (const std::string id : {"1", "7"}) {
      sentry.projects.push_back(
          {.id = id, .service = "checkout", .key = "0123456789abcdef0123456789abcdef", .tee = {}});
    }
    TakeErrors(std::move(sentry), {.token = "token"});
  }
};

TEST_F(SentrySdkTest, EveryRequestIsTakenAndItsEventsCount) {
  const std::vector<std::string> names = RequestNames();
  if (names.empty()) GTEST_SKIP() << "THE SHARED REQUESTS ARE MISSING (set REVERTD_SHARED_DATA)";
  const std::map<std::string, std::string> expected = ExpectedIds();
  size_t taken = 0;
  for (const std::string& name : names) {
    const SdkRequest request = ReadRequest(name);
    if (request.method != "POST" || request.target.starts_with("/api/0/")) continue;  // sentry-cli's own calls
    const HttpReply reply = Ask(request.method, request.target, request.body, request.headers);
    EXPECT_EQ(reply.status, 200) << name << " " << reply.body;
    ++taken;
    if (const auto id = expected.find(name + ".body"); id != expected.end()) {
      EXPECT_EQ(reply.body, "{\"id\":\"" + id->second + "\"}") << name;
    }
  }
  EXPECT_GT(taken, 40U);
  EXPECT_EQ(intake_->counters().items[static_cast<size_t>(SentryItem::kRefused)], 0U);
  EXPECT_EQ(intake_->counters().unnamed, 0U);
  std::set<std::string> ids;
  for (const ErrorEvent& event : intake_->inbox().Take().events) {
    EXPECT_EQ(event.service, "checkout");
    EXPECT_NE(event.fingerprint, 0U);
    EXPECT_TRUE(ids.insert(event.event_id).second) << "twice: " << event.event_id;
  }
  EXPECT_GT(ids.size(), 20U);
}

// What Sentry itself sent. They tell of days long past, which is read as well as any, and then refused.
TEST_F(SentrySdkTest, EveryWebhookIsUnderstood) {
  size_t taken = 0;
  size_t stale = 0;
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(SharedDataPath("sentry/webhooks"), error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const std::string resource = name.substr(0, name.find("__"));
    Headers headers = {{"authorization", "Bearer token"}};
    if (!resource.starts_with("legacy")) headers.emplace_back("sentry-hook-resource", resource);
    const auto body = ReadSharedFile("sentry/webhooks/" + name);
    ASSERT_TRUE(body);
    const HttpReply reply = Ask("POST", "/v1/webhooks/sentry", *body, headers);
    EXPECT_TRUE(reply.status == 200 || reply.body.find("stale_delivery") != std::string::npos) << name << reply.body;
    (reply.status == 200 ? taken : stale) += 1;
  }
  if (taken + stale == 0) GTEST_SKIP() << "THE SHARED WEBHOOKS ARE MISSING (set REVERTD_SHARED_DATA)";
  EXPECT_GT(taken, 0U) << "issues have no time of an event's";
  EXPECT_GT(stale, 0U);
}

// The same bytes over TCP: chunked as @sentry/node sends them, compressed as it does with large ones.
TEST_F(SentrySdkTest, OverASocketAsItWasSent) {
  const std::vector<std::string> names = RequestNames();
  if (names.empty()) GTEST_SKIP() << "THE SHARED REQUESTS ARE MISSING (set REVERTD_SHARED_DATA)";
  OverSocket server(api_.get());
  size_t compressed = 0;
  size_t chunked = 0;
  for (const std::string& name : names) {
    const SdkRequest request = ReadRequest(name);
    if (request.method != "POST" || request.target.starts_with("/api/0/")) continue;
    std::string text = request.method + " " + request.target + " HTTP/1.1\r\n";
    bool is_chunked = false;
    for (const auto& [key, value] : request.headers) {
      text += key + ": " + value + "\r\n";
      is_chunked = is_chunked || key == "transfer-encoding";
      compressed += key == "content-encoding" ? 1U : 0U;
    }
    text += "\r\n";
    if (is_chunked) {
      char size[24];
      std::snprintf(size, sizeof(size), "%zx\r\n", request.body.size());
      text += size + request.body + "\r\n0\r\n\r\n";
      ++chunked;
    } else {
      text += request.body;
    }
    const auto reply = server.Exchange(text);
    ASSERT_TRUE(reply) << name;
    EXPECT_TRUE(reply->starts_with("HTTP/1.1 200 ")) << name << " " << *reply;
    EXPECT_THAT(*reply, HasSubstr("Access-Control-Allow-Origin: *"));
  }
  EXPECT_GT(compressed, 0U);
  EXPECT_GT(chunked, 0U);
}

}  // namespace
}  // namespace revertd

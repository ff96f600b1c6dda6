// What changes from one event of an error to the next is left out of its words, and what nobody shall see is masked.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "ingest/sentry/frame_names.h"
#include "ingest/sentry/message_template.h"
#include "ingest/sentry/scrub.h"

namespace revertd {
namespace {

TEST(SentryTemplate, WhatChangesIsReplacedByWhatItIs) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"inventory sync lag 31s", "inventory sync lag <n>s"},
      {"took 1.5e7 of 3.25 ms, -4 left", "took <n> of <n> ms, <n> left"},
      {"at 0x7ffd3a10 in 3f2a9c1b", "at <n> in <n>"},
      {"order 6a016cc0-e66a-6a2b-b141-996f500d3b85 gone", "order <uuid> gone"},
      {"token a8Fk29dLq0Xz71PvTn rejected", "token <id> rejected"},
      {"since 2026-11-21T03:10:09.5Z", "since <date>"},
      {"on 2026-11-21 at 03:10:09", "on <date> at <n>:<n>:<n>"},
      {"mail to ann.b@shop.example.com failed", "mail to <email> failed"},
      {"peer 10.0.0.7:5432 and fe80::1 refused", "peer <ip>:<n> and <ip> refused"},
      {"GET https://api.example.com/v1?a=1&b=2, twice", "GET <url>, twice"},
      {"no key 'sku' in \"cart\"", "no key <text> in <text>"},
      {"it can't be; they're 2", "it can't be; they're <n>"},
      {"utf8 and std::string stay, item_17 not", "utf8 and std::string stay, item_<n> not"},
      {"HTTP/1.1 502", "HTTP/<n> <n>"},
      {"Cannot read properties of undefined (reading 'sku')", "Cannot read properties of undefined (reading <text>)"},
      {"naive \xE2\x80\x9Cx y\xE2\x80\x9D end", "naive <text> end"},
      {"", ""},
  };
  for (const auto& [message, expected] : cases) EXPECT_EQ(TemplateOf(message), expected);
}

// Pieces that formats are made of, joined at random: what is left over next to what was replaced is where rules meet.
std::string RandomText(std::mt19937& random) {
  static const std::vector<std::string> pieces = {"12",
                                                  "7zip",
                                                  "31s",
                                                  "a1",
                                                  "f1",
                                                  "::",
                                                  ":",
                                                  "-",
                                                  ".",
                                                  "@",
                                                  "x.co",
                                                  "bob",
                                                  "://",
                                                  "http",
                                                  "'",
                                                  "\"",
                                                  "`",
                                                  " ",
                                                  "\n",
                                                  "(",
                                                  ")",
                                                  "<",
                                                  ">",
                                                  "<n>",
                                                  "=",
                                                  "1.2.3.4",
                                                  "abc",
                                                  "deadbeef",
                                                  "fe80",
                                                  "2026-11-21",
                                                  "T03:10",
                                                  "Z",
                                                  "+",
                                                  "12345",
                                                  "co",
                                                  "_",
                                                  "6a016cc0-e66a-6a2b-b141-996f500d3b85",
                                                  "0x1F",
                                                  "e5",
                                                  "1e5",
                                                  "\xE2\x80\x9C",
                                                  "%",
                                                  "\xE2\x80\x9D",
                                                  "12345678901234567890",
                                                  "aB3dE5fG7hJ9kL1m",
                                                  "password=",
                                                  "Bearer ",
                                                  ",",
                                                  "/"};
  std::string text;
  for (size_t count = random() % 12; count > 0; --count) text += pieces[random() % pieces.size()];
  return text;
}

TEST(SentryTemplate, ATemplatesTemplateIsItself) {
  std::mt19937 random(20261123);
  for (int round = 0; round < 300'000; ++round) {
    const std::string text = RandomText(random);
    const std::string once = TemplateOf(text);
    ASSERT_EQ(TemplateOf(once), once) << text;
  }
}

// Eight kilobytes of what makes careless scanners look again and again.
TEST(SentryTemplate, HostileTextsAreReadOnce) {
  for (const std::string piece : {"'a ", "\"", "a@b.", "://", "1.", "a:", "::", "<", "-1", "x' '", "pwd=[", "pwd=\\"}) {
    std::string text;
    while (text.size() < kTemplateInputMax) text += piece;
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(TemplateOf(text).empty() && Scrubbed(text).empty());
  }
}

TEST(SentryScrub, WhatTellsAPersonOrOpensADoorIsMasked) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"sent to ann.b@shop.example.com", "sent to <email>"},
      {"from 10.1.2.3 and 2001:db8::17", "from <ip> and <ip>"},
      {"card 4111 1111 1111 1111 declined", "card <n> declined"},
      {"card 4111111111111111.", "card <n>."},
      {"Authorization: Bearer abc.def-ghi", "Authorization: Bearer <secret>"},
      {"with Basic dXNlcjpwYXNz", "with Basic <secret>"},
      {"password=hunter2&next=1", "password=<secret>&next=1"},
      {"{\"api_token\": \"t-1\", \"a\": 1}", "{\"api_token\": \"<secret>\", \"a\": 1}"},
      {"https://ann:pw@db.example.com/x?sid=1#frag ok", "https://db.example.com/x?<query> ok"},
      {"InvalidTokenError: expired", "InvalidTokenError: expired"},
      {"item 12 of 2026-11-21 03:10:09", "item 12 of 2026-11-21 03:10:09"},
      {"std::string failed", "std::string failed"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Scrubbed(text), expected);
}

// A value stands in quotes that may be escaped, prefixed or in brackets; what is left of it opens the door too.
TEST(SentryScrub, ASecretIsMaskedToItsEndHoweverItIsQuoted) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"({\"password\":\"hunter2\",\"a\":1})", R"({\"password\":\"<secret>\",\"a\":1})"},
      {R"({\\\"password\\\":\\\"hunter2\\\",\\\"a\\\":1})", R"({\\\"password\\\":\\\"<secret>\\\",\\\"a\\\":1})"},
      {R"({"password": "a\"b", "a": 1})", R"({"password": "<secret>", "a": 1})"},
      {R"({"password": "a\\", "a": 1})", R"({"password": "<secret>", "a": 1})"},
      {R"({\"password\":\"a\\\"b\",\"c\":1})", R"({\"password\":\"<secret>\",\"c\":1})"},
      {R"({\"password\":\"a\\\\\",\"c\":1})", R"({\"password\":\"<secret>\",\"c\":1})"},
      {"{u'password': u'hunter2', 'a': 1}", "{u'password': u'<secret>', 'a': 1}"},
      {"{'password': b'hunter2'}", "{'password': b'<secret>'}"},
      {R"(password=rb\"hunter2\" a)", R"(password=rb\"<secret>\" a)"},
      {R"({"cookies": ["sid=1", "sid=2"], "a": 1})", R"({"cookies": [<secret>], "a": 1})"},
      {R"({"session": {"id": "a}b", "of": [1]}, "a": 1})", R"({"session": {<secret>}, "a": 1})"},
      {"token: [\"cut off", "token: [<secret>"},
      {"token=\"cut off", "token=\"<secret>"},
      {"password=hun\"ter2)! failed", "password=<secret> failed"},
      {"password=unknown; a=1", "password=<secret>; a=1"},
      {"with Bearer \"a-b\" sent", "with Bearer <secret> sent"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Scrubbed(text), expected) << text;
}

TEST(SentryScrub, NamesOfSecretsAndPersonsAreKnown) {
  for (const std::string_view name : {"password", "X-Api-Token", "session_id", "csrfToken", "apiKey", "Cookie"}) {
    EXPECT_TRUE(NamesSecret(name)) << name;
  }
  for (const std::string_view name : {"user", "user.id", "email", "client_ip", "username"}) {
    EXPECT_TRUE(NamesPerson(name) || name == "client_ip") << name;
  }
  for (const std::string_view name : {"runtime", "shipping", "region", "server_name", "transaction"}) {
    EXPECT_FALSE(NamesSecret(name) || NamesPerson(name)) << name;
  }
}

TEST(SentryScrub, ScrubbingTwiceChangesNoMore) {
  std::mt19937 random(20261124);
  for (int round = 0; round < 100'000; ++round) {
    const std::string text = RandomText(random);
    const std::string once = Scrubbed(text);
    // What was masked is no longer there for another rule to find.
    ASSERT_EQ(Scrubbed(once).find("12345678901234567890"), once.find("12345678901234567890")) << text;
  }
}

TEST(SentryFrames, WhatDiffersFromBuildToBuildIsLeftOut) {
  const auto place = [](std::string_view module, std::string_view file) {
    ErrorFrame frame;
    frame.module = module;
    frame.filename = file;
    return PlaceName(frame);
  };
  EXPECT_EQ(place("checkout.views", "/srv/app/checkout/views.py"), "checkout.views");
  EXPECT_EQ(place("", "/srv/releases/42/app.3f2a9c1b.js?v=7"), "app.js");
  EXPECT_EQ(place("", "C:\\app\\main.cs"), "main.cs");
  EXPECT_EQ(place("", "https://cdn.example.com/assets/index-DkT3x9Qz.js"), "index.js");
  EXPECT_EQ(place("com.acme.Shop$1", ""), "com.acme.Shop");
  EXPECT_EQ(FunctionName("lambda$pay$3"), "lambda$pay$");
  EXPECT_EQ(FunctionName("main.Pay.func1.2"), "main.Pay.func.");
  EXPECT_EQ(FunctionName("core::run::h0123456789abcdef"), "core::run");
  EXPECT_EQ(FunctionName("encode_utf8"), "encode_utf8");
  for (const std::string_view none : {"", "?", "<anonymous>", "Object.<anonymous>", "anonymous"}) {
    EXPECT_EQ(FunctionName(none), "<anonymous>");
  }
  EXPECT_EQ(TransactionName("GET /items/17"), TransactionName("GET /items/18"));
  EXPECT_NE(TransactionName("GET /items/17"), TransactionName("POST /items/17"));
  EXPECT_EQ(TransactionName("https://shop.example.com/items/17?a=b"), "/items/:id");
  EXPECT_EQ(TransactionName("checkout.views.pay"), "checkout.views.pay");
}

}  // namespace
}  // namespace revertd

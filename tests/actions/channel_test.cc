#include "actions/channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <random>

#include "base/digest.h"

namespace revertd {
namespace {

using simdjson::dom::element;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Kind = ChannelConfig::Kind;
using Severity = Notice::Severity;

constexpr std::string_view kUrl = "https://chat.example/hook";

Notice MakeNotice() {
  Notice notice;
  notice.key = "shop-0123abcd-7";
  notice.event = "rollback_under_way";
  notice.service = "shop";
  notice.severity = Severity::kCritical;
  notice.summary = "shop: errors of /a<b>&c";
  notice.facts = {{"signal", "errors"}, {"range", "a..b"}};
  notice.url = "https://git.example/pull/7?a=1&b=2";
  notice.audit_head = "12:abcd";
  notice.at_ns = 1'763'700'000 * kSecondNs;
  return notice;
}

ChannelConfig Channel(Kind kind) {
  ChannelConfig channel;
  channel.kind = kind;
  channel.name = "it";
  return channel;
}

HttpRequest Rendered(Kind kind, const Notice& notice) {
  const auto request = Render(Channel(kind), kUrl, "s3cret", notice);
  EXPECT_TRUE(request.ok()) << request.status();
  return request.ok() ? *request : HttpRequest{};
}

std::string HeaderOf(const HttpRequest& request, std::string_view name) {
  for (const auto& [known, value] : request.headers) {
    if (known == name) return value;
  }
  return "";
}

TEST(Channel, AWebhookGetsTheNoticeSigned) {
  const HttpRequest request = Rendered(Kind::kWebhook, MakeNotice());
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, kUrl);
  EXPECT_EQ(request.body,
            R"({"key":"shop-0123abcd-7","event":"rollback_under_way","service":"shop","severity":"critical",)"
            R"("resolves":false,"summary":"shop: errors of /a<b>&c","facts":[{"name":"signal","value":"errors"},)"
            R"({"name":"range","value":"a..b"}],"url":"https://git.example/pull/7?a=1&b=2","audit_head":"12:abcd",)"
            R"("at_ns":1763700000000000000})");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/json");
  EXPECT_EQ(HeaderOf(request, "X-Revertd-Event"), "rollback_under_way");
  EXPECT_EQ(HeaderOf(request, "X-Revertd-Signature"), "sha256=" + HmacSha256Hex("s3cret", request.body));
  EXPECT_EQ(HeaderOf(request, "X-Revertd-Delivery").size(), 32U);
  EXPECT_EQ(HeaderOf(request, "X-Revertd-Delivery"), DeliveryId(Channel(Kind::kWebhook), MakeNotice()));
  const auto unsigned_one = Render(Channel(Kind::kWebhook), kUrl, "", MakeNotice());
  EXPECT_EQ(HeaderOf(*unsigned_one, "X-Revertd-Signature"), "");
}

TEST(Channel, SlackGetsBlocksThatNoNameCanBreak) {
  EXPECT_EQ(Rendered(Kind::kSlack, MakeNotice()).body,
            R"({"text":"CRITICAL: shop: errors of /a&lt;b&gt;&amp;c","unfurl_links":false,"unfurl_media":false,)"
            R"("blocks":[{"type":"section","text":{"type":"mrkdwn",)"
            R"("text":"*CRITICAL* shop: errors of /a&lt;b&gt;&amp;c","verbatim":true}},)"
            R"({"type":"section","fields":[{"type":"mrkdwn","text":"*signal*\nerrors","verbatim":true},)"
            R"({"type":"mrkdwn","text":"*range*\na..b","verbatim":true}]},)"
            R"({"type":"section","text":{"type":"mrkdwn",)"
            R"("text":"<https://git.example/pull/7?a=1&amp;b=2|Open>","verbatim":true}},)"
            R"({"type":"context","elements":[{"type":"mrkdwn",)"
            R"("text":"2025-11-21T04:40:00Z | audit 12:abcd","verbatim":true}]}]})");
}

TEST(Channel, DiscordPingsNobody) {
  Notice notice = MakeNotice();
  notice.summary = "@everyone [here](https://evil.example) <@1>";
  EXPECT_EQ(Rendered(Kind::kDiscord, notice).body,
            R"({"content":"**CRITICAL** \\@everyone \\[here\\]\\(https://evil.example\\) \\<\\@1\\>",)"
            R"("allowed_mentions":{"parse":[]},"embeds":[{"title":"rollback_under_way",)"
            R"("url":"https://git.example/pull/7?a=1&b=2","color":12986408,)"
            R"("fields":[{"name":"signal","value":"errors","inline":false},)"
            R"({"name":"range","value":"a..b","inline":false}],)"
            R"("footer":{"text":"2025-11-21T04:40:00Z | audit 12:abcd"}}]})");
}

TEST(Channel, PagerDutyOpensAndResolvesOneIncident) {
  Notice notice = MakeNotice();
  EXPECT_EQ(Rendered(Kind::kPagerDuty, notice).body,
            R"({"routing_key":"s3cret","event_action":"trigger","dedup_key":"shop-0123abcd-7",)"
            R"("payload":{"summary":"shop: errors of /a<b>&c","source":"shop","severity":"critical",)"
            R"("timestamp":"2025-11-21T04:40:00Z","component":"shop","class":"rollback_under_way",)"
            R"("custom_details":{"signal":"errors","range":"a..b","audit_head":"12:abcd"}},)"
            R"("links":[{"href":"https://git.example/pull/7?a=1&b=2","text":"rollback_under_way"}]})");
  notice.resolves = true;
  EXPECT_EQ(Rendered(Kind::kPagerDuty, notice).body,
            R"({"routing_key":"s3cret","event_action":"resolve","dedup_key":"shop-0123abcd-7"})");
  EXPECT_FALSE(Render(Channel(Kind::kPagerDuty), kUrl, "", notice).ok());
}

TEST(Channel, AlertmanagerGetsAnAlertThatLastsUntilItIsResolved) {
  Notice notice = MakeNotice();
  HttpRequest request = Rendered(Kind::kAlertmanager, notice);
  EXPECT_EQ(request.url, std::string(kUrl) + "/api/v2/alerts");
  EXPECT_EQ(request.body,
            R"([{"labels":{"alertname":"Revertd","service":"shop","severity":"critical",)"
            R"("incident":"shop-0123abcd-7"},"annotations":{"summary":"shop: errors of /a<b>&c",)"
            R"("event":"rollback_under_way","description":"signal: errors\nrange: a..b\n","audit_head":"12:abcd"},)"
            R"("startsAt":"2025-11-21T04:40:00Z","endsAt":"2025-11-22T04:40:00Z",)"
            R"("generatorURL":"https://git.example/pull/7?a=1&b=2"}])");
  notice.resolves = true;
  notice.severity = Severity::kInfo;
  request = Rendered(Kind::kAlertmanager, notice);
  for (const char* severity : {"info", "warning", "critical"}) {
    EXPECT_THAT(request.body, HasSubstr(std::string(R"("severity":")") + severity + '"')) << "it may have had any";
  }
  EXPECT_THAT(request.body, AllOf(HasSubstr(R"("endsAt":"2025-11-21T04:40:00Z")"), Not(HasSubstr("11-22"))));
}

TEST(Channel, ACommandGetsTheNoticeOnItsInput) {
  ChannelConfig channel = Channel(Kind::kCommand);
  channel.command.argv = {"notify-people", "--json", "{trigger}"};
  channel.command.time_limit = 5 * kSecondNs;
  const ProcessSpec spec = RenderCommand(channel, {"PATH=/bin"}, MakeNotice());
  EXPECT_EQ(spec.program, "notify-people");
  EXPECT_EQ(spec.arguments, (std::vector<std::string>{"--json", "{trigger}"}));
  EXPECT_EQ(spec.environment, std::vector<std::string>{"PATH=/bin"});
  EXPECT_EQ(spec.time_limit_ns, 5 * kSecondNs);
  EXPECT_EQ(spec.standard_input, ToJson(MakeNotice()) + "\n");
  EXPECT_FALSE(Render(channel, kUrl, "", MakeNotice()).ok());
}

TEST(Channel, AWrongUrlIsNotShown) {
  const auto request = Render(Channel(Kind::kSlack), "file:///etc/s3cret", "", MakeNotice());
  ASSERT_FALSE(request.ok());
  EXPECT_THAT(std::string(MessageOf(request.status())), Not(HasSubstr("s3cret")));
}

// What each of them takes, in characters; ours are counted in bytes, which are never fewer.
std::string Text(const element& object, std::string_view key) {
  std::string_view text;
  EXPECT_EQ(object[key].get_string().get(text), simdjson::SUCCESS) << key;
  return std::string(text);
}

void CheckSlack(const element& body) {
  simdjson::dom::array blocks;
  ASSERT_EQ(body["blocks"].get_array().get(blocks), simdjson::SUCCESS);
  ASSERT_LE(blocks.size(), 50U);
  size_t bytes = 0;
  const auto check = [&bytes](const element& object, size_t bytes_max) {
    std::string text = Text(object, "text");
    EXPECT_FALSE(text.empty());
    EXPECT_LE(text.size(), bytes_max);
    bytes += text.size();
    if (text.ends_with("|Open>")) text = text.substr(1, text.size() - 2);
    EXPECT_EQ(text.find_first_of("<>"), std::string::npos) << text;
  };
  for (const element block : blocks) {
    element part;
    if (block["text"].get(part) == simdjson::SUCCESS) check(part, 3000);
    for (const char* list : {"fields", "elements"}) {
      simdjson::dom::array parts;
      if (block[list].get_array().get(parts) != simdjson::SUCCESS) continue;
      EXPECT_LE(parts.size(), 10U);
      EXPECT_GE(parts.size(), 1U);
      for (const element field : parts) check(field, 2000);
    }
  }
  EXPECT_LE(bytes, 13'000U);
}

void CheckDiscord(const element& body) {
  EXPECT_LE(Text(body, "content").size(), 2000U);
  EXPECT_EQ(simdjson::to_string(body["allowed_mentions"]), R"({"parse":[]})");
  const element embed = body["embeds"].at(0).value();
  size_t bytes = Text(embed, "title").size() + Text(embed["footer"].value(), "text").size();
  EXPECT_LE(Text(embed, "title").size(), 256U);
  EXPECT_LE(Text(embed["footer"].value(), "text").size(), 2048U);
  const simdjson::dom::array fields = embed["fields"].get_array().value();
  EXPECT_LE(fields.size(), 25U);
  for (const element field : fields) {
    EXPECT_LE(Text(field, "name").size(), 256U);
    EXPECT_LE(Text(field, "value").size(), 1024U);
    EXPECT_FALSE(Text(field, "name").empty() || Text(field, "value").empty());
    bytes += Text(field, "name").size() + Text(field, "value").size();
  }
  EXPECT_LE(bytes, 6000U);
}

void CheckPagerDuty(const element& body) {
  EXPECT_LE(Text(body, "dedup_key").size(), 255U);
  EXPECT_FALSE(Text(body, "dedup_key").empty());
  element payload;
  if (body["payload"].get(payload) != simdjson::SUCCESS) return;
  EXPECT_LE(Text(payload, "summary").size(), 1024U);
  EXPECT_FALSE(Text(payload, "source").empty());
}

void CheckAlertmanager(const element& body) {
  const simdjson::dom::array alerts = body.get_array().value();
  for (const element alert : alerts) {
    EXPECT_EQ(Text(alert["labels"].value(), "alertname"), "Revertd");
    EXPECT_LE(Text(alert, "startsAt"), Text(alert, "endsAt"));
  }
}

void CheckAll(const Notice& notice) {
  simdjson::dom::parser parser;
  for (Kind kind : {Kind::kWebhook, Kind::kSlack, Kind::kDiscord, Kind::kPagerDuty, Kind::kAlertmanager}) {
    SCOPED_TRACE(NameOf(kind));
    const HttpRequest request = Rendered(kind, notice);
    element body;
    ASSERT_EQ(parser.parse(request.body).get(body), simdjson::SUCCESS) << request.body;
    if (kind == Kind::kSlack) CheckSlack(body);
    if (kind == Kind::kDiscord) CheckDiscord(body);
    if (kind == Kind::kPagerDuty) CheckPagerDuty(body);
    if (kind == Kind::kAlertmanager) CheckAlertmanager(body);
    for (const auto& [name, value] : request.headers) {
      EXPECT_TRUE(std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c <= '~'; })) << name;
    }
    EXPECT_LE(request.body.size(), 128U * 1024) << "PagerDuty takes 512 KB, the others say nothing of it";
  }
}

TEST(Channel, HugeAndHostileNoticesStayWithinEveryLimit) {
  Notice notice = MakeNotice();
  for (const std::string piece :
       {"&", "<!channel>", "@everyone", "\xF0\x9F\x98\x80", "\"", "\\", "\n", "\xFF", "*_~`|"}) {
    std::string flood;
    while (flood.size() < 20'000) flood += piece;
    notice.key = notice.event = notice.service = notice.summary = notice.audit_head = flood;
    notice.url = "https://git.example/" + std::string(1900, '&');
    notice.facts.assign(50, {flood, flood});
    CheckAll(notice);
  }
  notice = Notice{};
  notice.key = notice.event = "x";
  CheckAll(notice);
}

TEST(Channel, WhateverTheNoticeTheBodyIsValidAndWithinLimits) {
  constexpr uint64_t kSeed = 20'251'121;
  std::mt19937_64 random(kSeed);
  const std::vector<std::string> pieces = {"a",
                                           " ",
                                           "&",
                                           "<",
                                           ">",
                                           "@",
                                           "\\",
                                           "\"",
                                           "\xC3\xBC",
                                           "\xF0\x9F\x98\x80",
                                           "\xC3",
                                           "\xFF",
                                           std::string(1, '\0'),
                                           "\x1b[31m",
                                           "word",
                                           "http://",
                                           "](",
                                           "\xC2\x85"};
  for (int round = 0; round < 200; ++round) {
    const auto text = [&](size_t pieces_max) {
      std::string made;
      for (size_t i = random() % pieces_max; i > 0; --i) made += pieces[random() % pieces.size()];
      return made;
    };
    Notice notice{"k" + text(300),
                  text(100),
                  text(200),
                  static_cast<Severity>(random() % 3),
                  random() % 2 == 0,
                  text(1500),
                  {},
                  "",
                  text(60),
                  static_cast<TimeNs>(random() % (uint64_t{1} << 62))};
    if (random() % 2 == 0) notice.url = "https://" + text(20);
    for (size_t i = random() % 30; i > 0; --i) notice.facts.push_back({text(60), text(1200)});
    SCOPED_TRACE("round " + std::to_string(round) + " of seed " + std::to_string(kSeed));
    CheckAll(notice);
    if (HasFailure()) return;
  }
}

TEST(JudgeAnswer, RefusalsAreFinalAndEverythingElseIsTriedAgain) {
  using Outcome = TryOutcome::Kind;
  const auto judged = [](int status) { return JudgeAnswer(HttpResponse{status, {}, ""}, {}).kind; };
  for (int status : {200, 202, 204, 299}) EXPECT_EQ(judged(status), Outcome::kDelivered) << status;
  for (int status : {301, 308, 400, 401, 403, 404, 410, 413, 422})
    EXPECT_EQ(judged(status), Outcome::kGivenUp) << status;
  for (int status : {100, 408, 425, 429, 500, 502, 503, 599}) EXPECT_EQ(judged(status), Outcome::kFailed) << status;
  EXPECT_EQ(JudgeAnswer(Unavailable("refused"), {}).kind, Outcome::kFailed);
  EXPECT_EQ(JudgeAnswer(HttpResponse{400, {}, " invalid\nblocks "}, {}).text, "answered 400: invalid blocks");
  EXPECT_LE(JudgeAnswer(HttpResponse{500, {}, std::string(5000, 'x')}, {}).text.size(), 300U);
}

TEST(JudgeAnswer, NoSecretIsInItsText) {
  const std::vector<std::string> secrets = {"https://hooks.example/services/T0000/B0000/abcdefgh", "k3y"};
  const TryOutcome unheard = JudgeAnswer(
      Unavailable("POST https://hooks.example/services/T0000/B0000/abcdefgh: hooks.example refused"), secrets);
  EXPECT_THAT(unheard.text,
              AllOf(Not(HasSubstr("abcdefgh")), Not(HasSubstr("T0000")), HasSubstr("hooks.example refused")));
  const TryOutcome echoed = JudgeAnswer(HttpResponse{403, {}, "no token abcdefgh, key k3y"}, secrets);
  EXPECT_EQ(echoed.text, "answered 403: no token [secret], key [secret]");
}

TEST(JudgeExit, OnlyExitCodeZeroIsDelivered) {
  ProcessResult result;
  EXPECT_EQ(JudgeExit(result).kind, TryOutcome::Kind::kDelivered);
  result.exit_code = 3;
  result.standard_error = "no\nmailer\n";
  EXPECT_EQ(JudgeExit(result).text, "exit code 3: no mailer");
  EXPECT_EQ(JudgeExit(result).kind, TryOutcome::Kind::kFailed);
  result = {};
  result.timed_out = true;
  EXPECT_EQ(JudgeExit(result).kind, TryOutcome::Kind::kFailed);
  EXPECT_EQ(JudgeExit(NotFound("mail is not installed")).text, "not run: mail is not installed");
}

}  // namespace
}  // namespace revertd

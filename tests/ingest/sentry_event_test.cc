// One event: which error it is, whatever shape its SDK gives it, and what of it is kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "ingest/sentry/sentry_body.h"

namespace revertd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ErrorEvent Read(std::string_view json, const SentryReadOptions& options = {}) {
  const StatusOr<ErrorEvent> event = ReadSentryEvent(json, "7", options);
  EXPECT_TRUE(event.ok()) << MessageOf(event.status());
  return event.ok() ? *event : ErrorEvent();
}

// An event of Python's SDK, in which one thing at a time is another.
struct Told {
  std::string type = "KeyError";
  std::string value = "'sku-17'";
  std::string function = "pay";
  std::string line = "42";
  std::string library_function = "call";
  std::string path = "/srv/releases/1/checkout/views.py";
  std::string transaction = "checkout.views.pay";
  std::string extra = "";
};

std::string JsonOf(const Told& told) {
  return R"({"event_id":"6a016cc0-e66a-6a2b-b141-996f500d3b85","timestamp":"2026-11-21T03:04:01.5Z",)"
         R"("release":"shop@2","environment":"production","transaction":")" +
         told.transaction + R"(","exception":{"values":[{"type":")" + told.type + R"(","value":")" + told.value +
         R"(","stacktrace":{"frames":[{"module":"lib.http","function":")" + told.library_function +
         R"(","in_app":false,"lineno":9},{"module":"checkout.views","function":")" + told.function +
         R"(","filename":")" + told.path + R"(","abs_path":")" + told.path + R"(","lineno":)" + told.line +
         R"(,"in_app":true}]}}]})" + told.extra + "}";
}

uint64_t GroupOf(const Told& told) { return Read(JsonOf(told)).fingerprint; }

TEST(SentryEvent, EachFieldIsRead) {
  const ErrorEvent event = Read(JsonOf({.extra = R"(,"level":"fatal","server_name":"web-7","tags":{"team":"pay"})"}),
                                {.service_tag = "team", .received_ns = 0});
  EXPECT_EQ(event.event_id, "6a016cc0e66a6a2bb141996f500d3b85");
  EXPECT_EQ(event.project, "7");
  EXPECT_EQ(event.at_ns, 1'795'230'241'500 * kMillisecondNs);
  EXPECT_EQ(event.level, ErrorLevel::kFatal);
  EXPECT_EQ(event.release, "shop@2");
  EXPECT_EQ(event.environment, "production");
  EXPECT_EQ(event.server_name, "web-7");
  EXPECT_EQ(event.service_tag, "pay");
  EXPECT_EQ(event.type, "KeyError");
  EXPECT_EQ(event.culprit, "checkout.views.pay");
  EXPECT_EQ(event.title, "<text>");
}

TEST(SentryGrouping, WhatChangesWithBuildOrRequestLeavesTheGroup) {
  const uint64_t group = GroupOf({});
  EXPECT_EQ(GroupOf({.line = "43"}), group);
  EXPECT_EQ(GroupOf({.value = "'sku-18'"}), group);
  EXPECT_EQ(GroupOf({.path = "/srv/releases/2/checkout/views.py"}), group);
  EXPECT_EQ(GroupOf({.library_function = "invoke"}), group);
  EXPECT_EQ(GroupOf({.transaction = "checkout.views.again"}), group);
  EXPECT_EQ(GroupOf({.extra = R"(,"user":{"id":7},"contexts":{"os":{"name":"Linux"}})"}), group);
}

TEST(SentryGrouping, AnotherTypeOrFunctionIsAnotherGroup) {
  const uint64_t group = GroupOf({});
  EXPECT_NE(GroupOf({.type = "ValueError"}), group);
  EXPECT_NE(GroupOf({.function = "refund"}), group);
}

// A function that is renamed by the deploy makes a new group of the same origin.
TEST(SentryGrouping, ANewNameLeavesTheOrigin) {
  const ErrorEvent before = Read(JsonOf({}));
  const ErrorEvent after = Read(JsonOf({.function = "settle"}));
  EXPECT_NE(before.fingerprint, after.fingerprint);
  EXPECT_EQ(before.origin, after.origin);
  EXPECT_NE(before.origin, Read(JsonOf({.transaction = "other"})).origin);
}

TEST(SentryGrouping, OnlyForeignFramesAreToldApartByTheTransaction) {
  const auto group = [](std::string_view transaction) {
    return Read(R"({"transaction":")" + std::string(transaction) +
                R"(","exception":[{"type":"E","stacktrace":{"frames":[{"function":"f","in_app":false}]}}]})")
        .fingerprint;
  };
  EXPECT_NE(group("GET /a"), group("GET /b"));
  EXPECT_EQ(group("GET /a/17"), group("GET /a/18"));
}

TEST(SentryGrouping, RecursionCountsOnceHoweverDeep) {
  const auto group = [](int depth) {
    std::string frames = R"({"function":"main","in_app":true})";
    for (int i = 0; i < depth; ++i) frames += R"(,{"function":"even","in_app":true},{"function":"odd","in_app":true})";
    return Read(R"({"exception":[{"type":"RecursionError","stacktrace":{"frames":[)" + frames + "]}}]}").fingerprint;
  };
  EXPECT_EQ(group(2), group(40));
  EXPECT_EQ(group(2), group(400));
}

TEST(SentryGrouping, TheSdksOwnListIsHonoured) {
  const auto group = [](const std::string& list, const std::string& type) {
    return GroupOf({.type = type, .extra = R"(,"fingerprint":)" + list});
  };
  EXPECT_EQ(group(R"(["a","b"])", "KeyError"), group(R"(["a","b"])", "ValueError"));
  EXPECT_NE(group(R"(["a","b"])", "KeyError"), group(R"(["ab"])", "KeyError"));
  EXPECT_EQ(group(R"([7])", "KeyError"), group(R"(["7"])", "KeyError"));
  EXPECT_EQ(group(R"(["{{ default }}"])", "KeyError"), GroupOf({}));
  EXPECT_EQ(group(R"([])", "KeyError"), GroupOf({}));
  EXPECT_NE(group(R"(["{{default}}","x"])", "KeyError"), GroupOf({}));
  EXPECT_EQ(group(R"(["{{default}}","x"])", "KeyError"), group(R"(["{{ default }}","x"])", "KeyError"));
  EXPECT_NE(group(R"(["{{ default }}","x"])", "KeyError"), group(R"(["{{ default }}","x"])", "ValueError"));
}

// Kept in the store for two weeks and told to others: a change of these numbers makes every error new at once.
TEST(SentryGrouping, GroupsStayWhatTheyAreFromReleaseToRelease) {
  EXPECT_EQ(FingerprintText(Read(R"({"message":"disk 7 full"})").fingerprint), "7e570e916a2c6a45");
  EXPECT_EQ(FingerprintText(GroupOf({})), "0096ba796752e03d");
}

TEST(SentryEvent, EveryShapeOfAnExceptionIsTheSame) {
  const std::string one = R"({"type":"E","value":"no disk 7","stacktrace":null})";
  const ErrorEvent event = Read(R"({"exception":{"values":[)" + one + "]}}");
  EXPECT_EQ(event.type, "E");
  EXPECT_EQ(event.title, "no disk <n>");
  for (const std::string& shape : std::vector<std::string>{
           R"({"exception":[)" + one + "]}", R"({"exception":)" + one + "}", R"({"exception":[null,)" + one + "]}",
           R"({"sentry.interfaces.Exception":{"values":[)" + one + "]}}",
           R"({"exception":[{"type":"E","value":"no disk 8","stacktrace":{"frames":[null,null]}}]})"}) {
    EXPECT_EQ(Read(shape).fingerprint, event.fingerprint) << shape;
  }
}

TEST(SentryEvent, EveryShapeOfAMessageIsTheSame) {
  const ErrorEvent event = Read(R"({"message":"lag 31s"})");
  EXPECT_EQ(event.type, "");
  EXPECT_EQ(event.title, "lag <n>s");
  EXPECT_EQ(event.level, ErrorLevel::kError);
  for (const std::string_view shape :
       {R"({"message":{"message":"lag 31s"}})", R"({"message":{"formatted":"lag 31s"}})",
        R"({"logentry":{"formatted":"lag 31s","message":null}})", R"({"logentry":{"message":"lag 31s"}})",
        R"({"message":"lag 31s","exception":{"values":[{"value":"lag 31s","mechanism":{"synthetic":true},)"
        R"("stacktrace":{"frames":[{"function":"f","in_app":true}]}}]}})"}) {
    const ErrorEvent other = Read(shape);
    EXPECT_EQ(other.fingerprint, event.fingerprint) << shape;
    EXPECT_EQ(other.title, event.title) << shape;
  }
  // As it was before its parameters, where that is said.
  const auto logged = [](std::string_view formatted) {
    return Read(R"({"logentry":{"message":"no %s left","formatted":")" + std::string(formatted) + R"("}})").fingerprint;
  };
  EXPECT_EQ(logged("no bread left"), logged("no milk left"));
}

TEST(SentryEvent, TheLastThrownOfAChainIsTheError) {
  const ErrorEvent event =
      Read(R"({"exception":{"values":[{"type":"TypeError","value":"a"},{"type":"Error","value":"b"}]}})");
  EXPECT_EQ(event.type, "Error");
  EXPECT_EQ(event.title, "b");
}

TEST(SentryEvent, WhatIsOfAnotherTypeReadsAsAbsent) {
  const ErrorEvent event =
      Read(R"({"event_id":7,"timestamp":{},"level":[],"release":{"a":1},"environment":17,"server_name":null,)"
           R"("transaction":[],"exception":"x","message":7,"tags":"t","fingerprint":{},)"
           R"("request":3,"sdk":[],"contexts":[]})");
  EXPECT_EQ(event.event_id, "");
  EXPECT_EQ(event.at_ns, 0);
  EXPECT_EQ(event.level, ErrorLevel::kError);
  EXPECT_EQ(event.release + event.environment + event.server_name + event.culprit, "");
  EXPECT_EQ(event.title, "<unlabeled event>");
}

TEST(SentryEvent, TagsGiveWhatTheFieldsLack) {
  const ErrorEvent event =
      Read(R"({"tags":[["environment","prod"],["sentry:release","v7"],null,["a"],["transaction","t"],)"
           R"(["server_name","w"]]})");
  EXPECT_EQ(event.environment, "prod");
  EXPECT_EQ(event.release, "v7");
  EXPECT_EQ(event.culprit, "t");
  EXPECT_EQ(event.server_name, "w");
}

TEST(SentryEvent, TimesAreReadAsSdksWriteThem) {
  const auto at = [](std::string_view time) {
    return Read(R"({"timestamp":)" + std::string(time) + "}").at_ns / kMillisecondNs;
  };
  for (const std::string_view time :
       {"1795230241.5", R"("1795230241.5")", R"("2026-11-21T03:04:01.5Z")", R"("2026-11-21T03:04:01.500")",
        R"("2026-11-21T04:04:01.5+01:00")", "1.7952302415e9"}) {
    EXPECT_EQ(at(time), 1'795'230'241'500) << time;
  }
  for (const std::string_view time : {"null", "-1", R"("yesterday")", "1e300", "{}", R"("")"}) EXPECT_EQ(at(time), 0);
}

TEST(SentryEvent, BytesThatAreNoTextAreReplaced) {
  EXPECT_EQ(Read("{\"message\":\"a\xFF\xC3z\"}").title, "a\xEF\xBF\xBD\xEF\xBF\xBDz");
  EXPECT_EQ(Read(R"({"message":"a\ud800b"})").title,
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(Read(R"({"message":"a\u0000\nb"})").title, "a  b");
  EXPECT_EQ(Read("\xEF\xBB\xBF{\"message\":\"bom\"}").title, "bom");
  EXPECT_LE(Read(R"({"message":")" + std::string(5'000, 'x') + R"("})").title.size(), kErrorTextMax);
}

TEST(SentryEvent, WhatIsNoJsonObjectIsRefusedByName) {
  for (const std::string_view body : {"", "[]", "7", "null", "{", "{\"a\":", "{\"a\" \"b\"}", "text", "{]"}) {
    const StatusOr<ErrorEvent> event = ReadSentryEvent(body, "7", {});
    ASSERT_FALSE(event.ok()) << body;
    EXPECT_THAT(std::string(MessageOf(event.status())), HasSubstr("a JSON object expected")) << body;
  }
}

TEST(SentryEvent, DepthIsNoDanger) {
  std::string deep(200'000, '[');
  deep = R"({"extra":)" + deep + std::string(200'000, ']') + R"(,"message":"m"})";
  const StatusOr<ErrorEvent> event = ReadSentryEvent(deep, "7", {});
  EXPECT_EQ(event.ok() ? event->title : "m", "m");
}

TEST(SentryLine, AnEventMayStandInAnObjectOfItsOwn) {
  const std::string event = R"({"message":"m","release":"r"})";
  for (const std::string& line : {event, R"({"event":)" + event + R"(,"other":1})"}) {
    const StatusOr<ErrorEvent> read = ReadSentryLine(line, "7", {});
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->title, "m");
    EXPECT_EQ(read->release, "r");
  }
}

// Every place where an SDK may put what nobody shall see; the words differ so that each can be looked for.
TEST(SentrySample, NoPlantedSecretSurvives) {
  const std::string planted =
      R"({"event_id":"6a016cc0e66a6a2bb141996f500d3b85","user":{"id":"plant01","email":"plant02@x.example"},)"
      R"("request":{"url":"https://plant03:plant04@shop.example/pay?card=plant05#plant06","query_string":"plant07",)"
      R"("cookies":"plant08","headers":{"Authorization":"plant09"},)"
      R"("data":"plant10","env":{"A":"plant11"},"method":"GET"},)"
      R"("breadcrumbs":[{"message":"plant12"}],"extra":{"a":"plant13"},"contexts":{)"
      R"("trace":{"a":"plant14"},)"
      R"("runtime":{"name":"node","version":"20.1.0.7","raw":"plant15"}},"modules":{"plant16":"1"},)"
      R"("tags":{"session_id":"plant17","user.name":"plant18","region":"eu","url":"/a?b=plant19","db":)"
      R"("pw=1 password=plant20"},)"
      R"("exception":{"values":[{"type":"E","value":"to plant21@shop.example, token: plant22, Bearer plant23 )"
      R"(at https://h.example/x?plant24","stacktrace":{"frames":[{"filename":"https://h.example/app.js?plant25",)"
      R"("function":"pay","vars":{"a":"plant26"},"context_line":"plant27","pre_context":["plant28"]}]}}]},)"
      R"("transaction":"https://h.example/pay?plant29","message":)"
      R"("card 4111 1111 1111 1111 of 203.0.113.9 and 2001:db8::9"})";
  const ErrorEvent event = Read(planted);
  ASSERT_FALSE(event.sample.empty());
  const std::string all = event.sample + event.title + event.culprit + event.type;
  for (int i = 1; i <= 29; ++i) {
    EXPECT_THAT(all, Not(HasSubstr("plant" + std::string(i < 10 ? "0" : "") + std::to_string(i))));
  }
  EXPECT_THAT(all, Not(HasSubstr("4111")));
  EXPECT_THAT(all, Not(HasSubstr("203.0.113.9")));
  EXPECT_THAT(all, Not(HasSubstr("2001:db8")));
  // And what helps is there.
  for (const std::string_view kept : {"shop.example/pay", "\"region\"", "app.js", "\"pay\"", "20.1.0.7", "GET"}) {
    EXPECT_THAT(event.sample, HasSubstr(std::string(kept)));
  }
}

TEST(SentrySample, StaysWithinItsBoundByLeavingOutTagsThenFrames) {
  std::string frames;
  for (int i = 0; i < 200; ++i) {
    frames += std::string(i == 0 ? "" : ",") + R"({"function":")" + std::string(150, 'f') + std::to_string(i) +
              R"(","module":")" + std::string(150, 'm') + R"("})";
  }
  const ErrorEvent event =
      Read(R"({"tags":{"a":"b"},"exception":[{"type":"E","stacktrace":{"frames":[)" + frames + "]}}]}");
  EXPECT_LE(event.sample.size(), kErrorSampleMax);
  EXPECT_THAT(event.sample, HasSubstr("f199"));
  EXPECT_THAT(event.sample, Not(HasSubstr("\"tags\"")));
  simdjson::dom::parser parser;
  EXPECT_EQ(parser.parse(event.sample).error(), simdjson::SUCCESS);
}

}  // namespace
}  // namespace revertd

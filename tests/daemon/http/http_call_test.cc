// The words between server and handler.
#include "daemon/http/http_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace revertd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(ParseTarget, SplitsPathAndQuery) {
  const auto target = ParseTarget("/v1/services/web?after=7&limit=10&flag&empty=");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->path, "/v1/services/web");
  EXPECT_THAT(target->query, ElementsAre(Pair("after", "7"), Pair("limit", "10"), Pair("flag", ""), Pair("empty", "")));
  EXPECT_THAT(ParseTarget("/")->query, IsEmpty());
  EXPECT_THAT(ParseTarget("/?")->query, IsEmpty());
  EXPECT_THAT(ParseTarget("/?&&a=1&")->query, ElementsAre(Pair("a", "1")));
}

TEST(ParseTarget, DecodesEachPartAfterItIsSplit) {
  const auto target = ParseTarget("/a%20b+c/%c3%a9?k%3D=v%26w&plus=1+2&also=%2b&q=a?b=c");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->path, "/a b+c/\xc3\xa9");
  EXPECT_THAT(target->query,
              ElementsAre(Pair("k=", "v&w"), Pair("plus", "1 2"), Pair("also", "+"), Pair("q", "a?b=c")));
}

TEST(ParseTarget, TakesNoneThatLeadsAstray) {
  for (const char* target :
       {"",       "*",         "web",         "http://host/x", "host:443", "/a/../b", "/..",  "/.",
        "/a/./b", "/%2e%2e/x", "/a%2f..%2Fb", "/a/%2E",        "/a\nb",    "/a b",    "/a#b", "/a%0ab",
        "/a%00",  "/a%7f",     "/a\x7f",      "/a?b=%0d",      "/a?%00=1", "/a?b c"}) {
    EXPECT_FALSE(ParseTarget(target).has_value()) << target;
  }
  for (const char* target : {"/...", "/..a", "/a..", "/.well-known/x", "//", "/a//b", "/%25", "/?x=../.."}) {
    EXPECT_TRUE(ParseTarget(target).has_value()) << target;
  }
}

TEST(ParseTarget, TakesNoWrongEscape) {
  for (const char* target : {"/%", "/%4", "/%zz", "/%4g", "/a?%", "/a?b=%1", "/%%41"}) {
    EXPECT_FALSE(ParseTarget(target).has_value()) << target;
  }
  EXPECT_FALSE(ParseTarget(std::string_view("/a\0b", 4)).has_value());
}

TEST(HttpCall, AnswersTheFirstOfAName) {
  HttpCall call;
  call.query = {{"a", "1"}, {"a", "2"}, {"A", "3"}};
  call.headers = {{"x-one", "1"}, {"x-one", "2"}};
  EXPECT_EQ(call.Query("a"), "1");
  EXPECT_EQ(call.Query("b"), "");
  EXPECT_EQ(call.Header("x-one"), "1");
  EXPECT_EQ(call.Header("X-One"), "");
}

TEST(HttpError, SaysCodeAndWordsAsJson) {
  const HttpReply reply = HttpError(404, "not_found", "no \"web\"\n");
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.content_type, "application/json");
  EXPECT_EQ(reply.body, R"({"error":{"code":"not_found","message":"no \"web\"\n"}})");
}

}  // namespace
}  // namespace revertd

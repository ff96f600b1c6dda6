#include "daemon/api/body.h"

#include <gtest/gtest.h>

namespace revertd {
namespace {

std::string WhyNot(std::string_view text, const std::vector<std::string_view>& known = {"service", "at"}) {
  const auto body = ReadBody(text, known);
  return body.ok() ? "read" : std::string(MessageOf(body.status()));
}

TEST(Body, ReadsTextsNumbersAndTruths) {
  const auto body = ReadBody(R"({"service":"check\u006fut","at":1763694609.25,"on":true,"why":null})",
                             {"service", "at", "on", "why", "by"});
  ASSERT_TRUE(body.ok());
  EXPECT_EQ((*body)["service"], "checkout");
  EXPECT_EQ((*body)["at"], "1763694609.25");
  EXPECT_EQ((*body)["on"], "true");
  EXPECT_EQ((*body)["why"], "");
  EXPECT_EQ((*body)["by"], "");
}

TEST(Body, NothingIsAnEmptyObject) {
  EXPECT_EQ(WhyNot(""), "read");
  EXPECT_EQ(WhyNot(" \n"), "read");
  EXPECT_EQ(WhyNot("{}"), "read");
}

TEST(Body, NamesWhatIsWrong) {
  EXPECT_EQ(WhyNot("[]"), "the body is no JSON object");
  EXPECT_EQ(WhyNot("nonsense"), "the body is no JSON object");
  EXPECT_EQ(WhyNot(R"({"servce":"a"})"), "unknown member \"servce\"; did you mean \"service\"?");
  EXPECT_EQ(WhyNot(R"({"zzzzzzzzzzzz":"a"})"), "unknown member \"zzzzzzzzzzzz\"; known are service, at");
  EXPECT_EQ(WhyNot(R"({"x":1})", {}), "unknown member \"x\"; none is expected");
  EXPECT_EQ(WhyNot(R"({"service":{}})"), "member \"service\": one string, number or truth expected");
  EXPECT_EQ(WhyNot(R"({"service":["a"]})"), "member \"service\": one string, number or truth expected");
  EXPECT_EQ(WhyNot(R"({"service":"a","service":"b"})"), "member \"service\" stands twice");
  EXPECT_EQ(WhyNot(R"({"service":"a"} {})"), "something stands after the body's object");
}

// A truncated body must never read as a shorter one.
TEST(Body, EveryCutIsRefused) {
  const std::string whole = R"({"service":"checkout","at":"2026-11-21T10:00:00Z"})";
  for (size_t length = 1; length < whole.size(); ++length) {
    EXPECT_NE(WhyNot(whole.substr(0, length)), "read") << length;
  }
}

}  // namespace
}  // namespace revertd

// Recorded events are read line by line, whatever the pieces, named by service, handed out by time, and counted where
// they are left out.
#include "daemon/recorded_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/test_folder.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Refusal = RecordedErrors::Refusal;

constexpr int64_t kStart = 1'795'255'200;

RecordedErrors::Reading ByServerName() {
  return {.service_of = [](const ErrorEvent& event) { return event.server_name; }};
}

std::string Line(int64_t second, const std::string& type, const std::string& server = "shop") {
  return R"({"timestamp":)" + std::to_string(second) + R"(,"server_name":")" + server +
         R"(","exception":{"values":[{"type":")" + type + R"("}]}})" + "\n";
}

std::vector<std::string> TypesThrough(RecordedErrors& errors, int64_t second) {
  std::vector<std::string> types;
  errors.TakeThrough(second, [&](const ErrorEvent& event) { types.push_back(event.type); });
  return types;
}

TEST(RecordedErrors, ComeInOrderOfTimeAsTheLogPasses) {
  RecordedErrors errors(ByServerName());
  ASSERT_TRUE(
      errors.AddText(Line(kStart + 2, "C") + Line(kStart, "A") + "\n" + Line(kStart + 2, "D"), false, "f").ok());
  std::string wrapped = Line(kStart + 1, "B");
  wrapped.pop_back();
  ASSERT_TRUE(errors.AddText(R"({"event":)" + wrapped + "}", true, "f").ok());
  EXPECT_EQ(errors.NextSecond(), kStart);
  EXPECT_THAT(TypesThrough(errors, kStart + 1), ElementsAre("A", "B"));
  EXPECT_THAT(TypesThrough(errors, kStart + 1), ElementsAre());
  EXPECT_EQ(errors.NextSecond(), kStart + 2);
  EXPECT_THAT(TypesThrough(errors, kStart + 2), ElementsAre("C", "D"));
  EXPECT_EQ(errors.NextSecond(), std::nullopt);
  EXPECT_EQ(errors.size(), 4U);
}

TEST(RecordedErrors, HoweverTheBytesComeTheEventsAreTheSame) {
  const std::string text = Line(kStart, "A") + "{broken\n" + Line(kStart + 1, "B", "") + Line(kStart + 2, "C");
  for (const size_t piece : {size_t{1}, size_t{7}, text.size()}) {
    RecordedErrors errors(ByServerName());
    for (size_t at = 0; at < text.size(); at += piece) {
      ASSERT_TRUE(errors.AddText(std::string_view(text).substr(at, piece), false, "f").ok());
    }
    ASSERT_TRUE(errors.AddText("", true, "f").ok());
    EXPECT_THAT(TypesThrough(errors, kStart + 2), ElementsAre("A", "C")) << piece;
    EXPECT_EQ(errors.refused(Refusal::kUnreadable), 1U);
    EXPECT_EQ(errors.refused(Refusal::kNoService), 1U);
  }
}

TEST(RecordedErrors, WhatIsLeftOutIsCountedByName) {
  RecordedErrors errors(ByServerName());
  const std::string endless = R"({"message":")" + std::string(kEventLineBytesMax, 'x') + "\"}\n";
  ASSERT_TRUE(errors.AddText(endless, false, "f").ok());
  ASSERT_TRUE(errors.AddText(R"({"message":"when?","server_name":"shop"})", true, "f").ok());
  ASSERT_TRUE(errors.AddText(Line(kStart, "A") + Line(kStart + 5, "B"), true, "f").ok());
  EXPECT_THAT(TypesThrough(errors, kStart), ElementsAre("A"));
  errors.RefuseRest();
  JsonWriter json;
  json.BeginObject();
  errors.AppendCounts(json);
  EXPECT_EQ(json.EndObject().Take(),
            R"({"error_events":1,"refused_error_events":{"too_long":1,"no_time":1,"after_log":1}})");
}

TEST(RecordedErrors, AFileThatIsNotThereIsSaid) {
  const TestFolder folder;
  RecordedErrors errors(ByServerName());
  EXPECT_FALSE(errors.ReadFile(folder.Path("none.ndjson")).ok());
  ASSERT_TRUE(errors.ReadFile(folder.Write("events.ndjson", Line(kStart, "A"))).ok());
  EXPECT_EQ(errors.NextSecond(), kStart);
}

}  // namespace
}  // namespace revertd

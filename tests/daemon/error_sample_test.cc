// A sample in a few lines: what was thrown and where, whatever shape it came in.
#include "daemon/error_sample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_event.h"

namespace revertd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ErrorSample, ShowsWhatWasThrownAndItsInnermostFrames) {
  std::string frames;
  for (int i = 0; i < 7; ++i) {
    frames += (i ? "," : "") + std::string(R"({"function":"f)") + std::to_string(i) +
              R"(","module":"shop.views","filename":"shop/views.py","lineno":)" + std::to_string(10 + i) + "}";
  }
  EXPECT_THAT(SampleLines(R"({"exception":{"values":[{"type":"KeyError","value":"'total'"},)"
                          R"({"type":"PayError","value":"no total","stacktrace":{"frames":[)" +
                          frames + "]}}]}}"),
              ElementsAre("PayError: no total", "  at f6 in shop.views (shop/views.py:16)",
                          "  at f5 in shop.views (shop/views.py:15)", "  at f4 in shop.views (shop/views.py:14)",
                          "  at f3 in shop.views (shop/views.py:13)", "  at f2 in shop.views (shop/views.py:12)",
                          "  and 2 frames further out", "because of KeyError: 'total'"));
}

TEST(ErrorSample, BearsEveryShapeThatIsKept) {
  EXPECT_THAT(SampleLines(R"({"exception":[{"type":"Error","stacktrace":{"frames":[null,{"filename":"a.js"}]}}]})"),
              ElementsAre("Error", "  at ? (a.js)", "  at ?"));
  EXPECT_THAT(SampleLines(R"({"message":"low stock"})"), ElementsAre("low stock"));
  EXPECT_THAT(SampleLines(R"({"logentry":{"message":"low %s","formatted":"low stock"}})"), ElementsAre("low stock"));
  for (const char* nothing : {"", "{", "[]", "7", "{}", R"({"exception":7})", R"({"exception":{"values":{}}})"}) {
    EXPECT_THAT(SampleLines(nothing), IsEmpty()) << nothing;
  }
}

TEST(ErrorSample, PutsNoControlBytesIntoATerminalAndNoLineWithoutEnd) {
  const auto lines =
      SampleLines(R"({"exception":[{"type":"E\u001b[2J","value":")" + std::string(1000, 'x') + R"("}]})");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines.front().substr(0, 8), "E?[2J: x");
  EXPECT_EQ(lines.front().size(), kErrorTextMax);
}

}  // namespace
}  // namespace revertd

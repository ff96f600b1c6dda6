#include "base/strings.h"

#include <gtest/gtest.h>

namespace revertd {
namespace {

TEST(ParseUnsigned, TakesDigitsOnly) {
  EXPECT_EQ(ParseUnsigned("0"), 0U);
  EXPECT_EQ(ParseUnsigned("007"), 7U);
  EXPECT_EQ(ParseUnsigned("18446744073709551615"), 18446744073709551615U);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "18446744073709551616", "a"}) {
    EXPECT_FALSE(ParseUnsigned(text).has_value()) << text;
  }
}

TEST(ParseDouble, TakesFiniteNumbersOnly) {
  EXPECT_EQ(ParseDouble("0.001"), 0.001);
  EXPECT_EQ(ParseDouble("-2.5e-3"), -0.0025);
  EXPECT_EQ(ParseDouble("15"), 15.0);
  for (const char* text : {"", "nan", "inf", "-inf", "1e999", "1,5", "1.5x", " 1", "0x10"}) {
    EXPECT_FALSE(ParseDouble(text).has_value()) << text;
  }
}

TEST(ToLower, TouchesAsciiOnly) {
  EXPECT_EQ(ToLower("Shop.EXAMPLE.com"), "shop.example.com");
  EXPECT_EQ(ToLower("@[`{\xC3\x84"), "@[`{\xC3\x84");
}

TEST(Trim, TakesBlanksOffBothEnds) {
  EXPECT_EQ(Trim(" \t a b \r\n"), "a b");
  EXPECT_EQ(Trim(" \n"), "");
  EXPECT_EQ(Trim(""), "");
}

TEST(Split, KeepsEmptyParts) {
  using Parts = std::vector<std::string_view>;
  EXPECT_EQ(Split("a,,b,", ','), (Parts{"a", "", "b", ""}));
  EXPECT_EQ(Split("", ','), (Parts{""}));
  EXPECT_EQ(Split("abc", ','), (Parts{"abc"}));
}

TEST(Join, UndoesSplit) {
  EXPECT_EQ(Join({"a", "b", "c"}, ", "), "a, b, c");
  EXPECT_EQ(Join({}, ","), "");
  for (const char* text : {"a,b", ",a", "a,,b", ",", "a,", ",,"}) {
    std::vector<std::string> parts;
    for (std::string_view part : Split(text, ',')) parts.emplace_back(part);
    EXPECT_EQ(Join(parts, ","), text);
  }
}

TEST(Nearest, FindsWhatWasMeant) {
  const std::vector<std::string_view> keys = {"services", "sources", "repos", "detect", "guard", "state"};
  EXPECT_EQ(Nearest("servces", keys), "services");
  EXPECT_EQ(Nearest("repo", keys), "repos");
  EXPECT_EQ(Nearest("detcet", keys), "detect");
  EXPECT_EQ(Nearest("guard", keys), "guard");
  EXPECT_FALSE(Nearest("zzzzzzzzzz", keys).has_value());
  EXPECT_FALSE(Nearest("x", {}).has_value());
}

TEST(FormatNumber, IsShortAndWithoutLocale) {
  EXPECT_EQ(FormatNumber(0.0412), "0.0412");
  EXPECT_EQ(FormatNumber(1234.5678), "1235");
  EXPECT_EQ(FormatNumber(1.0 / 3, 2), "0.33");
  EXPECT_EQ(FormatNumber(0), "0");
  EXPECT_EQ(FormatPercent(0.0412), "4.12 %");
  EXPECT_EQ(FormatPercent(1), "100 %");
}

}  // namespace
}  // namespace revertd

#include "base/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace revertd {
namespace {

using ::testing::HasSubstr;

bool Finds(std::string_view expression, std::string_view text) {
  const auto pattern = Pattern::Compile(expression);
  EXPECT_TRUE(pattern.ok()) << pattern.status();
  return pattern.ok() && pattern->FindsIn(text);
}

TEST(Pattern, FindsAnywhereWithCaseAsWritten) {
  EXPECT_TRUE(Finds("ready", "is ready now"));
  EXPECT_FALSE(Finds("ready", "is Ready now"));
  EXPECT_TRUE(Finds("(?i)ready", "is Ready now"));
  EXPECT_TRUE(Finds("^[0-9]+$", "123"));
  EXPECT_FALSE(Finds("^[0-9]+$", "123\n456"));
  EXPECT_TRUE(Finds("(?m)^[0-9]+$", "123\n456"));
  EXPECT_FALSE(Finds("a.b", "a\nb"));
  EXPECT_TRUE(Finds("(?s)a.b", "a\nb"));
  EXPECT_TRUE(Finds("", "anything"));
}

TEST(Pattern, AnEmptyTextIsATextWhereverItStands) {
  EXPECT_TRUE(Finds("^$", std::string_view()));
  EXPECT_TRUE(Finds("", std::string_view()));
  EXPECT_FALSE(Finds(".", std::string_view()));
}

TEST(Pattern, CharactersAreThoseOfUtf8AndTheOtherBytesMatchNothing) {
  EXPECT_TRUE(Finds("^gr.n$", "gr\xC3\xBCn"));
  EXPECT_TRUE(Finds("gr[\xC3\xBC\xC3\xB6]n", "gr\xC3\xBCn"));
  EXPECT_FALSE(Finds("gr[\xC3\xB6]n", "gr\xC3\xBCn"));
  EXPECT_FALSE(Finds("^gr.n$", "gr\xFCn"));
  EXPECT_TRUE(Finds("ready", "\xFF\xFE ready \x80"));
  EXPECT_TRUE(Finds("a\\x00b", std::string_view("a\0b", 3)));
}

TEST(Pattern, WhatIsNoneIsRefusedInTheWordsOfRe2) {
  for (const std::string expression : {"(", "[a", "a{2,1}", "*", "(?<n>a)\\1", "\\8", "\xFF"}) {
    const auto pattern = Pattern::Compile(expression);
    EXPECT_TRUE(absl::IsInvalidArgument(pattern.status())) << expression;
    EXPECT_THAT(std::string(MessageOf(pattern.status())), HasSubstr("no RE2 expression: "));
  }
  EXPECT_EQ(MessageOf(Pattern::Compile("(abc").status()), "no RE2 expression: missing ): (abc");
  EXPECT_TRUE(absl::IsInvalidArgument(Pattern::Compile(std::string(kPatternBytesMax + 1, 'a')).status()));
  EXPECT_TRUE(Pattern::Compile(std::string(kPatternBytesMax, 'a')).ok());
}

TEST(Pattern, MemoryIsBounded) {
  EXPECT_TRUE(absl::IsInvalidArgument(Pattern::Compile("((a{100}){100}){100}").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Pattern::Compile("[\\p{L}]{1000}").status()));
}

// One that backtracks needs longer than anybody waits.
TEST(Pattern, ALongTextTakesLinearTime) {
  const std::string text(1'000'000, 'a');
  EXPECT_FALSE(Finds("(a*)*(a*)*b", text));
  EXPECT_FALSE(Finds("(x+x+)+y", std::string(1'000'000, 'x')));
  EXPECT_FALSE(Finds("a[ab]{200}c", text));  // more states than fit, too
}

TEST(Pattern, CopiesOutliveTheFirstAndThreadsShareThem) {
  std::vector<Pattern> patterns;
  {
    const auto compiled = Pattern::Compile("r[e]ady");
    ASSERT_TRUE(compiled.ok());
    patterns.assign(4, *compiled);
  }
  EXPECT_EQ(patterns[0].expression(), "r[e]ady");
  std::vector<int> found(patterns.size(), 0);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < patterns.size(); ++i) {
    threads.emplace_back([&patterns, &found, i] {
      for (int round = 0; round < 1000; ++round) found[i] += patterns[i].FindsIn("it is ready") ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : found) EXPECT_EQ(count, 1000);
}

}  // namespace
}  // namespace revertd

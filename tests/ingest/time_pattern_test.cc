#include "ingest/format/time_pattern.h"

#include <gtest/gtest.h>

#include <ctime>
#include <random>
#include <string>

#include "base/time_format.h"

namespace revertd {
namespace {

std::optional<TimeNs> Parse(std::string_view letters, std::string_view text) {
  const auto pattern = TimePattern::Compile(letters);
  EXPECT_TRUE(pattern.ok()) << letters;
  return pattern.ok() ? pattern->Parse(text, TimeZone()) : std::nullopt;
}

TEST(TimePattern, ReadsWhatServersWrite) {
  struct Case {
    const char* letters;
    const char* text;
    const char* time;
  };
  for (const Case& c : {
           Case{"%d/%b/%Y:%H:%M:%S %z", "21/Nov/2026:03:10:09 +0100", "2026-11-21T02:10:09Z"},
           {"%Y-%m-%dT%H:%M:%S.%f%z", "2026-11-21T03:10:09.1234567-07:00", "2026-11-21T10:10:09.1234567Z"},
           {"%F %T", "2026-11-21 03:10:09", "2026-11-21T03:10:09Z"},
           {"%D %R:%S", "11/21/26 03:10:09", "2026-11-21T03:10:09Z"},
           {"%A, %e %B %Y %I:%M:%S %p %Z", "Sunday,  1 November 2026 12:10:09 AM GMT", "2026-11-01T00:10:09Z"},
           {"%a %b %e %k:%M:%S %y", "Sat Nov 21  3:10:09 99", "1999-11-21T03:10:09Z"},
           {"%s.%f", "1795230609.5", "2026-11-21T03:10:09.5Z"},
           {"%Y%m%d%H%M%S%%%t", "20261121031060%\t", "2026-11-21T03:11:00Z"},
       }) {
    EXPECT_EQ(Parse(c.letters, c.text), ParseTime(c.time)) << c.letters;
  }
}

TEST(TimePattern, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2026-11-21", "2026-02-30 00:00:00", "2026-13-01 00:00:00", "2026-11-21 24:00:00", "2026-11-21 03:10:61",
        "2026-11-21 03:10:09 ", "2026-11-21T03:10:09", "1969-11-21 03:10:09", "2026-11-21 03:1:x9"}) {
    EXPECT_EQ(Parse("%Y-%m-%d %H:%M:%S", text), std::nullopt) << text;
  }
  for (const char* letters : {"%", "%Q", "%Y-%", "%c"}) EXPECT_FALSE(TimePattern::Compile(letters).ok()) << letters;
}

TEST(TimePattern, KnowsWhatIsMissing) {
  for (const char* letters : {"%s", "%Y-%m-%d %H:%M:%S", "%D %T", "%y%b%e%l%M%S"}) {
    EXPECT_TRUE(TimePattern::Compile(letters)->IsComplete()) << letters;
  }
  for (const char* letters : {"", "%f", "%z", "%Y-%m-%d", "%T", "%b %d %H:%M:%S", "%%s"}) {
    EXPECT_FALSE(TimePattern::Compile(letters)->IsComplete()) << letters;
  }
}

// The C library is the second witness.
TEST(TimePattern, ReadsBackStrftime) {
  constexpr unsigned kSeed = 20261121;
  std::mt19937_64 random(kSeed);
  const char* const kLetters[] = {"%Y-%m-%d %H:%M:%S", "%d/%b/%Y:%T", "%a, %e %B %Y %I:%M:%S %p", "%D %k %M %S"};
  for (int round = 0; round < 2000; ++round) {
    const auto seconds = static_cast<std::time_t>(random() % 3'000'000'000);
    std::tm civil{};
    gmtime_r(&seconds, &civil);
    for (const char* letters : kLetters) {
      char text[80];
      ASSERT_GT(std::strftime(text, sizeof(text), letters, &civil), 0U);
      // Two digits of a year cannot tell 2069 from 1969.
      if (std::string_view(letters).starts_with("%D") && civil.tm_year + 1900 >= 2069) continue;
      ASSERT_EQ(Parse(letters, text), seconds * kSecondNs) << letters << " " << text << " seed " << kSeed;
    }
  }
}

}  // namespace
}  // namespace revertd

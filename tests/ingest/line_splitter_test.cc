#include "ingest/line_splitter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace revertd {
namespace {

// What a stream's lines are, said as plainly as possible.
std::vector<std::string> NaiveLines(std::string_view stream) {
  std::vector<std::string> lines;
  while (!stream.empty()) {
    const size_t end = stream.find('\n');
    std::string line(stream.substr(0, end));
    if (line.ends_with('\r')) line.pop_back();
    if (line.size() <= kLineBytesMax) lines.push_back(line);
    stream.remove_prefix(end == std::string_view::npos ? stream.size() : end + 1);
  }
  return lines;
}

template <typename NextSize>
std::vector<std::string> SplitInChunks(std::string_view stream, Counters* counters, NextSize&& next_size) {
  LineSplitter splitter(counters);
  std::vector<std::string> lines;
  std::string_view line;
  while (!stream.empty()) {
    const size_t size = std::min({next_size(), stream.size(), splitter.Space().size()});
    std::copy_n(stream.data(), size, splitter.Space().data());
    splitter.Filled(size);
    stream.remove_prefix(size);
    while (splitter.Next(&line)) lines.emplace_back(line);
    EXPECT_FALSE(splitter.Next(&line)) << "an empty splitter must stay empty";
  }
  splitter.EndOfStream();
  while (splitter.Next(&line)) lines.emplace_back(line);
  return lines;
}

std::vector<std::string> SplitWhole(std::string_view stream, Counters* counters) {
  return SplitInChunks(stream, counters, [] { return kReadBytes; });
}

TEST(LineSplitter, DropsLineEndsAndNothingElse) {
  Counters counters;
  const std::string stream("a\nb\r\n\r\n\nc\rd\n\0e\0\n\r\r\nlast", 23);
  const std::vector<std::string> wanted = {"a", "b", "", "", "c\rd", std::string("\0e\0", 3), "\r", "last"};
  EXPECT_EQ(SplitWhole(stream, &counters), wanted);
  EXPECT_EQ(counters.Get(Counter::kLinesRead), 8U);
  EXPECT_EQ(counters.Get(Counter::kLinesUnterminated), 1U);
  EXPECT_EQ(counters.Get(Counter::kBytesRead), stream.size());
}

TEST(LineSplitter, HandsOutNothingOfNothing) {
  Counters counters;
  EXPECT_TRUE(SplitWhole("", &counters).empty());
  EXPECT_EQ(counters.Get(Counter::kLinesRead), 0U);
  EXPECT_EQ(counters.Get(Counter::kLinesUnterminated), 0U);
}

TEST(LineSplitter, SpaceNeverMovesAndLinesSpanManyReads) {
  Counters counters;
  LineSplitter splitter(&counters);
  const char* const space = splitter.Space().data();
  ASSERT_EQ(splitter.Space().size(), kReadBytes);
  std::string_view line;
  for (size_t i = 0; i < kLineBytesMax; ++i) {
    splitter.Space()[0] = static_cast<char>('a' + i % 26);
    splitter.Filled(1);
    ASSERT_FALSE(splitter.Next(&line));
    ASSERT_EQ(splitter.Space().data(), space);
  }
  splitter.Space()[0] = '\n';
  splitter.Filled(1);
  ASSERT_TRUE(splitter.Next(&line));
  ASSERT_EQ(line.size(), kLineBytesMax);
  for (size_t i = 0; i < line.size(); ++i) ASSERT_EQ(line[i], static_cast<char>('a' + i % 26)) << i;
}

// A line that just fits, with and without CR, and one that is a byte too long, however they are cut.
TEST(LineSplitter, TheLimitIsExact) {
  const std::string fits(kLineBytesMax, 'f');
  const std::string long_line(kLineBytesMax + 1, 'l');
  const std::string huge(3 * kReadBytes + 17, 'h');
  const std::string stream =
      fits + "\n" + long_line + "\n" + fits + "\r\n" + long_line + "\r\n" + huge + "\nshort\n" + huge;
  for (const size_t chunk :
       {size_t{1}, size_t{4093}, kLineBytesMax, kLineBytesMax + 1, kLineBytesMax + 2, kReadBytes}) {
    Counters counters;
    EXPECT_EQ(SplitInChunks(stream, &counters, [&] { return chunk; }), NaiveLines(stream)) << "chunks of " << chunk;
    EXPECT_EQ(counters.Get(Counter::kLinesTooLong), 4U) << "chunks of " << chunk;
    EXPECT_EQ(counters.Get(Counter::kLinesRead), 7U) << "chunks of " << chunk;
    EXPECT_EQ(counters.Get(Counter::kLinesUnterminated), 1U) << "chunks of " << chunk;
  }
}

// Every stream of up to seven bytes of an alphabet that matters, cut at every pair of places.
TEST(LineSplitter, SmallStreamsExhaustively) {
  constexpr std::string_view kAlphabet("\n\rx");
  for (size_t length = 0; length <= 7; ++length) {
    size_t streams = 1;
    for (size_t i = 0; i < length; ++i) streams *= kAlphabet.size();
    for (size_t code = 0; code < streams; ++code) {
      std::string stream;
      for (size_t i = 0, rest = code; i < length; ++i, rest /= kAlphabet.size()) {
        stream += kAlphabet[rest % kAlphabet.size()];
      }
      for (const size_t chunk : {size_t{1}, size_t{2}, size_t{3}, size_t{7}}) {
        Counters counters;
        ASSERT_EQ(SplitInChunks(stream, &counters, [&] { return chunk; }), NaiveLines(stream))
            << "stream " << code << " of length " << length << " in chunks of " << chunk;
      }
    }
  }
}

TEST(LineSplitter, LargeStreamsAtRandom) {
  constexpr unsigned kSeed = 7;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 20; ++round) {
    std::string stream;
    while (stream.size() < 3 * kReadBytes) {
      const bool is_long = random() % 50 == 0;
      stream.append(random() % (is_long ? 2 * kLineBytesMax : 400), static_cast<char>('a' + random() % 26));
      stream += random() % 3 == 0 ? "\r\n" : "\n";
    }
    if (random() % 2 == 0) stream += "unterminated";
    Counters counters;
    const auto lines =
        SplitInChunks(stream, &counters, [&] { return 1 + random() % (random() % 2 == 0 ? 100 : kReadBytes); });
    ASSERT_EQ(lines, NaiveLines(stream)) << "seed " << kSeed << " round " << round;
    ASSERT_EQ(counters.Get(Counter::kLinesRead), lines.size() + counters.Get(Counter::kLinesTooLong));
  }
}

}  // namespace
}  // namespace revertd

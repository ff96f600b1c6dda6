// Every kernel against a loop over single bytes.
#include "ingest/fast/byte_index.h"
#include "tests/ingest/kernels.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "ingest/fast/byte_search.h"

namespace revertd {
namespace {

std::vector<uint32_t> OneByOne(std::string_view block, const DelimiterSet& delimiters) {
  const std::string_view wanted(delimiters.bytes.data(), delimiters.size);
  std::vector<uint32_t> positions;
  for (size_t i = 0; i < block.size(); ++i) {
    if (block[i] == '\n' || wanted.find(block[i]) != std::string_view::npos)
      positions.push_back(static_cast<uint32_t>(i));
  }
  return positions;
}

// The block stands at every distance from a boundary of 64, between bytes that would all be found.
void ExpectSamePositions(const std::string& text, const DelimiterSet& delimiters, size_t shift) {
  std::vector<char> memory(text.size() + 4 * kBlockMarginBytes, '\n');
  char* const aligned =
      memory.data() + kBlockMarginBytes +
      (kBlockMarginBytes - reinterpret_cast<uintptr_t>(memory.data()) % kBlockMarginBytes) % kBlockMarginBytes;
  std::copy(text.begin(), text.end(), aligned + shift);
  const std::string_view block(aligned + shift, text.size());
  const std::vector<uint32_t> wanted = OneByOne(block, delimiters);
  for (const SimdKernel kernel : AvailableKernels()) {
    ByteIndex index(kernel, delimiters, block.size());
    const auto positions = index.Build(block);
    ASSERT_EQ(std::vector<uint32_t>(positions.begin(), positions.end()), wanted)
        << NameOf(kernel) << ", " << text.size() << " bytes at " << shift;
    for (size_t i = 0; !positions.empty() && i < ByteIndex::kRepeats; ++i) {
      ASSERT_EQ(positions.data()[positions.size() + i], positions.back());
    }
  }
}

const DelimiterSet kSets[] = {{.bytes = {'"'}, .size = 1},
                              {.bytes = {' '}, .size = 1, .dense = true},
                              {.bytes = {'"', ' '}, .size = 2},
                              {.bytes = {'"', '\\'}, .size = 2, .dense = true},
                              {.bytes = {'\0', '\x7f'}, .size = 2}};

TEST(ByteIndex, EveryShortLengthAtEveryAlignment) {
  std::mt19937 random(1);
  for (size_t size = 0; size <= 130; ++size) {
    std::string text(size, '\0');
    for (char& c : text) c = "\"\n x"[random() % 4];
    for (size_t shift = 0; shift < kBlockMarginBytes; shift += size % 7 == 0 ? size_t{1} : size_t{13}) {
      for (const DelimiterSet& set : kSets) ExpectSamePositions(text, set, shift);
    }
  }
}

TEST(ByteIndex, RandomBytesOfEveryDensity) {
  std::mt19937 random(2);
  for (int round = 0; round < 300; ++round) {
    std::string text(random() % 5000, '\0');
    const auto one_in = 1 + random() % 40;
    const DelimiterSet& set = kSets[random() % std::size(kSets)];
    for (char& c : text) {
      c = random() % one_in == 0 ? set.bytes[random() % set.size] : static_cast<char>(random());
    }
    ExpectSamePositions(text, set, random() % kBlockMarginBytes);
  }
}

// Bytes that share a half with a delimiter, and those above 127, are none.
TEST(ByteIndex, EveryByteBesideEveryOther) {
  std::string text;
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; b += 3) text += {static_cast<char>(a), static_cast<char>(b)};
  }
  for (const DelimiterSet& set : kSets) ExpectSamePositions(text, set, 5);
}

// The kernel of machines without vectors, which this one may never run.
TEST(ByteIndex, EightBytesInAPlainRegisterAreMatchedOneByOne) {
  std::mt19937_64 random(3);
  for (const DelimiterSet& set : kSets) {
    for (int round = 0; round < 20'000; ++round) {
      std::array<char, 8> bytes;
      for (char& c : bytes) {
        const auto pick = random() % 4;
        c = pick == 0 ? '\n' : pick == 1 ? set.bytes[random() % set.size] : static_cast<char>(random());
        if (random() % 4 == 0) c = static_cast<char>(c ^ 1 << random() % 8);
      }
      const std::string_view text(bytes.data(), bytes.size());
      unsigned wanted = 0;
      for (const uint32_t at : OneByOne(text, set)) wanted |= 1U << at;
      const unsigned got =
          set.size == 1 ? MatchMask8<1>(text.data(), set.bytes) : MatchMask8<2>(text.data(), set.bytes);
      ASSERT_EQ(got, wanted);
    }
  }
}

TEST(ByteIndex, ABlockFullOfMarksFits) {
  for (const DelimiterSet& set : kSets) ExpectSamePositions(std::string(10'000, '\n'), set, 63);
}

TEST(SimdKernel, NamesAreReadBack) {
  for (const SimdKernel kernel : AvailableKernels()) EXPECT_EQ(*KernelNamed(NameOf(kernel)), kernel);
  EXPECT_EQ(*KernelNamed("auto"), BestKernel());
  EXPECT_FALSE(KernelNamed("sse9").ok());
  if (!IsAvailable(SimdKernel::kAvx512)) {
    EXPECT_FALSE(KernelNamed("avx512").ok());
    GTEST_SKIP() << "NOT TESTED: the AVX-512 kernel, this machine has none";
  }
}

}  // namespace
}  // namespace revertd

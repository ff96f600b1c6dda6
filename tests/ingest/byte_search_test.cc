// Numbers that are read eight bytes at a time, against readers that go from byte to byte, whatever stands around them.
#include "ingest/fast/byte_search.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <random>
#include <string>

#include "base/ascii.h"
#include "ingest/fast/byte_index.h"

namespace revertd {
namespace {

constexpr unsigned kSeed = 43;

// One to `digits_max` digits and nothing else.
std::optional<int64_t> NumberOf(std::string_view text, size_t digits_max) {
  if (text.empty() || text.size() > digits_max) return std::nullopt;
  int64_t number = 0;
  for (const char c : text) {
    if (!IsDigit(c)) return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

std::optional<int64_t> ThousandthsOf(std::string_view text) {
  const size_t point = text.size() - 4;
  if (text.size() < 5 || text.size() > 8 || text[point] != '.') return std::nullopt;
  return NumberOf(std::string(text.substr(0, point)) + std::string(text.substr(point + 1)), 7);
}

std::optional<std::array<int64_t, 5>> FiveNumbersOf(std::string_view text) {
  std::array<int64_t, 5> numbers;
  if (text.size() > 31) return std::nullopt;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const size_t slash = text.find('/');
    if ((slash == std::string_view::npos) != (i + 1 == numbers.size())) return std::nullopt;
    const auto number = NumberOf(text.substr(0, slash), 8);
    if (!number) return std::nullopt;
    numbers[i] = *number;
    text.remove_prefix(slash == std::string_view::npos ? text.size() : slash + 1);
  }
  return numbers;
}

void ExpectSame(std::string_view text, char around) {
  const std::string padded =
      std::string(kBlockMarginBytes, around) + std::string(text) + std::string(kBlockMarginBytes, around);
  const char* const at = padded.data() + kBlockMarginBytes;
  const char* const end = at + text.size();
  int64_t number = 0;
  const auto wanted = NumberOf(text, 8);
  ASSERT_EQ(ReadShortNumber(at, end, &number), wanted.has_value()) << text;
  if (wanted) {
    ASSERT_EQ(number, *wanted) << text;
  }
  const auto thousandths = ThousandthsOf(text);
  ASSERT_EQ(ReadShortThousandths(at, end, &number), thousandths.has_value()) << text;
  if (thousandths) {
    ASSERT_EQ(number, *thousandths) << text;
  }
  if (text.size() == 3) {
    ASSERT_EQ(ReadThreeDigits(at, &number), wanted.has_value()) << text;
    if (wanted) {
      ASSERT_EQ(number, *wanted) << text;
    }
  }
  std::array<int64_t, 5> numbers;
  const auto five = FiveNumbersOf(text);
  ASSERT_EQ(ReadShortNumbers(at, end, numbers), five.has_value()) << text;
  if (five) {
    ASSERT_EQ(numbers, *five) << text;
  }
}

TEST(ByteSearch, EightDigitsAreToldFromAllElse) {
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 300'000; ++round) {
    std::string text(8, '0');
    for (char& c : text) c = static_cast<char>('0' + random() % 10);
    // None, one or two bytes of any value.
    for (auto changes = random() % 3; changes > 0; --changes) text[random() % 8] = static_cast<char>(random());
    const auto wanted = NumberOf(text, 8);
    const uint64_t word = LoadWord(text.data());
    ASSERT_EQ(AreDigits(word), wanted.has_value()) << text << ", seed " << kSeed;
    if (wanted) {
      ASSERT_EQ(EightDigits(word), static_cast<uint64_t>(*wanted)) << text;
    }
  }
}

TEST(ByteSearch, NumbersAreReadAsByteForByte) {
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 400'000; ++round) {
    std::string text;
    const auto pieces = random() % 3 == 0 ? 4 + random() % 3 : random() % 3;
    for (uint64_t piece = 0; piece < pieces; ++piece) {
      if (piece > 0) text += pieces > 3 ? '/' : '.';
      for (auto digits = random() % 10; digits > 0; --digits) text += static_cast<char>('0' + random() % 10);
    }
    if (!text.empty() && random() % 4 == 0) text[random() % text.size()] = static_cast<char>(random());
    ExpectSame(text, "09 /.\xff"[random() % 6]);
    if (testing::Test::HasFatalFailure()) FAIL() << "seed " << kSeed;
  }
}

TEST(ByteSearch, EqualBytesOfThirtyTwo) {
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 20'000; ++round) {
    std::string a(32, '\0');
    for (char& c : a) c = static_cast<char>(random());
    std::string b = a;
    uint32_t wanted = ~uint32_t{0};
    for (auto changes = random() % 5; changes > 0; --changes) {
      const auto at = random() % 32;
      b[at] = static_cast<char>(a[at] ^ 1 << random() % 8);
      wanted &= ~(uint32_t{1} << at);
    }
    ASSERT_EQ(EqualMask32(a.data(), b.data()), wanted) << "seed " << kSeed;
  }
}

}  // namespace
}  // namespace revertd

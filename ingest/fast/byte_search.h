// Searches, compares and numbers of stage two, eight or sixteen bytes at a time and without a branch on the text.
//
// Each may read up to kBlockMarginBytes around what it is given (byte_index.h). Pure functions, any thread.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace revertd {

inline uint64_t LoadWord(const char* at) {
  uint64_t word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// The low `bytes` bytes set; `bytes` at most 8.
constexpr uint64_t LowBytes(size_t bytes) { return bytes >= 8 ? ~uint64_t{0} : ~(~uint64_t{0} << (bytes * 8)); }

// A literal of at most eight bytes, compared in one go.
struct ShortLiteral {
  uint64_t word = 0;
  uint64_t mask = 0;

  static constexpr ShortLiteral Of(std::string_view text) {
    ShortLiteral literal{.word = 0, .mask = LowBytes(text.size())};
    for (size_t i = 0; i < text.size(); ++i) literal.word |= uint64_t{static_cast<uint8_t>(text[i])} << (i * 8);
    return literal;
  }
  bool StandsAt(const char* at) const { return ((LoadWord(at) ^ word) & mask) == 0; }
};

// One bit for each of the eight bytes from `at` on: whether it is an LF or one of the first kWanted of `wanted`. In
// plain registers, for machines of which no vectors are known here.
template <size_t kWanted>
inline uint8_t MatchMask8(const char* at, const std::array<char, 2>& wanted) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kLow = kOnes * 0x7F;
  const uint64_t word = LoadWord(at);
  // A byte's top bit is clear just where the byte is `byte`: else the sum carries into it.
  const auto differs = [word](char byte) {
    const uint64_t other = word ^ kOnes * static_cast<uint8_t>(byte);
    return ((other & kLow) + kLow) | other;
  };
  uint64_t all = differs('\n');
  for (size_t i = 0; i < kWanted; ++i) all &= differs(wanted[i]);
  // The product gathers the eight top bits into its top byte, in order.
  return static_cast<uint8_t>((((~all & ~kLow) >> 7) * 0x0102040810204080) >> 56);
}

// One bit for each of the 32 bytes from `at` on: whether it is `byte`.
inline uint32_t MatchMask32(const char* at, char byte) {
#if defined(__SSE2__)
  const __m128i wanted = _mm_set1_epi8(byte);
  const auto half = [wanted](const char* from) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted)));
  };
  return half(at) | half(at + 16) << 16;
#else
  uint32_t mask = 0;
  for (size_t i = 0; i < 32; ++i) mask |= uint32_t{at[i] == byte} << i;
  return mask;
#endif
}

// The same of 64.
inline uint64_t MatchMask64(const char* at, char byte) {
  return MatchMask32(at, byte) | uint64_t{MatchMask32(at + 32, byte)} << 32;
}

// One bit for each of 32 bytes: whether those at `a` and at `b` are equal.
inline uint32_t EqualMask32(const char* a, const char* b) {
#if defined(__SSE2__)
  const auto half = [](const char* x, const char* y) {
    const auto load = [](const char* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); };
    return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(load(x), load(y))));
  };
  return half(a, b) | half(a + 16, b + 16) << 16;
#else
  uint32_t mask = 0;
  for (size_t i = 0; i < 32; ++i) mask |= uint32_t{a[i] == b[i]} << i;
  return mask;
#endif
}

// The first `byte` in [at, end), or `end`. Most fields are shorter than 32 bytes: one round, no guess.
inline const char* FindByte(const char* at, const char* end, char byte) {
  for (; at < end; at += 32) {
    const uint32_t mask = MatchMask32(at, byte);
    if (mask != 0) [[likely]] {
      const char* const found = at + std::countr_zero(mask);
      return found < end ? found : end;
    }
  }
  return end;
}

// Whether each of the sixteen bytes at `at` is one of `spans` + 1 values from `lowest` on.
inline bool AreInRanges(const char* at, const uint8_t* lowest, const uint8_t* spans) {
#if defined(__SSE2__)
  const auto load = [](const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); };
  const __m128i above = _mm_sub_epi8(load(at), load(lowest));
  return _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(above, load(spans)), above)) == 0xFFFF;
#else
  bool fit = true;
  for (size_t i = 0; i < 16; ++i) fit &= static_cast<uint8_t>(static_cast<uint8_t>(at[i]) - lowest[i]) <= spans[i];
  return fit;
#endif
}

// One bit for each of the 32 bytes from `at` on: whether it is in ['/', '9'], digits and slashes.
inline uint32_t DigitOrSlashMask32(const char* at) {
#if defined(__SSE2__)
  const auto half = [](const char* from) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i above = _mm_sub_epi8(bytes, _mm_set1_epi8('/'));
    const __m128i fits = _mm_cmpeq_epi8(_mm_min_epu8(above, _mm_set1_epi8('9' - '/')), above);
    return static_cast<uint32_t>(_mm_movemask_epi8(fits));
  };
  return half(at) | half(at + 16) << 16;
#else
  uint32_t mask = 0;
  for (size_t i = 0; i < 32; ++i) mask |= uint32_t{at[i] >= '/' && at[i] <= '9'} << i;
  return mask;
#endif
}

// Whether all eight bytes are decimal digits.
inline bool AreDigits(uint64_t word) {
  // Less '0', and above 9 the sum has the byte's top bit. A byte that carries into the next one had it before.
  const uint64_t values = word ^ 0x3030303030303030;
  return (((values + 0x7676767676767676) | values) & 0x8080808080808080) == 0;
}

// The number that eight digits say, the first byte the highest.
inline uint64_t EightDigits(uint64_t word) {
  word = (word & 0x0F0F0F0F0F0F0F0F) * 2561 >> 8;
  word = (word & 0x00FF00FF00FF00FF) * 6553601 >> 16;
  return (word & 0x0000FFFF0000FFFF) * 42949672960001 >> 32;
}

// The last `size` (1 to 8) bytes before `end`, with zeros in front.
inline uint64_t RightAlignedDigits(const char* end, size_t size) {
  constexpr uint64_t kZeros = 0x3030303030303030;
  const uint64_t keep = ~uint64_t{0} << ((8 - size) * 8);
  return (LoadWord(end - 8) & keep) | (kZeros & ~keep);
}

// How many of the eight bytes from `at` on are digits before the first that is none.
inline size_t CountDigits(const char* at) {
  const uint64_t word = LoadWord(at);
  // A carry out of a byte that is no digit only reaches those behind it.
  const uint64_t others = ((word & 0xF0F0F0F0F0F0F0F0) ^ 0x3030303030303030) |
                          (((word + 0x0606060606060606) & 0xF0F0F0F0F0F0F0F0) ^ 0x3030303030303030);
  return static_cast<size_t>(std::countr_zero(others)) / 8;
}

// One to eight digits that fill [at, end); false for any other text, which is not to say that it is no number.
inline bool ReadShortNumber(const char* at, const char* end, int64_t* value) {
  const auto size = static_cast<size_t>(end - at);
  if (size - 1 > 7) return false;
  const uint64_t word = RightAlignedDigits(end, size);
  *value = static_cast<int64_t>(EightDigits(word));
  return AreDigits(word);
}

// "0.003" to "9999.999" in thousandths: what nginx writes of seconds; false for any other text.
inline bool ReadShortThousandths(const char* at, const char* end, int64_t* value) {
  const auto size = static_cast<size_t>(end - at);
  if (size - 5 > 3) return false;
  const uint64_t word = RightAlignedDigits(end, size);
  // s s s s . m m m becomes 0 s s s s m m m.
  const uint64_t digits = (word & 0xFFFFFF0000000000) | ((word & 0xFFFFFFFF) << 8) | '0';
  *value = static_cast<int64_t>(EightDigits(digits));
  return AreDigits(digits) && ((word >> 32) & 0xFF) == '.';
}

// Exactly three digits from `at` on.
inline bool ReadThreeDigits(const char* at, int64_t* value) {
  const uint64_t digits = (LoadWord(at) & 0xFFFFFF) ^ 0x303030;
  *value = static_cast<int64_t>((digits & 0xF) * 100 + (digits >> 8 & 0xF) * 10 + (digits >> 16));
  return ((digits | (digits + 0x060606)) & 0xF0F0F0) == 0;
}

// "10/0/30/69/109": as many numbers of one to eight digits as there is room for, at most 31 bytes; false for any other
// text.
template <size_t kNumbers>
inline bool ReadShortNumbers(const char* at, const char* end, std::array<int64_t, kNumbers>& numbers) {
  const auto size = static_cast<size_t>(end - at);
  if (size > 31) return false;
  const uint32_t behind = uint32_t{1} << size;
  const uint32_t slashes = MatchMask32(at, '/') & (behind - 1);
  if ((~DigitOrSlashMask32(at) & (behind - 1)) != 0) return false;
  uint32_t ends = slashes | behind;
  const char* from = at;
  bool fits = true;
  for (int64_t& number : numbers) {
    if (ends == 0) return false;
    const char* const to = at + std::countr_zero(ends);
    const auto digits = static_cast<size_t>(to - from);
    fits &= digits - 1 < 8;
    // Of what is a digit the low half is its value.
    number = static_cast<int64_t>(EightDigits(LoadWord(to - 8) & (~uint64_t{0} << ((8 - digits) * 8 & 63))));
    ends &= ends - 1;
    from = to + 1;
  }
  return fits && ends == 0;
}

}  // namespace revertd

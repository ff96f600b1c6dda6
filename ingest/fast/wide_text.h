// PortableText and Avx2Text: what a plan asks of 64 bytes at once, one bit a byte, the first byte the lowest bit. A
// plan's template takes either and answers the same.
//
// They may read up to kBlockMarginBytes around what they are given (byte_index.h). Pure functions, any thread.
#pragma once

#include <cstdint>

#include "ingest/fast/byte_search.h"
#include "ingest/fast/simd_target.h"

namespace revertd {

struct PortableText {
  static constexpr bool kShuffles = false;
  static uint64_t Find(const char* at, char byte) { return MatchMask64(at, byte); }
  static uint64_t FindDigitsAndSlashes(const char* at) {
    return DigitOrSlashMask32(at) | uint64_t{DigitOrSlashMask32(at + 32)} << 32;
  }
};

#if defined(__x86_64__)
struct Avx2Text {
  static constexpr bool kShuffles = true;
  REVERTD_TARGET_AVX2 static uint64_t Find(const char* at, char byte) {
    const __m256i wanted = _mm256_set1_epi8(byte);
    return Joined(_mm256_cmpeq_epi8(Load(at), wanted), _mm256_cmpeq_epi8(Load(at + 32), wanted));
  }
  REVERTD_TARGET_AVX2 static uint64_t FindDigitsAndSlashes(const char* at) {
    return Joined(AreDigitsOrSlashes(Load(at)), AreDigitsOrSlashes(Load(at + 32)));
  }

 private:
  REVERTD_TARGET_AVX2 static __m256i Load(const char* at) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  }
  REVERTD_TARGET_AVX2 static uint64_t Joined(__m256i low, __m256i high) {
    return static_cast<uint32_t>(_mm256_movemask_epi8(low)) |
           uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(high))} << 32;
  }
  REVERTD_TARGET_AVX2 static __m256i AreDigitsOrSlashes(__m256i text) {
    const __m256i above = _mm256_sub_epi8(text, _mm256_set1_epi8('/'));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(above, _mm256_set1_epi8('9' - '/')), above);
  }
};
#endif

}  // namespace revertd

// HaproxyTimers: the last four of "0/0/1/9/10" all at once. A byte shuffle gives each of them four bytes; which shuffle
// hangs on where the slashes are. There are a thousand ways, of which a log has few.
//
// Thread contract: one thread.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/sample.h"
#include "ingest/fast/simd_target.h"
#include "ingest/format/access_record.h"

namespace revertd {

#if defined(__x86_64__)

class HaproxyTimers {
 public:
  static constexpr uint32_t kBytesMax = 16;

  // `ends` has a bit for each of four slashes and for the blank behind, at most kBytesMax bytes in front of it; between
  // them are digits, one at least. False where a timer has more than four.
  REVERTD_TARGET_AVX2 bool Read(const char* text, uint32_t ends, AccessRecord& record) {
    Shape& shape = shapes_[(ends * 0x9E3779B1U) >> (32 - kShapesBits)];
    if (shape.ends != ends && !Learn(ends, shape)) [[unlikely]]
      return false;
    const __m128i shuffle = _mm_load_si128(reinterpret_cast<const __m128i*>(shape.shuffle.data()));
    const __m128i word = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
    const __m128i digits = _mm_and_si128(_mm_shuffle_epi8(word, shuffle), _mm_set1_epi8(0x0F));
    // Four lanes of four digits become two pairs each, then milliseconds, then nanoseconds.
    const __m128i pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(10 | 1 << 8));
    const __m128i milliseconds = _mm_madd_epi16(pairs, _mm_set1_epi32(100 | 1 << 16));
    const __m256i ns = _mm256_mul_epu32(_mm256_cvtepu32_epi64(milliseconds), _mm256_set1_epi64x(kMillisecondNs));
    record.duration_ns = _mm256_extract_epi64(ns, kDuration);
    record.upstream_ns = _mm256_extract_epi64(ns, kUpstream);
    record.queue_ns = _mm256_extract_epi64(ns, kQueue);
    record.connect_ns = _mm256_extract_epi64(ns, kConnect);
    return true;
  }

 private:
  enum Lane : uint8_t { kDuration, kUpstream, kQueue, kConnect, kNone };

  struct Shape {
    uint32_t ends = 0;  // 0: not known yet
    alignas(16) std::array<uint8_t, 16> shuffle{};
  };
  static constexpr int kShapesBits = 8;

  static bool Learn(uint32_t ends, Shape& shape) {
    constexpr uint8_t kZero = 0x80;
    shape.ends = 0;
    shape.shuffle.fill(kZero);
    uint32_t rest = ends;
    int begin = 0;
    for (const Lane lane : {kNone, kQueue, kConnect, kUpstream, kDuration}) {
      const int end = std::countr_zero(rest);
      if (end - begin > 4) return false;
      for (int at = begin; at < end && lane != kNone; ++at) {
        shape.shuffle[static_cast<size_t>(lane * 4 + 4 - (end - at))] = static_cast<uint8_t>(at);
      }
      rest &= rest - 1;
      begin = end + 1;
    }
    shape.ends = ends;
    return true;
  }

  std::array<Shape, size_t{1} << kShapesBits> shapes_{};
};

#endif

}  // namespace revertd

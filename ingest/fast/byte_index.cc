#include "ingest/fast/byte_index.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/check.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define REVERTD_TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt")))
#define REVERTD_TARGET_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,avx2,bmi,bmi2,popcnt,lzcnt")))
#endif
// Inlined into functions of several instruction sets, so it must not be compiled on its own.
#define REVERTD_ALWAYS_INLINE inline __attribute__((always_inline))

namespace revertd {
namespace {

constexpr size_t kStepBytes = 64;
static_assert(kBlockMarginBytes >= kStepBytes);

// Writes the position of every bit of `mask`. The first kUnchecked are written whether or not there are so many: a
// branch on the count of a sparse mask is a coin toss for the processor and costs more than the stores.
template <size_t kUnchecked>
REVERTD_ALWAYS_INLINE uint32_t* Flatten(uint64_t mask, uint32_t base, uint32_t* out) {
  const auto count = static_cast<size_t>(__builtin_popcountll(mask));
  for (size_t i = 0; i < kUnchecked; ++i) {
    out[i] = base + static_cast<uint32_t>(std::countr_zero(mask));
    mask &= mask - 1;
  }
  if (count > kUnchecked) [[unlikely]] {
    for (size_t i = kUnchecked; i < count; ++i) {
      out[i] = base + static_cast<uint32_t>(std::countr_zero(mask));
      mask &= mask - 1;
    }
  }
  return out + count;
}

// The aligned steps of a block, and which bits of a step's mask lie inside the block.
struct Steps {
  REVERTD_ALWAYS_INLINE Steps(const char* begin, const char* block_end)
      : at(begin - reinterpret_cast<uintptr_t>(begin) % kStepBytes),
        end(block_end),
        base(static_cast<uint32_t>(at - begin)),  // wraps back at the first position that is kept
        inside(~uint64_t{0} << (begin - at)) {}
  REVERTD_ALWAYS_INLINE bool More() const { return at < end; }
  REVERTD_ALWAYS_INLINE uint64_t Clip(uint64_t mask) {
    mask &= inside;
    inside = ~uint64_t{0};
    const ptrdiff_t left = end - at;
    if (left < static_cast<ptrdiff_t>(kStepBytes)) [[unlikely]]
      mask &= ~(~uint64_t{0} << left);
    return mask;
  }
  REVERTD_ALWAYS_INLINE void Advance() {
    at += kStepBytes;
    base += static_cast<uint32_t>(kStepBytes);
  }

  const char* at;
  const char* const end;
  uint32_t base;
  uint64_t inside;
};

constexpr uint64_t Repeat(char byte) { return uint64_t{0x0101010101010101} * static_cast<uint8_t>(byte); }

// A byte's top bit of the answer is clear just where the byte equals the pattern's: else the sum carries into it.
REVERTD_ALWAYS_INLINE uint64_t Differs(uint64_t word, uint64_t pattern) {
  constexpr uint64_t kLow = 0x7f7f7f7f7f7f7f7f;
  const uint64_t other = word ^ pattern;
  return ((other & kLow) + kLow) | other;
}

template <size_t kDelimiters, size_t kUnchecked>
uint32_t* IndexPortable(const char* begin, const char* end, const DelimiterSet& delimiters, uint32_t* out) {
  constexpr uint64_t kTopBits = 0x8080808080808080;
  std::array<uint64_t, kDelimiters> wanted;
  for (size_t i = 0; i < kDelimiters; ++i) wanted[i] = Repeat(delimiters.bytes[i]);
  for (Steps steps(begin, end); steps.More(); steps.Advance()) {
    uint64_t mask = 0;
    for (size_t i = 0; i < kStepBytes / 8; ++i) {
      uint64_t word;
      std::memcpy(&word, steps.at + i * 8, 8);
      uint64_t differs = Differs(word, Repeat('\n'));
      for (const uint64_t pattern : wanted) differs &= Differs(word, pattern);
      // The product gathers the eight top bits into its top byte, in order.
      mask |= (((~differs & kTopBits) >> 7) * 0x0102040810204080) >> 56 << (i * 8);
    }
    out = Flatten<kUnchecked>(steps.Clip(mask), steps.base, out);
  }
  return out;
}

#if defined(__x86_64__)

template <size_t kDelimiters, size_t kUnchecked>
REVERTD_TARGET_AVX2 uint32_t* IndexAvx2(const char* begin, const char* end, const DelimiterSet& delimiters,
                                        uint32_t* out) {
  const __m256i newline = _mm256_set1_epi8('\n');
  // Plain variables: the vectors of an array would not stay in registers. The unused ones are never looked at.
  const __m256i first = _mm256_set1_epi8(delimiters.bytes[0]);
  const __m256i second = _mm256_set1_epi8(delimiters.bytes[1]);
  const __m256i third = _mm256_set1_epi8(delimiters.bytes[2]);
  const __m256i fourth = _mm256_set1_epi8(delimiters.bytes[3]);
  const auto half = [&](const char* bytes) REVERTD_TARGET_AVX2 __attribute__((always_inline)) {
    const __m256i word = _mm256_load_si256(reinterpret_cast<const __m256i*>(bytes));
    __m256i hit = _mm256_or_si256(_mm256_cmpeq_epi8(word, newline), _mm256_cmpeq_epi8(word, first));
    if constexpr (kDelimiters > 1) hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(word, second));
    if constexpr (kDelimiters > 2) hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(word, third));
    if constexpr (kDelimiters > 3) hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(word, fourth));
    return static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(hit)));
  };
  for (Steps steps(begin, end); steps.More(); steps.Advance()) {
    out = Flatten<kUnchecked>(steps.Clip(half(steps.at) | half(steps.at + 32) << 32), steps.base, out);
  }
  return out;
}

// GCC 12 finds its own headers' undefined vectors undefined (GCC bug 105593).
#if !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

// The compress instruction writes just the positions that are there; sixteen at a time.
REVERTD_TARGET_AVX512 REVERTD_ALWAYS_INLINE uint32_t* FlattenAvx512(uint64_t mask, uint32_t base, uint32_t* out) {
  alignas(64) static constexpr std::array<uint8_t, kStepBytes> kNumbers = [] {
    std::array<uint8_t, kStepBytes> numbers{};
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<uint8_t>(i);
    return numbers;
  }();
  const auto count = static_cast<size_t>(__builtin_popcountll(mask));
  const __m512i packed = _mm512_maskz_compress_epi8(mask, _mm512_load_si512(kNumbers.data()));
  const __m512i start = _mm512_set1_epi32(static_cast<int>(base));
  const auto store = [&](size_t at, __m128i bytes) REVERTD_TARGET_AVX512 __attribute__((always_inline)) {
    _mm512_storeu_si512(out + at, _mm512_add_epi32(_mm512_cvtepu8_epi32(bytes), start));
  };
  store(0, _mm512_castsi512_si128(packed));
  if (count > 16) [[unlikely]] {
    store(16, _mm512_extracti32x4_epi32(packed, 1));
    store(32, _mm512_extracti32x4_epi32(packed, 2));
    store(48, _mm512_extracti32x4_epi32(packed, 3));
  }
  return out + count;
}

template <size_t kDelimiters>
REVERTD_TARGET_AVX512 uint32_t* IndexAvx512(const char* begin, const char* end, const DelimiterSet& delimiters,
                                            uint32_t* out) {
  const __m512i newline = _mm512_set1_epi8('\n');
  const __m512i first = _mm512_set1_epi8(delimiters.bytes[0]);
  const __m512i second = _mm512_set1_epi8(delimiters.bytes[1]);
  const __m512i third = _mm512_set1_epi8(delimiters.bytes[2]);
  const __m512i fourth = _mm512_set1_epi8(delimiters.bytes[3]);
  for (Steps steps(begin, end); steps.More(); steps.Advance()) {
    const __m512i word = _mm512_load_si512(steps.at);
    uint64_t mask = _mm512_cmpeq_epi8_mask(word, newline) | _mm512_cmpeq_epi8_mask(word, first);
    if constexpr (kDelimiters > 1) mask |= _mm512_cmpeq_epi8_mask(word, second);
    if constexpr (kDelimiters > 2) mask |= _mm512_cmpeq_epi8_mask(word, third);
    if constexpr (kDelimiters > 3) mask |= _mm512_cmpeq_epi8_mask(word, fourth);
    out = FlattenAvx512(steps.Clip(mask), steps.base, out);
  }
  return out;
}

#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

bool HasAvx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}
bool HasAvx512() {
  return HasAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi2");
}

#else

bool HasAvx2() { return false; }
bool HasAvx512() { return false; }

#endif

}  // namespace

bool IsAvailable(SimdKernel kernel) {
  switch (kernel) {
    case SimdKernel::kPortable: return true;
    case SimdKernel::kAvx2: return HasAvx2();
    case SimdKernel::kAvx512: return HasAvx512();
  }
  REVERTD_CHECK(false);
}

SimdKernel BestKernel() {
  if (HasAvx512()) return SimdKernel::kAvx512;
  return HasAvx2() ? SimdKernel::kAvx2 : SimdKernel::kPortable;
}

std::string_view NameOf(SimdKernel kernel) {
  switch (kernel) {
    case SimdKernel::kPortable: return "portable";
    case SimdKernel::kAvx2: return "avx2";
    case SimdKernel::kAvx512: return "avx512";
  }
  REVERTD_CHECK(false);
}

StatusOr<SimdKernel> KernelNamed(std::string_view name) {
  if (name == "auto") return BestKernel();
  for (const SimdKernel kernel : {SimdKernel::kPortable, SimdKernel::kAvx2, SimdKernel::kAvx512}) {
    if (name != NameOf(kernel)) continue;
    if (IsAvailable(kernel)) return kernel;
    return InvalidArgument("this machine has no " + std::string(name));
  }
  return InvalidArgument("no instruction set \"" + std::string(name) + "\"; known: auto, avx512, avx2, portable");
}

ByteIndex::Kernel ByteIndex::KernelFor(SimdKernel kernel, const DelimiterSet& delimiters) {
  REVERTD_CHECK(delimiters.size >= 1 && delimiters.size <= delimiters.bytes.size() && IsAvailable(kernel));
  constexpr size_t kSparse = 4;
  constexpr size_t kDense = 8;
  const auto pick = [&](const auto& of_size) {
    return of_size[(delimiters.size - 1) * 2 + (delimiters.dense ? 1 : 0)];
  };
  static constexpr Kernel kPortable[] = {
      IndexPortable<1, kSparse>, IndexPortable<1, kDense>, IndexPortable<2, kSparse>, IndexPortable<2, kDense>,
      IndexPortable<3, kSparse>, IndexPortable<3, kDense>, IndexPortable<4, kSparse>, IndexPortable<4, kDense>};
#if defined(__x86_64__)
  static constexpr Kernel kAvx2[] = {IndexAvx2<1, kSparse>, IndexAvx2<1, kDense>,  IndexAvx2<2, kSparse>,
                                     IndexAvx2<2, kDense>,  IndexAvx2<3, kSparse>, IndexAvx2<3, kDense>,
                                     IndexAvx2<4, kSparse>, IndexAvx2<4, kDense>};
  static constexpr Kernel kAvx512[] = {IndexAvx512<1>, IndexAvx512<2>, IndexAvx512<3>, IndexAvx512<4>};
  if (kernel == SimdKernel::kAvx2) return pick(kAvx2);
  if (kernel == SimdKernel::kAvx512) return kAvx512[delimiters.size - 1];
#endif
  return pick(kPortable);
}

ByteIndex::ByteIndex(SimdKernel kernel, const DelimiterSet& delimiters, size_t block_bytes_max)
    : delimiters_(delimiters),
      kernel_(KernelFor(kernel, delimiters)),
      block_bytes_max_(block_bytes_max),
      positions_(std::make_unique_for_overwrite<uint32_t[]>(block_bytes_max + kStepBytes + kRepeats)) {}

std::span<const uint32_t> ByteIndex::Build(std::string_view block) {
  REVERTD_CHECK(block.size() <= block_bytes_max_);
  if (block.empty()) return {};
  uint32_t* const end = kernel_(block.data(), block.data() + block.size(), delimiters_, positions_.get());
  const auto count = static_cast<size_t>(end - positions_.get());
  if (count != 0) std::fill_n(end, kRepeats, end[-1]);
  return {positions_.get(), count};
}

}  // namespace revertd

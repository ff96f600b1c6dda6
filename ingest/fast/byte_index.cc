#include "ingest/fast/byte_index.h"

#include <algorithm>
#include <string>

#include "base/check.h"
#include "ingest/fast/byte_search.h"
#include "ingest/fast/simd_target.h"

namespace revertd {
namespace {

constexpr size_t kStepBytes = 64;
static_assert(kBlockMarginBytes >= kStepBytes);

// Of a sparse and of a dense set: how many positions are written without looking whether there are so many.
constexpr size_t kSparse = 4;
constexpr size_t kDense = 8;

// Writes the position of every bit of `mask`. The first kUnchecked are written whether or not they are there: a branch
// on the count of a sparse mask is a coin toss for the processor and costs more than the stores. For the same reason
// the lowest bit must be found without asking whether there is one: std::countr_zero asks, in some of its inlinings.
template <size_t kUnchecked>
REVERTD_ALWAYS_INLINE uint32_t* Flatten(uint64_t mask, uint32_t base, uint32_t* out) {
  constexpr uint64_t kTop = uint64_t{1} << 63;
  const auto count = static_cast<size_t>(__builtin_popcountll(mask));
  const auto write = [&](size_t i) __attribute__((always_inline)) {
    out[i] = base + static_cast<uint32_t>(__builtin_ctzll(mask | kTop));
    mask &= mask - 1;
  };
  for (size_t i = 0; i < kUnchecked; ++i) write(i);
  if (count > kUnchecked) [[unlikely]] {
    for (size_t i = kUnchecked; i < count; ++i) write(i);
  }
  return out + count;
}

// The aligned steps of [begin, end), which is not empty; the first and the last may reach out of it.
struct Steps {
  REVERTD_ALWAYS_INLINE Steps(const char* begin, const char* end)
      : before(reinterpret_cast<uintptr_t>(begin) % kStepBytes),
        beyond((kStepBytes - reinterpret_cast<uintptr_t>(end) % kStepBytes) % kStepBytes),
        at(begin - before),
        last(end + beyond - kStepBytes),
        base(static_cast<uint32_t>(0 - before)) {}  // wraps back at the first position that is kept
  REVERTD_ALWAYS_INLINE uint64_t First(uint64_t mask) const { return mask & ~uint64_t{0} << before; }
  REVERTD_ALWAYS_INLINE uint64_t Last(uint64_t mask) const { return mask & ~uint64_t{0} >> beyond; }
  REVERTD_ALWAYS_INLINE bool More() const { return at != last; }
  REVERTD_ALWAYS_INLINE void Advance() {
    at += kStepBytes;
    base += static_cast<uint32_t>(kStepBytes);
  }

  const uintptr_t before;
  const uintptr_t beyond;
  const char* at;
  const char* const last;
  uint32_t base;
};

// One bit for each of the kStepBytes bytes that the aligned `at` points to: whether it is an LF or a delimiter.
#if defined(__SSE2__)

template <size_t kDelimiters>
REVERTD_ALWAYS_INLINE uint64_t PortableMask(const char* at, const DelimiterSet& delimiters) {
  const __m128i newline = _mm_set1_epi8('\n');
  const __m128i first = _mm_set1_epi8(delimiters.bytes[0]);
  const __m128i second = _mm_set1_epi8(delimiters.bytes[1]);
  const auto quarter = [&](const char* bytes) __attribute__((always_inline)) {
    const __m128i word = _mm_load_si128(reinterpret_cast<const __m128i*>(bytes));
    __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(word, newline), _mm_cmpeq_epi8(word, first));
    if constexpr (kDelimiters > 1) hit = _mm_or_si128(hit, _mm_cmpeq_epi8(word, second));
    return static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(hit)));
  };
  return quarter(at) | quarter(at + 16) << 16 | quarter(at + 32) << 32 | quarter(at + 48) << 48;
}

#else

template <size_t kDelimiters>
REVERTD_ALWAYS_INLINE uint64_t PortableMask(const char* at, const DelimiterSet& delimiters) {
  uint64_t mask = 0;
  for (size_t i = 0; i < kStepBytes; i += 8) mask |= uint64_t{MatchMask8<kDelimiters>(at + i, delimiters.bytes)} << i;
  return mask;
}

#endif

template <size_t kDelimiters, size_t kUnchecked>
uint32_t* IndexPortable(const char* begin, const char* end, const DelimiterSet& given, uint32_t* out) {
  const DelimiterSet delimiters = given;  // of our own: what is written to `out` cannot change it
  Steps steps(begin, end);
  uint64_t mask = steps.First(PortableMask<kDelimiters>(steps.at, delimiters));
  for (; steps.More(); mask = PortableMask<kDelimiters>(steps.at, delimiters)) {
    out = Flatten<kUnchecked>(mask, steps.base, out);
    steps.Advance();
  }
  return Flatten<kUnchecked>(steps.Last(mask), steps.base, out);
}

#if defined(__x86_64__)

// As Flatten; of an empty mask this instruction answers 64, so that nothing needs to be set beforehand.
template <size_t kUnchecked>
REVERTD_TARGET_AVX2 REVERTD_ALWAYS_INLINE uint32_t* FlattenAvx2(uint64_t mask, uint32_t base, uint32_t* out) {
  const auto count = static_cast<size_t>(__builtin_popcountll(mask));
  for (size_t i = 0; i < kUnchecked; ++i) {
    out[i] = base + static_cast<uint32_t>(_tzcnt_u64(mask));
    mask = _blsr_u64(mask);
  }
  if (count > kUnchecked) [[unlikely]] {
    for (size_t i = kUnchecked; i < count; ++i) {
      out[i] = base + static_cast<uint32_t>(_tzcnt_u64(mask));
      mask = _blsr_u64(mask);
    }
  }
  return out + count;
}

// What a byte with this low half must be. An entry without a delimiter has another low half than its own place, which
// no byte that asks for it has; bytes above 127 get a zero.
std::array<char, 16> TableOf(const DelimiterSet& delimiters) {
  std::array<char, 16> table;
  for (size_t i = 0; i < table.size(); ++i) table[i] = static_cast<char>(15 - i);
  table['\n'] = '\n';
  for (size_t i = 0; i < delimiters.size; ++i) table[delimiters.bytes[i] & 15] = delimiters.bytes[i];
  return table;
}

template <size_t kUnchecked>
REVERTD_TARGET_AVX2 uint32_t* IndexAvx2(const char* begin, const char* end, const DelimiterSet& delimiters,
                                        uint32_t* out) {
  const std::array<char, 16> wanted = TableOf(delimiters);
  const __m256i table = _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(wanted.data())));
  const auto half = [&](const char* bytes) REVERTD_TARGET_AVX2 __attribute__((always_inline)) {
    const __m256i word = _mm256_load_si256(reinterpret_cast<const __m256i*>(bytes));
    const __m256i hit = _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, word), word);
    return static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(hit)));
  };
  const auto mask_at = [&](const char* at) REVERTD_TARGET_AVX2 __attribute__((always_inline)) {
    return half(at) | half(at + 32) << 32;
  };
  Steps steps(begin, end);
  uint64_t mask = steps.First(mask_at(steps.at));
  for (; steps.More(); mask = mask_at(steps.at)) {
    out = FlattenAvx2<kUnchecked>(mask, steps.base, out);
    steps.Advance();
  }
  return FlattenAvx2<kUnchecked>(steps.Last(mask), steps.base, out);
}

// GCC 12 finds its own headers' undefined vectors undefined (GCC bug 105593).
#if !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
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

REVERTD_TARGET_AVX512 uint32_t* IndexAvx512(const char* begin, const char* end, const DelimiterSet& delimiters,
                                            uint32_t* out) {
  const __m512i newline = _mm512_set1_epi8('\n');
  const __m512i first = _mm512_set1_epi8(delimiters.bytes[0]);
  const __m512i second = _mm512_set1_epi8(delimiters.bytes[delimiters.size - 1]);
  const auto mask_at = [&](const char* at) REVERTD_TARGET_AVX512 __attribute__((always_inline)) {
    const __m512i word = _mm512_load_si512(at);
    return static_cast<uint64_t>(_mm512_cmpeq_epi8_mask(word, newline) | _mm512_cmpeq_epi8_mask(word, first) |
                                 _mm512_cmpeq_epi8_mask(word, second));
  };
  Steps steps(begin, end);
  uint64_t mask = steps.First(mask_at(steps.at));
  for (; steps.More(); mask = mask_at(steps.at)) {
    out = FlattenAvx512(mask, steps.base, out);
    steps.Advance();
  }
  return FlattenAvx512(steps.Last(mask), steps.base, out);
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
  uint32_t low_halves = uint32_t{1} << '\n';
  for (size_t i = 0; i < delimiters.size; ++i) {
    const auto byte = static_cast<uint8_t>(delimiters.bytes[i]);
    REVERTD_CHECK(byte < 128 && (low_halves >> (byte & 15) & 1) == 0);
    low_halves |= uint32_t{1} << (byte & 15);
  }
#if defined(__x86_64__)
  if (kernel == SimdKernel::kAvx2) return delimiters.dense ? IndexAvx2<kDense> : IndexAvx2<kSparse>;
  if (kernel == SimdKernel::kAvx512) return IndexAvx512;
#endif
  if (delimiters.size == 1) return delimiters.dense ? IndexPortable<1, kDense> : IndexPortable<1, kSparse>;
  return delimiters.dense ? IndexPortable<2, kDense> : IndexPortable<2, kSparse>;
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

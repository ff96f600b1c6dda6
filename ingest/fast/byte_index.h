// ByteIndex: stage one of the fast path. A block of bytes becomes the ascending positions of its line ends and of the
// few bytes that cut its format into fields, sixty-four bytes at a step. Stage two (fast_plan.h) then takes fields by
// ordinal and never searches.
//
// The kernels differ in speed alone: tests/ingest/byte_index_test.cc holds each of them to a loop over single bytes.
// They are compiled for their instruction sets one function at a time and chosen at run time, so that one binary runs
// everywhere. Thread contract: one thread.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/status.h"

namespace revertd {

// Both the positions' arithmetic and the eight-byte compares of the plans read numbers out of memory.
static_assert(std::endian::native == std::endian::little);

// kPortable: what every machine has that this build is for, SSE2 on x86-64; elsewhere eight bytes in a plain register.
enum class SimdKernel : uint8_t { kPortable, kAvx2, kAvx512 };

// Whether this machine can run it.
bool IsAvailable(SimdKernel kernel);
// The fastest that this machine can run.
SimdKernel BestKernel();
// "portable", "avx2", "avx512".
std::string_view NameOf(SimdKernel kernel);
// Of those names, or "auto" for the best; InvalidArgument for another name and for one that this machine lacks.
StatusOr<SimdKernel> KernelNamed(std::string_view name);

// One or two bytes that are looked for besides LF: ASCII, with other low halves than each other and LF (so that one
// table, indexed by a byte's low half, says which byte it must be). `dense`: more than about one in sixteen bytes is
// one of them; only a hint, it sets how many positions are written at a step without looking whether they are there.
struct DelimiterSet {
  std::array<char, 2> bytes{};
  size_t size = 0;
  bool dense = false;
};

// Memory around a block that a kernel or a plan may read, never to its effect. Callers provide it on both sides.
inline constexpr size_t kBlockMarginBytes = 128;

class ByteIndex {
 public:
  // `block_bytes_max`: of a block given to Build(); at most 2^31. One allocation for life, touched as far as it is
  // used.
  ByteIndex(SimdKernel kernel, const DelimiterSet& delimiters, size_t block_bytes_max);

  // The positions of `block`, counted from its start. Behind the last one it stands again kRepeats times, so that a
  // plan may look a few fields ahead without asking where the positions end. Good until the next Build().
  static constexpr size_t kRepeats = 64;
  std::span<const uint32_t> Build(std::string_view block);

 private:
  using Kernel = uint32_t* (*)(const char* begin, const char* end, const DelimiterSet& delimiters, uint32_t* out);
  static Kernel KernelFor(SimdKernel kernel, const DelimiterSet& delimiters);

  const DelimiterSet delimiters_;
  const Kernel kernel_;
  const size_t block_bytes_max_;
  std::unique_ptr<uint32_t[]> positions_;
};

}  // namespace revertd

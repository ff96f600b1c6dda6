// Functions for one instruction set inside a build for every machine; which of them run is found out at run time
// (SimdKernel). A template that is forced inline is compiled anew for each instruction set that it is inlined into.
#pragma once

#define REVERTD_ALWAYS_INLINE inline __attribute__((always_inline))

#if defined(__x86_64__)
#include <immintrin.h>
#define REVERTD_TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt")))
#define REVERTD_TARGET_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,avx2,bmi,bmi2,popcnt,lzcnt")))
#endif

// PrefetchForWrite: memory that is written soon is fetched meanwhile, taken away from the core that wrote it last.
//
// Not __builtin_prefetch: gcc 12 takes a function that does nothing else for one without effects and drops the call,
// and without -mprfchw it fetches for reading, so that the write waits for the other core once more. On x86-64
// processors without PREFETCHW the instruction does nothing.
//
// Any thread.
#pragma once

namespace revertd {

inline void PrefetchForWrite(const void* address) {
#if defined(__x86_64__)
  asm volatile("prefetchw (%0)" : : "r"(address));
#else
  __builtin_prefetch(address, 1);
#endif
}

}  // namespace revertd

// Fnv1a: a number of some bytes that is the same on every machine and in every release, for what is kept or must not
// differ between processes. No defence against chosen input. A pure function, any thread.
// Source: Fowler, Noll, Vo (1991), the 64-bit variant 1a.
#pragma once

#include <cstdint>
#include <string_view>

namespace revertd {

constexpr uint64_t Fnv1a(std::string_view bytes) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char byte : bytes) hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001B3;
  return hash;
}

}  // namespace revertd

// Whole numbers in as few bytes as they need: seven bits a byte, lowest first, the eighth bit says that more follow.
//
// Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace revertd {

inline constexpr size_t kVarintBytesMax = 10;

inline void AppendVarint(uint64_t value, std::string* bytes) {
  for (; value >= 0x80; value >>= 7) bytes->push_back(static_cast<char>(value | 0x80));
  bytes->push_back(static_cast<char>(value));
}

// Takes a number off the front; false where `rest` ends inside it or it is longer than 64 bits.
inline bool TakeVarint(std::string_view& rest, uint64_t* value) {
  *value = 0;
  for (size_t i = 0; i < rest.size() && i < kVarintBytesMax; ++i) {
    const auto byte = static_cast<uint8_t>(rest[i]);
    if (i + 1 == kVarintBytesMax && byte > 1) return false;
    *value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      rest.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

}  // namespace revertd

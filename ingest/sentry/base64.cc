#include "ingest/sentry/base64.h"

#include <cstdint>

namespace revertd {
namespace {

// 0 to 63; -1 where `c` is no digit of base64.
int Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  return c == '/' || c == '_' ? 63 : -1;
}

}  // namespace

std::optional<std::string> DecodeBase64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  uint32_t bits = 0;
  int count = 0;
  size_t digits = 0;
  bool ended = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    if (c == '=') {
      ended = true;
      continue;
    }
    const int digit = Digit(c);
    if (digit < 0 || ended) return std::nullopt;
    ++digits;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFF);
  }
  if (digits % 4 == 1) return std::nullopt;
  return bytes;
}

}  // namespace revertd

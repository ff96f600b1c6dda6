#include "ingest/format/json_escapes.h"

#include <cstdint>
#include <cstring>

#include "base/ascii.h"

namespace revertd {
namespace {

constexpr uint32_t kNoUnit = 0xFFFFFFFF;

// The four hex digits of "\uHHHH" at `at`; kNoUnit where something else stands there.
uint32_t Utf16UnitAt(std::string_view text, size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return kNoUnit;
  uint32_t unit = 0;
  for (size_t i = at + 2; i < at + 6; ++i) {
    const int digit = HexDigit(text[i]);
    if (digit < 0) return kNoUnit;
    unit = unit * 16 + static_cast<uint32_t>(digit);
  }
  return unit;
}

constexpr bool IsHighSurrogate(uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
constexpr bool IsLowSurrogate(uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

char* AppendUtf8(uint32_t code, char* out) {
  const auto put = [&out](uint32_t byte) { *out++ = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
  return out;
}

// The byte that a two-letter escape stands for; 0 where JSON knows none.
char Plain(char letter) {
  switch (letter) {
    case '"': return '"';
    case '\\': return '\\';
    case '/': return '/';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return '\0';
  }
}

}  // namespace

bool HasNginxEscapes(std::string_view text) {
  for (size_t at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at + 2)) {
    if (at + 3 < text.size() && text[at + 1] == 'x' && HexDigit(text[at + 2]) >= 0 && HexDigit(text[at + 3]) >= 0) {
      return true;
    }
  }
  return false;
}

size_t UndoJsonEscapes(std::string_view text, char* out) {
  char* const begin = out;
  size_t at = 0;
  while (at < text.size()) {
    const size_t plain = text.substr(at).find('\\');
    const size_t count = plain == std::string_view::npos ? text.size() - at : plain;
    std::memmove(out, text.data() + at, count);
    out += count;
    at += count;
    if (at == text.size()) break;
    const uint32_t unit = Utf16UnitAt(text, at);
    if (unit != kNoUnit) {
      const uint32_t low = IsHighSurrogate(unit) ? Utf16UnitAt(text, at + 6) : kNoUnit;
      const bool pair = low != kNoUnit && IsLowSurrogate(low);
      const bool alone = !pair && (IsHighSurrogate(unit) || IsLowSurrogate(unit));
      const uint32_t code = pair ? 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00) : unit;
      out = AppendUtf8(alone ? 0xFFFD : code, out);
      at += pair ? 12 : 6;
      continue;
    }
    const char byte = at + 1 < text.size() ? Plain(text[at + 1]) : '\0';
    *out++ = byte == '\0' ? '\\' : byte;
    at += byte == '\0' ? 1 : 2;
  }
  return static_cast<size_t>(out - begin);
}

}  // namespace revertd

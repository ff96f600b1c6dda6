#include "ingest/path_template.h"

#include <cstdint>
#include <cstring>

namespace revertd {
namespace {

// A byte's kinds; a token's are the `or` of its bytes'.
constexpr uint8_t kDigit = 1;
constexpr uint8_t kHexLetter = 2;
constexpr uint8_t kLetter = 4;  // beyond f
constexpr uint8_t kOdd = 8;     // nothing that an identifier is made of
constexpr uint8_t kSeparator = 16;
constexpr uint8_t kSlash = 32;

constexpr std::array<uint8_t, 256> kKindOf = [] {
  std::array<uint8_t, 256> kinds{};
  kinds.fill(kOdd);
  for (size_t c = '0'; c <= '9'; ++c) kinds[c] = kDigit;
  for (size_t c = 'a'; c <= 'z'; ++c) {
    const uint8_t kind = c <= 'f' ? kHexLetter : kLetter;
    kinds[c] = kind;
    kinds[c - 'a' + 'A'] = kind;
  }
  kinds['-'] = kinds['_'] = kinds['.'] = kinds['~'] = kSeparator;
  kinds['/'] = kSlash;
  return kinds;
}();

constexpr size_t kIdDigitsMin = 3;
constexpr size_t kHashBytesMin = 8;
constexpr size_t kTokenBytesMin = 16;
constexpr size_t kTokenDigitsMin = 2;

uint8_t KindOf(char c) { return kKindOf[static_cast<uint8_t>(c)]; }

// Whether `text` begins with `shape`: d a figure, x a hexadecimal digit, any other byte itself.
bool HasShape(std::string_view text, std::string_view shape) {
  if (text.size() < shape.size()) return false;
  for (size_t i = 0; i < shape.size(); ++i) {
    const uint8_t kind = KindOf(text[i]);
    const bool fits = shape[i] == 'd'   ? kind == kDigit
                      : shape[i] == 'x' ? (kind & (kDigit | kHexLetter)) != 0
                                        : text[i] == shape[i];
    if (!fits) return false;
  }
  return true;
}

bool EndsAt(std::string_view text, size_t at, uint8_t kinds) {
  return at == text.size() || (KindOf(text[at]) & kinds) != 0;
}

constexpr std::string_view kDate = "dddd-dd-dd";
constexpr std::string_view kUuid = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

// The length of a shape with separators in it that begins here, and its name; 0: none.
size_t CompoundAt(std::string_view rest, bool starts_segment, std::string_view* name) {
  if (rest.size() >= kDate.size() && rest[4] == '-' && rest[7] == '-' && HasShape(rest, kDate) &&
      EndsAt(rest, kDate.size(), kSeparator | kSlash)) {
    *name = ":date";
    return kDate.size();
  }
  if (starts_segment && rest.size() >= kUuid.size() && rest[8] == '-' && HasShape(rest, kUuid) &&
      EndsAt(rest, kUuid.size(), kSlash)) {
    *name = ":uuid";
    return kUuid.size();
  }
  return 0;
}

// The longest text without separators that begins here.
struct Token {
  size_t bytes = 0;
  size_t digits = 0;
  uint8_t kinds = 0;
};

Token TokenAt(std::string_view rest) {
  Token token;
  for (; token.bytes < rest.size(); ++token.bytes) {
    const uint8_t kind = KindOf(rest[token.bytes]);
    if (kind >= kSeparator) break;
    token.kinds |= kind;
    token.digits += kind & kDigit;
  }
  return token;
}

// What stands for a token; empty: itself.
std::string_view NameOfToken(const Token& token, bool whole_segment) {
  if (token.digits == 0) return {};
  if (token.kinds == kDigit) return whole_segment || token.bytes >= kIdDigitsMin ? ":id" : std::string_view();
  if (token.kinds == (kDigit | kHexLetter) && token.bytes >= kHashBytesMin) return ":hash";
  const bool is_token = token.bytes >= kTokenBytesMin && token.digits >= kTokenDigitsMin;
  return is_token && (token.kinds & kOdd) == 0 ? ":token" : std::string_view();
}

}  // namespace

std::string_view PathTemplate::Write(std::string_view path) {
  // What stays is copied only where something that does not stay follows: most paths are their own template.
  size_t copied = 0;  // bytes of `path` that text_ stands for
  size_t size = 0;    // of text_
  const auto append = [&](size_t through, std::string_view name) {
    std::memcpy(&text_[size], path.data() + copied, through - copied);
    std::memcpy(&text_[size + through - copied], name.data(), name.size());
    size += through - copied + name.size();
    return std::string_view(text_.data(), size);
  };
  int segments = 0;
  bool starts_segment = true;
  for (size_t at = 0; at < path.size();) {
    const uint8_t kind = KindOf(path[at]);
    size_t bytes = 1;
    std::string_view name;  // empty: the text stays
    if (kind == kSlash && ++segments > kSegmentsMax) return append(at, "/*");
    if (kind < kSeparator && (bytes = CompoundAt(path.substr(at), starts_segment, &name)) == 0) {
      const Token token = TokenAt(path.substr(at));
      bytes = token.bytes;
      name = NameOfToken(token, starts_segment && EndsAt(path, at + bytes, kSlash));
    }
    if (size + (at - copied) + (name.empty() ? bytes : name.size()) > kBytesMax) return append(at, "*");
    if (!name.empty()) {
      append(at, name);
      copied = at + bytes;
    }
    at += bytes;
    starts_segment = kind == kSlash;
  }
  return copied == 0 ? path : append(path.size(), "");
}

}  // namespace revertd

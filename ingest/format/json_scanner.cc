#include "ingest/format/json_scanner.h"

#include <bit>
#include <cstring>

#include "ingest/format/json_escapes.h"

namespace revertd {
namespace {

// Known keys lie at most five objects deep; arrays in arrays are passed over from here on.
constexpr int kDepthMax = 8;

constexpr bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// The first quote or backslash, or `end`. Eight bytes at a time; strings are most of a line.
const char* FindQuoteOrBackslash(const char* at, const char* end) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighs = 0x8080808080808080;
  const auto zero_bytes = [](uint64_t word) { return (word - kOnes) & ~word & kHighs; };
  for (; end - at >= 8; at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, at, 8);
    // The lowest set bit is right: a borrow makes false marks only above a true one.
    const uint64_t hit = zero_bytes(word ^ kOnes * '"') | zero_bytes(word ^ kOnes * '\\');
    if (hit != 0) return at + std::countr_zero(hit) / 8;
  }
  while (at < end && *at != '"' && *at != '\\') ++at;
  return at;
}

}  // namespace

KeyedScanner::Result JsonScanner::Scan(const KeyedFamily& family, std::string_view line, KeyedLine& values) {
  static_assert(std::endian::native == std::endian::little);
  if (family_ != &family) known_keys_ = {};
  family_ = &family;
  values_ = &values;
  at_ = line.data();
  end_ = line.data() + line.size();
  line_size_ = line.size();
  scratch_used_ = 0;
  depth_ = 0;
  SkipBlanks();
  if (!Take('{')) return Result::kNotMine;
  if (!Object(KeyedFamily::kRoot)) return Result::kDamaged;
  SkipBlanks();
  return at_ == end_ ? Result::kWhole : Result::kDamaged;
}

// Behind the opening brace.
bool JsonScanner::Object(KeyedNode node) {
  SkipBlanks();
  if (Take('}')) return true;
  do {
    SkipBlanks();
    std::string_view key;
    bool has_escapes = false;
    if (!String(key, has_escapes)) return false;
    SkipBlanks();
    if (!Take(':')) return false;
    SkipBlanks();
    if (has_escapes && node != KeyedFamily::kNone) key = Unescape(key);
    if (!Value(node != KeyedFamily::kNone ? ChildOf(node, key) : KeyedFamily::kNone, false)) return false;
    SkipBlanks();
  } while (Take(','));
  return Take('}');
}

KeyedNode JsonScanner::ChildOf(KeyedNode node, std::string_view key) {
  if (key.size() - 1 >= KnownKey::kBytesMax) return family_->Child(node, key);
  uint64_t head = 0;
  uint64_t tail = 0;
  if (key.size() >= 8) {
    std::memcpy(&head, key.data(), 8);
    std::memcpy(&tail, key.data() + key.size() - 8, 8);
  } else {
    for (const char c : key) head = head << 8 | static_cast<uint8_t>(c);
  }
  const uint64_t hash = (head ^ std::rotl(tail, 29) ^ key.size() ^ uint64_t{node} << 40) * 0x9E3779B97F4A7C15;
  KnownKey& known = known_keys_[hash >> 57];
  if (known.size == key.size() && known.parent == node && std::memcmp(known.text.data(), key.data(), key.size()) == 0) {
    return known.node;
  }
  known.size = static_cast<uint8_t>(key.size());
  known.parent = node;
  known.node = family_->Child(node, key);
  std::memcpy(known.text.data(), key.data(), key.size());
  return known.node;
}

// Behind the opening bracket. The members stand for the array: of several the last counts.
bool JsonScanner::Array(KeyedNode node) {
  SkipBlanks();
  if (Take(']')) return true;
  do {
    SkipBlanks();
    if (!Value(node, true)) return false;
    SkipBlanks();
  } while (Take(','));
  return Take(']');
}

bool JsonScanner::Value(KeyedNode node, bool in_array) {
  if (at_ == end_) return false;
  if (*at_ == '"') {
    std::string_view text;
    bool has_escapes = false;
    if (!String(text, has_escapes)) return false;
    if (IsValue(node)) values_->Set(node, has_escapes ? Unescape(text) : text);
    return true;
  }
  if (*at_ != '{' && *at_ != '[') return Bare(node, in_array);
  const bool is_object = *at_ == '{';
  const bool is_known = node != KeyedFamily::kNone && (!is_object || family_->HasChildren(node));
  if (!is_known || depth_ == kDepthMax) return SkipContainer();
  ++at_;
  ++depth_;
  const bool whole = is_object ? Object(node) : Array(node);
  --depth_;
  return whole;
}

// A number, true, false, null, or what nginx writes in a number's place, which may be nothing and may hold commas: it
// ends at a bracket, or at a comma with a key behind it.
bool JsonScanner::Bare(KeyedNode node, bool in_array) {
  const char* const begin = at_;
  for (; at_ < end_ && *at_ != '}' && *at_ != ']' && *at_ != '"'; ++at_) {
    if (*at_ != ',') continue;
    if (in_array) break;
    const char* next = at_ + 1;
    while (next < end_ && IsBlank(*next)) ++next;
    if (next < end_ && *next == '"') break;
  }
  if (at_ == end_ || *at_ == '"') return false;
  const char* last = at_;
  while (last > begin && IsBlank(last[-1])) --last;
  const std::string_view text(begin, static_cast<size_t>(last - begin));
  if (IsValue(node)) values_->Set(node, text == "null" ? std::string_view() : text);
  return true;
}

bool JsonScanner::String(std::string_view& text, bool& has_escapes) {
  if (!Take('"')) return false;
  const char* const begin = at_;
  while (true) {
    at_ = FindQuoteOrBackslash(at_, end_);
    if (at_ == end_) return false;
    if (*at_ == '"') break;
    has_escapes = true;
    if (end_ - at_ < 2) return false;
    at_ += 2;
  }
  text = std::string_view(begin, static_cast<size_t>(at_ - begin));
  ++at_;
  return true;
}

// At the opening bracket of something that nobody asks for.
bool JsonScanner::SkipContainer() {
  size_t open = 0;
  while (at_ < end_) {
    const char c = *at_;
    if (c == '"') {
      std::string_view text;
      bool has_escapes = false;
      if (!String(text, has_escapes)) return false;
      continue;
    }
    ++at_;
    if (c == '{' || c == '[') ++open;
    if ((c == '}' || c == ']') && --open == 0) return true;
  }
  return false;
}

void JsonScanner::SkipBlanks() {
  while (at_ < end_ && IsBlank(*at_)) ++at_;
}

bool JsonScanner::Take(char c) {
  if (at_ == end_ || *at_ != c) return false;
  ++at_;
  return true;
}

std::string_view JsonScanner::Unescape(std::string_view text) {
  if (HasNginxEscapes(text)) {
    values_->escapes = Escapes::kNginx;
    return text;
  }
  // No text grows, so a line's size is enough for all of them, and views into the scratch memory stay good.
  if (scratch_size_ < line_size_) {
    scratch_ = std::make_unique_for_overwrite<char[]>(line_size_);
    scratch_size_ = line_size_;
  }
  const size_t size = UndoJsonEscapes(text, scratch_.get() + scratch_used_);
  const std::string_view unescaped(scratch_.get() + scratch_used_, size);
  scratch_used_ += size;
  return unescaped;
}

}  // namespace revertd

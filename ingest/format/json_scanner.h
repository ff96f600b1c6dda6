// JsonScanner: finds the values of known keys in one JSON object, also where a server wrote what JSON forbids.
//
// About a third of the lines of an nginx log_format without escape=json are no JSON: \x22 in strings, 009 for a status,
// nothing or "-" or "0.001, 0.002" where a number should stand. Even with escape=json bytes that are no UTF-8 stay.
// simdjson's DOM refuses such lines whole, and On Demand passes over some of them without a word and loses keys; so
// this reader knows the grammar by itself and simdjson is the witness of its tests: on what is JSON they agree.
//
// A line that is not one whole object (cut, or two run together) is kDamaged. JSON's escapes are undone into scratch
// memory, one allocation of the longest line; a text with nginx's \xHH is left as it is (KeyedLine::escapes).
#pragma once

#include <array>
#include <memory>

#include "ingest/format/keyed_format.h"

namespace revertd {

class JsonScanner final : public KeyedScanner {
 public:
  Result Scan(const KeyedFamily& family, std::string_view line, KeyedLine& values) override;

 private:
  bool Object(KeyedNode node);
  bool Array(KeyedNode node);
  bool Value(KeyedNode node, bool in_array);
  bool Bare(KeyedNode node, bool in_array);
  // At a quote; the text between it and the next.
  bool String(std::string_view& text, bool& has_escapes);
  bool SkipContainer();
  bool IsValue(KeyedNode node) const { return node != KeyedFamily::kNone && family_->IsValue(node); }
  KeyedNode ChildOf(KeyedNode node, std::string_view key);
  void SkipBlanks();
  bool Take(char c);
  std::string_view Unescape(std::string_view text);

  // The keys of a log are the same on every line: what the family said of them is remembered by their very bytes.
  struct KnownKey {
    static constexpr size_t kBytesMax = 24;
    std::array<char, kBytesMax> text{};
    uint8_t size = 0;  // 0: free
    KeyedNode parent = 0;
    KeyedNode node = 0;
  };
  std::array<KnownKey, 128> known_keys_{};

  const KeyedFamily* family_ = nullptr;
  KeyedLine* values_ = nullptr;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  int depth_ = 0;
  size_t line_size_ = 0;
  std::unique_ptr<char[]> scratch_;
  size_t scratch_size_ = 0;
  size_t scratch_used_ = 0;
};

}  // namespace revertd

#include "ingest/format/keyed_fields.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "ingest/format/text_fields.h"

namespace revertd {
namespace {

// What is left of a key's character; 0: nothing.
constexpr std::array<char, 256> MakeFold() {
  std::array<char, 256> fold{};
  for (size_t c = 0; c < fold.size(); ++c) fold[c] = static_cast<char>(c);
  for (size_t c = 'A'; c <= 'Z'; ++c) fold[c] = static_cast<char>(c - 'A' + 'a');
  for (const char c : {'_', '-', '.'}) fold[static_cast<unsigned char>(c)] = '\0';
  return fold;
}
constexpr std::array<char, 256> kFold = MakeFold();

struct FoldedKey {
  std::array<char, kKeyBytesMax> text;
  size_t size = 0;
  uint32_t hash = 2166136261;  // FNV-1a
  std::string_view view() const { return {text.data(), size}; }
};

FoldedKey Fold(KeyedNode parent, std::string_view key) {
  FoldedKey folded;
  folded.hash ^= parent * 0x9E3779B1U;
  for (const char c : key) {
    const char kept = kFold[static_cast<unsigned char>(c)];
    folded.text[folded.size] = kept;
    if (kept == '\0') continue;
    ++folded.size;
    folded.hash = (folded.hash ^ static_cast<unsigned char>(kept)) * 16777619U;
  }
  return folded;
}

}  // namespace

KeyedFamily::KeyedFamily(std::vector<KeyedDialect> dialects) : dialects_(std::move(dialects)), nodes_(1), table_(16) {
  for (size_t i = 0; i < dialects_.size(); ++i) {
    row_of_.emplace_back(KeyedLine::kNodesMax, kNone);
    const size_t rows = dialects_[i].rows.size();
    for (size_t row = 0; row < rows; ++row) AddRow(static_cast<uint16_t>(i), static_cast<uint16_t>(row));
    auto& sets = markers_.emplace_back();
    for (const auto& paths : dialects_[i].markers) {
      auto& set = sets.emplace_back();
      for (const std::string& path : paths) set.push_back(AddPath(path, '/'));
    }
  }
}

void KeyedFamily::AddRow(uint16_t dialect, uint16_t row) {
  const std::string& path = dialects_[dialect].rows[row].path;
  for (const KeyedNode node : {AddPath(path, '/'), AddPath(path, '.')}) {
    uint16_t& known = row_of_[dialect][node];
    if (known == kNone) known = row;
  }
}

KeyedNode KeyedFamily::AddPath(std::string_view path, char separator) {
  KeyedNode node = kRoot;
  if (Consume(path, "=")) {
    node = AddChild(kRoot, path, true);
  } else {
    for (const std::string_view key : Split(path, separator)) node = AddChild(node, key, false);
  }
  nodes_[node].is_value = true;
  return node;
}

KeyedNode KeyedFamily::AddChild(KeyedNode parent, std::string_view key, bool exact) {
  const FoldedKey folded = Fold(parent, key);
  REVERTD_CHECK(folded.size > 0 && key.size() <= kKeyBytesMax);
  for (size_t at = folded.hash & (table_.size() - 1); table_[at].node != kNone; at = (at + 1) & (table_.size() - 1)) {
    const Entry& entry = table_[at];
    const bool same = entry.parent == parent && entry.exact == exact;
    if (same && entry.key == (exact ? key : folded.view())) return entry.node;
  }
  REVERTD_CHECK(nodes_.size() < KeyedLine::kNodesMax);
  const auto node = static_cast<KeyedNode>(nodes_.size());
  nodes_[parent].has_children = true;
  nodes_.emplace_back();
  if (nodes_.size() * 2 > table_.size()) {
    for (Entry& entry : std::exchange(table_, std::vector<Entry>(table_.size() * 2))) {
      if (entry.node != kNone) Insert(std::move(entry));
    }
  }
  const std::string_view kept = exact ? key : folded.view();
  Insert({.hash = folded.hash, .parent = parent, .node = node, .exact = exact, .key = std::string(kept)});
  return node;
}

void KeyedFamily::Insert(Entry entry) {
  size_t at = entry.hash & (table_.size() - 1);
  while (table_[at].node != kNone) at = (at + 1) & (table_.size() - 1);
  table_[at] = std::move(entry);
}

KeyedNode KeyedFamily::Child(KeyedNode parent, std::string_view key) const {
  if (key.size() > kKeyBytesMax) return kNone;
  const FoldedKey folded = Fold(parent, key);
  KeyedNode found = kNone;
  for (size_t at = folded.hash & (table_.size() - 1); table_[at].node != kNone; at = (at + 1) & (table_.size() - 1)) {
    const Entry& entry = table_[at];
    if (entry.hash != folded.hash || entry.parent != parent) continue;
    if (entry.exact && entry.key == key) return entry.node;
    if (!entry.exact && entry.key == folded.view()) found = entry.node;
  }
  return found;
}

uint16_t KeyedFamily::DialectOf(const KeyedLine& line) const {
  const auto has_all = [&line](const std::vector<KeyedNode>& set) {
    return std::all_of(set.begin(), set.end(), [&line](KeyedNode node) { return line.Has(node); });
  };
  for (size_t i = 0; i < dialects_.size(); ++i) {
    const bool fits = dialects_[i].takes_the_rest || std::any_of(markers_[i].begin(), markers_[i].end(), has_all);
    if (fits) return static_cast<uint16_t>(i);
  }
  return kNone;
}

}  // namespace revertd

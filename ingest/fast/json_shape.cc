#include "ingest/fast/json_shape.h"

namespace revertd {
namespace {

constexpr int kDepthMax = 8;  // JsonScanner's own

constexpr bool IsBlank(char c) { return c == ' ' || c == '\t'; }

class Learner {
 public:
  Learner(const KeyedFamily& family, uint16_t dialect, std::string_view line)
      : family_(family), dialect_(dialect), line_(line) {}

  std::optional<std::vector<JsonStep>> Learn() {
    SkipBlanks();
    if (!Value(KeyedFamily::kRoot, 0) || at_ != line_.size()) return std::nullopt;
    EndLiteral();
    KeepTheBest();
    return std::move(steps_);
  }

 private:
  void SkipBlanks() {
    while (at_ < line_.size() && IsBlank(line_[at_])) ++at_;
  }
  bool Take(char c) {
    if (at_ == line_.size() || line_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool Value(KeyedNode node, int depth) {
    if (at_ == line_.size() || depth > kDepthMax) return false;
    const char c = line_[at_];
    if (c == '{' || c == '[') return Container(node, depth, c == '{');
    return c == '"' ? String(node) : Bare(node);
  }

  bool Container(KeyedNode node, int depth, bool is_object) {
    const char close = is_object ? '}' : ']';
    ++at_;
    SkipBlanks();
    if (Take(close)) return true;
    do {
      SkipBlanks();
      KeyedNode child = node;
      if (is_object && !Key(node, child)) return false;
      if (!Value(child, depth + 1)) return false;
      SkipBlanks();
    } while (Take(','));
    return Take(close);
  }

  bool Key(KeyedNode node, KeyedNode& child) {
    if (!Take('"')) return false;
    const size_t end = line_.find('"', at_);
    if (end == std::string_view::npos) return false;
    const std::string_view key = line_.substr(at_, end - at_);
    if (key.find('\\') != std::string_view::npos) return false;
    child = node == KeyedFamily::kNone ? KeyedFamily::kNone : family_.Child(node, key);
    at_ = end + 1;
    SkipBlanks();
    if (!Take(':')) return false;
    SkipBlanks();
    return true;
  }

  bool String(KeyedNode node) {
    ++at_;
    EndLiteral();
    const size_t end = line_.find('"', at_);
    if (end == std::string_view::npos || line_.substr(at_, end - at_).find('\\') != std::string_view::npos)
      return false;
    AddValue(node, true, end);
    ++at_;
    return true;
  }

  bool Bare(KeyedNode node) {
    EndLiteral();
    size_t end = at_;
    while (end < line_.size() && IsJsonBare(line_[end])) ++end;
    if (end == at_) return false;
    AddValue(node, false, end);
    return true;
  }

  // What has been passed since the last value is a literal.
  void EndLiteral() { steps_.emplace_back().literal = line_.substr(literal_begin_, at_ - literal_begin_); }

  // Of a key that comes twice the last counts.
  void AddValue(KeyedNode node, bool is_string, size_t end) {
    steps_.back().is_string = is_string;
    nodes_.push_back(node != KeyedFamily::kNone && family_.IsValue(node) ? node : KeyedFamily::kNone);
    for (size_t i = 0; i + 1 < nodes_.size(); ++i) {
      if (nodes_[i] == nodes_.back()) nodes_[i] = KeyedFamily::kNone;
    }
    at_ = literal_begin_ = end;
  }

  // Of the values of one field the one whose row comes first.
  void KeepTheBest() {
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i] == KeyedFamily::kNone) continue;
      const uint16_t row = family_.RowOf(dialect_, nodes_[i]);
      if (row == KeyedFamily::kNone) continue;
      steps_[i].row = row;
    }
    const auto& rows = family_.dialect(dialect_).rows;
    for (JsonStep& step : steps_) {
      if (step.row == JsonStep::kNoRow) continue;
      for (JsonStep& other : steps_) {
        if (&other == &step || other.row == JsonStep::kNoRow || rows[other.row].field != rows[step.row].field) continue;
        JsonStep& worse = other.row < step.row ? step : other;
        (other.row < step.row ? other : step).has_rivals = true;
        worse.row = JsonStep::kNoRow;
        if (&worse == &step) break;
      }
    }
  }

  const KeyedFamily& family_;
  const uint16_t dialect_;
  const std::string_view line_;
  size_t at_ = 0;
  size_t literal_begin_ = 0;
  std::vector<JsonStep> steps_;
  std::vector<KeyedNode> nodes_;  // of each value
};

}  // namespace

std::optional<std::vector<JsonStep>> LearnJsonShape(const KeyedFamily& family, uint16_t dialect,
                                                    std::string_view line) {
  return Learner(family, dialect, line).Learn();
}

}  // namespace revertd

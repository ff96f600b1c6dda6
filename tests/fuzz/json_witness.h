// What simdjson finds in a line, as the witness of JsonScanner: where it reads a line as one JSON object, JsonScanner
// must find the same texts. For tests; header only, because two programs need it.
#pragma once

#include <simdjson.h>

#include <map>
#include <string>
#include <string_view>

#include "base/check.h"
#include "ingest/format/json_scanner.h"
#include "ingest/format/keyed_fields.h"

namespace revertd {

class JsonWitness {
 public:
  explicit JsonWitness(const KeyedFamily* family) : family_(family) {}

  // Whether simdjson took the line for one object, in which case the scanner's values were compared with its own.
  bool Check(std::string_view line) {
    if (line.empty()) return false;  // simdjson copies no bytes from no memory, which memcpy does not allow
    values_.Clear();
    const KeyedScanner::Result result = scanner_.Scan(*family_, line, values_);
    simdjson::dom::element root;
    simdjson::dom::object object;
    if (parser_.parse(line.data(), line.size()).get(root) != simdjson::SUCCESS) return false;
    if (root.get(object) != simdjson::SUCCESS) {
      REVERTD_CHECK(result == KeyedScanner::Result::kNotMine);
      return false;
    }
    REVERTD_CHECK(result == KeyedScanner::Result::kWhole);
    texts_.clear();
    Object(object, KeyedFamily::kRoot, 0);
    for (const auto& [node, text] : texts_) {
      REVERTD_CHECK(values_.Has(node));
      if (text.is_text && values_.escapes == Escapes::kNone) REVERTD_CHECK(values_.value(node) == text.text);
    }
    REVERTD_CHECK(values_.found().size() == texts_.size());
    return true;
  }

 private:
  struct Text {
    bool is_text = false;  // numbers and literals are compared by presence alone
    std::string text;
  };

  void Object(simdjson::dom::object object, KeyedNode node, int depth) {
    for (const simdjson::dom::key_value_pair field : object) {
      const KeyedNode child = family_->Child(node, field.key);
      if (child != KeyedFamily::kNone) Value(field.value, child, depth);
    }
  }

  void Value(simdjson::dom::element value, KeyedNode node, int depth) {
    constexpr int kDepthMax = 8;  // the scanner's own
    simdjson::dom::object object;
    simdjson::dom::array array;
    std::string_view text;
    if (value.get(object) == simdjson::SUCCESS) {
      if (family_->HasChildren(node) && depth < kDepthMax) Object(object, node, depth + 1);
    } else if (value.get(array) == simdjson::SUCCESS) {
      if (depth == kDepthMax) return;
      for (const simdjson::dom::element member : array) Value(member, node, depth + 1);
    } else if (family_->IsValue(node)) {
      const bool is_text = value.get(text) == simdjson::SUCCESS;
      texts_[node] = {.is_text = is_text, .text = std::string(text)};
    }
  }

  const KeyedFamily* const family_;
  JsonScanner scanner_;
  KeyedLine values_;
  simdjson::dom::parser parser_;
  std::map<KeyedNode, Text> texts_;
};

}  // namespace revertd

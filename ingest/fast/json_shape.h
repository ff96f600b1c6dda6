// JsonShape: the text between the values of one JSON object, and what each value is to a dialect. Learned from a line.
//
// Thread contract: a plain value.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/format/keyed_fields.h"

namespace revertd {

struct JsonStep {
  static constexpr uint16_t kNoRow = 0xFFFF;

  std::string literal;      // before the value, from the end of the one before; the last step is the tail without value
  bool is_string = false;   // the value stands between quotes, which belong to the literals
  uint16_t row = kNoRow;    // of the dialect's rows, where the value is one of its fields
  bool has_rivals = false;  // another row has the same field: where this value is blank, the other would count
};

// Of what a value without quotes is made, so that it ends where JsonScanner ends it.
constexpr bool IsJsonBare(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '-' || c == '+' || c == 'E';
}

// nullopt where the line is no object that a plan can prove: a backslash in it, too deep.
std::optional<std::vector<JsonStep>> LearnJsonShape(const KeyedFamily& family, uint16_t dialect, std::string_view line);

}  // namespace revertd

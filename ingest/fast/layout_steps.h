// A Layout (format/layout.h) as the steps in which LayoutPlan reads a line of it.
//
// Thread contract: plain values, pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "ingest/fast/byte_search.h"
#include "ingest/format/access_record.h"
#include "ingest/format/layout.h"

namespace revertd {

// One field and the literal behind it. The literal is compared on every line, so a step proves that the field ends
// where the step says.
struct LayoutStep {
  enum class Kind : uint8_t {
    kLiteral,  // no field
    kText,     // ignored
    kWord,     // into `text`
    kHost,
    kRequest,
    kTime,
    kStatus,
    kIgnoredNumber,
    kNumber,   // whole, times `unit`, into `number`
    kSeconds,  // with three decimals, into `number`
    kConnection,
    // Several fields that most servers log side by side, read in one step; the literals between them are fixed.
    kClient,    // WORD - USER, up to " ["
    kClfCore,   // TIME] "REQUEST" STATUS NUMBER
    kTwoTexts,  // TEXT" "TEXT
  };
  Kind kind = Kind::kLiteral;
  bool quoted = false;        // between quotes: any text, also none
  bool ends_by_mark = false;  // `mark_offset` before the next quote or LF; else at the first `until`
  bool is_list = false;       // goes on behind " : "
  char until = '\n';
  char forbidden = '\0';     // a byte that the exact reader would read otherwise; NUL: none
  uint8_t mark_offset = 0;   // of the first quote in the literal, 0 if there is none
  uint8_t quotes = 0;        // in the literal
  uint8_t literal_size = 0;  // at most 8; what is longer goes on in kLiteral steps
  ShortLiteral literal;
  int64_t unit = 1;
  int64_t AccessRecord::*number = nullptr;
  std::string_view AccessRecord::*text = nullptr;
};

// nullopt where the layout has a field that LayoutPlan does not read, or no quotes to go by.
std::optional<std::vector<LayoutStep>> CompileLayoutSteps(const Layout& layout);
// Whether no line that the steps of `later` prove can fit `earlier` as well, by the quotes and blanks of both. False
// also where that is not plain to see.
bool AreDisjoint(const Layout& earlier, const Layout& later);

}  // namespace revertd

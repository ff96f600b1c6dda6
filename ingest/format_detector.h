// FormatDetector: reads lines of one stream in a given format, or finds the format of each line by itself.
//
// Thread contract: one thread. Invariant: what a line becomes does not depend on the lines before it, only how fast
// its format is found: the format that fitted last is tried first, and no line fits two formats.
#pragma once

#include <string_view>

#include "ingest/format/format.h"

namespace revertd {

class FormatDetector {
 public:
  // nullptr: find out.
  explicit FormatDetector(const Format* fixed) : fixed_(fixed), chosen_(fixed) {}

  // `line` without its line end. A byte order mark in front (a file's first line) and NULs in front (a file truncated
  // under its writer) are no part of it.
  ParseError Parse(std::string_view line, AccessRecord& record);
  // The format of the newest good line, or the fixed one; nullptr before the first.
  const Format* chosen() const { return chosen_; }

 private:
  const Format* const fixed_;
  const Format* chosen_;
};

}  // namespace revertd

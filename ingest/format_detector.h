// FormatDetector: reads lines of one stream in a given format, or finds the format of each line by itself.
//
// Thread contract: one thread. Invariant: what a line becomes does not depend on the lines before it, only how fast
// its format is found: the reader that fitted last is tried first, and no line fits two of them (DetectedFormats).
// Readers are made when they are first needed.
#pragma once

#include <string_view>

#include "ingest/format/format.h"
#include "ingest/line_unwrapper.h"

namespace revertd {

class FormatDetector {
 public:
  // `fixed` nullptr: find out.
  explicit FormatDetector(const Format* fixed, ReaderOptions options = {});

  // `line` without its line end. A byte order mark in front (a file's first line) and NULs in front (a file truncated
  // under its writer) are no part of it.
  ParseError Parse(std::string_view line, AccessRecord& record);
  // The format of the newest good line, or the fixed one; nullptr before the first.
  const Format* chosen() const { return chosen_; }
  // Whether it keeps pieces of a wrapped line that is not whole yet.
  bool HoldsPieces() const { return unwrapper_.HoldsPieces(); }

 private:
  struct Candidate {
    const Format* format;
    std::unique_ptr<LineReader> reader;
  };

  // kNoFormat where only the fallbacks are left.
  ParseError ParseExactly(std::string_view line, AccessRecord& record);
  ParseError ParseAs(Candidate& candidate, std::string_view line, AccessRecord& record);

  const bool is_fixed_;
  ReaderOptions options_;
  LineUnwrapper unwrapper_;
  std::vector<Candidate> candidates_;
  std::vector<Candidate> fallbacks_;  // tried last, and never first
  Candidate* first_ = nullptr;
  const Format* chosen_ = nullptr;
};

}  // namespace revertd

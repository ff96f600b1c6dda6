// Reads one line for a test that looks at the record afterwards: the line and the reader, into which the record's views
// point, are kept for as long as the test program runs.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "ingest/format/format.h"

namespace revertd {

inline ParseError KeptParse(const Format& format, std::string_view line, AccessRecord& record,
                            const ReaderOptions& options = {}) {
  struct Kept {
    std::string line;
    std::unique_ptr<LineReader> reader;
  };
  static std::deque<Kept> all;
  Kept& kept = all.emplace_back(Kept{std::string(line), format.NewReader(options)});
  record = {};
  return kept.reader->Parse(kept.line, record);
}

}  // namespace revertd

// Format: how one kind of access log is written, and the list of those that revertd knows.
//
// Thread contract: formats are immutable and live for the process; any thread may use any of them.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "ingest/format/access_record.h"

namespace revertd {

class Format {
 public:
  virtual ~Format() = default;
  virtual std::string_view name() const = 0;
  // Reads `line` (no line end) into `record`, which is unspecified unless the answer is kNone. kNoFormat is "not mine",
  // the other errors are "mine, but damaged". Never kEmpty: FormatDetector keeps blank lines away. Does not allocate.
  virtual ParseError Parse(std::string_view line, AccessRecord& record) const = 0;
};

// Every format, the most specific first. No line fits two of them.
std::span<const Format* const> KnownFormats();
// nullptr where there is no such format.
const Format* FormatNamed(std::string_view name);
std::vector<std::string_view> FormatNames();

}  // namespace revertd

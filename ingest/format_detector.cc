#include "ingest/format_detector.h"

namespace revertd {
namespace {

std::string_view WithoutForeignStart(std::string_view line) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (line.starts_with('\0')) {
    const size_t text = line.find_first_not_of('\0');
    line.remove_prefix(text == std::string_view::npos ? line.size() : text);
  }
  if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  return line;
}

bool IsBlank(std::string_view line) { return line.find_first_not_of(" \t\r\v\f") == std::string_view::npos; }

}  // namespace

ParseError FormatDetector::Parse(std::string_view line, AccessRecord& record) {
  line = WithoutForeignStart(line);
  if (IsBlank(line)) return ParseError::kEmpty;
  ParseError error = ParseError::kNoFormat;
  if (chosen_ != nullptr) {
    error = chosen_->Parse(line, record);
    // A damaged line of the right format is not another format's.
    if (error != ParseError::kNoFormat || fixed_ != nullptr) return error;
  }
  for (const Format* format : KnownFormats()) {
    if (format == chosen_) continue;
    error = format->Parse(line, record);
    if (error == ParseError::kNoFormat) continue;
    if (error == ParseError::kNone) chosen_ = format;
    return error;
  }
  return ParseError::kNoFormat;
}

}  // namespace revertd

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

FormatDetector::FormatDetector(const Format* fixed, ReaderOptions options)
    : is_fixed_(fixed != nullptr), options_(std::move(options)) {
  if (is_fixed_) {
    candidates_.push_back({fixed, nullptr});
    chosen_ = candidates_.data();
    return;
  }
  for (const Format* format : KnownFormats()) candidates_.push_back({format, nullptr});
}

ParseError FormatDetector::ParseAs(Candidate& candidate, std::string_view line, AccessRecord& record) {
  if (candidate.reader == nullptr) candidate.reader = candidate.format->NewReader(options_);
  record = {};
  return candidate.reader->Parse(line, record);
}

ParseError FormatDetector::Parse(std::string_view line, AccessRecord& record) {
  line = WithoutForeignStart(line);
  if (IsBlank(line)) return ParseError::kEmpty;
  if (const ParseError error = unwrapper_.Unwrap(line, &line); error != ParseError::kNone) return error;
  if (chosen_ != nullptr) {
    const ParseError error = ParseAs(*chosen_, line, record);
    // A damaged line of the right format is not another format's.
    if (error != ParseError::kNoFormat || is_fixed_) return error;
  }
  for (Candidate& candidate : candidates_) {
    if (&candidate == chosen_) continue;
    const ParseError error = ParseAs(candidate, line, record);
    if (error == ParseError::kNoFormat) continue;
    if (error == ParseError::kNone) chosen_ = &candidate;
    return error;
  }
  return ParseError::kNoFormat;
}

}  // namespace revertd

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
  options_.alone = is_fixed_;
  if (is_fixed_) {
    candidates_.push_back({fixed, nullptr});
    chosen_ = fixed;
    first_ = candidates_.data();
    return;
  }
  for (const Format* format : DetectedFormats()) candidates_.push_back({format, nullptr});
  for (const Format* format : FallbackFormats()) fallbacks_.push_back({format, nullptr});
}

ParseError FormatDetector::ParseAs(Candidate& candidate, std::string_view line, AccessRecord& record) {
  if (candidate.reader == nullptr) candidate.reader = candidate.format->NewReader(options_);
  record = {};
  const ParseError error = candidate.reader->Parse(line, record);
  if (error == ParseError::kNone && !is_fixed_) {
    const Format* of_several = candidate.reader->last_format();
    chosen_ = of_several == nullptr ? candidate.format : of_several;
  }
  return error;
}

ParseError FormatDetector::Parse(std::string_view line, AccessRecord& record) {
  line = WithoutForeignStart(line);
  if (const ParseError error = unwrapper_.Unwrap(line, &line); error != ParseError::kNone) return error;
  if (IsBlank(line)) return ParseError::kEmpty;
  const ParseError error = ParseExactly(line, record);
  if (error != ParseError::kNoFormat) return error;
  const std::string_view bare = WithoutShippersWords(line);
  if (bare.size() != line.size()) {
    const ParseError bare_error = ParseExactly(bare, record);
    if (bare_error != ParseError::kNoFormat) return bare_error;
  }
  for (Candidate& candidate : fallbacks_) {
    if (const ParseError last = ParseAs(candidate, line, record); last != ParseError::kNoFormat) return last;
  }
  return ParseError::kNoFormat;
}

ParseError FormatDetector::ParseExactly(std::string_view line, AccessRecord& record) {
  if (first_ != nullptr) {
    const ParseError error = ParseAs(*first_, line, record);
    // A damaged line of the right format is not another format's.
    if (error != ParseError::kNoFormat || is_fixed_) return error;
  }
  for (Candidate& candidate : candidates_) {
    if (&candidate == first_) continue;
    const ParseError error = ParseAs(candidate, line, record);
    if (error == ParseError::kNoFormat) continue;
    if (error == ParseError::kNone) first_ = &candidate;
    return error;
  }
  return ParseError::kNoFormat;
}

}  // namespace revertd

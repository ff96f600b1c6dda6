#include "ingest/line_splitter.h"

#include <cstring>

#include "base/check.h"

namespace revertd {

LineSplitter::LineSplitter(Counters* counters, size_t line_bytes_max)
    : counters_(counters),
      line_bytes_max_(line_bytes_max),
      buffer_(std::make_unique_for_overwrite<char[]>(kBlockMarginBytes + CarryBytes(line_bytes_max) + kReadBytes +
                                                     kBlockMarginBytes)),
      space_(buffer_.get() + kBlockMarginBytes + CarryBytes(line_bytes_max)),
      begin_(space_),
      end_(begin_) {}

void LineSplitter::Filled(size_t bytes) {
  REVERTD_CHECK(drained_ && !ended_ && bytes <= kReadBytes);
  end_ = space_ + bytes;
  drained_ = false;
  counters_->Add(Counter::kBytesRead, bytes);
}

bool LineSplitter::Next(std::string_view* line) {
  if (NextTerminated(line)) return true;
  if (ended_) return TakeUnterminated(line);
  if (!drained_) CarryRest();
  drained_ = true;
  return false;
}

std::string_view LineSplitter::WholeLines() const {
  if (skipping_) return {};
  const std::string_view unread(begin_, static_cast<size_t>(end_ - begin_));
  return unread.substr(0, unread.rfind('\n') + 1);  // npos + 1 is 0
}

bool LineSplitter::NextTerminated(std::string_view* line) {
  while (begin_ < end_) {
    // What was carried holds no LF, so the search could start behind it; a partial line is short enough not to care.
    auto* newline = static_cast<char*>(std::memchr(begin_, '\n', static_cast<size_t>(end_ - begin_)));
    if (newline == nullptr) return false;
    const std::string_view raw(begin_, static_cast<size_t>(newline - begin_));
    begin_ = newline + 1;
    if (Accept(raw, line)) return true;
  }
  return false;
}

bool LineSplitter::TakeUnterminated(std::string_view* line) {
  if (begin_ == end_ && !skipping_) return false;
  const std::string_view raw(begin_, static_cast<size_t>(end_ - begin_));
  begin_ = end_;
  counters_->Add(Counter::kLinesUnterminated);
  return Accept(raw, line);
}

bool LineSplitter::Accept(std::string_view raw, std::string_view* line) {
  counters_->Add(Counter::kLinesRead);
  if (raw.ends_with('\r')) raw.remove_suffix(1);
  const bool too_long = skipping_ || raw.size() > line_bytes_max_;
  skipping_ = false;
  if (too_long) {
    counters_->Add(Counter::kLinesTooLong);
    return false;
  }
  *line = raw;
  return true;
}

void LineSplitter::CarryRest() {
  const auto rest = static_cast<size_t>(end_ - begin_);
  // One byte more than the longest line: it may be the CR of a line that just fits.
  if (skipping_ || rest > line_bytes_max_ + 1) {
    skipping_ = true;
    begin_ = end_ = space_;
    return;
  }
  std::memmove(space_ - rest, begin_, rest);
  begin_ = space_ - rest;
  end_ = space_;
}

}  // namespace revertd

// LineSplitter: turns chunks of a stream into lines, whatever the chunks.
//
// Use: read into Space(), say how much with Filled(), take lines with Next() until it answers false, read again; after
// the stream's end call EndOfStream() and take what Next() still has. Thread contract: one thread.
// Invariants: 1. one allocation for life; Space() is always the same memory; 2. a line's view is good until the
// Next() that answers false; 3. lines do not depend on how the stream was cut into chunks; 4. every line that ends is
// counted once in kLinesRead, those skipped for their length also in kLinesTooLong.
//
// Layout: | room for a carried partial line | kReadBytes of the next read |; the partial line is moved to stand right
// in front of the next read, so that a line is always one piece. A ring would save that move of some hundred bytes a
// read and cost a second piece for every line on its seam.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/counters.h"
#include "base/limits.h"
#include "ingest/fast/byte_index.h"

namespace revertd {

class LineSplitter {
 public:
  // The longest line and the CR that may follow it; whole pages, so that reads are aligned.
  static constexpr size_t kCarrySpareBytes = 4096;
  static constexpr size_t CarryBytes(size_t line_bytes_max) { return line_bytes_max + kCarrySpareBytes; }

  // `counters` outlives this and has this thread as its writer. Lines of more than `line_bytes_max` are too long.
  explicit LineSplitter(Counters* counters, size_t line_bytes_max = kLineBytesMax);

  std::span<char> Space() { return {space_, kReadBytes}; }
  // `bytes` at the start of Space() are new. Only after Next() has answered false.
  void Filled(size_t bytes);
  // The stream has ended: Next() hands out the unterminated last line too.
  void EndOfStream() { ended_ = true; }
  // The next line without LF or CR LF; NULs and all other bytes survive.
  bool Next(std::string_view* line);

  // For readers of many lines at once: all bytes not handed out up to the last LF, that one included; empty where a
  // line that is too long has to end first. kBlockMarginBytes on both sides may be read. Good as a line's view is.
  std::string_view WholeLines() const;
  static constexpr size_t kWholeLinesBytesMax = kLineBytesMax + kCarrySpareBytes + kReadBytes;  // of such lines
  // Of a line (without its LF) of WholeLines(): counts it as Next() does; false where it is too long.
  bool AcceptLine(std::string_view raw, std::string_view* line) { return Accept(raw, line); }
  // Of `lines` of WholeLines() that were read without AcceptLine(), because they are short and have no CR.
  void CountAccepted(size_t lines) { counters_->Add(Counter::kLinesRead, lines); }
  // The first `bytes` of WholeLines(), whole lines, are handed out.
  void Skip(size_t bytes) { begin_ += bytes; }

 private:
  bool NextTerminated(std::string_view* line);
  bool TakeUnterminated(std::string_view* line);
  // Counts the line and says whether it is short enough to be handed out.
  bool Accept(std::string_view raw, std::string_view* line);
  void CarryRest();

  Counters* const counters_;
  const size_t line_bytes_max_;
  const std::unique_ptr<char[]> buffer_;
  char* const space_;
  char* begin_;            // the first byte not handed out
  char* end_;              // one past the last byte read
  bool skipping_ = false;  // inside a line that is too long already; its start is forgotten
  bool drained_ = true;    // Next() has answered false since the last Filled()
  bool ended_ = false;
};

}  // namespace revertd

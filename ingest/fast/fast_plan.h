// FastPlan: stage two of the fast path. Reads the lines of an indexed block by the ordinal of their marks, where a few
// compares prove that the line is laid out as the plan expects; any other line is left to the format's exact reader.
//
// The rule of every plan: a line that it answers, the exact reader of its format answers too, with the same record in
// every field that was asked for. When in doubt it does not answer: that costs time and is counted
// (Counter::kLinesSlowPath), a wrong answer costs the truth. Thread contract: one thread a plan.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/limits.h"
#include "ingest/fast/byte_index.h"
#include "ingest/format/access_record.h"

namespace revertd {

// Fields of a record that not every use needs. Times, status, host, backend, bytes and durations are always given;
// what is not asked for may be left empty.
struct FieldNeeds {
  bool request = false;  // method and path
  bool cohort = false;   // upstream and release
};

// A block of whole lines: its last byte is an LF. kBlockMarginBytes around it may be read.
struct IndexedBlock {
  const char* data = nullptr;       // positions count from here
  std::span<const uint32_t> marks;  // as ByteIndex::Build gives them
};

// Where a line stands in its block.
struct LineAt {
  uint32_t begin = 0;
  const uint32_t* marks = nullptr;  // its first mark and all behind it; at least ByteIndex::kRepeats may be read
};

// What a plan made of some lines of a block, in their order.
struct LineBatch {
  static constexpr size_t kLines = 64;  // few enough to stay in the first-level cache until they are recorded

  size_t size = 0;
  // Bits from `size` on are set.
  std::bitset<kLines> proven;                // others: read [begins, ends) with the exact reader
  std::array<uint32_t, kLines> begins;       // of the line, counted from the block's start
  std::array<uint32_t, kLines> ends;         // of its LF
  std::array<AccessRecord, kLines> records;  // of proven lines

  size_t proven_lines() const { return size - (kLines - proven.count()); }
  // Without its LF, as it stands in `block`.
  std::string_view LineOf(std::string_view block, size_t i) const {
    return block.substr(begins[i], ends[i] - begins[i]);
  }
};

// What is left of a block.
struct BlockCursor {
  uint32_t begin = 0;  // of the next line
  size_t mark = 0;     // index of its first mark
};

class FastPlan {
 public:
  virtual ~FastPlan() = default;
  virtual const DelimiterSet& delimiters() const = 0;
  // Reads lines from `cursor` on until the batch is full or the block at its end, and moves the cursor behind them.
  // Fields that this plan never gives keep in `batch.records` what they held: start with default ones.
  virtual void Read(const IndexedBlock& block, BlockCursor& cursor, LineBatch& batch) = 0;
};

// The loop over lines, with the reader of one line compiled into it. `Derived` has
//   size_t ReadLine(const char* data, LineAt line, AccessRecord& record);
// which answers how many marks the line has, its LF included, or 0: not proven. A mark behind the line's LF belongs to
// another line: prove the kind of every mark you use, the LF's above all.
template <typename Derived>
class FastPlanOf : public FastPlan {
 public:
  void Read(const IndexedBlock& block, BlockCursor& cursor, LineBatch& batch) final {
    Derived& self = static_cast<Derived&>(*this);
    uint32_t begin = cursor.begin;
    const uint32_t* mark = block.marks.data() + cursor.mark;
    const uint32_t* const last = block.marks.data() + block.marks.size();
    size_t size = 0;
    batch.proven.set();
    for (; size < LineBatch::kLines && mark < last; ++size) {
      batch.begins[size] = begin;
      size_t used = self.ReadLine(block.data, {begin, mark}, batch.records[size]);
      if (used == 0 || mark[used - 1] - begin > kLineBytesMax || !StartsPlainly(block.data[begin])) [[unlikely]] {
        batch.proven.reset(size);
        for (used = 1; block.data[mark[used - 1]] != '\n'; ++used) {
        }
      }
      batch.ends[size] = mark[used - 1];
      begin = mark[used - 1] + 1;
      mark += used;
    }
    batch.size = size;
    cursor = {.begin = begin, .mark = static_cast<size_t>(mark - block.marks.data())};
  }

 private:
  // Byte order marks, NULs and blanks in front of a line are FormatDetector's business.
  static bool StartsPlainly(char first) { return static_cast<uint8_t>(first - '!') <= '~' - '!'; }
};

}  // namespace revertd

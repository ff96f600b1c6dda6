// BlockReader: both stages of the fast path over a block of whole lines, in the lines' order.
//
// Thread contract: one thread.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "ingest/fast/byte_index.h"
#include "ingest/fast/fast_plan.h"

namespace revertd {

class BlockReader {
 public:
  // `block_bytes_max`: of a block given to Read().
  BlockReader(std::unique_ptr<FastPlan> plan, SimdKernel kernel, size_t block_bytes_max)
      : plan_(std::move(plan)), index_(kernel, plan_->delimiters(), block_bytes_max) {}

  // Reads `block`, whose last byte is an LF and around which kBlockMarginBytes may be read. For each line either
  // on_record(const AccessRecord&) or, where the plan did not prove it, on_line(std::string_view raw) without its LF.
  // After each batch on_batch(size_t lines, size_t proven) says whether to read on; answers how many bytes were read.
  template <typename OnRecord, typename OnLine, typename OnBatch>
  size_t Read(std::string_view block, OnRecord&& on_record, OnLine&& on_line, OnBatch&& on_batch) {
    const IndexedBlock indexed{.data = block.data(), .marks = index_.Build(block)};
    BlockCursor cursor;
    while (cursor.begin < block.size()) {
      plan_->Read(indexed, cursor, batch_);
      for (size_t i = 0; i < batch_.size; ++i) {
        if (batch_.proven[i]) [[likely]] {
          on_record(static_cast<const AccessRecord&>(batch_.records[i]));
        } else {
          on_line(block.substr(batch_.begins[i], batch_.ends[i] - batch_.begins[i]));
        }
      }
      const size_t unproven = LineBatch::kLines - batch_.proven.count();
      if (!on_batch(batch_.size, batch_.size - unproven)) break;
    }
    return cursor.begin;
  }

 private:
  std::unique_ptr<FastPlan> plan_;
  ByteIndex index_;
  LineBatch batch_;
};

}  // namespace revertd

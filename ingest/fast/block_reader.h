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

  // Reads `block`, whose last byte is an LF and around which kBlockMarginBytes may be read. After each batch of lines
  // on_batch(const LineBatch&) says whether to read on; answers how many bytes were read.
  template <typename OnBatch>
  size_t Read(std::string_view block, OnBatch&& on_batch) {
    const IndexedBlock indexed{.data = block.data(), .marks = index_.Build(block)};
    BlockCursor cursor;
    while (cursor.begin < block.size()) {
      plan_->Read(indexed, cursor, batch_);
      if (!on_batch(static_cast<const LineBatch&>(batch_))) break;
    }
    return cursor.begin;
  }

 private:
  std::unique_ptr<FastPlan> plan_;
  ByteIndex index_;
  LineBatch batch_;
};

}  // namespace revertd

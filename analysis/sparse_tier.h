// SparseTier: one service's encoded intervals of one grain, the newest kept, within a fixed number of bytes.
//
// Intervals lie one behind the other in chunks; a chunk is given back once all of it is too old. Where the bytes run
// out first, the oldest chunk goes early and is counted.
//
// One thread. Invariants: starts never go back; bytes() <= BytesMax(spec).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>

#include "base/varint.h"
#include "base/window.h"

namespace revertd {

struct TierSpec {
  int64_t grain_seconds;
  int64_t kept_seconds;
  size_t interval_bytes;  // what an interval should fit in; sets the tier's bytes and its precision
};

class SparseTier {
 public:
  explicit SparseTier(const TierSpec& spec) : spec_(spec) {}
  static uint64_t BytesMax(const TierSpec& spec);

  // `start_second` not before the newest kept; two intervals of one start are both kept. False: it was before, and is
  // not kept.
  bool Append(int64_t start_second, std::string_view bytes);
  // Gives back chunks that lie wholly before what is kept at `now_second`.
  void Forget(int64_t now_second);

  // accept(start_second, bytes) for each interval that starts in [from, to), oldest first.
  template <typename Accept>
  void ForEach(int64_t from, int64_t to, Accept&& accept) const {
    const auto ends_before = [](const Chunk& chunk, int64_t second) { return chunk.last_second < second; };
    auto chunk = std::lower_bound(chunks_.begin(), chunks_.end(), from, ends_before);
    for (; chunk != chunks_.end() && chunk->first_second < to; ++chunk) {
      std::string_view rest(chunk->bytes.get(), chunk->used);
      int64_t start = chunk->first_second;
      while (!rest.empty()) {
        uint64_t step = 0;
        uint64_t size = 0;
        TakeVarint(rest, &step);
        TakeVarint(rest, &size);
        start += static_cast<int64_t>(step);
        if (start >= from && start < to) accept(start, rest.substr(0, size));
        rest.remove_prefix(size);
      }
    }
  }
  bool empty() const { return chunks_.empty(); }
  // Starts of the oldest and the newest interval kept; not of an empty tier.
  int64_t first_second() const { return chunks_.front().first_second; }
  int64_t last_second() const { return chunks_.back().last_second; }
  uint64_t bytes() const;
  uint64_t chunks_cut() const { return chunks_cut_; }  // given back although not too old

 private:
  static constexpr size_t kChunkBytes = 4'080;  // with the allocator's own word a page
  struct Chunk {
    int64_t first_second = 0;
    int64_t last_second = 0;
    size_t used = 0;
    std::unique_ptr<char[]> bytes;
  };
  static size_t ChunksMax(const TierSpec& spec);
  Chunk& ChunkFor(int64_t start_second, size_t bytes);

  const TierSpec spec_;
  std::deque<Chunk> chunks_;
  uint64_t chunks_cut_ = 0;
};

}  // namespace revertd

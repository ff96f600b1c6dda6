#include "analysis/sparse_tier.h"

#include <cstring>
#include <string>

#include "base/check.h"

namespace revertd {
namespace {

constexpr size_t kHeadBytesMax = 2 * kVarintBytesMax;
constexpr size_t kDequeBlockBytes = 512;  // of libstdc++: the deque's own memory comes in such blocks

}  // namespace

size_t SparseTier::ChunksMax(const TierSpec& spec) {
  const auto intervals = static_cast<size_t>(spec.kept_seconds / spec.grain_seconds);
  const size_t record_bytes = spec.interval_bytes + 2;  // as a rule its head takes two bytes
  // Two more: the oldest is given back only as a whole, the newest is not full.
  return intervals / (kChunkBytes / record_bytes) + 3;
}

uint64_t SparseTier::BytesMax(const TierSpec& spec) {
  return ChunksMax(spec) * (kChunkBytes + sizeof(size_t) + sizeof(Chunk)) + 3 * kDequeBlockBytes + sizeof(SparseTier);
}

uint64_t SparseTier::bytes() const {
  return chunks_.size() * (kChunkBytes + sizeof(size_t) + sizeof(Chunk)) + 3 * kDequeBlockBytes + sizeof(SparseTier);
}

SparseTier::Chunk& SparseTier::ChunkFor(int64_t start_second, size_t bytes) {
  if (!chunks_.empty() && chunks_.back().used + bytes <= kChunkBytes) return chunks_.back();
  if (chunks_.size() == ChunksMax(spec_)) {
    chunks_.pop_front();
    ++chunks_cut_;
  }
  chunks_.push_back({start_second, start_second, 0, std::make_unique_for_overwrite<char[]>(kChunkBytes)});
  return chunks_.back();
}

bool SparseTier::Append(int64_t start_second, std::string_view bytes) {
  REVERTD_CHECK(bytes.size() + kHeadBytesMax <= kChunkBytes);
  if (!chunks_.empty() && start_second < chunks_.back().last_second) return false;
  Chunk& chunk = ChunkFor(start_second, bytes.size() + kHeadBytesMax);
  std::string head;  // short enough to need no memory of its own
  AppendVarint(static_cast<uint64_t>(start_second - chunk.last_second), &head);
  AppendVarint(bytes.size(), &head);
  std::memcpy(&chunk.bytes[chunk.used], head.data(), head.size());
  std::memcpy(&chunk.bytes[chunk.used + head.size()], bytes.data(), bytes.size());
  chunk.used += head.size() + bytes.size();
  chunk.last_second = start_second;
  return true;
}

void SparseTier::Forget(int64_t now_second) {
  while (!chunks_.empty() && chunks_.front().last_second < now_second - spec_.kept_seconds) chunks_.pop_front();
}

}  // namespace revertd

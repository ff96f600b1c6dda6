#include "analysis/series.h"

#include <algorithm>
#include <limits>

namespace revertd {
namespace {

size_t SlotOf(int64_t second) {
  const int64_t remainder = second % kKeptSeconds;
  return static_cast<size_t>(remainder < 0 ? remainder + kKeptSeconds : remainder);
}

uint32_t Kept(int64_t count) {
  return static_cast<uint32_t>(std::clamp<int64_t>(count, 0, std::numeric_limits<uint32_t>::max()));
}

}  // namespace

uint64_t Series::BytesMax() {
  constexpr uint64_t kBlocks = kHistorySeconds / kHistoryBlockSeconds + 2;
  constexpr uint64_t kDequeOverhead = 4'096;  // blocks that are not full, and the map of blocks
  return sizeof(Series) + kKeptSeconds * sizeof(SecondCounts) + kBlocks * (sizeof(KeptBlock) + 1) + kDequeOverhead;
}

RateCounts& RateCounts::operator+=(const RateCounts& other) {
  requests += other.requests;
  errors += other.errors;
  return *this;
}

bool AnyTouches(const std::vector<SecondInterval>& intervals, int64_t from, int64_t to) {
  return std::any_of(intervals.begin(), intervals.end(),
                     [from, to](const SecondInterval& interval) { return interval.from < to && from < interval.to; });
}

RateCounts AllAges(const AgeCounts& counts) {
  RateCounts sum;
  for (size_t age = 0; age < kAgeClasses; ++age) sum += {counts.requests[age], counts.errors[age]};
  return sum;
}

RateCounts StartedFrom(const AgeCounts& counts, int64_t second, int64_t first_start) {
  RateCounts sum;
  for (size_t age = 0; age < kAgeClasses; ++age) {
    const int64_t oldest = OldestAgeOf(age);
    if (oldest >= 0 && second - oldest >= first_start) sum += {counts.requests[age], counts.errors[age]};
  }
  return sum;
}

Series::Series() : seconds_(static_cast<size_t>(kKeptSeconds), SecondCounts{kNoSecond, {}}) {}

void Series::Store(const SecondCounts& counts) {
  SecondCounts& slot = seconds_[SlotOf(counts.second)];
  if (slot.second > counts.second) return;  // its place was taken by a newer second: too old to keep
  if (slot.second < counts.second) {
    slot = counts;
    return;
  }
  for (size_t age = 0; age < kAgeClasses; ++age) {
    slot.by_age.requests[age] += counts.by_age.requests[age];
    slot.by_age.errors[age] += counts.by_age.errors[age];
  }
}

void Series::AddBlock(const HistoryBlock& block) {
  // Blocks come in ascending order but for a second that arrives after its block was closed by a restart.
  if (!history_.empty() && history_.back().start_second >= block.start_second) return;
  history_.push_back({block.start_second, Kept(block.requests), Kept(block.errors)});
  while (history_.front().start_second < block.start_second - kHistorySeconds) history_.pop_front();
}

std::optional<HistoryBlock> Series::CloseBlock() {
  if (open_block_.requests == 0) return std::nullopt;
  const HistoryBlock closed = open_block_;
  open_block_ = {};
  AddBlock(closed);
  return closed;
}

std::optional<HistoryBlock> Series::Append(const SecondCounts& counts) {
  Store(counts);
  const RateCounts sum = AllAges(counts.by_age);
  const int64_t start = HistoryBlockStart(counts.second);
  if (sum.requests == 0 || (open_block_.requests > 0 && start < open_block_.start_second)) return std::nullopt;
  std::optional<HistoryBlock> closed;
  if (open_block_.requests > 0 && open_block_.start_second != start) closed = CloseBlock();
  open_block_.start_second = start;
  open_block_.requests += sum.requests;
  open_block_.errors += sum.errors;
  return closed;
}

std::optional<HistoryBlock> Series::SealThrough(int64_t second) {
  if (open_block_.requests == 0 || second + 1 < open_block_.start_second + kHistoryBlockSeconds) return std::nullopt;
  return CloseBlock();
}

void Series::Restore(const std::vector<HistoryBlock>& blocks, const std::vector<SecondCounts>& seconds) {
  std::vector<HistoryBlock> sorted_blocks = blocks;
  std::sort(sorted_blocks.begin(), sorted_blocks.end(),
            [](const HistoryBlock& a, const HistoryBlock& b) { return a.start_second < b.start_second; });
  for (const HistoryBlock& block : sorted_blocks) AddBlock(block);
  std::vector<SecondCounts> sorted_seconds = seconds;
  std::sort(sorted_seconds.begin(), sorted_seconds.end(),
            [](const SecondCounts& a, const SecondCounts& b) { return a.second < b.second; });
  for (const SecondCounts& counts : sorted_seconds) {
    const bool in_history = !history_.empty() && HistoryBlockStart(counts.second) <= history_.back().start_second;
    if (in_history) {
      Store(counts);
    } else {
      Append(counts);  // seconds after the newest stored block make up the blocks that were open at the restart
    }
  }
}

const AgeCounts* Series::Find(int64_t second) const {
  const SecondCounts& slot = seconds_[SlotOf(second)];
  return slot.second == second ? &slot.by_age : nullptr;
}

RateCounts Series::Sum(const SecondInterval& interval) const {
  RateCounts sum;
  for (int64_t second = interval.from; second < interval.to; ++second) {
    if (const AgeCounts* counts = Find(second)) sum += AllAges(*counts);
  }
  return sum;
}

}  // namespace revertd

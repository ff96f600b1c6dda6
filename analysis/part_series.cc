#include "analysis/part_series.h"

#include <algorithm>

namespace revertd {
namespace {

constexpr int64_t kHourSeconds = 3600;

void AppendPart(size_t part, const RateCounts& counts, std::string* bytes) {
  AppendVarint(part, bytes);
  AppendVarint(static_cast<uint64_t>(counts.requests), bytes);
  AppendVarint(static_cast<uint64_t>(counts.errors), bytes);
}

}  // namespace

uint64_t PartSeries::BytesMax() {
  return SparseTier::BytesMax(kSeconds) + SparseTier::BytesMax(kBlocks) +
         kNamesMax * (sizeof(Name) + sizeof(RateCounts)) + sizeof(PartSeries);
}

std::optional<size_t> PartSeries::NumberOf(const PartCounts& part, int64_t second) {
  if (part.key == kNoKey || part.key == kOtherKey) return std::nullopt;
  size_t oldest = 0;
  for (size_t i = 0; i < names_.size(); ++i) {
    if (names_[i].key == part.key) {
      names_[i].last_second = second;
      return i;
    }
    if (names_[i].last_second < names_[oldest].last_second) oldest = i;
  }
  const Name name{part.key, second, second, Label(part.name)};
  if (names_.size() < kNamesMax) {
    names_.push_back(name);
    open_block_.emplace_back();
    return names_.size() - 1;
  }
  // Anything younger still stands under this number.
  if (names_[oldest].last_second >= second - kBlocksKeptSeconds - kHistoryBlockSeconds) {
    ++overflow_;
    return std::nullopt;
  }
  names_[oldest] = name;
  return oldest;
}

void PartSeries::CloseBlock() {
  scratch_.clear();
  for (size_t part = 0; part < open_block_.size(); ++part) {
    if (open_block_[part].requests > 0) AppendPart(part, open_block_[part], &scratch_);
    open_block_[part] = {};
  }
  if (!scratch_.empty()) blocks_.Append(block_start_, scratch_);
}

void PartSeries::Append(int64_t second, std::span<const PartCounts> parts) {
  const int64_t block = HistoryBlockStart(second);
  if (block != block_start_) {
    CloseBlock();
    block_start_ = block;
    seconds_.Forget(second);
    blocks_.Forget(second);
  }
  scratch_.clear();
  for (const PartCounts& part : parts) {
    if (part.counts.requests == 0) continue;
    if (part.key == kOtherKey) {
      if (unnamed_last_ == kNoSecond || unnamed_last_ < second - kHourSeconds) unnamed_since_ = second;
      unnamed_last_ = second;
    }
    const std::optional<size_t> number = NumberOf(part, second);
    if (!number) continue;
    AppendPart(*number, part.counts, &scratch_);
    open_block_[*number] += part.counts;
  }
  if (scratch_.empty()) return;
  if (known_since_ == kNoSecond) known_since_ = second;
  seconds_.Append(second, scratch_);
}

std::vector<RateHistory> PartSeries::HistoriesBefore(int64_t before_second,
                                                     const std::vector<SecondInterval>& left_out) const {
  std::vector<RateHistory> histories(names_.size());
  const auto add_block = [&](int64_t start, size_t part, const RateCounts& counts) {
    if (start + kHistoryBlockSeconds > before_second) return;
    if (AnyTouches(left_out, start, start + kHistoryBlockSeconds)) return;
    histories[part].blocks.push_back({start, counts.requests, counts.errors});
  };
  blocks_.ForEach(before_second - kHourSeconds, before_second, [&](int64_t start, std::string_view bytes) {
    ForEachIn(bytes, [&](size_t part, const RateCounts& counts) { add_block(start, part, counts); });
  });
  // Open still only because nothing came after it.
  for (size_t part = 0; part < open_block_.size(); ++part) {
    if (open_block_[part].requests > 0) add_block(block_start_, part, open_block_[part]);
  }
  seconds_.ForEach(before_second - kSpreadSeconds, before_second, [&](int64_t second, std::string_view bytes) {
    if (AnyTouches(left_out, second, second + 1)) return;
    ForEachIn(bytes, [&](size_t part, const RateCounts& counts) {
      histories[part].recent.push_back({second, counts.requests, counts.errors});
    });
  });
  return histories;
}

}  // namespace revertd

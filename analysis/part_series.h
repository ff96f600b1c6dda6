// PartSeries: what is remembered of the parts of one service by their names, of its routes or of its cohorts: the
// newest seconds, blocks for a baseline, and when each name was first seen.
//
// One thread, the analysis thread. Counts are of all ages. Invariants: 1. memory is at most BytesMax(); 2. a name keeps
// its number for as long as anything is kept of it; 3. what cannot be kept is counted (overflow).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/baseline.h"
#include "analysis/sparse_tier.h"
#include "base/window_detail.h"

namespace revertd {

struct PartCounts {
  uint64_t key = kNoKey;
  std::string_view name;
  RateCounts counts;
};

class PartSeries {
 public:
  // More names than a window has places: the places change hands.
  static constexpr size_t kNamesMax = 128;
  // A deploy that is told of late still finds the hour before it.
  static constexpr int64_t kBlocksKeptSeconds = kLateRegistrationSeconds + 3600 + 600;

  // Seconds in order of time. Of a part without a name of its own (`_other`) only that it was there is kept.
  void Append(int64_t second, std::span<const PartCounts> parts);

  size_t size() const { return names_.size(); }
  std::string_view NameOf(size_t part) const { return names_[part].name.text(); }
  int64_t FirstSeen(size_t part) const { return names_[part].first_second; }
  // The first second of which anything is known; kNoSecond: none.
  int64_t known_since() const { return known_since_; }
  // Whether there was a part without a name of its own in `from` or later, and not only after `to`.
  bool UnnamedBetween(int64_t from, int64_t to) const { return unnamed_since_ <= to && unnamed_last_ >= from; }
  uint64_t overflow() const { return overflow_; }  // seconds of parts that found no number
  static uint64_t BytesMax();

  // accept(part, const RateCounts&) for each part with requests in `second`.
  template <typename Accept>
  void ForEachAt(int64_t second, Accept&& accept) const {
    seconds_.ForEach(second, second + 1, [&](int64_t, std::string_view bytes) { ForEachIn(bytes, accept); });
  }
  // By part: the hour before `before_second` in whole blocks, and its newest seconds, without what touches `left_out`.
  std::vector<RateHistory> HistoriesBefore(int64_t before_second, const std::vector<SecondInterval>& left_out) const;

 private:
  // Room for a dozen parts a second, and for all of them a block.
  static constexpr TierSpec kSeconds = {.grain_seconds = 1, .kept_seconds = kKeptSeconds, .interval_bytes = 64};
  static constexpr TierSpec kBlocks = {
      .grain_seconds = kHistoryBlockSeconds, .kept_seconds = kBlocksKeptSeconds, .interval_bytes = 512};

  struct Name {
    uint64_t key = kNoKey;
    int64_t first_second = 0;
    int64_t last_second = 0;
    Label name;
  };

  template <typename Accept>
  static void ForEachIn(std::string_view bytes, Accept&& accept) {
    uint64_t part = 0, requests = 0, errors = 0;
    while (TakeVarint(bytes, &part) && TakeVarint(bytes, &requests) && TakeVarint(bytes, &errors)) {
      accept(static_cast<size_t>(part), RateCounts{static_cast<int64_t>(requests), static_cast<int64_t>(errors)});
    }
  }
  std::optional<size_t> NumberOf(const PartCounts& part, int64_t second);
  void CloseBlock();

  std::vector<Name> names_;
  SparseTier seconds_{kSeconds};
  SparseTier blocks_{kBlocks};
  int64_t block_start_ = kNoSecond;     // of the open one,
  std::vector<RateCounts> open_block_;  // by part
  int64_t known_since_ = kNoSecond;
  int64_t unnamed_since_ = 0;  // of its newest stretch without a pause of an hour
  int64_t unnamed_last_ = kNoSecond;
  uint64_t overflow_ = 0;
  std::string scratch_;
};

}  // namespace revertd

// Series: what analysis remembers of one service: its newest seconds by age class and its history in blocks.
//
// One thread, the analysis thread. Invariants: 1. memory is bounded: kKeptSeconds seconds (0.17 MB) and
// kHistorySeconds of blocks (0.5 MB), in all BytesMax(); 2. seconds and blocks without requests are not kept, absence
// means zero.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/sinks.h"
#include "base/window.h"

namespace revertd {

// A deploy may be registered this long after its traffic was sealed and still be judged as if in time.
inline constexpr int64_t kLateRegistrationSeconds = int64_t{30} * 60;
// Ten minutes more than that: the seconds just before such a deploy's start belong to its baseline.
inline constexpr int64_t kKeptSeconds = kLateRegistrationSeconds + int64_t{10} * 60;
inline constexpr int64_t kBaselineHistorySeconds = int64_t{14} * 24 * 3600;
// An hour more, so that a baseline asked late still finds every block of its 14 days.
inline constexpr int64_t kHistorySeconds = kBaselineHistorySeconds + 3600;

struct RateCounts {
  int64_t requests = 0;
  int64_t errors = 0;
  RateCounts& operator+=(const RateCounts& other);
  double rate() const { return requests > 0 ? static_cast<double>(errors) / static_cast<double>(requests) : 0; }
};

struct SecondInterval {
  int64_t from = 0;
  int64_t to = 0;  // exclusive

  bool operator==(const SecondInterval&) const = default;
};

// Whether any of them has a second in [from, to).
bool AnyTouches(const std::vector<SecondInterval>& intervals, int64_t from, int64_t to);

RateCounts AllAges(const AgeCounts& counts);
// Of the requests that ended in `second`, those in age classes that wholly started in `first_start` or later.
RateCounts StartedFrom(const AgeCounts& counts, int64_t second, int64_t first_start);

constexpr int64_t BlockStart(int64_t second, int64_t block_seconds) {
  const int64_t remainder = second % block_seconds;
  return second - (remainder < 0 ? remainder + block_seconds : remainder);
}
constexpr int64_t HistoryBlockStart(int64_t second) { return BlockStart(second, kHistoryBlockSeconds); }

class Series {
 public:
  Series();

  // Adds a sealed second; counts of a second that is already there are added up (a restart in mid second). Answers the
  // history block that this second completes by being past it.
  std::optional<HistoryBlock> Append(const SecondCounts& counts);
  // Answers the open block if it ended at or before the end of `second`.
  std::optional<HistoryBlock> SealThrough(int64_t second);
  void Restore(const std::vector<HistoryBlock>& blocks, const std::vector<SecondCounts>& seconds);

  const AgeCounts* Find(int64_t second) const;  // nullptr: no requests, or no longer kept
  RateCounts Sum(const SecondInterval& interval) const;
  // accept(const HistoryBlock&) for each closed block, ascending.
  template <typename Accept>
  void ForEachBlock(Accept&& accept) const {
    for (const KeptBlock& block : history_) accept(HistoryBlock{block.start_second, block.requests, block.errors});
  }
  // The same for those that start in [from, to); what lies before costs nothing.
  template <typename Accept>
  void ForEachBlockIn(const SecondInterval& interval, Accept&& accept) const {
    const auto starts_before = [](const KeptBlock& block, int64_t second) { return block.start_second < second; };
    auto block = std::lower_bound(history_.begin(), history_.end(), interval.from, starts_before);
    for (; block != history_.end() && block->start_second < interval.to; ++block) {
      accept(HistoryBlock{block->start_second, block->requests, block->errors});
    }
  }
  static uint64_t BytesMax();

 private:
  // A HistoryBlock in two thirds of its size: 100 million requests a second fit.
  struct KeptBlock {
    int64_t start_second;
    uint32_t requests;
    uint32_t errors;
  };
  void Store(const SecondCounts& counts);
  void AddBlock(const HistoryBlock& block);
  std::optional<HistoryBlock> CloseBlock();

  std::vector<SecondCounts> seconds_;  // ring by second modulo kKeptSeconds
  std::deque<KeptBlock> history_;
  HistoryBlock open_block_;  // requests = 0: none
};

}  // namespace revertd

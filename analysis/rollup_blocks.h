// Blocks of roll-ups: what a signal that only roll-ups know makes its baseline of.
//
// One thread, the analysis thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "analysis/baseline.h"
#include "analysis/rollups.h"
#include "analysis/series.h"

namespace revertd {

inline constexpr int64_t kRollupHistorySeconds = 3600;
// Their spread in short blocks is known by so many seconds: the finest tier that reaches back far enough.
inline constexpr int64_t kRecentSeconds = kTenSecondTier.grain_seconds;

// accept(start_second, end_second) for each whole block of the interval that touches nothing left out.
template <typename Accept>
void ForEachBlockOf(const SecondInterval& interval, int64_t block_seconds, const std::vector<SecondInterval>& left_out,
                    Accept&& accept) {
  for (int64_t start = BlockStart(interval.from, block_seconds); start + block_seconds <= interval.to;
       start += block_seconds) {
    const int64_t end = start + block_seconds;
    if (!AnyTouches(left_out, start, end)) accept(start, end);
  }
}

// Histories of the hour before `before_second`: count(const JoinedTotals&) answers an array of a block's counts, one
// for each history; where a count has no requests, its history has no block.
template <typename Count>
auto HistoriesOfHour(const Rollups& rollups, std::string_view service, int64_t before_second,
                     const std::vector<SecondInterval>& left_out, Count&& count) {
  std::array<RateHistory, std::tuple_size_v<std::invoke_result_t<Count, const JoinedTotals&>>> histories;
  for (RateHistory& history : histories) history.recent_seconds = kRecentSeconds;
  JoinedTotals totals;
  const auto append_to = [&](std::vector<HistoryBlock> RateHistory::*blocks) {
    return [&, blocks](int64_t start, int64_t end) {
      totals.Clear();
      rollups.Sum(service, start, end, &totals);
      const auto counts = count(totals);
      for (size_t i = 0; i < histories.size(); ++i) {
        if (counts[i].requests > 0) (histories[i].*blocks).push_back({start, counts[i].requests, counts[i].errors});
      }
    };
  };
  ForEachBlockOf({before_second - kRollupHistorySeconds, before_second}, kHistoryBlockSeconds, left_out,
                 append_to(&RateHistory::blocks));
  ForEachBlockOf({before_second - kSpreadSeconds, before_second}, kRecentSeconds, left_out,
                 append_to(&RateHistory::recent));
  return histories;
}

}  // namespace revertd

// EventTier: what error trackers told of all services, counted by interval of time: of groups of errors, or of
// sessions. Sparse: most services send nothing in most seconds.
//
// One thread, the analysis thread. Invariants: 1. at most counts_max counts are kept, and where more come the oldest
// interval goes as a whole, counted; 2. counts of one key in one interval are one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "analysis/series.h"

namespace revertd {

// Of one group in one interval; of all releases where the tier does not tell them apart (number 0).
struct ErrorCount {
  uint32_t service = 0;
  uint32_t release = 0;
  uint64_t fingerprint = 0;
  int64_t events = 0;
  int32_t late_seconds = 0;  // by its own time it was so long before the second that it counts in

  auto key() const { return std::tuple(service, fingerprint, release, late_seconds); }
  ErrorCount& operator+=(const ErrorCount& other) {
    events += other.events;
    return *this;
  }
};

struct SessionCount {
  uint32_t service = 0;
  uint32_t release = 0;
  int64_t sessions = 0;
  int64_t crashed = 0;
  int32_t late_seconds = 0;

  auto key() const { return std::tuple(service, release, late_seconds); }
  SessionCount& operator+=(const SessionCount& other) {
    sessions += other.sessions;
    crashed += other.crashed;
    return *this;
  }
};

template <typename Count>
class EventTier {
 public:
  explicit EventTier(size_t counts_max) : counts_max_(counts_max) {}

  // Intervals in any order. Answers the sum that is kept.
  Count Add(int64_t start, const Count& count) {
    std::vector<Count>& interval = intervals_[start];
    auto place = std::lower_bound(interval.begin(), interval.end(), count,
                                  [](const Count& a, const Count& b) { return a.key() < b.key(); });
    if (place != interval.end() && place->key() == count.key()) return *place += count;
    interval.insert(place, count);
    ++size_;
    // The newest interval stays, however much is in it.
    while (size_ > counts_max_ && intervals_.size() > 1) {
      dropped_ += intervals_.begin()->second.size();
      DropFirst();
    }
    return count;
  }
  void DropBefore(int64_t start) {
    while (!intervals_.empty() && intervals_.begin()->first < start) DropFirst();
  }
  void DropFrom(int64_t start) {
    for (auto interval = intervals_.lower_bound(start); interval != intervals_.end();) {
      size_ -= interval->second.size();
      interval = intervals_.erase(interval);
    }
  }

  // accept(start, const Count&) for all services, ascending.
  template <typename Accept>
  void ForEach(const SecondInterval& within, Accept&& accept) const {
    for (auto interval = intervals_.lower_bound(within.from); interval != intervals_.end(); ++interval) {
      if (interval->first >= within.to) return;
      for (const Count& count : interval->second) accept(interval->first, count);
    }
  }
  // The same of one service.
  template <typename Accept>
  void ForEachOf(uint32_t service, const SecondInterval& within, Accept&& accept) const {
    for (auto interval = intervals_.lower_bound(within.from); interval != intervals_.end(); ++interval) {
      if (interval->first >= within.to) return;
      auto count = std::lower_bound(interval->second.begin(), interval->second.end(), service,
                                    [](const Count& one, uint32_t wanted) { return one.service < wanted; });
      for (; count != interval->second.end() && count->service == service; ++count) accept(interval->first, *count);
    }
  }

  int64_t first() const { return intervals_.empty() ? kNoSecond : intervals_.begin()->first; }
  int64_t last() const { return intervals_.empty() ? kNoSecond : intervals_.rbegin()->first; }
  // What began before it was dropped, of age or for want of room.
  int64_t kept_from() const { return kept_from_; }
  uint64_t dropped() const { return dropped_; }  // counts, for want of room
  size_t size() const { return size_; }

 private:
  void DropFirst() {
    size_ -= intervals_.begin()->second.size();
    kept_from_ = std::max(kept_from_, intervals_.begin()->first + 1);
    intervals_.erase(intervals_.begin());
  }

  size_t counts_max_;
  size_t size_ = 0;
  uint64_t dropped_ = 0;
  int64_t kept_from_ = kNoSecond;
  std::map<int64_t, std::vector<Count>> intervals_;  // each by key
};

}  // namespace revertd

// RecentIds: which ids were seen lately, so that what is sent twice counts once. Bounded: the oldest are forgotten.
//
// Thread contract: one thread.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>

namespace revertd {

class RecentIds {
 public:
  explicit RecentIds(size_t ids_max) : ids_max_(ids_max) {}

  bool Has(std::string_view id) const { return known_.contains(id); }
  void Add(std::string_view id) {
    if (id.empty() || Has(id)) return;
    if (order_.size() == ids_max_) {
      known_.erase(order_.front());
      order_.pop_front();
    }
    known_.insert(order_.emplace_back(id));
  }

 private:
  const size_t ids_max_;
  std::deque<std::string> order_;  // oldest first; grows at its ends alone, so that its texts stay where they are
  std::unordered_set<std::string_view> known_;  // into order_
};

}  // namespace revertd

#include "ingest/jump_guard.h"

#include <algorithm>
#include <utility>

namespace revertd {

std::vector<Sample> JumpGuard::Take(int64_t reach_seconds, size_t* lies) {
  *lies = 0;
  against_ = 0;
  std::vector<Sample> taken = std::exchange(held_, {});
  held_.reserve(lines_agree_);
  if (taken.empty()) return taken;
  std::vector<TimeNs> ends;
  ends.reserve(taken.size());
  for (const Sample& sample : taken) ends.push_back(sample.end_ns);
  // The lower median: of two lines that disagree the earlier one is believed, it harms nobody.
  const auto middle = ends.begin() + static_cast<std::ptrdiff_t>((ends.size() - 1) / 2);
  std::nth_element(ends.begin(), middle, ends.end());
  const TimeNs limit = *middle + reach_seconds * kSecondNs;
  *lies = std::erase_if(taken, [&](const Sample& sample) { return sample.end_ns > limit; });
  return taken;
}

size_t JumpGuard::Drop() {
  const size_t dropped = held_.size();
  held_.clear();
  against_ = 0;
  return dropped;
}

}  // namespace revertd

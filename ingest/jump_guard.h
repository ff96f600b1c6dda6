// JumpGuard: holds back lines of a recorded log that lie far ahead of their neighbours until enough lines agree.
//
// Live, the wall clock tells a line from the future. A replay has no such witness: one damaged line would seal every
// second before it and turn the true ones into late drops. So a line that jumps ahead is held, and it is a vote: as
// many lines on the far side as `lines_agree` make the jump true (a quiet night, a clock that was set), as many on the
// near side make it false. The log's first lines are a jump from nowhere and are held too.
//
// Thread contract: one stream's, one thread. Bounded: holds fewer than `lines_agree` samples.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/sample.h"

namespace revertd {

class JumpGuard {
 public:
  // How many lines must agree: more than a burst of damaged ones, few enough to hold.
  static constexpr size_t kLinesAgree = 8;

  // 1: every line is believed at once.
  explicit JumpGuard(size_t lines_agree = kLinesAgree) : lines_agree_(lines_agree) { held_.reserve(lines_agree_); }

  // A line on the far side. True once enough agree: take what is held.
  bool Hold(const Sample& sample) {
    held_.push_back(sample);
    return held_.size() >= lines_agree_;
  }
  // A line on the near side, while something is held. True once enough contradict: drop what is held.
  bool Contradict() { return ++against_ >= lines_agree_; }

  size_t held() const { return held_.size(); }
  // What was held, in the order it came; nothing is held after it. Those that lie more than `reach_seconds` beyond the
  // median of what was held are left out and counted in `*lies`.
  std::vector<Sample> Take(int64_t reach_seconds, size_t* lies);
  // Answers how many were dropped.
  size_t Drop();

 private:
  const size_t lines_agree_;
  std::vector<Sample> held_;
  size_t against_ = 0;
};

}  // namespace revertd

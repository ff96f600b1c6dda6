#include "actions/channel_reach.h"

#include <utility>

namespace revertd {

ChannelReach::ChannelReach(std::string unreached, TimeNs now)
    : failures_(unreached.empty() ? 0 : kFailuresMax),
      unreached_(std::move(unreached)),
      next_ns_(unreached_.empty() ? now + kReachEvery : now) {}

bool ChannelReach::IsDue(TimeNs now) const {
  // Further ahead than any wait of ours: the clock was set back.
  return !is_under_way_ && (next_ns_ <= now || next_ns_ > now + kReachEvery);
}

void ChannelReach::Begin(TimeNs now) {
  is_under_way_ = true;
  next_ns_ = now + kReachEvery;
}

void ChannelReach::Answer(std::string_view why) {
  is_under_way_ = false;
  if (why.empty()) return Arrive();
  ++failures_;
  if (failures_ >= kFailuresMax) unreached_ = why;
}

void ChannelReach::Arrive() {
  failures_ = 0;
  unreached_.clear();
}

}  // namespace revertd

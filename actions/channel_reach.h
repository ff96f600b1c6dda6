// ChannelReach: when a channel is reached for, and what came of it. A channel to which nothing is told for days may be
// gone for days: so it is connected to every so often, and nothing is written to it. One failure is nothing, two in a
// row make it unreached, until it is reached or a message arrives.
//
// Pure; one thread.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace revertd {

class ChannelReach {
 public:
  // With a try of at most HttpLimits::connect_timeout, two failures are seen 35 s after the last success.
  static constexpr DurationNs kReachEvery = 15 * kSecondNs;
  static constexpr int kFailuresMax = 2;

  // unreached: what the process before knew. One that could not be reached is reached for at once.
  ChannelReach(std::string unreached, TimeNs now);

  bool IsDue(TimeNs now) const;
  void Begin(TimeNs now);             // an order to reach it is under way
  void Answer(std::string_view why);  // that order's; empty: it was reached
  void Arrive();                      // a message did

  bool is_under_way() const { return is_under_way_; }
  // Why it cannot be reached; empty: it can, for all that is known.
  const std::string& unreached() const { return unreached_; }

 private:
  int failures_ = 0;  // in a row
  std::string unreached_;
  bool is_under_way_ = false;
  TimeNs next_ns_;
};

}  // namespace revertd

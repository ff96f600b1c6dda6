// WakeUp: a flag that wakes whoever waits for it. Thread-safe.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/clock.h"

namespace revertd {

class WakeUp {
 public:
  void Notify();
  // Returns when notified since the last Wait, or after `limit`.
  void Wait(DurationNs limit);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool notified_ = false;
};

}  // namespace revertd

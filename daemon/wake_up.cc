#include "daemon/wake_up.h"

#include <chrono>

namespace revertd {

void WakeUp::Notify() {
  const std::lock_guard lock(mutex_);
  notified_ = true;
  changed_.notify_one();
}

void WakeUp::Wait(DurationNs limit) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::nanoseconds(limit), [this] { return notified_; });
  notified_ = false;
}

}  // namespace revertd

// Board: what the analysis thread says of itself once a second, for those who ask over HTTP: a copy, so that no
// question ever waits for the analysis, nor it for one.
//
// Thread contract: Publish from the analysis thread, Read from any.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/clock.h"

namespace revertd {

struct Published {
  TimeNs at_ns = 0;           // wall clock
  bool running = true;        // false: it is about to end
  std::string troubles = {};  // names of those that stand, with commas; empty: none
  std::string status = {};    // JSON (daemon/status_report.h)
  std::string metrics = {};   // Prometheus text (daemon/api/metrics_text.h)
};

class Board {
 public:
  void Publish(Published published) {
    auto newest = std::make_shared<const Published>(std::move(published));
    const std::lock_guard lock(mutex_);
    newest_ = std::move(newest);
  }
  // nullptr before the first.
  std::shared_ptr<const Published> Read() const {
    const std::lock_guard lock(mutex_);
    return newest_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Published> newest_;
};

}  // namespace revertd

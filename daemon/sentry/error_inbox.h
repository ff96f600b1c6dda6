// ErrorInbox: error events and sessions on their way from those who take them (the HTTP door, sources) to the analysis
// thread. Bounded: who finds it full is told so, and asks its caller to wait.
//
// Thread contract: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "base/error_event.h"

namespace revertd {

class ErrorInbox {
 public:
  // Events and sessions that wait, together.
  explicit ErrorInbox(size_t events_max) : events_max_(events_max) {}

  struct Taken {
    std::vector<ErrorEvent> events;
    std::vector<SessionCounts> sessions;
  };

  // All of them, or none: false, there is no room.
  bool Post(std::vector<ErrorEvent> events, std::vector<SessionCounts> sessions);
  // All that wait, oldest first.
  Taken Take();
  // Nobody takes any more: it has no room for anything from now on, so that nobody is told that his events were taken.
  void Close();

  uint64_t refused() const;  // events and sessions that found no room
  size_t waiting() const;
  bool is_full() const { return waiting() >= events_max_; }

 private:
  size_t WaitingLocked() const { return waiting_.events.size() + waiting_.sessions.size(); }

  const size_t events_max_;
  mutable std::mutex mutex_;
  Taken waiting_;         // under mutex_
  uint64_t refused_ = 0;  // under mutex_
  bool closed_ = false;   // under mutex_
};

}  // namespace revertd

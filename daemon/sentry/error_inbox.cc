#include "daemon/sentry/error_inbox.h"

#include <iterator>
#include <utility>

namespace revertd {
namespace {

template <typename T>
void MoveBehind(std::vector<T> items, std::vector<T>* all) {
  all->insert(all->end(), std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
}

}  // namespace

bool ErrorInbox::Post(std::vector<ErrorEvent> events, std::vector<SessionCounts> sessions) {
  const size_t count = events.size() + sessions.size();
  const std::lock_guard lock(mutex_);
  if (closed_ || count > events_max_ - WaitingLocked()) {
    refused_ += count;
    return false;
  }
  MoveBehind(std::move(events), &waiting_.events);
  MoveBehind(std::move(sessions), &waiting_.sessions);
  return true;
}

ErrorInbox::Taken ErrorInbox::Take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(waiting_, {});
}

void ErrorInbox::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

uint64_t ErrorInbox::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

size_t ErrorInbox::waiting() const {
  const std::lock_guard lock(mutex_);
  return WaitingLocked();
}

}  // namespace revertd

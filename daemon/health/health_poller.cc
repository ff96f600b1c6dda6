#include "daemon/health/health_poller.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace revertd {
namespace {

std::vector<DurationNs> EveryOf(const std::vector<HealthQuestion>& questions) {
  std::vector<DurationNs> every;
  every.reserve(questions.size());
  for (const HealthQuestion& question : questions) every.push_back(question.every);
  return every;
}

}  // namespace

HealthPoller::HealthPoller(std::vector<HealthQuestion> questions, const Clock* clock, HealthBoard* board)
    : questions_(std::move(questions)),
      clock_(clock),
      board_(board),
      schedule_(EveryOf(questions_), clock_->Monotonic()) {}

HealthPoller::~HealthPoller() {
  Stop();
  for (std::thread& worker : workers_) worker.join();
}

void HealthPoller::Start() {
  for (size_t i = 0; i < std::min(kHealthWorkersMax, questions_.size()); ++i) {
    workers_.emplace_back(&HealthPoller::Work, this);
  }
}

void HealthPoller::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
}

// Each waits for the next check by itself: whoever wakes first takes it. The others wake for nothing, a few times a
// second in all; one that waited for all of them would have to be replaced whenever it asks.
void HealthPoller::Work() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const TimeNs now = clock_->Monotonic();
    if (const auto due = schedule_.TakeDue(now)) {
      lock.unlock();
      Ask(*due);
      lock.lock();
      schedule_.Done(due->check);
      changed_.notify_all();  // who waits has not reckoned with this check
    } else if (const auto rest = schedule_.RestFor(now)) {
      changed_.wait_for(lock, std::chrono::nanoseconds(*rest));
    } else {
      changed_.wait(lock);  // all are being asked
    }
  }
}

void HealthPoller::Ask(const HealthSchedule::Due& due) {
  board_->Put(questions_[due.check].ask(clock_->Now()), due.missed);
}

}  // namespace revertd

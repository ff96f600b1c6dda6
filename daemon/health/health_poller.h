// HealthPoller: asks every health check again and again, from a few threads, so that a server that hangs delays no
// other, and puts what it hears on the board.
//
// Thread contract: made, started, stopped and destroyed on one thread. Destruction waits for the questions under way:
// at most for the longest timeout among them, for an exchange with a server has a time limit and no way to be called
// off.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/health.h"
#include "daemon/health/health_board.h"
#include "daemon/health/health_question.h"
#include "daemon/health/health_schedule.h"

namespace revertd {

class HealthPoller {
 public:
  // Clock and board outlive it.
  HealthPoller(std::vector<HealthQuestion> questions, const Clock* clock, HealthBoard* board);
  ~HealthPoller();
  HealthPoller(const HealthPoller&) = delete;
  HealthPoller& operator=(const HealthPoller&) = delete;

  // One thread a check, kHealthWorkersMax at most; none where nothing is to be asked. Call once.
  void Start();
  // Told before destruction, so that several end side by side: nothing more is asked. Any thread.
  void Stop();

 private:
  void Work();
  void Ask(const HealthSchedule::Due& due);

  const std::vector<HealthQuestion> questions_;
  const Clock* const clock_;
  HealthBoard* const board_;
  std::mutex mutex_;
  std::condition_variable changed_;
  HealthSchedule schedule_;           // under mutex_
  bool stop_ = false;                 // under mutex_
  std::vector<std::thread> workers_;  // last: they use all of the above
};

}  // namespace revertd

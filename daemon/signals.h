// How a process that runs until told otherwise is told: SIGINT and SIGTERM; and where crash tests have it killed.
#pragma once

#include <functional>
#include <string>
#include <thread>

namespace revertd {

// Signals are blocked in every thread and taken by this one alone, so that no handler runs in the middle of anything.
// SIGUSR1 is our own: the process ended by itself and the waiter may go.
class SignalWaiter {
 public:
  // Before the first thread starts: threads inherit what is blocked.
  static void BlockSignals();
  // on_stop: called once, on a thread of this object's, when the process is told to stop.
  explicit SignalWaiter(std::function<void()> on_stop);
  ~SignalWaiter();
  SignalWaiter(const SignalWaiter&) = delete;
  SignalWaiter& operator=(const SignalWaiter&) = delete;

 private:
  std::thread thread_;
};

// REVERTD_FAULT_POINT; empty in production. Said on stderr where it is set.
std::string FaultPointFromEnvironment();

}  // namespace revertd

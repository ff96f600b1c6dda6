#include "daemon/signals.h"

#include <pthread.h>

#include <csignal>
#include <cstdlib>
#include <utility>

#include "daemon/output.h"

namespace revertd {
namespace {

sigset_t Signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&signals, signal);
  return signals;
}

}  // namespace

void SignalWaiter::BlockSignals() {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

SignalWaiter::SignalWaiter(std::function<void()> on_stop)
    : thread_([on_stop = std::move(on_stop)] {
        const sigset_t signals = Signals();
        int signal = 0;
        sigwait(&signals, &signal);
        if (signal != SIGUSR1) on_stop();
      }) {}

SignalWaiter::~SignalWaiter() {
  pthread_kill(thread_.native_handle(), SIGUSR1);
  thread_.join();
}

std::string FaultPointFromEnvironment() {
  const char* name = std::getenv("REVERTD_FAULT_POINT");
  if (name == nullptr || *name == '\0') return "";
  Say(std::string("crash test: this process kills itself at fault point ") + name);
  return name;
}

}  // namespace revertd

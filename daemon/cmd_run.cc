// `revertd run`: the sidecar.
#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <thread>

#include "daemon/commands.h"
#include "daemon/output.h"
#include "daemon/sidecar.h"

namespace revertd {
namespace {

// Signals are blocked in every thread and taken by this one alone, so that no handler runs in the middle of anything.
// SIGUSR1 is our own: the sidecar ended by itself and the waiter may go.
class SignalWaiter {
 public:
  // Before the first thread starts: threads inherit what is blocked.
  static void BlockSignals() {
    const sigset_t signals = Signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  }
  explicit SignalWaiter(Sidecar* sidecar)
      : thread_([sidecar] {
          const sigset_t signals = Signals();
          int signal = 0;
          sigwait(&signals, &signal);
          if (signal != SIGUSR1) sidecar->Stop();
        }) {}
  ~SignalWaiter() {
    pthread_kill(thread_.native_handle(), SIGUSR1);
    thread_.join();
  }

 private:
  static sigset_t Signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&signals, signal);
    return signals;
  }
  std::thread thread_;
};

std::string FaultPointFromEnvironment() {
  const char* name = std::getenv("REVERTD_FAULT_POINT");
  if (name == nullptr) return "";
  Say(std::string("crash test: this process kills itself at fault point ") + name);
  return name;
}

}  // namespace

ExitCode RunCommand(const RunOptions& options) {
  const auto config = ConfigOrFail(options.config);
  if (!config.ok()) return Fail(config.status());

  const auto kernel = KernelNamed(options.simd);
  if (!kernel.ok()) return Fail(Annotate(kernel.status(), "--simd"));

  SignalWaiter::BlockSignals();
  Sidecar sidecar(*config, options.use_io_uring, *kernel, FaultPointFromEnvironment());
  if (const Status status = sidecar.Open(); !status.ok()) return Fail(status);
  const SignalWaiter signals(&sidecar);
  const Status status = sidecar.Run();
  return status.ok() ? ExitCode::kDone : Fail(status);
}

}  // namespace revertd

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
  explicit SignalWaiter(Sidecar* sidecar) {
    sigemptyset(&signals_);
    for (int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    thread_ = std::thread([this, sidecar] {
      int signal = 0;
      sigwait(&signals_, &signal);
      if (signal != SIGUSR1) sidecar->Stop();
    });
  }
  ~SignalWaiter() {
    pthread_kill(thread_.native_handle(), SIGUSR1);
    thread_.join();
  }

 private:
  sigset_t signals_{};
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
  std::string why_not;
  auto source = OpenByteSource(STDIN_FILENO, options.use_io_uring, &why_not);
  if (!source.ok()) return Fail(source.status());
  if (!why_not.empty()) Say("io_uring cannot be used (" + why_not + "); reading with read()");

  Sidecar sidecar(*config, *std::move(source), FaultPointFromEnvironment());
  if (const Status status = sidecar.Open(); !status.ok()) return Fail(status);
  const SignalWaiter signals(&sidecar);
  const Status status = sidecar.Run();
  return status.ok() ? ExitCode::kDone : Fail(Annotate(status, "reading stdin"));
}

}  // namespace revertd

// `revertd execute`: the executor as a process, and perhaps a user, of its own.
#include <unistd.h>

#include <atomic>

#include "daemon/commands.h"
#include "daemon/executor_host.h"
#include "daemon/output.h"
#include "daemon/signals.h"
#include "daemon/wake_up.h"

namespace revertd {
namespace {

constexpr DurationNs kPoll = 100 * kMillisecondNs;  // for new triggers: the store has no bell
constexpr DurationNs kStatePoll = kSecondNs;        // for a sidecar that has not started yet
constexpr DurationNs kLastWordsMax = 2 * kSecondNs;

// nullopt: told to stop first.
StatusOr<bool> OpenOnceTheSidecarHasStarted(ExecutorHost* host, WakeUp* wake, const std::atomic<bool>& stop) {
  bool said = false;
  while (!stop.load()) {
    const Status status = host->Open();
    if (status.ok()) return true;
    if (!absl::IsNotFound(status) && !absl::IsUnavailable(status)) return status;
    if (!said) Say("waiting: " + std::string(MessageOf(status)));
    said = true;
    wake->Wait(kStatePoll);
  }
  return false;
}

}  // namespace

ExitCode ExecuteCommand(const std::string& config_path) {
  const auto config = ConfigOrFail(config_path);
  if (!config.ok()) return Fail(config.status());
  if (config->executes) {
    return Fail(
        InvalidArgument("the configuration says `execute: here`: `revertd run` is the executor; say "
                        "`execute: apart` for one of its own"));
  }
  SignalWaiter::BlockSignals();
  std::atomic<bool> stop{false};
  WakeUp wake;
  EventPrinter events(STDOUT_FILENO);
  SystemClock clock;
  ExecutorHost host(*config, &clock, &events, FaultPointFromEnvironment(), [&wake] { wake.Notify(); });
  const SignalWaiter signals([&] {
    stop.store(true);
    wake.Notify();
  });
  const auto opened = OpenOnceTheSidecarHasStarted(&host, &wake, stop);
  if (!opened.ok()) return Fail(opened.status());
  if (!*opened) return ExitCode::kDone;
  while (!stop.load()) {
    if (!host.RunOnce()) wake.Wait(kPoll);
  }
  host.LetMessagesOut(kLastWordsMax);
  return ExitCode::kDone;
}

}  // namespace revertd

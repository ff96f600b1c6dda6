// `revertd run`: the sidecar.
#include "daemon/commands.h"
#include "daemon/sidecar.h"
#include "daemon/signals.h"

namespace revertd {
ExitCode RunCommand(const RunOptions& options) {
  const auto config = ConfigOrFail(options.config);
  if (!config.ok()) return Fail(config.status());

  const auto kernel = KernelNamed(options.simd);
  if (!kernel.ok()) return Fail(Annotate(kernel.status(), "--simd"));

  SignalWaiter::BlockSignals();
  Sidecar sidecar(*config, options.use_io_uring, *kernel, FaultPointFromEnvironment());
  if (const Status status = sidecar.Open(); !status.ok()) return Fail(status);
  const SignalWaiter signals([&sidecar] { sidecar.Stop(); });
  const Status status = sidecar.Run();
  return status.ok() ? ExitCode::kDone : Fail(status);
}

}  // namespace revertd

// The frame of every command that reads the state or leaves a message for the running sidecar.
#pragma once

#include <string>

#include "base/status.h"
#include "config/config.h"
#include "daemon/commands.h"
#include "store/executor_store.h"
#include "store/state_store.h"

namespace revertd {

// Opens the state with `access`, calls work(config, store), and turns what went wrong into words and an exit code.
template <typename Work>
ExitCode WithState(const std::string& config_path, StateStore::Access access, Work&& work) {
  const auto config = ConfigOrFail(config_path);
  if (!config.ok()) return Fail(config.status());
  auto store = StateStore::Open(config->state, access);
  if (!store.ok()) return Fail(store.status());
  const Status status = work(*config, **store);
  return status.ok() ? ExitCode::kDone : Fail(status);
}

}  // namespace revertd

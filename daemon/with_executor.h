// The frame of every command that reads the executor's database or leaves a word for the executor.
#pragma once

#include <string>

#include "base/status.h"
#include "config/config.h"
#include "daemon/commands.h"
#include "store/executor_store.h"

namespace revertd {

// Opens executor.db with `access`, calls work(config, store), which answers StatusOr<ExitCode>, and turns what went
// wrong into words and an exit code.
template <typename Work>
ExitCode WithExecutor(const std::string& config_path, ExecutorStore::Access access, Work&& work) {
  const auto config = ConfigOrFail(config_path);
  if (!config.ok()) return Fail(config.status());
  const auto store = ExecutorStore::Open(ExecutorDatabaseOf(*config), access);
  if (!store.ok()) return Fail(store.status());
  const StatusOr<ExitCode> code = work(*config, **store);
  return code.ok() ? *code : Fail(code.status());
}

}  // namespace revertd

#include "daemon/commands.h"

#include <filesystem>

#include "config/load.h"
#include "daemon/output.h"

namespace revertd {

ExitCode Fail(const Status& status) {
  Say(MessageOf(status));
  return ExitCodeOf(status);
}

Status AsUsage(const Status& status) {
  const bool is_named_wrongly =
      status.code() == absl::StatusCode::kNotFound || status.code() == absl::StatusCode::kFailedPrecondition;
  return is_named_wrongly ? InvalidArgument(MessageOf(status)) : status;
}

StatusOr<Config> ConfigOrFail(const std::string& path) {
  if (!path.empty()) return LoadConfig(path);
  std::error_code ignored;
  if (std::filesystem::exists(kDefaultConfigPath, ignored)) return LoadConfig(kDefaultConfigPath);
  return InvalidArgument(std::string("no configuration: give --config FILE or write ") + kDefaultConfigPath +
                         " (config/example.yaml shows one)");
}

std::string FolderOf(const Config& config) {
  const std::string folder = std::filesystem::path(config.state).parent_path().string();
  return folder.empty() ? "." : folder;
}

std::string ExecutorDatabaseOf(const Config& config) { return FolderOf(config) + "/executor.db"; }

}  // namespace revertd

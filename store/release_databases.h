// Where releases keep what they did: STATE_FOLDER/releases/ENVIRONMENT.db, one file an environment, each an
// ExecutorStore whose lock is held by the process that runs a release of it.
//
// Thread contract: any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace revertd {

std::string ReleaseDatabaseIn(const std::string& state_folder, std::string_view environment);
// The environments that have such a file, sorted; none where nothing was ever released. Unavailable: the folder cannot
// be read.
StatusOr<std::vector<std::string>> FindReleaseEnvironments(const std::string& state_folder);

}  // namespace revertd
